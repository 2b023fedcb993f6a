"""
What augmentation brings on corrupted rows, and what it costs
=============================================================

Trains the default network without augmentation, with distorted shapes only (the default), and with
all parts of augmentation, and scores unseen rows as they are and under the corruptions of
``skdigits.evaluation.robustness``::

    python examples/benchmarks/augmentation.py --data folder --rows 10000 --seeds 3 --threads 1
"""

import numpy as np
import pandas as pd
from _shared import clock, finish, load_rows, make_parser
from hands import AUGMENTATION

from skdigits import make_digit_pipeline
from skdigits.evaluation import robustness

RECIPES = {"none": None, "shapes (default)": 0.7, "all parts": AUGMENTATION}


def measure(recipe, rows, unseen, seed, options):
    """Cost of a fit, and accuracies in %."""
    pipeline = make_digit_pipeline(
        options.preset, augmentation=RECIPES[recipe], n_threads=options.threads, random_state=seed
    )
    with clock() as took:
        pipeline.fit(*rows)
    found = robustness(pipeline, *unseen, random_state=seed)
    return {
        "recipe": recipe,
        "seed": seed,
        "CPU ms": 1e3 * took["cpu"] / len(rows[0]) / pipeline[-1].epochs,
        "unchanged": 100 * found.clean["accuracy"],
        "corrupted": 100 * found.mean_accuracy,
        **dict(zip(found.corruptions, 100 * found.accuracy.mean(axis=1), strict=True)),
    }


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --preset fast --rows 2000 --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--rows", type=int, default=10_000, help="to train on")
    parser.add_argument("--unseen", type=int, default=2000, help="rows to score")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    for recipe in RECIPES.values():  # imports and compiling are no part of it
        make_digit_pipeline("fast", epochs=1, augmentation=recipe, n_threads=options.threads).fit(
            X[:500], y[:500]
        )
    results = []
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(X))
        train, test = order[: options.rows], order[-options.unseen :]
        for recipe in RECIPES:
            results.append(measure(recipe, (X[train], y[train]), (X[test], y[test]), seed, options))
            print(f"seed {seed}, {recipe}: {results[-1]['corrupted']:.2f} % corrupted", flush=True)
    table = pd.DataFrame(results).set_index(["recipe", "seed"])
    plain = table.xs("none", level="recipe")["CPU ms"]
    table.insert(1, "CPU of none", table["CPU ms"] / plain.reindex(table.index, level="seed"))
    print("\nCPU ms per image and epoch, and % right; mean and standard deviation over the seeds")
    shown = table.groupby("recipe", sort=False).agg(["mean", "std"]).T.unstack()
    print(shown.round(3).to_string())
    finish(options, results)


if __name__ == "__main__":
    main()
