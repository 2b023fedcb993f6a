"""
Digits under bad light
======================

Puts rows of digits on made-up paper, photographs them with the colours, shadows, ruled lines,
noise and blur named in ``CONDITIONS``, and counts how many come back right, through
``DigitNormalizer`` and through ``DigitReader``. Only rows are taken that the shipped network reads
right and is sure of, so that what is lost is lost to the conditions::

    python examples/benchmarks/conditions.py --data folder --digits 200
"""

import io
import zlib

import numpy as np
from _shared import digits_of, finish, load_rows, make_parser
from PIL import Image, ImageFilter

from skdigits import DigitNormalizer, DigitReader, load_pretrained

HEIGHT, WIDTH = 480, 640
WHITE, DARK = (230, 228, 225), (30, 30, 40)
CONDITIONS = {
    "black pen": {},
    "blue ballpoint": {"ink": (40, 60, 160)},
    "faint pencil": {"ink": (170, 170, 172), "paper": (215, 214, 210)},
    "highlighter": {"ink": (245, 245, 110), "paper": (240, 240, 238)},
    "pink on white": {"ink": (255, 200, 210), "paper": (255, 255, 255), "noise": 1},
    "chalk on a board": {"ink": (220, 225, 220), "paper": (35, 70, 55), "noise": 6},
    "white on red": {"ink": (255, 255, 255), "paper": (230, 60, 60)},
    "ruled": {"ink": (40, 50, 120), "rules": (45, (180, 195, 225))},
    "squared": {"ink": (40, 50, 120), "rules": (24, (190, 205, 230)), "is_squared": True},
    "shadow of 50 %": {"shadow": 0.5},
    "shadow of 70 %": {"shadow": 0.7, "ink": (60, 60, 70)},
    "light from the middle": {"falloff": 0.8, "paper": (220, 210, 190)},
    "dark room": {"ink": (20, 20, 22), "paper": (70, 64, 58), "noise": 8},
    "noise": {"ink": (60, 60, 70), "noise": 30},
    "out of focus": {"ink": (60, 60, 70), "blur": 6},
    "poor JPEG": {"ink": (60, 60, 70), "quality": 15},
    "36 pixels": {"side": 36},
    "440 pixels": {"side": 440},
}


def photograph(row, rng, *, ink=DARK, paper=WHITE, side=200, rules=None, is_squared=False,
               shadow=0.0, falloff=0.0, noise=3.0, blur=0.8, quality=85):  # fmt: skip
    """A row of 784 pixels as the JPEG file of a photograph."""
    page = np.full((HEIGHT, WIDTH, 3), paper, float)
    if rules:
        step, colour = rules
        for start in (0, 1):
            page[step // 2 + start :: step] = colour
            if is_squared:
                page[:, step // 2 + start :: step] = colour
    drawn = Image.fromarray(row.reshape(28, 28)).resize((side, side), Image.Resampling.BICUBIC)
    room = np.array([HEIGHT - side, WIDTH - side])
    top, left = room // 2 + rng.integers(-40, 40, 2).clip(-room // 2, room // 2)
    opacity = np.zeros((HEIGHT, WIDTH, 1))
    opacity[top : top + side, left : left + side, 0] = np.asarray(drawn) / 255
    page = page * (1 - opacity) + np.array(ink) * opacity
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    rows, columns = rows - HEIGHT / 2, columns - WIDTH / 2
    light = 1 - falloff * 2 * ((columns / WIDTH) ** 2 + (rows / HEIGHT) ** 2)
    if shadow:  # its edge runs through the middle
        angle, softness = rng.uniform(0, np.pi), rng.uniform(10, 60)
        across = np.cos(angle) * columns + np.sin(angle) * rows
        light *= 1 - shadow / (1 + np.exp(-across / softness))
    page = page * light[..., None] + rng.normal(0, noise, page.shape)
    image = Image.fromarray(page.clip(0, 255).astype(np.uint8))
    stream = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(blur)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --digits 20")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--digits", type=int, default=200, help="photographs of each condition")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    X, y = load_rows(options.data, 5000)
    pipeline = load_pretrained()
    proba = pipeline.predict_proba(X)
    is_sure = (proba.max(axis=1) > 0.98) & (pipeline.classes_[proba.argmax(axis=1)] == y)
    normalizer, reader = DigitNormalizer(on_empty="zeros"), DigitReader(pipeline)
    results = []
    print(f"{options.digits} digits each; {'normalizer':>24} {'reader':>8}   percent right")
    for name, condition in CONDITIONS.items():
        rng = np.random.default_rng([zlib.crc32(name.encode()), options.seed])
        chosen = rng.choice(np.flatnonzero(is_sure), options.digits, replace=False)
        pictures = [photograph(X[i], rng, **condition) for i in chosen]
        alone = pipeline.predict(normalizer.transform(pictures)) == y[chosen]
        texts = [digits_of(result) for result in reader.read_many(pictures)]
        read = np.array(texts) == y[chosen].astype(str)
        results.append(
            {"condition": name, "normalizer": 100 * alone.mean(), "reader": 100 * read.mean()}
        )
        print(f"{name:>30} {100 * alone.mean():>12.1f} {100 * read.mean():>8.1f}", flush=True)
    finish(options, results)


if __name__ == "__main__":
    main()
