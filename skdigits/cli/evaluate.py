"""``skdigits evaluate``."""

import sys
from pathlib import Path

from skdigits.cli._parts.inputs import add_model_option, load_model, read_labelled
from skdigits.cli._parts.outcome import to_json
from skdigits.cli._parts.parsing import whole_number
from skdigits.cli._parts.progress import WithProgress

HELP = "measure a model on digits with known labels that it has not been trained on"
EXAMPLE = """\
example: skdigits evaluate unseen.csv --model mine.skdigits --robustness
         zcat unseen.csv.gz | skdigits evaluate - --json"""


def add_options(parser):
    """Add the options of the command."""
    add_model_option(parser)
    parser.add_argument(
        "data",
        nargs="?",
        metavar="DATA",
        help="a CSV file with a label column, a folder with train.csv, or - for a CSV on standard "
        "input; use rows that the model was not trained on (default: the bundled digits)",
    )
    parser.add_argument(
        "--rows", type=whole_number(1), help="number of rows, drawn at random (default: all)"
    )
    parser.add_argument(
        "--seed", type=whole_number(0), default=0, help="draws the rows and the corruptions"
    )
    parser.add_argument(
        "--robustness", action="store_true", help="also measure the same rows moved, blurred, ..."
    )
    parser.add_argument("--json", action="store_true", help="print all measures as JSON")
    parser.add_argument(
        "--plot",
        metavar="DIR",
        type=Path,
        help="write report.png, with the confusion matrix, errors and reliability, to this folder",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options):
    """Measure and show."""
    from skdigits._utils.images import named_rows
    from skdigits.evaluation import report, robustness

    X, y = _draw(*read_labelled(options.data), options.rows, options.seed)
    model = WithProgress(load_model(options.model, trainable=False), options.quiet)
    X = named_rows(model, X)
    found = report(model, X, y)
    changed = None
    if options.robustness:
        changed = robustness(model, X, y, random_state=options.seed)
    if options.plot:
        _draw_figures(found, changed, options.plot)
    if options.json:
        figures = {"model": options.model, "data": options.data, **_figures(found)}
        if changed is not None:
            figures["robustness"] = changed.to_frame().to_dict("records")
        print(to_json(figures, indent=2))
        return
    print(found)
    if changed is not None:
        print(f"\n{changed}")


def _draw_figures(found, changed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, what in [("report.png", found), ("robustness.png", changed)]:
        if what is not None:
            what.plot().savefig(folder / name)
            sys.stderr.write(f"wrote {folder / name}\n")


def _draw(X, y, n_rows, seed):
    if n_rows is None or n_rows >= len(X):
        return X, y
    import numpy as np

    chosen = np.sort(np.random.default_rng(seed).permutation(len(X))[:n_rows])
    return X[chosen], y[chosen]


def _figures(found):
    """The measures of a report as values for JSON."""
    overall = ["n_samples", "n_errors", "accuracy", "accuracy_interval", "confidence_level"]
    overall += ["n_seen", "unseen_accuracy", "log_loss", "calibration_error", "risk_coverage_area"]
    return {
        **{name: getattr(found, name) for name in overall},
        "classes": found.to_frame().reset_index().to_dict("records"),
        "confusion_matrix": found.confusion_matrix.tolist(),
        "errors": found.errors_to_frame().reset_index().to_dict("records"),
    }
