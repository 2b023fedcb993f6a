"""
Which score tells digits from everything else
=============================================

For each seed a network is trained that has seen nothing but digits. Then several scores are asked
to tell digits that it has not seen from made-up letters, symbols, scribbles, shapes and blanks:
areas under the ROC curve, and what the threshold of ``score_samples`` refuses. With ``--pictures``
real pictures of digits and of letters that resemble none are scored too::

    python examples/benchmarks/novelty.py --data folder --seeds 3
"""

from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd
from _shared import finish, load_rows, make_parser
from scipy.special import entr, logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from trust import rows_of

from skdigits import make_digit_pipeline
from skdigits._estimators.novelty import (
    ENERGY_WEIGHT,
    MAX_ROWS,
    N_COMPONENTS,
    learn_digits,
    score_digits,
)
from skdigits.datasets import make_non_digits

OURS = "**`score_samples`: the same and half the energy**"
PICTURES = ["picture of a digit", "picture of a letter"]


class Scores:
    """Every score of rows by one fitted pipeline; digits should have the higher ones."""

    def __init__(self, pipeline, X, y):
        import keras

        self.scaler, self.clf = pipeline[:-1], pipeline[-1]
        model = self.clf.model_
        self.network = keras.Model(model.inputs, [model.outputs[0], model.layers[-1].input])
        self.classes, codes = np.unique(y[:MAX_ROWS], return_inverse=True)
        logits, hidden = self.activations(self.scaler.transform(X[:MAX_ROWS]))
        self.means = np.stack([hidden[codes == c].mean(axis=0) for c in range(len(self.classes))])
        self.precision = LedoitWolf().fit(hidden - self.means[codes]).precision_
        # Without logits, whose energy is then the same for all rows, the distance alone is left.
        known = np.zeros_like(logits), hidden
        self.gaussians = learn_digits(known, known, codes)

    def activations(self, X):
        images = X.reshape(-1, *self.clf.image_shape_, 1)
        return self.network.predict(images, batch_size=256, verbose=0)

    def __call__(self, rows):
        X = self.scaler.transform(rows)
        logits, hidden = self.activations(X)
        proba, ours = self.clf.predict_proba(X), self.clf.score_samples(X)
        of_views = copy(self.clf).set_params(tta=4).predict_proba(X)
        energy = logsumexp(logits.astype(float), axis=1)
        energy_part = ENERGY_WEIGHT * energy / self.clf.digits_["spread"][1]
        return {
            "highest probability": proba.max(axis=1),
            "entropy": -entr(proba).sum(axis=1),
            "energy of the logits": energy,
            "mean of five views: highest probability": of_views.max(axis=1),
            "Mahalanobis distance, hidden layer, shared covariance": -self.distances(hidden),
            f"class Gaussians, hidden layer, {N_COMPONENTS} components": score_digits(
                self.gaussians, np.zeros_like(logits), hidden
            ),
            f"class Gaussians, all layers, {N_COMPONENTS} components": ours - energy_part,
            OURS: ours,
        }

    def distances(self, hidden):
        """Squared Mahalanobis distance to the nearest class mean."""
        steps = hidden[:, np.newaxis] - self.means
        return np.einsum("ncf,ncf->nc", steps @ self.precision, steps).min(axis=1)


def read_pictures(folder):
    """Rows of the digits in single/ and of the plain letters in not_digits/."""
    _, digits, digit_has_ink = rows_of(folder / "single")
    table, others, has_ink = rows_of(folder / "not_digits")
    is_plain = (table["digit_like"] == 0).to_numpy()
    kept = digits[digit_has_ink], others[is_plain & has_ink]
    print(
        f"pictures: {len(kept[0])} digits, {len(kept[1])} others; left out for want of ink: "
        f"{(~digit_has_ink).sum()} digits, {(is_plain & ~has_ink).sum()} others"
    )
    return dict(zip(PICTURES, kept, strict=True))


def evaluate(scores, unseen, made, pictures):
    """Areas (score, digits, others, area) and shares refused at threshold 0 (rows, refused)."""
    scored = {name: scores(rows) for name, rows in ({"unseen": unseen} | made | pictures).items()}
    pairs = [("unseen", kind) for kind in made]
    if pictures:
        pairs += [("unseen", PICTURES[1]), tuple(PICTURES)]
    areas = [
        {
            "score": score,
            "digits": digits,
            "others": others,
            "area": roc_auc(scored[digits][score], scored[others][score]),
        }
        for score in scored["unseen"]
        for digits, others in pairs
    ]
    refused = {name: 100 * float((values[OURS] < 0).mean()) for name, values in scored.items()}
    return areas, refused


def roc_auc(digits, others):
    is_digit = np.repeat([1, 0], [len(digits), len(others)])
    return float(roc_auc_score(is_digit, np.concatenate([digits, others])))


def run(seed, X, y, options, pictures):
    rest, unseen, y_rest, y_unseen = train_test_split(
        X, y, test_size=options.unseen, stratify=y, random_state=seed
    )
    pipeline = make_digit_pipeline(
        options.preset, novelty=True, n_threads=options.threads, random_state=seed
    ).fit(rest, y_rest)
    kinds = ["latin", "greek", "script", "symbol", "scribble", "shape", "blank"]
    made = make_non_digits(options.made * len(kinds), kinds=kinds, random_state=seed)
    made = {kind: made.data[made.kind == kind] for kind in kinds}
    areas, refused = evaluate(Scores(pipeline, rest, y_rest), unseen, made, pictures)
    accuracy = 100 * pipeline.score(unseen, y_unseen)
    print(f"seed {seed}: {len(rest):,} rows to fit on, accuracy {accuracy:.2f} %", flush=True)
    return {"seed": seed, "accuracy": accuracy, "areas": areas, "refused": refused}


def print_areas(results):
    """A table in Markdown, each cell over the seeds; the worst kind is that of the lowest mean."""
    areas = pd.concat([pd.DataFrame(r["areas"]).assign(seed=r["seed"]) for r in results])
    areas["pair"] = areas["others"].where(
        areas["digits"] == "unseen", areas["others"] + " against " + areas["digits"]
    )
    table = areas.pivot(index=["score", "seed"], columns="pair", values="area")
    pairs = list(areas["pair"].unique())
    made = [pair for pair in pairs if "picture" not in pair]
    table.insert(0, "mean", table[made].mean(axis=1))
    print("\n| score | mean | worst kind | " + " | ".join(pairs) + " |")
    print("| --- " * (3 + len(pairs)) + "|")
    for score in areas["score"].unique():
        rows = table.loc[score]
        worst = rows[made].mean().idxmin()
        cells = [cell(rows["mean"]), f"{cell(rows[worst])} ({worst})"]
        print(f"| {score} | " + " | ".join(cells + [cell(rows[pair]) for pair in pairs]) + " |")


def cell(values, form=".3f"):
    """Mean and standard deviation; the mean alone of one value."""
    spread = f" ± {values.std():{form}}" if len(values) > 1 else ""
    return f"{values.mean():{form}}{spread}"


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --preset fast --seeds 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--pictures", metavar="DIR", type=Path, help="single/ and not_digits/")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--unseen", type=int, default=6000, help="rows to score, new each seed")
    parser.add_argument("--made", type=int, default=600, help="made-up rows of each kind")
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    options = parser.parse_args()
    X, y = load_rows(options.data)
    pictures = read_pictures(options.pictures) if options.pictures else {}
    results = [run(seed, X, y, options, pictures) for seed in range(options.seeds)]
    print(f"\n{options.unseen:,} unseen digits against {options.made} of each kind: area under the")
    print("ROC curve, mean and standard deviation over seeds; pictures are not in the mean")
    print_areas(results)
    print("\n| refused at threshold 0 | % |\n| --- | --- |")
    for name, shares in pd.DataFrame([r["refused"] for r in results]).items():
        print(f"| {name} | {cell(shares, '.2f')} |")
    finish(options, results)


if __name__ == "__main__":
    main()
