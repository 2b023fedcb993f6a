"""
Train on Kaggle's digits and write a submission
===============================================

Reads ``train.csv`` and ``test.csv`` of the "Digit Recognizer" competition, trains the default
network, and writes what the competition and the drawing page need. Without CSV files it uses
scikit-learn's bundled digits, so that it runs anywhere::

    python examples/train_and_submit.py                      # bundled digits, under a minute
    python examples/train_and_submit.py --data folder        # your download from Kaggle

For the best score, several networks on all rows, each looking at nine views of each picture::

    python examples/train_and_submit.py --data folder --members 5 --tta 8 --validation-fraction 0
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("agg")  # the plots go to files

from skdigits import PRESETS, load_pipeline, make_digit_pipeline, save_pipeline
from skdigits.datasets import load_available
from skdigits.kaggle import check_submission, write_submission
from skdigits.plotting import DigitGalleryDisplay, TrainingHistoryDisplay


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Train a digit recogniser and write mnist_submission.csv, model.joblib, "
        "training_history.png and sample_digits.png.",
        epilog="example: python examples/train_and_submit.py --data ~/digit-recognizer --seed 1",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with train.csv and test.csv (.gz and .zip too); without it the folder "
        "SKDIGITS_DATA or the current one is searched, then the bundled digits are used",
    )
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path(), help="where to write")
    parser.add_argument("--preset", choices=PRESETS, default="balanced", help="which recipe")
    parser.add_argument("--members", type=int, help="networks to average (default: one)")
    parser.add_argument("--tta", type=int, default=0, help="views of each picture to average too")
    parser.add_argument("--n-jobs", type=int, help="networks trained at the same time")
    parser.add_argument(
        "--memory", metavar="DIR", help="keep trained networks here: a killed run goes on from them"
    )
    parser.add_argument(
        "--epochs",
        type=int,
        help="passes over the rows (default: the preset's, or 30 on the bundled digits)",
    )
    parser.add_argument(
        "--validation-fraction",
        type=float,
        default=0.1,
        help="share of the rows held out to measure the accuracy; 0 trains on all of them, which "
        "gives the best submission and no measure",
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same files")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)

    # %%
    # The rows: 28x28 pixels each, 0 for paper to 255 for ink.
    digits = load_available(options.data)
    if digits.filename is None:
        print("No train.csv found: using scikit-learn's bundled digits. For the real ones download")
        print("https://www.kaggle.com/c/digit-recognizer/data and give its folder with --data.")
    print(f"{len(digits.data):,} training rows from {digits.filename or 'the bundled digits'}")
    gallery = DigitGalleryDisplay.from_data(digits.data, digits.target, random_state=options.seed)
    gallery.figure_.savefig(options.output / "sample_digits.png")

    # %%
    # Pixels are scaled to 0-1, then a small convolutional network learns the digits.
    epochs = options.epochs or (30 if digits.filename is None else None)
    ensemble = {"n_jobs": options.n_jobs, "memory": options.memory} if options.members else {}
    pipeline = make_digit_pipeline(
        options.preset,
        n_estimators=options.members,
        **ensemble,
        **({"epochs": epochs} if epochs else {}),
        tta=options.tta,
        validation_fraction=options.validation_fraction,
        novelty=True,
        random_state=options.seed,
        verbose=0 if options.quiet else 1,
    )
    pipeline.fit(digits.data, digits.target)
    networks = getattr(pipeline[-1], "estimators_", [pipeline[-1]])
    for network in networks:
        if network.validation_scores_:
            accuracy = network.validation_scores_[network.best_epoch_ - 1]
            n_held_out = round(options.validation_fraction * len(digits.data))
            print(f"validation accuracy: {accuracy:.4%} of about {n_held_out:,} rows held out")
    history = TrainingHistoryDisplay.from_estimator(networks[0])
    history.figure_.savefig(options.output / "training_history.png")
    save_pipeline(pipeline, options.output / "model.joblib")

    # %%
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
    main()
