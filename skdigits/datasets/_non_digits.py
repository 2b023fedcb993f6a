"""`make_non_digits`: generated pictures that are not digits, as rows in MNIST's form."""

from functools import lru_cache
from pathlib import Path
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.utils import Bunch

from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import RandomState
from skdigits.datasets import _doodles
from skdigits.datasets._hands import DIGIT_LIKE
from skdigits.datasets._load import load_bundled_digits
from skdigits.datasets._pen import draw_strokes, make_rows

_SIDE = 128
_FINER = 4  # factor by which digits are enlarged before anything is drawn on them
_GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξοπρσςτυφχψω"
_GREEK_DIGIT_LIKE = "ΘΦΣβδεζθιξορσςφ"
_SYMBOLS = "?@#%*+=~^<>{}€¥±÷×¬∑√≠≈!&"  # noqa: RUF001
_FONTS = ["DejaVuSans", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Italic"]
_SCRIPT_FONT = "STIXGeneral"
_FIRST_OF_SCRIPT = 0x1D4D0  # of the mathematical script letters, the closest to handwriting
# Halves of digits that are not digits themselves: left, right, top, bottom. The upper half of an 8
# is a 0, and half of any narrow digit a 1.
_HALVES = {0: "lrtb", 2: "lrb", 3: "lb", 5: "lr", 6: "r"}
_NARROW = 13


def make_non_digits(
    n: int,
    *,
    kinds: Any = None,
    digits: Any = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
) -> Bunch:
    """Generate pictures that are not digits, from which a classifier learns what to refuse.

    Each is rotated, sheared and zoomed a little, and goes through
    :class:`~skdigits.DigitNormalizer` like any picture; blanks are made as rows directly. Anything
    that somebody might write as a digit is left out: letters such as O, l and Z, and halves such as
    that of an 8.

    Parameters
    ----------
    n : int
        Number of rows.
    kinds : list of str, default=None
        Which kinds to make, in turn; None makes all. Letters from fonts: "latin", "greek",
        "script", "symbol". Drawn with a pen: "sign" (such as + - = x ÷ / ( . , :), "scribble",
        "shape", "rim" (of a box), "specks". Made from digits: "half", "pair", "struck" (out),
        "beside" (a line). And "blank": nothing, grey, noise or a gradient.
    digits : tuple of (rows, labels), default=None
        The digits to make those kinds from: rows (m, 784) of 0-255, labels 0-9. None takes
        :func:`load_bundled_digits`.
    random_state : int, RandomState instance or None, default=None
        The same int makes the same rows.
    n_jobs : int, default=None
        Number of processes that draw.

    Returns
    -------
    non_digits : :class:`~sklearn.utils.Bunch`
        A dict whose keys are attributes, too.

        data : ndarray of shape (n, 784), uint8
            The rows.
        kind : ndarray of shape (n,), str
            The kind of each row.
        images : ndarray of shape (n, 28, 28), uint8
            The rows as pictures (a view of the same memory).

    Raises
    ------
    ImportError
        If letters are wanted and Matplotlib, whose fonts are used, is not installed.
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> from skdigits.datasets import make_non_digits
    >>> made = make_non_digits(4, kinds=["sign", "scribble"], random_state=0)
    >>> made.data.shape, made.kind.tolist()
    ((4, 784), ['sign', 'scribble', 'sign', 'scribble'])
    """
    kinds = list(KINDS) if kinds is None else list(kinds)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise ValueError(f"kinds={kinds}: {unknown or 'nothing'} unknown; known are {list(KINDS)}.")
    if set(kinds) & _OF_LETTERS:
        _font_folder()
    rng = np.random.default_rng(draw_seeds(random_state, ["non-digits"])["non-digits"])
    kind = np.resize(kinds, n)
    seeds = rng.integers(2**31, size=n).tolist()
    parts: list[Any] = [()] * n
    of_digits = np.flatnonzero(np.isin(kind, list(_OF_DIGITS)))
    if len(of_digits):
        images, labels = _check_digits(digits)
        halves = np.flatnonzero(np.isin(labels, list(_HALVES)) & _are_wide(images))
        for i in of_digits:
            chosen = rng.choice(halves if kind[i] == "half" else len(labels), 2)
            parts[i] = images[chosen], labels[chosen].tolist()
    rows = make_rows(_draw, list(zip(kind.tolist(), seeds, parts, strict=True)), n_jobs)
    for i in np.flatnonzero(kind == "blank"):
        rows[i] = _blank(np.random.default_rng(seeds[i]))
    return Bunch(data=rows, kind=kind, images=rows.reshape(-1, 28, 28))


def slash_zeros(zeros, n, *, random_state=None, n_jobs=None):
    """Zeros with a slash, which programmers write: what looks struck out, but is a digit.

    Parameters
    ----------
    zeros : array-like of shape (m, 784)
        Rows of 0-255; narrow ones are left out.
    n : int
        Number of rows to make.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int, default=None

    Returns
    -------
    rows : ndarray of shape (n, 784), uint8
    """
    rng = np.random.default_rng(draw_seeds(random_state, ["zeros"])["zeros"])
    images = np.asarray(zeros, np.uint8).reshape(-1, 28, 28)
    images = images[_are_wide(images)]
    chosen, seeds = rng.integers(len(images), size=n), rng.integers(2**31, size=n).tolist()
    return make_rows(_draw_slashed, list(zip(images[chosen], seeds, strict=True)), n_jobs)


def _draw_slashed(task):
    """One stroke from the upper right to the lower left, inside the 0 or beyond it."""
    image, seed = task
    rng = np.random.default_rng(seed)
    over, lean = rng.uniform(-0.3, 0.25, 2), rng.uniform(0.15, 0.5, 2)
    slash = [[0.5 + lean[0], -over[0]], [0.5 - lean[1], 1 + over[1]]]
    return _tilted(_drawn_on(rng, image, [slash]), rng)


def _check_digits(digits):
    if digits is None:
        digits = load_bundled_digits(return_X_y=True)
    rows, labels = map(np.asarray, digits)
    return rows.astype(np.uint8).reshape(-1, 28, 28), labels.astype(int)


def _are_wide(images):
    return images.any(axis=1).sum(axis=1) > _NARROW


def _draw(task):
    kind, seed, part = task
    rng = np.random.default_rng(seed)
    return _tilted(KINDS[kind](rng, *part), rng)


def _tilted(image, rng, *, degrees=10, zoom=0.1, shear=0.15):
    """The picture under a random affine map about its centre, as handwriting varies."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (
        turn @ [[1, rng.uniform(-shear, shear)], [0, 1]] @ np.diag(rng.uniform(-zoom, zoom, 2) + 1)
    )
    offset = (np.eye(2) - matrix) @ [image.width / 2, image.height / 2]
    data = np.column_stack([matrix, offset]).ravel().tolist()
    return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def _font_folder():
    try:
        import matplotlib
    except ImportError:
        raise ImportError(
            "Letters are drawn with Matplotlib's fonts, which are not installed: "
            'pip install "skdigits[plot]", or leave the letters out: '
            f"kinds={[kind for kind in KINDS if kind not in _OF_LETTERS]}."
        ) from None
    return Path(matplotlib.get_data_path(), "fonts", "ttf")


@lru_cache
def _open_font(name):
    return ImageFont.truetype(_font_folder() / f"{name}.ttf", 70)


def _character(characters, fonts):
    """A function that draws one of the characters in one of the fonts, in a random weight."""

    def draw(rng):
        font, character = _open_font(str(rng.choice(fonts))), str(rng.choice(characters))
        image = Image.new("L", (_SIDE, _SIDE))
        ImageDraw.Draw(image).text(
            (_SIDE / 2, _SIDE / 2), character, 255, font, "mm", stroke_width=int(rng.integers(3))
        )
        return image

    return draw


def _drawing(drawings, widest=16):
    """A function that makes one of the drawings with a pen of random width."""

    def draw(rng):
        strokes = drawings[rng.integers(len(drawings))](rng)
        strokes = [(np.asarray(stroke) * 0.6 + 0.2) * _SIDE for stroke in strokes]
        return draw_strokes(strokes, int(rng.integers(6, widest)), _SIDE)

    return draw


def _half(rng, images, labels):
    ink = _ink(images[0])
    side = rng.choice(list(_HALVES[labels[0]]))
    if side in "lr":
        ink = ink.T
    at = round(len(ink) * rng.uniform(0.4, 0.6))
    ink = ink[:at] if side in "lt" else ink[at:]
    return _on_paper(ink.T if side in "lr" else ink)


def _pair(rng, images, labels):
    """Two digits side by side, possibly touching."""
    left, right = map(_ink, images)
    gap, step = rng.integers(-1, 5), rng.integers(-3, 4)
    both = np.zeros((34, 56), np.uint8)
    x = 3 + left.shape[1] + gap
    for ink, top, start in ((left, 4, 3), (right, 4 + step, x)):
        place = both[top : top + len(ink), start : start + ink.shape[1]]
        np.maximum(place, ink, out=place)
    return _on_paper(both)


def _struck(rng, images, labels):
    """A digit struck out by two to four strokes, or by a zigzag."""
    n = rng.integers(2, 5)
    left, right = rng.uniform(-0.1, 0.25, n), rng.uniform(0.75, 1.1, n)
    starts, ends = (np.stack([x, rng.uniform(0, 1, n)], axis=1) for x in (left, right))
    strokes = np.stack([starts, ends], axis=1)
    return _drawn_on(rng, images[0], [strokes.reshape(-1, 2)] if rng.random() < 0.3 else strokes)


def _beside(rng, images, labels):
    """A digit beside a line longer than itself, or in a corner of a box."""
    gap = rng.uniform(0.1, 0.3)
    x = rng.choice([-gap, 1 + gap])
    upright = [[x, rng.uniform(-0.3, 0)], [x, rng.uniform(1, 1.3)]]
    y = rng.choice([-gap, 1 + gap]) if labels[0] != 1 else x  # an underlined 1 is a 1
    lying = [[rng.uniform(-0.3, 0), y], [rng.uniform(1, 1.3), y]]
    both = [upright, lying]
    n = rng.integers(1, 3) if labels[0] != 1 else 1
    return _drawn_on(rng, images[0], both[:n] if rng.random() < 0.7 else both[-n:])


def _drawn_on(rng, image, strokes):
    """The digit with strokes, whose coordinates are 0 to 1 over the box of its ink."""
    ink = np.asarray(_on_paper(_ink(image)))
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    corner, size = np.array([columns[0], rows[0]]), np.array([np.ptp(columns), np.ptp(rows)])
    # Lines beside a narrow 1 should be as long as those beside any digit.
    size = np.maximum(size, size.max() / 2)
    strokes = [corner + np.asarray(stroke) * size for stroke in strokes]
    pen = draw_strokes(strokes, int(_FINER * rng.uniform(1.5, 3)), max(ink.shape))
    return Image.fromarray(np.maximum(ink, np.asarray(pen)[: len(ink), : ink.shape[1]]))


def _ink(image):
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _on_paper(ink):
    """The ink with a margin, enlarged."""
    side = max(ink.shape) + 16
    height, width = ink.shape
    paper = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    paper[top : top + height, left : left + width] = ink
    return Image.fromarray(paper).resize((_FINER * side,) * 2, Image.Resampling.BICUBIC)


def _blank(rng):
    """Nothing, a uniform grey, noise of any strength, specks or a gradient."""
    y, x = np.mgrid[-0.5:0.5:28j, -0.5:0.5:28j]
    image = [
        lambda: np.zeros((28, 28)),
        lambda: np.full((28, 28), rng.uniform(0.2, 1)),
        lambda: rng.random((28, 28)) * 10 ** rng.uniform(-2, 0),
        lambda: rng.random((28, 28)) < rng.uniform(0.005, 0.1),
        lambda: rng.normal() * x + rng.normal() * y,
    ][rng.integers(5)]()
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8).ravel()


_LATIN = [letter for letter in ascii_letters if letter not in DIGIT_LIKE]
_CAPITALS_FIRST = ascii_uppercase + ascii_lowercase  # the order of the letters in Unicode
KINDS = {
    "latin": _character(_LATIN, _FONTS),
    "greek": _character([x for x in _GREEK if x not in _GREEK_DIGIT_LIKE], _FONTS),
    "script": _character(
        [chr(_FIRST_OF_SCRIPT + _CAPITALS_FIRST.index(x)) for x in _LATIN], [_SCRIPT_FONT]
    ),
    "symbol": _character(list(_SYMBOLS), _FONTS),
    "sign": _drawing(_doodles.SIGNS),
    "scribble": _drawing(_doodles.SCRIBBLES),
    "shape": _drawing(_doodles.SHAPES),
    "rim": _drawing([_doodles.rim], widest=10),
    "specks": _drawing([_doodles.specks]),
    "half": _half,
    "pair": _pair,
    "struck": _struck,
    "beside": _beside,
    "blank": lambda rng: Image.new("L", (1, 1)),
}
_OF_LETTERS = {"latin", "greek", "script", "symbol"}
_OF_DIGITS = {"half", "pair", "struck", "beside"}
