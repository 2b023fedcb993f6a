"""
Train the weights that ship with the package
============================================

Trains the "accurate" preset twice: on a part of Kaggle's ``train.csv``, to measure it and its doubt on
rows that it has not seen, and on all of it, to ship. Writes the model and its card. The competition's test rows
are never read, nor any other copy of MNIST, which would hold them::

    python examples/train_pretrained.py --data folder --output skdigits/models
"""

import argparse
import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from skdigits import SelectiveClassifier, make_digit_pipeline, save_pipeline
from skdigits.datasets import load_competition

CARD = """\
# The weights that ship with skdigits

`digits.skdigits` is what `skdigits.load_pretrained()` returns: a fitted pipeline that reads one digit
from a row of 784 pixels (28x28, ink 255 on 0, placed as in MNIST).

| | |
| --- | --- |
| data | all {n_rows:,} rows of `train.csv` of Kaggle's "Digit Recognizer", and nothing else; the rows of `test.csv` were never read |
| SHA-256 of the pixels and labels | `{sha256}` |
| command | `python examples/train_pretrained.py --data FOLDER --seed {seed}{threads}` |
| preset | "{preset}": {parameters} |
| size | {n_parameters:,} parameters, {n_bytes:,} bytes |
| versions | {versions} |
| accuracy | {accuracy:.2f} % of {n_unseen:,} rows that the same recipe, trained on the other {n_seen:,}, had not seen (95 % interval {low:.2f} to {high:.2f} %) |
| doubt | probabilities have temperature {temperature:.3f}; answers of a confidence under {threshold:.3f} are not accepted, which on the same rows keeps {coverage:.2f} % with at most {target_error:g} % wrong; `score_samples` is below 0 for what does not look like a digit |

## What it is not good for

- Anything but digits: a letter is given the digit that it resembles most. `score_samples` tells many of
  them from digits, not all; and it is no help with letters that look like digits.
- Pictures that do not look like MNIST's. Photographs, scans and drawings must go through
  `DigitNormalizer` or `DigitReader` first.
- Probabilities far from the training data: they are calibrated on rows of the same source, not for other
  writers, pens or cameras.
- Decisions about people without a second look. The writers of MNIST were employees of the United
  States Census Bureau and high-school students of about 1990; other ways to write 1, 4, 7 and 9 are
  rare in it.

MNIST is by Y. LeCun, C. Cortes and C. Burges, CC BY-SA 3.0.
"""


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Train, measure and write the model that ships with the package, and its card.",
        epilog="example: python examples/train_pretrained.py --data ~/digit-recognizer",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="folder with train.csv")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=Path("skdigits/models"), help="where to write"
    )
    parser.add_argument("--preset", default="accurate", help="which recipe")
    parser.add_argument("--unseen", type=int, default=6000, help="rows to measure on")
    parser.add_argument(
        "--target-error", type=float, default=0.001, help="share wrong among accepted answers"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    digits = load_competition(options.data, with_test=False)
    X, y = digits.data, digits.target

    # First on a part of the rows, to know how good it is and when to doubt it; then on all of them.
    pipeline = make_digit_pipeline(
        options.preset,
        novelty=True,
        random_state=options.seed,
        n_threads=options.threads,
        verbose=1,
    )
    classifier = pipeline[-1]
    selective = SelectiveClassifier(
        classifier,
        target_error=options.target_error,
        validation_fraction=options.unseen / len(X),
        refit=True,
        random_state=options.seed,
    )
    pipeline.steps[-1] = ("selectiveclassifier", selective)
    pipeline.fit(X, y)
    n_unseen = selective.n_held_out_
    n_right = round(selective.validation_score_ * n_unseen)
    interval = binomtest(n_right, n_unseen).proportion_ci(method="wilson")
    print(f"accuracy {n_right / n_unseen:.4%} of {n_unseen:,} unseen rows")

    # What ships has no wish of its own about threads and progress bars.
    selective.set_params(estimator__verbose=0, estimator__n_threads=None)
    selective.estimator_.set_params(verbose=0, n_threads=None)
    path = save_pipeline(pipeline, options.output / "digits.skdigits")
    parameters = classifier.get_params()
    defaults = type(classifier)().get_params()
    changed = {k: v for k, v in parameters.items() if v != defaults[k]}
    card = CARD.format(
        n_rows=len(X),
        sha256=hashlib.sha256(X.tobytes() + y.astype(np.int64).tobytes()).hexdigest(),
        seed=options.seed,
        threads=f" --threads {options.threads}" if options.threads else "",
        preset=options.preset,
        parameters=", ".join(f"`{name}={value!r}`" for name, value in changed.items()),
        n_parameters=selective.estimator_.n_parameters_,
        n_bytes=path.stat().st_size,
        versions=", ".join(
            [f"Python {platform.python_version()}"]
            + [f"{p} {version(p)}" for p in ("tensorflow", "keras", "scikit-learn", "numpy")]
        ),
        accuracy=100 * n_right / n_unseen,
        n_unseen=n_unseen,
        n_seen=len(X) - n_unseen,
        temperature=selective.temperature_,
        threshold=selective.threshold_,
        target_error=100 * options.target_error,
        coverage=100 * selective.coverage_,
        low=100 * interval.low,
        high=100 * interval.high,
    )
    (options.output / "README.md").write_text(card)
    print(f"wrote {path} ({path.stat().st_size:,} bytes) and {options.output / 'README.md'}")


if __name__ == "__main__":
    main()
