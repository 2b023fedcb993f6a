"""``skdigits tune``, and the parts of it that other scripts use."""

from pathlib import Path

from skdigits._estimators.presets import PRESETS
from skdigits.cli._parts.parsing import n_workers, whole_number
from skdigits.cli.train import add_data_option, save

HELP = "search for better settings of the network by cross-validation"
EXAMPLE = """\
example: skdigits tune --data ~/digit-recognizer --n-jobs 2
         skdigits tune --space full --n-iter 30 --epochs 8 --output tuning
         skdigits train --settings settings.json, to train on all rows with the best settings
If it is killed, the same command resumes where it was."""


def add_options(parser):
    """Add the options of the command."""
    add_search_options(parser)
    parser.add_argument(
        "--preset", choices=PRESETS, default="balanced", help="recipe to start from"
    )
    parser.add_argument(
        "--space",
        choices=["quick", "full"],
        default="quick",
        help="quick is a grid of six settings, full draws --n-iter settings of seven parameters",
    )
    parser.add_argument(
        "--n-iter", type=whole_number(1), default=20, help="settings drawn from --space full"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress line")


def add_search_options(parser):
    """Add the options of commands and scripts that search."""
    add_data_option(parser)
    parser.add_argument(
        "--rows", type=whole_number(20), default=5000, help="rows to search on, drawn at random"
    )
    parser.add_argument(
        "--epochs", type=whole_number(1), default=5, help="passes over the rows in each fit"
    )
    parser.add_argument(
        "--cv", type=whole_number(2), default=3, help="folds of the cross-validation"
    )
    parser.add_argument("--n-jobs", type=n_workers, default=1, help="fits at the same time")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="same seed, same search")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=Path(), help="folder to write to"
    )


def run(options):
    """Search, show a table, save the best."""
    from skdigits.tuning import fit_search
    from skdigits.tuning._settings import write_settings

    X, y = load_rows(options)
    search = make_search(options)
    kept = options.output / "tuning_results"
    print(f"results are saved in {kept}: the same command resumes from there", flush=True)
    fit_search(search, X, y, results=kept, progress=not options.quiet)
    finish(search, options.output / "tuning.csv", options.output / "best_model.skdigits")
    path = options.output / "settings.json"
    write_settings(path, options.preset, search.best_params_)
    print(f"wrote {path}; to train on all rows: skdigits train --settings {path}")


def load_rows(options):
    """Rows to search on: a stratified random draw."""
    from sklearn.model_selection import train_test_split

    from skdigits.datasets import load_available

    options.output.mkdir(parents=True, exist_ok=True)
    digits = load_available(options.data)
    X, y = digits.data, digits.target
    if options.rows < len(X):
        X, _, y, _ = train_test_split(
            X, y, train_size=options.rows, stratify=y, random_state=options.seed
        )
    print(f"{len(X):,} rows from {digits.filename or 'the bundled digits'}")
    return X, y


def make_search(options):
    """The search that the options ask for, unfitted."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    from skdigits import make_digit_pipeline
    from skdigits.tuning import search_space

    pipeline = make_digit_pipeline(options.preset, epochs=options.epochs, random_state=options.seed)
    space = search_space(options.space)
    shared = {"cv": options.cv, "n_jobs": options.n_jobs}
    if options.space == "quick":
        return GridSearchCV(pipeline, space, **shared)
    return RandomizedSearchCV(
        pipeline, space, n_iter=options.n_iter, random_state=options.seed, **shared
    )


def finish(search, table_path, model_path):
    """Show the results of a fitted search, best first, and write them and the best model.

    Parameters
    ----------
    search : search estimator of scikit-learn
        Fitted.
    table_path, model_path : pathlib.Path
        Where to write the table, as CSV, and the model.
    """
    import pandas as pd

    from skdigits._utils.atomic import replacing

    results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
    settings = [name for name in results if name.startswith("param_")]
    table = results[[*settings, "mean_test_score", "std_test_score"]].round(4)
    table.columns = [name.split("__")[-1] for name in table.columns]
    print(table.to_string(index=False))
    n_fits, epochs = len(results) * search.n_splits_, search.best_estimator_[-1].epochs
    spread = results["std_test_score"].iloc[0]
    print(
        f"best: {search.best_params_}, accuracy {search.best_score_:.2%} ± {spread:.2%} over "
        f"{search.n_splits_} folds; {n_fits} fits of {epochs} epochs"
    )
    print("(the best of several looks a little better than it is: evaluate it on other rows)")
    with replacing(table_path) as file:
        table.to_csv(file, index=False)
    print(f"wrote {table_path}")
    save(search.best_estimator_, model_path)
