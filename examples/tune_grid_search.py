"""
Tune the network with GridSearchCV
==================================

The pipeline is an ordinary scikit-learn estimator, so scikit-learn's own search tunes it:
parameters of the network are named ``digitcnnclassifier__...``. Two workers on two cores::

    python examples/tune_grid_search.py --data folder --rows 5000 --n-jobs 2

Kill it and start it again with the same arguments: it goes on where it was.
"""

import argparse
from pathlib import Path

import pandas as pd
from sklearn.model_selection import GridSearchCV, train_test_split

from skdigits import make_digit_pipeline, save_pipeline
from skdigits.datasets import load_available
from skdigits.tuning import estimate_cost, fit_search, search_space


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Cross-validate six settings of the digit pipeline and show them in a table.",
        epilog="example: python examples/tune_grid_search.py --rows 1000 --epochs 4",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with train.csv; without it the folder SKDIGITS_DATA or the current one is "
        "searched, then the bundled digits are used",
    )
    parser.add_argument("--rows", type=int, default=5000, help="rows to search on, drawn at random")
    parser.add_argument("--epochs", type=int, default=5, help="passes over the rows in each fit")
    parser.add_argument("--cv", type=int, default=3, help="folds of the cross-validation")
    parser.add_argument("--n-jobs", type=int, default=1, help="fits at the same time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path(), help="where to write")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    digits = load_available(options.data)
    print(f"data: {digits.filename or 'the bundled digits'}")
    X, y = digits.data, digits.target
    if options.rows < len(X):
        X, _, y, _ = train_test_split(
            X, y, train_size=options.rows, stratify=y, random_state=options.seed
        )

    # %%
    # Six settings, and what they will cost.
    pipeline = make_digit_pipeline(epochs=options.epochs, random_state=options.seed)
    grid = search_space("quick")
    search = GridSearchCV(pipeline, grid, cv=options.cv, n_jobs=options.n_jobs)
    print(estimate_cost(search, X, y, n_timed=1))

    # %%
    # As ``search.fit(X, y)``, but each result is kept as it comes, and each worker keeps to its
    # share of the cores.
    fit_search(search, X, y, results=options.output / "grid_search_results")

    # %%
    # The results, best first.
    results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
    table = results[["mean_test_score", "std_test_score"]].round(4)
    for name in grid:
        table.insert(0, name.removeprefix("digitcnnclassifier__"), results[f"param_{name}"])
    print(table.to_string(index=False))
    print(f"best: {search.best_params_}, accuracy {search.best_score_:.4%} of {len(X):,} rows")
    table.to_csv(options.output / "grid_search.csv", index=False)
    save_pipeline(search.best_estimator_, options.output / "best_model.joblib")
    print(f"wrote {options.output / 'grid_search.csv'} and {options.output / 'best_model.joblib'}")


if __name__ == "__main__":
    main()
