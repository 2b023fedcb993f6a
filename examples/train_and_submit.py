"""
Train on Kaggle's digits and write a submission
===============================================

Reads ``train.csv`` and ``test.csv`` of the "Digit Recognizer" competition, trains the default
network, and writes what the competition and the drawing page need. Without CSV files it uses
scikit-learn's bundled digits, so that it runs anywhere::

    python examples/train_and_submit.py                      # bundled digits, under a minute
    python examples/train_and_submit.py --data folder        # your download from Kaggle

For the best score, several networks of two kinds on all rows::

    python examples/train_and_submit.py --data folder --members balanced=5 accurate=3 \\
        --validation-fraction 0

The command ``skdigits submit`` does the same without the plots.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")  # the plots go to files

from skdigits import load_pipeline, save_pipeline
from skdigits.cli import Parser, outcome_of, train
from skdigits.kaggle import check_submission, write_submission
from skdigits.plotting import DigitGalleryDisplay, TrainingHistoryDisplay


def parse_arguments(arguments=None):
    parser = Parser(
        description="Train a digit recogniser and write mnist_submission.csv, model.joblib, "
        "training_history.png and sample_digits.png.",
        epilog="example: python examples/train_and_submit.py --data ~/digit-recognizer --seed 1",
    )
    train.add_training_options(parser)
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path(), help="where to write")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)

    # The rows: 28x28 pixels each, 0 for paper to 255 for ink. These are Kaggle's, by
    # `skdigits.datasets.load_competition`, or the bundled ones.
    digits = train.load_rows(options)
    gallery = DigitGalleryDisplay.from_data(digits.data, digits.target, random_state=options.seed)
    gallery.figure_.savefig(options.output / "sample_digits.png")

    # Pixels are scaled to 0-1, then a small convolutional network learns the digits. Without
    # options this is `make_digit_pipeline(validation_fraction=0.1, restore_best=False,
    # novelty=True, random_state=0)`. A tenth of the rows is held out, and nothing is chosen by
    # them, so that the accuracy on them is an honest one.
    pipeline = train.make_pipeline(options, digits)
    pipeline.fit(digits.data, digits.target)
    print(train.describe_validation(pipeline, digits))
    networks = getattr(pipeline[-1], "estimators_", [pipeline[-1]])
    history = TrainingHistoryDisplay.from_estimator(networks[0])
    history.figure_.savefig(options.output / "training_history.png")
    save_pipeline(pipeline, options.output / "model.joblib")

    # The saved model is all that is needed to answer, here or in another program.
    if digits.test_data is not None:
        labels = load_pipeline(options.output / "model.joblib", trusted=True).predict(
            digits.test_data
        )
        submission = write_submission(options.output / "mnist_submission.csv", labels)
        check_submission(submission, n_rows=len(digits.test_data))
        print(f"{len(labels):,} predictions for {digits.test_filename or 'the rows kept apart'}")
    else:
        print("No test.csv beside train.csv: no submission written.")
    print(f"plots and model are in {options.output.resolve()}")


if __name__ == "__main__":
    sys.exit(outcome_of(main))
