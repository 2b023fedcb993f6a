"""
Which search finds the best setting for its cost
================================================

First the gain of a second worker: the grid of ``search_space("quick")`` by three folds, with one
and two workers in turns, each in a process of its own. Then grid, random and halving search on the
same rows with about the same work each: what each chose is trained with several seeds on all
search rows and scored on rows that no search saw::

    python examples/benchmarks/search.py --data folder
    python examples/benchmarks/search.py --data folder --parts workers
"""

import argparse
import json
import subprocess
import sys
import tempfile
from statistics import mean

import numpy as np
from _shared import clock, finish, load_rows, make_parser, spread

PREFIX = "digitcnnclassifier__"


def make_searches(options, seed):
    """Three searches, by default of the same work: fits times rows times epochs."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV

    from skdigits import make_digit_pipeline
    from skdigits.tuning import search_space

    epochs, cv = options.epochs, options.cv
    pipeline = make_digit_pipeline(epochs=epochs, n_threads=1, random_state=seed)
    common = {"cv": cv, "n_jobs": options.n_jobs, "refit": False}
    drawn = common | {"random_state": seed}
    # Halving by 3: 18, 6 and 2 settings with 1/9, 1/3 and all of the epochs make 6 with all.
    return {
        "grid": GridSearchCV(pipeline, search_space("quick"), **common),
        "random": RandomizedSearchCV(pipeline, search_space("full"), n_iter=6, **drawn),
        "halving": HalvingRandomSearchCV(
            pipeline,
            search_space("full"),
            n_candidates=options.candidates,
            factor=3,
            resource=f"{PREFIX}epochs",
            min_resources=max(1, epochs // 9),
            max_resources=epochs,
            **drawn,
        ),
    }


def compare_searches(options):
    """Work, time and accuracy on unseen rows of what each search chose."""
    from sklearn.base import clone

    from skdigits.tuning import fit_search, read_results

    X, y = load_rows(options.data)
    order = np.random.default_rng(0).permutation(len(y))
    chosen, unseen = order[: options.rows], order[options.rows :][: options.unseen]
    results = []
    for seed in range(options.seeds):
        for name, search in make_searches(options, seed).items():
            with tempfile.TemporaryDirectory() as folder:
                with clock() as took:
                    fit_search(search, X[chosen], y[chosen], results=folder)
                fits = read_results(folder)
            accuracies = []
            for repeat in range(options.repeats):
                best = clone(search.estimator).set_params(**search.best_params_)
                best.set_params(**{f"{PREFIX}random_state": 1000 + repeat})
                best.fit(X[chosen], y[chosen])
                accuracies.append(100 * best.score(X[unseen], y[unseen]))
            results.append(
                {
                    "search": name,
                    "seed": seed,
                    "fits": len(fits),
                    "fit_seconds": float(fits["fit_seconds"].sum()),
                    "seconds": took["wall"],
                    "cross_validated": 100 * search.best_score_,
                    "accuracy": mean(accuracies),
                    "best": {k: repr(v) for k, v in search.best_params_.items()},
                }
            )
    return results


def print_searches(results):
    for name in dict.fromkeys(r["search"] for r in results):
        of = [r for r in results if r["search"] == name]
        print(
            f"{name:>8}: accuracy {spread([r['accuracy'] for r in of])} %, "
            f"{of[0]['fits']} fits of {spread([r['fit_seconds'] for r in of], '.0f')} s together, "
            f"{spread([r['seconds'] for r in of], '.0f')} s to wait"
        )


def run_workers(options):
    """In a process of its own: one grid search, timed with the start of its workers."""
    from sklearn.model_selection import GridSearchCV

    from skdigits import make_digit_pipeline
    from skdigits.tuning import fit_search, search_space

    X, y = load_rows(options.data, options.worker_rows)
    pipeline = make_digit_pipeline(epochs=options.epochs, random_state=0)
    search = GridSearchCV(
        pipeline, search_space("quick"), cv=3, n_jobs=options.one_run, refit=False
    )
    with clock() as took:
        fit_search(search, X, y, progress=False)
    print(json.dumps({"n_jobs": options.one_run, "seconds": took["wall"]}))


def compare_workers(options):
    """Seconds of the grid with one and two workers, in turns."""
    passed_on = ["--worker-rows", str(options.worker_rows), "--epochs", str(options.epochs)]
    passed_on += ["--data", options.data] if options.data else []
    results = []
    for _ in range(options.turns):
        for n_jobs in (1, 2):
            command = [sys.executable, __file__, "--one-run", str(n_jobs), *passed_on]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            results.append(json.loads(said.splitlines()[-1]))
    return results


def print_workers(results):
    seconds = {n: [r["seconds"] for r in results if r["n_jobs"] == n] for n in (1, 2)}
    for n_jobs, values in seconds.items():
        print(f"n_jobs={n_jobs}: {spread(values, '.1f')} s")
    ratios = [two / one for one, two in zip(*seconds.values(), strict=True)]
    print(f"two workers take {spread(ratios)} of the time of one")


def main():
    parser = make_parser("Compare searches of equal work, and one with two workers.", None)
    add = parser.add_argument
    add("--data", metavar="DIR", help="folder with train.csv; else the bundled digits")
    add("--parts", nargs="+", default=["workers", "searches"], choices=["workers", "searches"])
    add("--epochs", type=int, default=9, help="of a full fit")
    add("--worker-rows", type=int, default=5000, help="rows for the comparison of workers")
    add("--turns", type=int, default=3, help="of one and two workers")
    add("--rows", type=int, default=3000, help="rows for the comparison of searches")
    add("--unseen", type=int, default=20000, help="rows, at most, for their last score")
    add("--cv", type=int, default=3, help="folds")
    add("--candidates", type=int, default=18, help="that the halving search starts with")
    add("--n-jobs", type=int, default=2, help="workers of each search")
    add("--seeds", type=int, default=3, help="runs of each search")
    add("--repeats", type=int, default=3, help="last trainings of each choice")
    add("--one-run", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_run:
        run_workers(options)
        return
    results = {}
    if "workers" in options.parts:
        results["workers"] = compare_workers(options)
        print_workers(results["workers"])
    if "searches" in options.parts:
        results["searches"] = compare_searches(options)
        print_searches(results["searches"])
    finish(options, results)


if __name__ == "__main__":
    main()
