"""
What fit costs beyond bare Keras
================================

The same network, rows, order, augmentation, optimizer and epochs, trained by
``DigitCNNClassifier.fit``, by bare ``keras.Model.fit`` and through bare SciKeras, in turn::

    python examples/benchmarks/overhead.py --rows 20000 --epochs 2 --rounds 5
"""

import keras
import numpy as np
from _shared import clock, finish, load_rows, make_parser, spread
from scikeras.wrappers import KerasClassifier

from skdigits import DigitCNNClassifier
from skdigits._networks.spec import NetworkSpec
from skdigits._networks.training import Objective, Plan, TrainableNetwork, resolve_augmentation


class BareNetwork(TrainableNetwork):
    """The same compiled network with Keras' own `fit`."""

    fit = keras.Model.fit


def bare_network(clf, n_rows):
    """The network as a user of Keras would have compiled it, with everything `clf` asks for."""
    spec = NetworkSpec("compact", (28, 28), 10)
    objective = Objective(
        clf.optimizer,
        clf.weight_decay,
        clf.label_smoothing,
        resolve_augmentation(clf.augmentation),
    )
    network = BareNetwork.compiled(spec, objective)
    plan = Plan(clf.epochs, clf.batch_size, clf.learning_rate, clf.learning_rate_schedule, 1, 2)
    network.reset(spec, plan, clf.epochs * plan.count_batches(n_rows))
    return network


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --rows 5000 --rounds 3")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    X, y = load_rows(options.data, options.rows)
    X = np.float32(X / 255)
    images, one_hot = X.reshape(-1, 28, 28, 1), np.eye(10, dtype=np.float32)[y]
    clf = DigitCNNClassifier(epochs=options.epochs, random_state=0)
    network = bare_network(clf, len(X))
    wrapper = KerasClassifier(
        model=lambda: network,
        epochs=clf.epochs,
        batch_size=clf.batch_size,
        verbose=0,
    )

    def bare_keras():
        network.fit(images, one_hot, batch_size=clf.batch_size, epochs=clf.epochs, verbose=0)

    ways = {
        "skdigits": lambda: clf.fit(X, y),
        "bare Keras": bare_keras,
        "bare SciKeras": lambda: wrapper.fit(images, one_hot),
    }
    times = {name: [] for name in ways}
    for fit in ways.values():
        fit()  # tracing is no part of it
    for _ in range(options.rounds):
        for name, fit in ways.items():
            with clock() as took:
                fit()
            times[name].append(took["cpu"])
    for name, values in times.items():
        ratios = [v / k for v, k in zip(values, times["bare Keras"], strict=True)]
        print(f"{name:>14}: CPU s {spread(values)}, {spread(ratios)} times bare Keras")
    finish(options, times)


if __name__ == "__main__":
    main()
