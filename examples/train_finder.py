"""
Train the network that finds digits
===================================

Makes up parts of pages from Kaggle's ``train.csv``, the handwriting of a folder of collections and
the fonts of a folder, trains the finder of :class:`skdigits.DigitReader` on them, and writes it
as ``finder.onnx`` with its card::

    python examples/train_finder.py --data folder --hands folder --output skdigits/models

No picture of ``test.csv`` is read. With ``--start`` it goes on from weights of an earlier run, or
from the mean of several; with ``--epochs 0`` that mean itself is measured and written. More parts
of pages teach more than more epochs: in ten epochs the network learns 20,000 by heart.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import Bunch

from skdigits._networks.finder import build_finder, encode_marks, finder_loss
from skdigits._onnx.finder import write_finder
from skdigits._pictures.finder import contrast
from skdigits.datasets import load_competition, load_hands, make_non_digits
from skdigits.datasets._pages import gather_scribe, make_patch
from skdigits.datasets._scribe import find_fonts

CARD = """\
# The network that finds digits

`finder.onnx` is what `skdigits.DigitReader` finds digits with, on onnxruntime.

| | |
| --- | --- |
| data | made-up parts of pages: digits of all rows of `train.csv` of Kaggle's "Digit Recognizer", and of {sources}; {n_letters:,} letters, foreign characters and drawings; {n_fonts} fonts of Debian. No row of `test.csv`, and no photograph |
| command | `python examples/train_finder.py --data FOLDER --hands FOLDER --patches {patches} --epochs {epochs} --learning-rate {rate} --seed {seed}`{start} |
| size | {n_parameters:,} parameters, {n_bytes:,} bytes |
| on {held_out} parts of pages made with another seed | {found:.1%} of the digits found, {right:.1%} found and named right, {invented:.3f} places invented for each; many of them are meant to be hard to see |

## What it is not good for

- Letters that look like digits (O, l, I, S, Z, B), and strokes such as brackets: they are read as digits.
- Digits of fewer than about 12 pixels, or turned by more than about 15 degrees other than by quarters.
- Deciding alone: `DigitReader` asks a classifier, too, and marks as `unsure` where the two disagree.

Sources and their licences: "Numbers" of A. Schroeder, BSI 2017 (CC0); Pen-Based and Optical Recognition of Handwritten Digits,
E. Alpaydin, F. Alimoglu and C. Kaynak 1998 (CC BY 4.0); UJIpenchars, D. Llorens et al. 2008 (CC BY 4.0); HWD-1000, N. Henning
2024 (MIT); Omniglot, B. Lake, R. Salakhutdinov and J. Tenenbaum 2015 (MIT); MNIST, Y. LeCun, C. Cortes and C. Burges
(CC BY-SA 3.0).
"""
STARTS = ["", ", from the weights of an earlier run", ", from the mean of earlier runs' weights"]
KAGGLE = "MNIST (train.csv)"
SIDE = 160
CHUNK = 250
WRONG_SIDE_UP = 0.05  # share of patches turned by 90 degrees, and of those light on dark: no digits
SYMMETRIC = "018"  # look the same when turned
DRAWN = ["latin", "greek", "script", "symbol", "scribble", "shape"]  # no digits either


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Train, measure and write the network that finds digits, and its card.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="folder with train.csv")
    parser.add_argument("--hands", metavar="DIR", required=True, help="folder of collections")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("skdigits/models"))
    parser.add_argument("--patches", type=int, default=32_000, help="parts of pages to make up")
    parser.add_argument("--held-out", type=int, default=500, help="more of them to measure on")
    parser.add_argument(
        "--fonts", metavar="DIR", type=Path, default=Path("/usr/share/fonts"), help="to print with"
    )
    parser.add_argument("--drawings", type=int, default=6_000, help="letters and shapes to draw")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the parts of pages")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=5e-3, help="highest of one cycle")
    parser.add_argument(
        "--start",
        metavar="FILE",
        nargs="+",
        default=[],
        help="weights to go on from (.weights.h5); of several their mean",
    )
    parser.add_argument("--weights", metavar="FILE", help="also write .weights.h5 to go on from")
    parser.add_argument("--width", type=float, default=0.75, help="of the network")
    parser.add_argument("--jobs", type=int, default=2, help="processes that make up pages")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def gather(data, hands, fonts, n_drawings):
    """Who writes, and the sources of their hands."""
    X, y = load_competition(data, with_test=False, return_X_y=True)
    others = load_hands(hands, random_state=0)
    drawn = make_non_digits(n_drawings, kinds=DRAWN, random_state=0)
    rows = Bunch(
        data=np.concatenate([X, others.data, drawn.data]),
        target=np.concatenate([y, others.target, np.full(len(drawn.data), -1)]),
        source=np.concatenate([[KAGGLE] * len(X), others.source, ["drawn"] * len(drawn.data)]),
    )
    names, counts = np.unique(others.source[others.target >= 0], return_counts=True)
    sources = [f"`{name}` ({count:,})" for name, count in zip(names, counts, strict=True)]
    return gather_scribe(rows, fonts, often=KAGGLE), sources


def make_examples(scribe, n, seed):
    """Contrast and target of n parts of pages."""
    rng = np.random.default_rng(seed)
    inks = np.empty((n, SIDE, SIDE), np.float16)
    targets = []
    for i in range(n):
        image, marks = make_patch(scribe, rng, SIDE, damage=rng.random())
        turns, kind = 0, rng.random()
        if kind < WRONG_SIDE_UP:
            image, marks = 255 - image, []
        elif kind < 2 * WRONG_SIDE_UP:
            turns = int(rng.choice([1, 3]))
            marks = [mark._replace(label="lost") for mark in marks if mark.label in SYMMETRIC]
        if rng.random() < 0.5:
            image = (255 * (image / 255) ** np.exp(rng.normal(0, 0.3))).astype(np.uint8)
        inks[i] = np.rot90(contrast(image), turns)
        targets.append(np.rot90(encode_marks(marks, image.shape), turns))
    return inks[..., None], np.stack(targets)


def make_all(scribe, n, seed, n_jobs):
    sizes = [min(CHUNK, n - i) for i in range(0, n, CHUNK)]
    parts = Parallel(n_jobs, verbose=1)(
        delayed(make_examples)(scribe, size, [seed, k]) for k, size in enumerate(sizes)
    )
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


class Batches(keras.utils.PyDataset):
    """Examples in another order in each epoch; whole arrays of them would be copied by Keras."""

    def __init__(self, inks, targets, size, seed):
        super().__init__()
        self.inks, self.targets, self.size = inks, targets, size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.inks) // self.size)

    def __getitem__(self, index):
        rows = np.sort(self.order[index * self.size : (index + 1) * self.size])
        return self.inks[rows].astype(np.float32), self.targets[rows].astype(np.float32)

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.inks))


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up for 15 % of the steps, then down along a cosine."""

    def __init__(self, highest, n_steps):
        self.highest, self.n_steps = highest, n_steps

    def __call__(self, step):
        done = keras.ops.cast(step, "float32") / self.n_steps
        down = (1 + keras.ops.cos(np.pi * (done - 0.15) / 0.85)) / 2
        share = keras.ops.where(done < 0.15, 0.05 + 0.95 * done / 0.15, down)
        return self.highest * keras.ops.maximum(share, 1e-3)


def load_mean(model, paths):
    """Give a network the mean of the weights in these files."""
    kept = []
    for path in paths:
        model.load_weights(path)
        kept.append(model.get_weights())
    model.set_weights([np.mean(same, axis=0) for same in zip(*kept, strict=True)])


def train(model, inks, targets, options):
    """Train for the epochs of the options, in one cycle of the learning rate."""
    batches = Batches(inks, targets, options.batch_size, options.seed)
    n_steps = options.epochs * len(batches)
    optimizer = keras.optimizers.AdamW(
        OneCycle(options.learning_rate, n_steps), weight_decay=0.01, clipnorm=5.0
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    # oneDNN's convolutions take 9 ms for a patch, those that XLA compiles 16.
    model.compile(optimizer, finder_loss, jit_compile=False)
    model.fit(batches, epochs=options.epochs, verbose=2)


def measure(model, inks, targets):
    """Share of digits found, found and named right, and invented places for each digit."""
    answers = model.predict(inks, batch_size=32, verbose=0)
    centre = (targets[..., 0] > 0.999) & (targets[..., 9] > 0.99)
    found = answers[..., 0] > 4
    right = found & (answers[..., 2:16].argmax(axis=-1) == targets[..., 4])
    invented = found & (targets[..., 0] < 0.05) & (targets[..., 2] == 0)
    n = centre.sum()
    return found[centre].sum() / n, right[centre].sum() / n, invented.sum() / n


def main(arguments=None):
    options = parse_arguments(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(options.seed)
    started = time.process_time()
    fonts = find_fonts(options.fonts)
    scribe, sources = gather(options.data, options.hands, fonts, options.drawings)
    print(
        f"{len(scribe.collections)} collections, {len(scribe.letters)} letters, {len(fonts)} fonts"
    )
    held_out = make_all(scribe, options.held_out, options.seed + 1_000_000, options.jobs)
    model = build_finder(options.width)
    if options.start:
        load_mean(model, options.start)
    if options.epochs:
        examples = make_all(scribe, options.patches, options.seed, options.jobs)
        train(model, *examples, options)
    found, right, invented = measure(model, *held_out)
    if options.weights:
        model.save_weights(options.weights)
    path = write_finder(model, options.output / "finder.onnx")
    print(
        f"of the digits on {options.held_out} other parts of pages {found:.1%} found, {right:.1%} found and named "
        f"right, {invented:.3f} places invented for each; {time.process_time() - started:.0f} CPU s"
    )
    card = CARD.format(
        sources=", ".join(sources),
        n_letters=len(scribe.letters),
        n_fonts=len(fonts),
        patches=options.patches,
        epochs=options.epochs,
        rate=options.learning_rate,
        seed=options.seed,
        held_out=options.held_out,
        start=STARTS[min(len(options.start), 2)],
        n_parameters=model.count_params(),
        n_bytes=path.stat().st_size,
        found=found,
        right=right,
        invented=invented,
    )
    (options.output / "finder.md").write_text(card)
    print(f"wrote {path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
