"""``skdigits train``, and the parts of it that other commands and scripts use."""

import math
from pathlib import Path

from skdigits._estimators.presets import PRESETS
from skdigits.cli._parts.outcome import UsageError
from skdigits.cli._parts.parsing import StoreMembers, members, n_workers, share, whole_number

HELP = "train a digit recogniser and save it"
EXAMPLE = """\
example: skdigits train --data ~/digit-recognizer --output mine.skdigits
         skdigits train --members balanced=5 accurate=3 --validation-fraction 0"""
_LEAST_STEPS = 630  # of the optimizer, where the rows are few


def add_options(parser):
    """Add the options of the command."""
    add_training_options(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("model.skdigits"),
        help="where to write; the suffix decides on the format, see docs/saving.md",
    )


def add_training_options(parser):
    """Add the options of commands and scripts that train."""
    add_data_option(parser)
    parser.add_argument("--preset", choices=PRESETS, default="balanced", help="recipe to train by")
    parser.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="settings.json of skdigits tune: preset and parameters of the network to train with",
    )
    parser.add_argument(
        "--members",
        nargs="+",
        type=members,
        action=StoreMembers,
        metavar="N",
        help="networks to average: how many of --preset, or PRESET=N for each preset, such as "
        "balanced=5 accurate=3, the best that was measured (default: one network)",
    )
    parser.add_argument(
        "--tta",
        type=whole_number(0),
        default=0,
        help="shifted and rotated views of each picture to average, in addition to itself",
    )
    parser.add_argument("--n-jobs", type=n_workers, help="members trained at the same time")
    parser.add_argument(
        "--memory",
        metavar="DIR",
        help="folder to save the state of the training in: a killed run resumes from there",
    )
    parser.add_argument(
        "--epochs",
        type=whole_number(1),
        help="passes over the rows (default: the preset's, and more where rows are so few that "
        f"it would make fewer than {_LEAST_STEPS} steps)",
    )
    parser.add_argument(
        "--validation-fraction",
        type=share,
        default=0.1,
        help="share of the rows to hold out, to measure the accuracy; 0 trains on all rows, which "
        "gives the best submission but no measured accuracy",
    )
    parser.add_argument("--seed", type=whole_number(0), default=0, help="same seed, same files")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def add_data_option(parser):
    """Add ``--data``."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with train.csv and test.csv, which may be compressed (.gz, .zip); without it, "
        "the folder $SKDIGITS_DATA or the current one, and finally the bundled digits",
    )


def run(options):
    """Train and save."""
    digits = load_rows(options)
    pipeline = fit(options, digits)
    save(pipeline, options.output)


def load_rows(options):
    """Check the options, load the rows, and print where they come from.

    Parameters
    ----------
    options : argparse.Namespace
        Of :func:`add_training_options`.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        As of :func:`skdigits.datasets.load_available`.

    Raises
    ------
    UsageError
        If options do not go together.
    """
    if options.members is None and options.n_jobs is not None:
        raise UsageError(
            "--n-jobs has no effect on a single network: give --members with it, or leave it out"
        )
    if isinstance(options.members, dict) and options.preset != "balanced":
        raise UsageError("--members PRESET=N already names the presets: leave out --preset")
    if options.settings and (isinstance(options.members, dict) or options.preset != "balanced"):
        raise UsageError("--settings names the preset: leave out --preset and the presets' names")
    from skdigits.datasets import load_available

    digits = load_available(options.data)
    print(f"{len(digits.data):,} training rows from {digits.filename or 'the bundled digits'}")
    if digits.filename is None:
        print("(no train.csv found; https://www.kaggle.com/c/digit-recognizer/data has it)")
    return digits


def make_pipeline(options, digits):
    """The pipeline that the options ask for, unfitted.

    Parameters
    ----------
    options : argparse.Namespace
        Of :func:`add_training_options`.
    digits : :class:`~sklearn.utils.Bunch`
        The rows to train on.

    Returns
    -------
    pipeline : DigitPipeline
    """
    from skdigits import make_digit_pipeline

    is_mixed = isinstance(options.members, dict)
    preset, settings = options.members if is_mixed else options.preset, {}
    if options.settings:
        from skdigits.tuning._settings import read_settings

        preset, settings = read_settings(options.settings)
    epochs = options.epochs or _more_epochs(options, preset, settings, len(digits.data))
    chosen = {
        "checkpoint_dir": options.memory,
        "tta": options.tta,
        "validation_fraction": options.validation_fraction,
        "restore_best": False,  # an epoch chosen by the held-out rows would look better than it is
        "novelty": True,
        "random_state": options.seed,
        "verbose": 0 if options.quiet else 1,
    }
    return make_digit_pipeline(
        preset,
        n_estimators=None if is_mixed else options.members,
        **({"n_jobs": options.n_jobs, "memory": options.memory} if options.members else {}),
        **{**settings, **chosen, **({"epochs": epochs} if epochs else {})},
    )


def _more_epochs(options, preset, settings, n_rows):
    """Epochs that make enough steps; None where those of the presets do."""
    from skdigits import DigitCNNClassifier

    networks = [
        DigitCNNClassifier(**{**PRESETS[name], **settings})
        for name in (preset if isinstance(preset, dict) else [preset])
    ]
    n_trained = n_rows * (1 - options.validation_fraction)
    epochs = math.ceil(_LEAST_STEPS / math.ceil(n_trained / networks[0].batch_size))
    return epochs if epochs > max(network.epochs for network in networks) else None


def fit(options, digits):
    """Make, fit and judge a pipeline."""
    pipeline = make_pipeline(options, digits).fit(digits.data, digits.target)
    print(describe_validation(pipeline, digits))
    return pipeline


def describe_validation(pipeline, digits):
    """The accuracy of each network on the held-out rows, in words.

    Parameters
    ----------
    pipeline : DigitPipeline
        Fitted.
    digits : :class:`~sklearn.utils.Bunch`
        The rows that it was fitted on.

    Returns
    -------
    text : str
        The accuracy after the last epoch, of each network alone.
    """
    from skdigits._measures.confidence import describe_accuracy

    measured = _measures(pipeline, digits)
    if not measured:
        return "trained on all rows: none are left to measure the accuracy on"
    return "\n".join(
        (f"network {i} alone, " if len(measured) > 1 else "")
        + f"validation accuracy: {describe_accuracy(*counts)} held out"
        for i, counts in enumerate(measured, start=1)
    )


def expected_score(pipeline, digits):
    """The score to expect from Kaggle for a pipeline that was just trained, in words."""
    from skdigits._measures.confidence import accuracy_interval

    measured = _measures(pipeline, digits)
    if not measured:
        return (
            "the score to expect is unknown, as no rows were held out: train once with "
            "--validation-fraction 0.1 to see it"
        )
    n_right, n_rows = max(measured)
    low, high = accuracy_interval(n_right, n_rows)
    alone = ", the best network alone; their average is better as a rule" * (len(measured) > 1)
    return f"expect a score of {low:.3f} to {high:.3f}, by the rows held out{alone}"


def _measures(pipeline, digits):
    """For each network the number of held-out rows that it read right, and of all of them."""
    networks = getattr(pipeline[-1], "estimators_", [pipeline[-1]])
    if not networks[0].validation_scores_:
        return []
    # A row that occurs twice counts as one row of twice the weight.
    different = {(row.tobytes(), label) for row, label in zip(*_arrays(digits), strict=True)}
    n_rows = math.ceil(networks[0].validation_fraction * len(different))
    n_rows = max(n_rows, len(pipeline.classes_))
    return [(round(network.validation_scores_[-1] * n_rows), n_rows) for network in networks]


def _arrays(digits):
    import numpy as np

    return np.ascontiguousarray(digits.data), np.asarray(digits.target).tolist()


def save(pipeline, path):
    """Save a pipeline, and print where."""
    from skdigits import save_pipeline

    path.parent.mkdir(parents=True, exist_ok=True)
    print(f"wrote {save_pipeline(pipeline, path)}")
