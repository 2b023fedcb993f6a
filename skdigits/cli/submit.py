"""``skdigits submit``."""

from pathlib import Path

from skdigits.cli import train
from skdigits.cli._parts.inputs import add_model_option, load_model
from skdigits.cli._parts.outcome import CommandError, UsageError
from skdigits.cli._parts.parsing import Parser
from skdigits.cli._parts.progress import WithProgress

HELP = "write a submission for Kaggle, with a new model or one that you have"
EXAMPLE = """\
example: skdigits submit --data ~/digit-recognizer --model mine.skdigits
         skdigits submit --data ~/digit-recognizer --members balanced=5 accurate=3 \\
             --memory members --validation-fraction 0"""
_TAKEN_WITH_MODEL = {"data", "quiet"}


def add_options(parser):
    """Add the options of the command."""
    train.add_training_options(parser)
    add_model_option(parser, default="train one with the options above")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("mnist_submission.csv"),
        help="where to write the submission",
    )
    parser.add_argument(
        "--save-model",
        metavar="FILE",
        type=Path,
        default=Path("model.skdigits"),
        help="where to save the trained model",
    )


def run(options):
    """Train if necessary, predict the test rows, write and check."""
    if options.model is None:
        digits = train.load_rows(options)
        if digits.test_data is None:
            raise CommandError(f"there is no test.csv beside {digits.filename}: put it there")
        pipeline = train.fit(options, digits)
        train.save(pipeline, options.save_model)
        rows, expected = digits.test_data, train.expected_score(pipeline, digits)
    else:
        _refuse_training_options(options)
        rows = _test_rows(options.data)
        pipeline = load_model(options.model)
        expected = _expected_of(pipeline)
    write(WithProgress(pipeline, options.quiet), rows, options.output)
    print(expected)


def write(pipeline, rows, path):
    """Predict rows, write the labels as a submission, and check it."""
    from skdigits._utils.images import named_rows
    from skdigits.kaggle import check_submission, write_submission

    path.parent.mkdir(parents=True, exist_ok=True)
    labels = pipeline.predict(named_rows(pipeline, rows))
    check_submission(write_submission(path, labels), n_rows=len(rows))
    print(f"wrote {path}, {len(rows):,} predictions")


def _expected_of(model):
    """The score to expect from Kaggle, by the rows that a model was calibrated on."""
    from skdigits._measures.confidence import accuracy_interval
    from skdigits._utils.parameters import unwrap

    for part in unwrap(model):
        if hasattr(part, "validation_score_"):
            n_right = round(part.validation_score_ * part.n_held_out_)
            low, high = accuracy_interval(n_right, part.n_held_out_)
            return (
                f"expect a score of {low:.3f} to {high:.3f}, by {part.n_held_out_:,} rows held out "
                "when the model was fitted"
            )
    return "to learn what score to expect, run skdigits evaluate on rows new to the model"


def _refuse_training_options(options):
    defaults = Parser()
    train.add_training_options(defaults)
    for name, default in vars(defaults.parse_args([])).items():
        if name not in _TAKEN_WITH_MODEL and getattr(options, name) != default:
            raise UsageError(
                f"--model is already trained: leave out --{name.replace('_', '-')}, or --model"
            )


def _test_rows(folder):
    from skdigits.datasets import load_available, read_digits_csv
    from skdigits.datasets._load import find_csv, find_folder

    folder = find_folder(folder, "test")
    if folder is None:
        return load_available().test_data
    return read_digits_csv(find_csv(Path(folder), "test"), labels=False).data
