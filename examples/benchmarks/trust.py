"""
Whether a classifier knows when not to answer
=============================================

For each seed a network is trained behind ``SelectiveClassifier``, which holds out a tenth of its
rows to fit a temperature and a threshold; then rows that neither has seen are scored: calibration
error and log loss before and after, the error among accepted rows and their share, and with
``--pictures`` how well real pictures of letters, scribbles and blanks are told from digits::

    python examples/benchmarks/trust.py --data folder --seeds 3
"""

from pathlib import Path

import numpy as np
import pandas as pd
from _shared import finish, load_rows, make_parser, spread
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from skdigits import DigitNormalizer, SelectiveClassifier, make_digit_pipeline
from skdigits.evaluation import expected_calibration_error


def score_rows(selective, X, y):
    raw = selective.estimator_.predict_proba(X)
    proba = selective.predict_proba(X)
    accepted = proba.max(axis=1) >= selective.threshold_
    is_right = proba.argmax(axis=1) == np.searchsorted(selective.classes_, y)
    return {
        "accuracy": 100 * is_right.mean(),
        "temperature": selective.temperature_,
        "calibration_error_before": 100 * expected_calibration_error(y, raw),
        "calibration_error": 100 * expected_calibration_error(y, proba),
        "log_loss_before": log_loss(y, raw),
        "log_loss": log_loss(y, proba),
        "threshold": selective.threshold_,
        "coverage": 100 * accepted.mean(),
        "error_of_accepted": 100 * (1 - is_right[accepted].mean()),
        "digits_refused_as_others": 100 * (selective.score_samples(X) < 0).mean(),
    }


def rows_of(folder):
    """The table of a folder's pictures, their rows, and which of them hold any ink."""
    table = pd.read_csv(folder / "labels.csv")
    rows = DigitNormalizer(on_empty="zeros").transform([folder / name for name in table["file"]])
    return table, rows, rows.any(axis=1)


def score_pictures(selective, folder):
    """Area under the ROC curve of real digits against non-digits that resemble none."""
    _, digits, has_ink = rows_of(folder / "single")
    digits = digits[has_ink]
    table, others, has_ink = rows_of(folder / "not_digits")
    plain = others[has_ink & (table["digit_like"] == 0)]
    scores = selective.score_samples(np.concatenate([digits, plain]))
    return {
        "picture_auc": roc_auc_score(np.repeat([1, 0], [len(digits), len(plain)]), scores),
        "picture_digits_refused": 100 * (scores[: len(digits)] < 0).mean(),
        "picture_others_refused": 100 * (scores[len(digits) :] < 0).mean(),
        "blanks_without_ink": 100 * (~has_ink[table["class"] == "blank"]).mean(),
    }


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --preset fast --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--pictures", metavar="DIR", type=Path, help="single/ and not_digits/")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--members", type=int, help="networks of an ensemble (default: one)")
    parser.add_argument("--tta", type=int, default=0, help="views averaged")
    parser.add_argument("--cv", type=int, help="folds to learn doubt from (default: a tenth)")
    parser.add_argument("--target-error", type=float, default=0.001)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--unseen", type=int, default=6000, help="rows to score on, new each seed")
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    results = []
    for seed in range(options.seeds):
        rest, unseen, y_rest, y_unseen = train_test_split(
            X, y, test_size=options.unseen, stratify=y, random_state=seed
        )
        pipeline = make_digit_pipeline(
            options.preset,
            n_estimators=options.members,
            tta=options.tta,
            novelty=True,
            n_threads=options.threads,
            random_state=seed,
        )
        selective = SelectiveClassifier(
            pipeline, target_error=options.target_error, cv=options.cv, random_state=seed
        ).fit(rest, y_rest)
        results.append({"seed": seed} | score_rows(selective, unseen, y_unseen))
        if options.pictures:
            results[-1] |= score_pictures(selective, options.pictures)
        print(", ".join(f"{k} {v:.4g}" for k, v in results[-1].items()), flush=True)
    print(f"\n{len(rest):,} rows to fit and calibrate on, {len(unseen):,} unseen rows; rates in %")
    for name in list(results[0])[1:]:
        print(f"{name:>26}: {spread([float(r[name]) for r in results], '.4f')}")
    finish(options, results)


if __name__ == "__main__":
    main()
