"""
How accurate several networks are together
==========================================

Cuts Kaggle's ``train.csv`` into folds; for each chosen fold trains the members on the other rows
and scores the fold's own rows: by each member alone, by their mean, and with views of each picture
averaged too. A member that is trained is kept in ``--cache``: folds can be run in several
processes, and a last run with all of them reads what they found::

    python examples/benchmarks/ensemble.py --data folder --members balanced=5 --tta 0 4 8
"""

from collections import defaultdict

import joblib
import numpy as np
from _shared import clock, finish, load_rows, make_parser, spread
from sklearn.model_selection import StratifiedKFold

from skdigits import make_digit_pipeline
from skdigits.evaluation import expected_calibration_error


def fit_and_ask(preset, epochs, seed, X, y, X_unseen, views, n_threads):
    """CPU seconds of a fit, and probabilities of the unseen rows for each number of views."""
    longer = {"epochs": epochs} if epochs else {}
    pipeline = make_digit_pipeline(preset, **longer, random_state=seed, n_threads=n_threads)
    with clock() as took:
        pipeline.fit(X, y)
    probabilities = {}
    for n in views:
        pipeline.set_params(digitcnnclassifier__tta=n)
        probabilities[n] = pipeline.predict_proba(X_unseen).astype(np.float32)
    return took["cpu"], probabilities


def parse_members(text):
    recipe, _, count = text.partition("=")
    preset, _, epochs = recipe.partition(":")
    return preset, int(epochs) if epochs else None, int(count or 1)


def score_fold(members, y_true, views):
    """Percent right of each member alone and of the mean of each group and of all."""
    groups = defaultdict(list)
    for name, cpu_seconds, probabilities in members:
        groups[name].append((cpu_seconds, probabilities))
    if len(groups) > 1:
        groups["all"] = [member for group in list(groups.values()) for member in group]
    results = []
    for name, group in groups.items():
        for n in views:
            single = [100 * np.mean(p[n].argmax(axis=1) == y_true) for _, p in group]
            mean = np.mean([p[n] for _, p in group], axis=0)
            mean = mean / mean.sum(axis=1, keepdims=True)
            results.append(
                {
                    "members": name,
                    "n": len(group),
                    "tta": n,
                    "single": single,
                    "together": float(100 * np.mean(mean.argmax(axis=1) == y_true)),
                    "calibration_error": 100 * expected_calibration_error(y_true, mean),
                    "cpu_seconds": sum(cpu_seconds for cpu_seconds, _ in group),
                }
            )
    return results


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --members fast=3 --run 0")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument(
        "--members",
        nargs="+",
        type=parse_members,
        default=[("balanced", None, 5)],
        metavar="PRESET[:EPOCHS]=N",
        help="so many networks of a preset, trained for other epochs than its own if given",
    )
    parser.add_argument("--tta", nargs="+", type=int, default=[0, 4, 8], help="views averaged")
    parser.add_argument("--folds", type=int, default=7, help="into how many the rows are cut")
    parser.add_argument("--run", nargs="+", type=int, default=[0, 1, 2], help="folds to score")
    parser.add_argument("--cache", metavar="DIR", help="folder for what is trained")
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    ask = joblib.Memory(options.cache, verbose=0).cache(fit_and_ask)
    folds = list(StratifiedKFold(options.folds, shuffle=True, random_state=0).split(X, y))
    results = []
    for fold in options.run:
        rest, own = folds[fold]
        members = []
        for preset, epochs, count in options.members:
            name = f"{preset}:{epochs}" if epochs else preset
            for i in range(count):
                rows = X[rest], y[rest], X[own]
                cpu_seconds, probabilities = ask(
                    preset, epochs, 100 * fold + i, *rows, options.tta, options.threads
                )
                members.append((name, cpu_seconds, probabilities))
                right = np.mean(probabilities[options.tta[0]].argmax(axis=1) == y[own])
                print(f"fold {fold}: {name} {i + 1} of {count}, {right:.3%}", flush=True)
        results += [r | {"fold": fold} for r in score_fold(members, y[own], options.tta)]
    print(f"\n{len(rest):,} rows trained on, {len(own):,} unseen rows in each fold; accuracy in %")
    print(f"{'members':>14} {'tta':>4} {'one alone':>26} {'together':>26} {'CPU s':>24}")
    for name, n, views in dict.fromkeys((r["members"], r["n"], r["tta"]) for r in results):
        mine = [r for r in results if (r["members"], r["tta"]) == (name, views)]
        single = [value for r in mine for value in r["single"]]
        print(
            f"{f'{n} {name}':>14} {views:>4} {spread(single, '.3f'):>26} "
            f"{spread([r['together'] for r in mine], '.3f'):>26} "
            f"{spread([r['cpu_seconds'] for r in mine], '.0f'):>24}"
        )
    finish(options, results)


if __name__ == "__main__":
    main()
