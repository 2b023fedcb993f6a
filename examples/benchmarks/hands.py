"""
Hands and non-digits that the network has not seen
==================================================

For each seed and each of three collections of handwriting a network is trained on Kaggle's rows, on
the other collections and on what is no digit, and then scores the collection left out, whole kinds
of non-digits left out with it, and Kaggle's rows that it has not seen::

    python examples/benchmarks/hands.py --data folder --hands folder --seeds 3
"""

from pathlib import Path

import numpy as np
import pandas as pd
from _shared import finish, load_rows, make_parser
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from skdigits import SelectiveClassifier, load_pipeline, make_digit_pipeline, save_pipeline
from skdigits.datasets import load_hands, make_non_digits

OTHER = -1
# What is left out together: a source with all that its writers may have written elsewhere, and
# kinds of non-digits.
FOLDS = {
    "swiss_numbers": (["swiss_numbers"], ["latin", "greek", "script", "symbol"]),
    "pendigits": (
        ["pendigits", "optdigits_tra_cv"],
        ["sign", "scribble", "shape", "rim", "specks", "blank"],
    ),
    "optdigits_tra_cv": (
        ["optdigits_tra_cv", "pendigits", "ujipenchars1"],
        ["half", "pair", "struck", "beside"],
    ),
}
AUGMENTATION = {
    "rotation": 8,
    "zoom": 0.07,
    "shear": 0.1,
    "shift": 0.05,
    "thickness": 0.6,
    "lines": 0.9,
    "blur": 1.0,
    "contrast": 0.6,
    "brightness": 0.6,
    "noise": 0.4,
}


def train(rest, y_rest, hands, made, options, seed):
    """A reader that has seen these rows, its doubt learned from writers held out of them."""
    X = np.concatenate([rest, hands.data, made.data])
    y = np.concatenate([y_rest, hands.target, np.full(len(made.data), OTHER)])
    alone = np.arange(len(rest) + len(made.data)).astype(str)
    groups = np.concatenate([alone[: len(rest)], hands.groups, alone[len(rest) :]])
    reader = make_digit_pipeline(
        options.preset,
        other_label=OTHER,
        augmentation=AUGMENTATION,
        n_threads=options.threads,
        random_state=seed,
        **({"epochs": options.epochs} if options.epochs else {}),
    )
    selective = SelectiveClassifier(reader[-1], target_error=0.001, random_state=seed)
    reader.steps[-1] = ("selectiveclassifier", selective)
    return reader.fit(X, y, selectiveclassifier__groups=groups)


def score_digits(reader, X, y):
    is_right, is_refused = reader.predict(X) == y, reader.score_samples(X) < 0
    return pd.DataFrame({"right": 100 * is_right, "refused": 100 * is_refused})


def score_others(reader, X):
    score, sure = reader.score_samples(X), reader.predict_proba(X).max(axis=1)
    is_refused = score < 0
    is_sure = ~is_refused & (sure >= reader[-1].threshold_)
    return pd.DataFrame({"refused": 100 * is_refused, "sure": 100 * is_sure})


def run(fold, seed, X, y, hands, made, options):
    """Figures of one fit, each a dict with "fold", "seed", "of" and shares in %."""
    sources, kinds = FOLDS[fold]
    sources = [fold] if options.alone else sources
    rest, unseen, y_rest, y_unseen = train_test_split(
        X, y, test_size=options.unseen, stratify=y, random_state=seed
    )
    n_made = options.made or (len(rest) + np.sum(hands.target >= 0)) // 4
    is_left_out, is_known = np.isin(hands.source, sources), ~np.isin(made.kind, kinds)
    seen = {name: hands[name][~is_left_out] for name in ("data", "target", "groups")}
    known = made.data[is_known][:n_made]
    name = f"{fold}{'-alone' if options.alone else ''}-{seed}.skdigits"
    path = options.models / name if options.models else None
    if path is not None and path.is_file():
        reader = load_pipeline(path)
    else:
        reader = train(rest, y_rest, Bunch(**seen), Bunch(data=known), options, seed)
        if path is not None:
            save_pipeline(reader, path)
    of_source = (hands.source == fold) & (hands.target >= 0)
    digits = score_digits(reader, hands.data[of_source], hands.target[of_source])
    scored = {"MNIST": score_digits(reader, unseen, y_unseen), "digits": digits}
    for name in ("target", "groups"):
        scored |= {
            f"{name} {value}": digits[hands[name][of_source] == value]
            for value in np.unique(hands[name][of_source])
        }
    of_letters = is_left_out & (hands.target < 0)
    if of_letters.any():
        scored["letters by hand"] = score_others(reader, hands.data[of_letters])
    for kind in kinds:
        scored[f"kind {kind}"] = score_others(reader, made.data[made.kind == kind])
    return [
        {"fold": fold, "seed": seed, "of": name, **table.mean().to_dict(), "n": len(table)}
        for name, table in scored.items()
    ]


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --preset fast --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--hands", metavar="DIR", required=True, help="folder of load_hands")
    parser.add_argument("--folds", nargs="+", choices=list(FOLDS), default=list(FOLDS))
    parser.add_argument(
        "--alone",
        action="store_true",
        help="leave out the source only, not what its writers may have written elsewhere",
    )
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--epochs", type=int, help="in place of the preset's")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--unseen", type=int, default=6000, help="rows of train.csv to score")
    parser.add_argument("--made", type=int, help="made-up rows (default: one for four digits)")
    parser.add_argument(
        "--models",
        metavar="DIR",
        type=Path,
        help="keep the networks there, and take those of before",
    )
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    parser.add_argument("--jobs", type=int, default=1, help="processes that draw")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    hands = load_hands(options.hands, random_state=0, n_jobs=options.jobs)
    n_made = 2 * (options.made or (len(X) + len(hands.data)) // 4)
    made = make_non_digits(n_made, digits=(X, y), random_state=0, n_jobs=options.jobs)
    results = []
    for seed in range(options.seeds):
        for fold in options.folds:
            results += run(fold, seed, X, y, hands, made, options)
            last = {line["of"]: line for line in results if line["seed"] == seed}
            print(f"seed {seed}, without {fold}: {last['digits']['right']:.2f} % right", flush=True)
    table = pd.DataFrame(results)
    over_seeds = table.groupby(["fold", "of"], sort=False)[["right", "refused", "sure", "n"]]
    print("\n% right, refused, and let in as sure, mean and standard deviation over the seeds")
    print(over_seeds.agg(["mean", "std"]).round(2).to_string())
    finish(options, results)


if __name__ == "__main__":
    main()
