"""
Tune the network with GridSearchCV
==================================

The pipeline is an ordinary scikit-learn estimator, so scikit-learn's own search tunes it:
parameters of the network are named ``digitcnnclassifier__...``. Two workers on two cores::

    python examples/tune_grid_search.py --data folder --rows 5000 --n-jobs 2

If it is killed, start it again with the same arguments: it resumes where it was. The command
``skdigits tune`` does the same, and searches other spaces.
"""

import sys

from sklearn.model_selection import GridSearchCV

from skdigits import make_digit_pipeline
from skdigits.cli import Parser, outcome_of, tune
from skdigits.tuning import fit_search, search_space


def parse_arguments(arguments=None):
    parser = Parser(
        description="Cross-validate six settings of the digit pipeline and show them in a table.",
        epilog="example: python examples/tune_grid_search.py --rows 1000 --epochs 4",
    )
    tune.add_search_options(parser)
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    X, y = tune.load_rows(options)

    # Six settings.
    pipeline = make_digit_pipeline(epochs=options.epochs, random_state=options.seed)
    search = GridSearchCV(pipeline, search_space("quick"), cv=options.cv, n_jobs=options.n_jobs)

    # Like `search.fit(X, y)`, but saves each result at once, and limits each worker to its share
    # of the cores.
    fit_search(search, X, y, results=options.output / "grid_search_results")

    # The results of `search.cv_results_`, best first, and `search.best_estimator_` in a file.
    tune.finish(search, options.output / "grid_search.csv", options.output / "best_model.joblib")


if __name__ == "__main__":
    sys.exit(outcome_of(main))
