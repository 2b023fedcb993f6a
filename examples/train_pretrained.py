"""
Train the weights that ship with the package
============================================

Trains the "accurate" preset twice on Kaggle's ``train.csv``: on a part of it, to measure it and its
doubt on rows that it has not seen, and on all of it, to ship. With ``--hands`` it takes that network,
which must be in the output folder, and trains it further: on Kaggle's rows, on a folder of other
people's handwriting, on digits cut from made-up pages of all of these, and on what is no digit. Some
writers are kept aside, to measure it and its doubt.
Writes the model, once for Keras and once for onnxruntime, and its card. The competition's test rows are never read, nor any other copy of
MNIST, which would hold them::

    python examples/train_pretrained.py --data folder --output skdigits/models
    python examples/train_pretrained.py --data folder --hands folder --output skdigits/models
"""

import argparse
import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch

from skdigits import (
    PRESETS,
    SelectiveClassifier,
    export_onnx,
    load_onnx,
    load_pipeline,
    make_digit_pipeline,
    save_pipeline,
)
from skdigits._estimators.novelty import find_zero, move_zero
from skdigits.datasets import load_competition, load_hands, make_non_digits
from skdigits.datasets._non_digits import KINDS, slash_zeros
from skdigits.datasets._page_rows import cut_from_pages
from skdigits.datasets._pages import gather_scribe
from skdigits.datasets._scribe import find_fonts

KAGGLE = "MNIST (train.csv)"
MADE_UP = "made-up"
SLASHED = "zeros with a slash"
PAGES = "made-up pages"
FONTS_ASIDE = 7  # one font of so many is kept aside
MANY = 70  # rows of train.csv for one of them
LARGEST_GAP = 1e-4  # between probabilities of the two files
REFUSED = 0.005  # share of the unseen digits of other hands that score below 0
# What differs from the preset when the network is trained further.
OF_HANDS = {
    "warm_start": True,
    "other_label": -1,
    "epochs": 2,
    "learning_rate": 0.004,
    "augmentation": {
        **PRESETS["accurate"]["augmentation"],
        "thickness": 0.6,
        "lines": 0.9,
        "blur": 1.0,
        "contrast": 0.6,
        "brightness": 0.6,
        "noise": 0.4,
    },
}
# Collections that `load_hands` knows by these names, as their authors want them named.
SOURCES = {
    "swiss_numbers": 'A. Schroeder, BSI, "Numbers", 2017: scans of Swiss pen digits; CC0',
    "pendigits": 'E. Alpaydin, F. Alimoglu, "Pen-Based Recognition of Handwritten Digits", UCI, '
    "1998, doi 10.24432/C5MG6K; CC BY 4.0",
    "optdigits_tra_cv": 'E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, '
    "1998, doi 10.24432/C50P49; CC BY 4.0",
    "ujipenchars1": 'D. Llorens et al., "The UJIpenchars Database", LREC 2008; CC BY 4.0',
    "hwd1000": 'N. Henning, "HWD 1000", 2024; MIT',
    "omniglot_small2": 'B. Lake, R. Salakhutdinov, J. Tenenbaum, "Omniglot", Science 2015: '
    "Katakana, Sanskrit and Tagalog characters; MIT",
    KAGGLE: "Y. LeCun, C. Cortes, C. Burges: MNIST; CC BY-SA 3.0",
    MADE_UP: "`skdigits.datasets.make_non_digits`",
    SLASHED: "zeros of `train.csv`, with a slash drawn through them",
    PAGES: "`skdigits.datasets._page_rows.cut_from_pages`: where the finder sees a digit, right or wrong",
}

CARD = """\
# {title}

`{name}.skdigits` is what `skdigits.load_pretrained({argument}trainable=True)` returns: a fitted pipeline that reads one digit
from a row of 784 pixels (28x28, ink 255 on 0, placed as in MNIST).

| | |
| --- | --- |
| data | {data} |
| SHA-256 of the pixels and labels | `{sha256}` |
| command | `{command}` |
| preset | "{preset}": {parameters} |
| size | {n_parameters:,} parameters, {n_bytes:,} bytes |
| versions | {versions} |
| accuracy | {accuracy:.2f} % of {n_unseen:,} rows that {who} had not seen (95 % interval {low:.2f} to {high:.2f} %) |
| doubt | probabilities have temperature {temperature:.3f}; answers of a confidence under {threshold:.3f} are not accepted, which on the same rows keeps {coverage:.2f} % with at most {target_error:g} % wrong; `score_samples` is below 0 for what does not look like a digit |
{sources}
## What it is not good for

- Anything but digits: a letter is given the digit that it resembles most. `score_samples` tells many of
  them from digits, not all; and it is no help with letters that look like digits.
- Pictures that do not look like MNIST's. Photographs, scans and drawings must go through
  `DigitNormalizer` or `DigitReader` first.
- Probabilities far from the training data: they are calibrated on rows of the same sources, not for
  other pens or cameras.
- Decisions about people without a second look. {writers}

MNIST is by Y. LeCun, C. Cortes and C. Burges, CC BY-SA 3.0.
"""
WRITERS_OF_KAGGLE = """The writers of MNIST were employees of the United
  States Census Bureau and high-school students of about 1990; other ways to write 1, 4, 7 and 9 are
  rare in it."""
WRITERS_OF_HANDS = """Most rows are by employees of the United States
  Census Bureau and high-school students of about 1990, and the others by few people of five
  countries: many ways to write digits are not among them."""


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Train, measure and write the model that ships with the package, and its card.",
        epilog="example: python examples/train_pretrained.py --data ~/digit-recognizer",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="folder with train.csv")
    parser.add_argument("--hands", metavar="DIR", help="folder that load_hands takes")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=Path("skdigits/models"), help="where to write"
    )
    parser.add_argument("--preset", default="accurate", help="which recipe")
    parser.add_argument("--unseen", type=int, default=6000, help="rows of train.csv to measure on")
    parser.add_argument(
        "--aside", type=float, default=0.15, help="share of the writers to measure on"
    )
    parser.add_argument(
        "--target-error", type=float, default=0.001, help="share wrong among accepted answers"
    )
    parser.add_argument(
        "--patches", type=int, default=7_000, help="parts of pages to cut digits from"
    )
    parser.add_argument(
        "--fonts", metavar="DIR", type=Path, default=Path("/usr/share/fonts"), help="to print with"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: TensorFlow's choice)")
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw")
    return parser.parse_args(arguments)


def collect(options):
    """Rows to train and measure on: `data`, `target`, `source`, and `groups` of one writer each."""
    X, y = load_competition(options.data, with_test=False, return_X_y=True)
    mnist = Bunch(
        data=X,
        target=y,
        source=np.full(len(X), KAGGLE),
        groups=np.char.add(KAGGLE, np.arange(len(X)).astype(str)),
    )
    if options.hands is None:
        return mnist
    hands = load_hands(options.hands, random_state=options.seed, n_jobs=options.jobs)
    # One row that is no digit for four digits, letters by hand among them. Signs are the hardest.
    n_digits, n_letters = len(X) + (hands.target >= 0).sum(), (hands.target < 0).sum()
    drawing = {"random_state": options.seed, "n_jobs": options.jobs}
    made = make_non_digits(
        n_digits // 4 - n_letters, kinds=[*KINDS, "sign", "sign"], digits=(X, y), **drawing
    )
    slashed = Bunch(data=slash_zeros(X[y == 0], len(X) // MANY, **drawing))
    for drawn, label, source in ((made, -1, MADE_UP), (slashed, 0, SLASHED)):
        n_drawn = len(drawn.data)
        drawn.target, drawn.source = np.full(n_drawn, label), np.full(n_drawn, source)
        drawn.groups = np.char.add(source, np.arange(n_drawn).astype(str))
    parts = mnist, hands, made, slashed
    return Bunch(
        **{name: np.concatenate([part[name] for part in parts]) for name in mnist},
    )


def keep_aside(rows, share, seed):
    """Which rows to measure on: of each source a share of its writers, if it tells them apart.

    None of Kaggle's: the network to start from has seen them all.
    """
    rng = np.random.default_rng(seed)
    is_aside = np.zeros(len(rows.data), bool)
    for source in np.setdiff1d(rows.source, KAGGLE):
        writers = np.unique(rows.groups[rows.source == source])
        n_aside = int(np.ceil(share * len(writers))) if len(writers) > 1 else 0
        is_aside |= np.isin(rows.groups, rng.choice(writers, n_aside, replace=False))
    return is_aside


def add_pages(rows, is_aside, options):
    """Also rows cut from made-up pages; those aside hold other writers and other fonts."""
    fonts = find_fonts(options.fonts)
    aside = np.arange(len(fonts)) % FONTS_ASIDE == 0
    parts, flags = [rows], [is_aside]
    for is_kept, share in ((False, 1.0), (True, 0.1)):
        chosen = is_aside == is_kept
        writers = Bunch(**{name: rows[name][chosen] for name in ("data", "target", "source")})
        own = [font for font, flag in zip(fonts, aside, strict=True) if flag == is_kept]
        scribe = gather_scribe(writers, own, often=KAGGLE)
        if not scribe.collections:  # no writer aside has written all digits
            continue
        seed = options.seed + int(is_kept)
        n = max(1, int(share * options.patches))
        cut = cut_from_pages(scribe, n, random_state=seed, n_jobs=options.jobs)
        names = np.full(len(cut.data), PAGES)
        parts.append(Bunch(data=cut.data, target=cut.target, source=names, groups=names))
        flags.append(np.full(len(names), is_kept))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in rows}
    return Bunch(**joined), np.concatenate(flags)


def describe_sources(pipeline, rows, is_aside):
    """A table of the sources: rows and writers trained on, and what was measured."""
    lines = [
        "",
        "## By source",
        "",
        "| source | rows and writers trained on | kept aside | right | refused |",
        "| --- | --- | --- | --- | --- |",
    ]
    digits = rows.target >= 0
    for source in dict.fromkeys(rows.source.tolist()):
        for kind, chosen in (("", digits), (", no digits", ~digits)):
            chosen = chosen & (rows.source == source)
            seen, aside = chosen & ~is_aside, chosen & is_aside
            if not seen.any():
                continue
            n_writers = len(np.unique(rows.groups[seen]))
            writers = "" if source in (KAGGLE, MADE_UP, SLASHED, PAGES) else f", {n_writers}"
            cells = [f"{source}{kind}", f"{seen.sum():,}{writers}", f"{aside.sum():,}", "", ""]
            if aside.any():
                X, y = rows.data[aside], rows.target[aside]
                if not kind:
                    cells[3] = f"{100 * np.mean(pipeline.predict(X) == y):.2f} %"
                cells[4] = f"{100 * np.mean(pipeline.score_samples(X) < 0):.2f} %"
            lines.append(f"| {' | '.join(cells)} |")
    names = dict.fromkeys(rows.source.tolist())
    lines += ["", *(f"- {name}: {SOURCES.get(name, 'of your own')}" for name in names), ""]
    return "\n".join(lines)


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    rows = collect(options)
    X, y = rows.data, rows.target
    print(f"{len(X):,} rows, {np.sum(y < 0):,} of them no digits", flush=True)

    if options.hands is None:
        pipeline = train(rows, options)
        is_aside = None
    else:
        is_aside = keep_aside(rows, options.aside, options.seed)
        rows, is_aside = add_pages(rows, is_aside, options)
        X, y = rows.data, rows.target
        pipeline = train_further(rows, is_aside, options)
    selective = pipeline[-1]
    n_unseen = selective.n_held_out_
    n_right = round(selective.validation_score_ * n_unseen)
    interval = binomtest(n_right, n_unseen).proportion_ci(method="wilson")
    print(f"accuracy {n_right / n_unseen:.4%} of {n_unseen:,} unseen rows")

    # What ships has no wish of its own about threads and progress bars.
    selective.set_params(estimator__verbose=0, estimator__n_threads=None)
    selective.estimator_.set_params(verbose=0, n_threads=None)
    name = "kaggle" if options.hands is None else "hands"
    # Both formats share one file of the rows that were seen.
    np.save(options.output / f"{name}.rows.npy", selective.training_rows_)
    for part in (selective, selective.estimator_):
        vars(part).pop("training_rows_", None)
    path = save_pipeline(pipeline, options.output / f"{name}.skdigits")
    light = export_onnx(pipeline, options.output / f"{name}.onnx")
    sample = X[:: max(1, len(X) // 2000)]
    gap = np.abs(load_onnx(light).predict_proba(sample) - pipeline.predict_proba(sample)).max()
    if gap > LARGEST_GAP:
        raise SystemExit(f"{light} answers otherwise than {path}: probabilities are {gap} apart")
    parameters = selective.estimator.get_params()
    defaults = type(selective.estimator)().get_params()
    changed = {k: v for k, v in parameters.items() if v != defaults[k]}
    facts = of_kaggle(len(X), n_unseen) if options.hands is None else of_hands(rows)
    sources = "" if options.hands is None else describe_sources(pipeline, rows, is_aside)
    card = CARD.format(
        name=name,
        **facts,
        sources=sources,
        sha256=hashlib.sha256(X.tobytes() + y.astype(np.int64).tobytes()).hexdigest(),
        command="python examples/train_pretrained.py --data FOLDER"
        + (" --hands FOLDER" if options.hands else "")
        + f" --seed {options.seed}"
        + (f" --threads {options.threads}" if options.threads else ""),
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
        temperature=selective.temperature_,
        threshold=selective.threshold_,
        target_error=100 * options.target_error,
        coverage=100 * selective.coverage_,
        low=100 * interval.low,
        high=100 * interval.high,
    )
    (options.output / f"{name}.md").write_text(card)
    print(f"wrote {path} ({path.stat().st_size:,} bytes), {light} ({light.stat().st_size:,} bytes)")


def train(rows, options):
    """First on a part of the rows, to know how good it is and when to doubt it; then on all."""
    pipeline = make_digit_pipeline(
        options.preset,
        novelty=True,
        random_state=options.seed,
        n_threads=options.threads,
        verbose=1,
    )
    selective = SelectiveClassifier(
        pipeline[-1],
        target_error=options.target_error,
        validation_fraction=options.unseen / len(rows.data),
        refit=True,
        random_state=options.seed,
    )
    pipeline.steps[-1] = ("selectiveclassifier", selective)
    return pipeline.fit(rows.data, rows.target)


def train_further(rows, is_aside, options):
    """From the network of Kaggle's rows, on all but the rows aside; doubt is learned from these."""
    pipeline = load_pipeline(options.output / "kaggle.skdigits")
    classifier = pipeline[-1].estimator_
    classifier.set_params(
        **OF_HANDS, random_state=options.seed, n_threads=options.threads, verbose=1
    )
    X, y = pipeline[:-1].transform(rows.data), rows.target
    classifier.fit(X[~is_aside], y[~is_aside])
    selective = SelectiveClassifier(
        FrozenEstimator(classifier), target_error=options.target_error, random_state=options.seed
    )
    # What is cut from pages can be illegible: doubt would grow by it everywhere.
    digits = is_aside & (y >= 0) & (rows.source != PAGES)
    selective.fit(X[digits], y[digits])
    score = classifier.score_samples(X[digits])
    move_zero(classifier, find_zero(score, np.ones(len(score)), REFUSED))
    classifier.set_params(warm_start=False)
    selective.estimator, selective.estimator_ = clone(classifier), classifier
    pipeline.steps[-1] = ("selectiveclassifier", selective)
    return pipeline


def of_kaggle(n_rows, n_unseen):
    return {
        "title": "Weights from Kaggle's rows alone",
        "argument": '"kaggle", ',
        "data": f'all {n_rows:,} rows of `train.csv` of Kaggle\'s "Digit Recognizer", and nothing '
        "else; the rows of `test.csv` were never read",
        "who": f"the same recipe, trained on the other {n_rows - n_unseen:,},",
        "writers": WRITERS_OF_KAGGLE,
    }


def of_hands(rows):
    n_others = int(np.sum(rows.target < 0))
    return {
        "title": "Weights from all hands",
        "argument": "",
        "data": f"{len(rows.data) - n_others:,} digits and {n_others:,} rows that are none, of the "
        "sources below, but for the rows kept aside; those of Kaggle's `test.csv` were never read. "
        "It went on from the network of `kaggle.skdigits`, so none of Kaggle's rows is unseen",
        "who": "it",
        "writers": WRITERS_OF_HANDS,
    }


if __name__ == "__main__":
    main()
