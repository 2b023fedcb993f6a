"""
How long an answer takes
========================

One row and many through a fitted pipeline, beside other ways to ask the same network, an ensemble
of several such networks and each of them in turn, scikit-learn's ``MLPClassifier`` and, where
installed, the same network in PyTorch. The ways take turns in each round, and the median of all
rounds counts::

    python examples/benchmarks/prediction_latency.py --calls 200 --rows 28000
"""

import time
from statistics import median

import numpy as np
from _shared import finish, load_rows, make_parser
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from skdigits import make_digit_pipeline


def torch_network(pipeline):
    """The compact network in PyTorch, untrained: its time does not depend on the weights."""
    try:
        import torch
    except ImportError:
        return None
    layers, channels = [], 1
    for out, is_pooled in [(16, True), (32, False), (64, True)]:
        layers.append(torch.nn.Conv2d(channels, out, 3, bias=False))
        if is_pooled:
            layers.append(torch.nn.MaxPool2d(2, ceil_mode=True))
        layers += [torch.nn.BatchNorm2d(out), torch.nn.ReLU()]
        channels = out
    layers += [torch.nn.Flatten(), torch.nn.LazyLinear(128), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(128, 10)).eval()
    network(torch.zeros(1, 1, 28, 28))  # tells the lazy layer its size
    network = network.to(memory_format=torch.channels_last)

    def predict(X):
        with torch.inference_mode():
            images = torch.from_numpy(np.float32(X / 255)).reshape(-1, 1, 28, 28)
            return torch.cat([network(block) for block in images.split(1024)]).numpy()

    return predict


def time_in_turn(ways, X, n_rounds):
    """Median wall milliseconds of each way, which take turns."""
    times = {name: [] for name in ways}
    for predict in ways.values():
        predict(X)  # warm up
    for _ in range(n_rounds):
        for name, predict in ways.items():
            start = time.perf_counter()
            predict(X)
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: median(values) for name, values in times.items()}


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --calls 50 --rows 5000")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--calls", type=int, default=200, help="calls with one row")
    parser.add_argument("--rows", type=int, default=28000, help="rows of the large call")
    parser.add_argument("--members", type=int, default=5, help="networks of the ensemble")
    parser.add_argument("--rounds", type=int, default=5, help="large calls")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    pipeline = make_digit_pipeline(epochs=1, random_state=0).fit(X[:2000], y[:2000])
    ensemble = make_digit_pipeline(epochs=1, n_estimators=options.members, random_state=0)
    ensemble.fit(X[:2000], y[:2000])
    members = [Pipeline([ensemble.steps[0], ("m", m)]) for m in ensemble[-1].estimators_]
    perceptron = MLPClassifier(max_iter=2, random_state=0)
    model = pipeline[-1].model_

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two iterations are no convergence, and need not be
        perceptron.fit(X[:2000] / 255, y[:2000])

    def as_images(rows):
        return (rows / np.float32(255)).reshape(-1, 28, 28, 1)

    ways = {
        "skdigits pipeline": pipeline.predict_proba,
        "keras model.predict": lambda X: model.predict(as_images(X), batch_size=1024, verbose=0),
        "keras model(x)": lambda X: [
            model(as_images(X[i : i + 1024])).numpy() for i in range(0, len(X), 1024)
        ],
        "ensemble": ensemble.predict_proba,
        "its members in turn": lambda X: [member.predict_proba(X) for member in members],
        "MLPClassifier": lambda X: perceptron.predict_proba(X / 255),
        "PyTorch": torch_network(pipeline),
    }
    ways = {name: predict for name, predict in ways.items() if predict}
    many = np.resize(X, (options.rows, 784))
    one = time_in_turn(ways, X[:1], options.calls)
    all_rows = time_in_turn(ways, many, options.rounds)
    print(f"\n{'way':>20} {'one row, ms':>12} {f'{options.rows:,} rows, s':>16}")
    for name in ways:
        print(f"{name:>20} {one[name]:12.2f} {all_rows[name] / 1e3:16.2f}")
    ratio_one = one["keras model.predict"] / one["skdigits pipeline"]
    ratio_all = all_rows["skdigits pipeline"] / all_rows["keras model.predict"]
    print(f"one row: 1/{ratio_one:.0f} of keras model.predict; all rows: {ratio_all:.2f}x of it")
    for name, times in [("one row", one), ("all rows", all_rows)]:
        ratio = times["ensemble"] / times["its members in turn"]
        print(f"{name}: {options.members} members together take {ratio:.2f}x their sum")
    finish(options, {"one_row_ms": one, "all_rows_ms": all_rows})


if __name__ == "__main__":
    main()
