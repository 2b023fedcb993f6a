"""
Does the same digit in another guise get the same answer?
=========================================================

Shows digits that the pipeline reads right again under random transformations: scaled by 0.5 to
20, moved within a larger paper, inverted, made transparent, of low contrast, framed, turned with an
EXIF tag that turns them back. Counts the answers that change, behind ``DigitNormalizer`` and, for
the first two transformations of each digit, behind ``DigitReader``::

    python examples/benchmarks/invariance.py --data folder --digits 1000 --transformations 10
"""

import io

import numpy as np
from _shared import digits_of, finish, load_rows, make_parser
from PIL import Image

from skdigits import DigitNormalizer, DigitReader, load_pipeline, load_pretrained

EXIF_ORIENTATION = 0x0112


def transformed(row, rng):
    """A picture of the digit in a random guise, as a PIL image or the bytes of a PNG file."""
    ink = Image.fromarray(row.reshape(28, 28))
    if rng.random() < 0.6:
        side = max(14, round(28 * np.exp(rng.uniform(np.log(0.5), np.log(20)))))
        way = Image.Resampling.BOX if side < 28 else Image.Resampling.BICUBIC
        ink = ink.resize((side, side), way)
    margins = [int(rng.integers(0, ink.width // 2 + 1)) * (rng.random() < 0.7) for _ in range(4)]
    ink = np.pad(np.asarray(ink), (margins[:2], margins[2:]))
    guise = rng.choice(["black on white", "transparent", "low contrast", "white on black"])
    if guise == "transparent":
        colour = np.full((*ink.shape, 3), rng.integers(256), np.uint8)
        return Image.fromarray(np.dstack([colour, ink]))
    if guise == "black on white":
        ink = 255 - ink
    elif guise == "low contrast":
        ink = (rng.integers(150, 256) - ink * rng.uniform(0.5, 0.58)).clip(0, 255).astype(np.uint8)
    chance = rng.random()
    if chance < 0.2:
        return Image.fromarray(framed(ink))
    if chance < 0.5:
        return turned(Image.fromarray(ink))
    return Image.fromarray(ink)


def framed(pixels):
    """The picture within a line of the other colour."""
    paper, width = int(pixels[0, 0]), max(1, len(pixels) // 20)
    inner = np.pad(pixels, 2 * width, constant_values=paper)
    return np.pad(inner, width, constant_values=255 - paper)


def turned(image):
    """The bytes of a file that lies on its side and says so."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[EXIF_ORIENTATION] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    return file.getvalue()


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --digits 100")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--model", help="a saved pipeline (default: the shipped one)")
    parser.add_argument("--digits", type=int, default=1000)
    parser.add_argument("--transformations", type=int, default=10, help="of each digit")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pipeline = load_pipeline(options.model, trusted=True) if options.model else load_pretrained()
    X, y = load_rows(options.data)
    rng = np.random.default_rng(options.seed)
    order = rng.permutation(len(X))[: 2 * options.digits]
    chosen = order[pipeline.predict(X[order]) == y[order]][: options.digits]
    normalizer, reader = DigitNormalizer(on_empty="zeros"), DigitReader(pipeline)
    n_changed = n_misread = 0
    for number in range(options.transformations):
        pictures = [transformed(row, rng) for row in X[chosen]]
        n_changed += int(np.sum(pipeline.predict(normalizer.transform(pictures)) != y[chosen]))
        if number < 2:
            texts = [digits_of(reader.read(picture)) for picture in pictures]
            n_misread += sum(t != str(c) for t, c in zip(texts, y[chosen], strict=True))
    n_shown, n_read = len(chosen) * options.transformations, len(chosen) * 2
    print(f"DigitNormalizer: {n_changed} of {n_shown:,} answers changed: {n_changed / n_shown:.2%}")
    print(f"DigitReader: {n_misread} of {n_read:,} texts changed: {n_misread / n_read:.2%}")
    finish(options, {"shown": n_shown, "changed": n_changed, "misread": n_misread, "read": n_read})


if __name__ == "__main__":
    main()
