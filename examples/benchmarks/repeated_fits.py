"""
Many fits in one process: time and memory
=========================================

Cross-validation, searches and scikit-learn's checks fit again and again. Compares so many fits of
``DigitCNNClassifier`` with as many bare Keras models of the same network, built, compiled and
fitted one after the other; each side runs in a process of its own::

    python examples/benchmarks/repeated_fits.py --fits 30 --rows 500
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path


def resident_mb():
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def load_rows(n_rows):
    from skdigits import datasets

    X, y = datasets.load_bundled_digits(return_X_y=True)
    return (X[:n_rows] / 255).astype("float32"), y[:n_rows]


def fit_ours(X, y, seed, epochs):
    from skdigits import DigitCNNClassifier

    DigitCNNClassifier(epochs=epochs, random_state=seed).fit(X, y).predict_proba(X[:10])


def fit_bare_keras(X, y, seed, epochs):
    import keras

    from skdigits._networks.architectures import compact
    from skdigits._networks.layers import RandomDistortion, resolve_augmentation

    core = compact((28, 28), 10)
    inputs = keras.Input((28, 28, 1))
    distortion = RandomDistortion(**dict(resolve_augmentation(0.7)), seed=seed)
    model = keras.Model(inputs, core(distortion(inputs)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(0.005), loss, metrics=["accuracy"])
    model.fit(X.reshape(-1, 28, 28, 1), y, batch_size=64, epochs=epochs, verbose=0)
    model.predict(X[:10].reshape(-1, 28, 28, 1), verbose=0)


def measure(fit, n_fits, n_rows, epochs):
    """Wall and CPU seconds of all fits, and the growth in MB for each after the first five."""
    X, y = load_rows(n_rows)
    fit(X[:64], y[:64], 0, 1)  # imports and first start are no part of it
    wall, cpu, memory = time.perf_counter(), time.process_time(), []
    for seed in range(n_fits):
        fit(X, y, seed, epochs)
        memory.append(resident_mb())
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "mb_per_fit": (memory[-1] - memory[4]) / (n_fits - 5),
    }


WAYS = {"skdigits": fit_ours, "bare Keras": fit_bare_keras}


def main():
    parser = argparse.ArgumentParser(
        description="Time and memory of many fits in one process, against bare Keras.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--fits", type=int, default=30)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(WAYS[options.way], options.fits, options.rows, options.epochs)))
        return
    results = {}
    for way in WAYS:
        arguments = [sys.executable, __file__, "--way", way]
        for name in ("fits", "rows", "epochs"):
            arguments += [f"--{name}", str(getattr(options, name))]
        done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=True)
        results[way] = json.loads(done.stdout)
        print(f"{way:>10}: " + ", ".join(f"{k} {v:.2f}" for k, v in results[way].items()))
    for unit in ("seconds", "cpu_seconds"):
        ratio = results["skdigits"][unit] / results["bare Keras"][unit]
        print(f"{unit}: skdigits takes {ratio:.2f}x of bare Keras")
    if options.json:
        options.json.write_text(json.dumps(vars(options) | results, default=str, indent=1))


if __name__ == "__main__":
    main()
