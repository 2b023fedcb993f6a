"""
What each preset costs to train, and how accurate it gets
=========================================================

Fits the presets in turn, seed by seed, on a random part of Kaggle's ``train.csv``, and scores the
rest after each epoch: accuracy at the end, and CPU seconds until a target was first reached. The
weights are those of the last epoch; scoring is not counted. The thirty epochs of "classic" are
timed by ``--classic-epochs`` of them, since all epochs cost the same; ``--classic-epochs 30``
trains them all and gives their accuracy too::

    python examples/benchmarks/training_cost.py --data folder --seeds 3
"""

import time

import numpy as np
from _shared import clock, finish, load_rows, make_parser, spread
from keras.callbacks import Callback

from skdigits import PRESETS, make_digit_pipeline


class EpochClock(Callback):
    """CPU seconds of training and of scoring, up to the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.training, self.scoring = [], []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch:
            self.scoring.append(time.process_time() - self.last_batch)
        self.start = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        self.last_batch = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.training.append(self.last_batch - self.start)

    def on_train_end(self, logs=None):
        self.scoring.append(time.process_time() - self.last_batch)


def fit_once(preset, X, y, seed, epochs, n_unseen, n_threads, target):
    epoch_clock = EpochClock()
    pipeline = make_digit_pipeline(
        preset,
        random_state=seed,
        n_threads=n_threads,
        validation_fraction=n_unseen / len(X),
        restore_best=False,
        callbacks=[lambda: epoch_clock],
    )
    full_epochs = pipeline[-1].epochs
    if epochs:
        pipeline.set_params(digitcnnclassifier__epochs=epochs)
    with clock() as took:
        pipeline.fit(X, y)
    share = full_epochs / pipeline[-1].epochs
    fitting = took["cpu"] - sum(epoch_clock.scoring)
    accuracies = [100 * score for score in pipeline[-1].validation_scores_]
    reached = [i for i, accuracy in enumerate(accuracies) if accuracy >= target]
    return {
        "preset": preset,
        "seed": seed,
        "epochs": full_epochs,
        "n_parameters": int(pipeline[-1].n_parameters_),
        "cpu_seconds": fitting * share,
        "cpu_ms_per_image": 1e3 * fitting / pipeline[-1].epochs / (len(X) - n_unseen),
        "accuracy": accuracies[-1] if share == 1 else None,
        "accuracy_by_epoch": accuracies,
        "cpu_seconds_by_epoch": epoch_clock.training,
        "cpu_seconds_to_target": sum(epoch_clock.training[: reached[0] + 1]) if reached else None,
    }


def summarize(preset, results, target):
    def column(name):
        return [r[name] for r in results if r[name] is not None]

    accuracies, to_target = column("accuracy"), column("cpu_seconds_to_target")
    print(
        f"{preset:>9}: {results[0]['epochs']} epochs, {results[0]['n_parameters']:,} parameters, "
        f"CPU s {spread(column('cpu_seconds'), '.1f')}, "
        f"CPU ms/image {spread(column('cpu_ms_per_image'), '.3f')}, "
        f"accuracy % {spread(accuracies, '.3f') if accuracies else 'not trained to the end'}, "
        f"CPU s to {target} %: {spread(to_target, '.1f') if to_target else 'not reached'}"
    )


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --presets fast classic --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--rows", type=int, help="of train.csv, drawn anew for each seed")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["balanced", "classic"])
    parser.add_argument("--seeds", type=int, default=3, help="fits of each preset")
    parser.add_argument("--unseen", type=int, default=6000, help="rows to score on, new each seed")
    parser.add_argument("--target", type=float, default=99.0, help="accuracy to reach, in %%")
    parser.add_argument("--classic-epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    make_digit_pipeline("fast", epochs=1, n_threads=options.threads).fit(
        X[:500], y[:500]
    )  # imports are no part of it
    n_rows, results = options.rows or len(X), []
    for seed in range(options.seeds):
        drawn = np.random.default_rng(seed).permutation(len(X))[:n_rows]
        for preset in options.presets:
            epochs = options.classic_epochs if preset == "classic" else None
            results.append(
                fit_once(
                    *(preset, X[drawn], y[drawn], seed, epochs),
                    *(options.unseen, options.threads, options.target),
                )
            )
            print(", ".join(f"{name} {value}" for name, value in results[-1].items()), flush=True)
    print(f"\n{n_rows - options.unseen:,} rows trained on, {options.unseen:,} unseen rows scored")
    for preset in options.presets:
        summarize(preset, [r for r in results if r["preset"] == preset], options.target)
    if "classic" in options.presets:
        for preset in options.presets:
            pairs = zip(
                (r["cpu_seconds"] for r in results if r["preset"] == "classic"),
                (r["cpu_seconds"] for r in results if r["preset"] == preset),
                strict=True,
            )
            print(f"classic costs {spread([c / p for c, p in pairs], '.1f')} times {preset}")
    finish(options, results)


if __name__ == "__main__":
    main()
