"""`make_page`: made-up pages of numbers, with the truth for every box."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from PIL import Image
from sklearn.utils import Bunch

from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import RandomState
from skdigits.datasets._load import load_bundled_digits
from skdigits.datasets._page_kinds import FILL, Plan
from skdigits.datasets._page_parts import (
    LETTER,
    Writer,
    draw_gap,
    random_digits,
    random_number,
    random_print,
    random_sum,
    random_word,
)
from skdigits.datasets._scribe import Scribe
from skdigits.datasets._sheet import Sheet, photograph

KINDS = tuple(FILL)
_DAMAGE = 0.3  # of a page that is to be read; see `photograph`
_HIDDEN = 0.2  # share of a digit that may be hidden
_FINE = 0.2  # of the hands to train on write with a fine pen


def make_page(
    kind: Literal["lines", "table", "sum", "form", "exam"] = "lines",
    *,
    shape: tuple[int, int] = (600, 800),
    height: float = 32,
    n_rows: int = 6,
    n_columns: int = 5,
    blank: float = 0.1,
    tilt: float = 2.0,
    numbers: Sequence[str] | None = None,
    digits: Any = None,
    random_state: RandomState = None,
) -> Bunch:
    """Make up a page of handwritten numbers, and tell where each digit is.

    Parameters
    ----------
    kind : {"lines", "table", "sum", "form", "exam"}, default="lines"
        Lines of numbers; a ruled table; sums with signs; printed words with a comb of boxes each;
        the front page of an exam, with a comb for the student's number and a box for each mark,
        0 to 20.
    shape : (int, int), default=(600, 800)
        Height and width in pixels.
    height : float, default=32
        Of the digits, in pixels, about.
    n_rows, n_columns : int, default=6 and 5
        Lines of writing, or marks; and columns of a table or boxes of a comb.
    blank : float, default=0.1
        Share of a table's cells, or of the marks, that are left blank.
    tilt : float, default=2.0
        The page is turned by up to so many degrees.
    numbers : list of str, default=None
        What is written on a form, line by line, or on an exam: the student's number, then the
        marks, "" for none. None draws numbers.
    digits : tuple of (rows, labels), default=None
        What is written: rows (m, 784) of 0-255, labels 0-9 of ten digits at least. None takes
        :func:`load_bundled_digits`.
    random_state : int, RandomState instance or None, default=None
        The same int makes the same page.

    Returns
    -------
    page : :class:`~sklearn.utils.Bunch`
        A dict whose keys are attributes, too.

        image : ndarray of shape `shape`, uint8
            The picture, ink dark.
        labels : ndarray of shape (n,), str
            "0" to "9", in reading order.
        boxes : ndarray of shape (n, 4), int64
            Left, top, right and bottom of each digit.
        rows : list of list of str
            The numbers of each line; of a table, the text of each cell, "" where it is blank.

    Raises
    ------
    ValueError
        If there is no such kind, or there are more or fewer numbers than places for them.

    Examples
    --------
    >>> from skdigits.datasets import make_page
    >>> page = make_page("table", n_rows=2, n_columns=3, random_state=0)
    >>> page.image.shape, len(page.rows), len(page.rows[0])
    ((600, 800), 2, 3)
    """
    if kind not in KINDS:
        raise ValueError(f"There is no page of kind {kind!r}; known are {', '.join(KINDS)}.")
    if numbers is not None:
        _check_numbers(kind, numbers, n_rows)
    rng = np.random.default_rng(draw_seeds(random_state, ["page"])["page"])
    scribe = _bundled_scribe() if digits is None else Scribe([cut_to_ink(*digits)])
    writer = Writer(Sheet(shape), scribe, rng, right=shape[1])
    rows = FILL[kind](writer, Plan(height, n_rows, n_columns, blank, numbers))
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    page = _turned(writer.sheet.page, angle)
    marks = [mark for mark in writer.marks if mark.label.isdigit()]
    boxes = [_turned_box(mark.box, angle, shape) for mark in marks]
    image = _photograph_all(page, boxes, rng)
    return Bunch(
        image=image,
        labels=np.array([mark.label for mark in marks], dtype=str),
        boxes=np.array(boxes, dtype=np.int64).reshape(-1, 4),
        rows=rows,
    )


def _photograph_all(page, boxes, rng):
    """A picture on which every digit can be seen."""
    while True:
        image, hidden = photograph(page, rng, _DAMAGE, covered=0)
        if not any(_is_hidden(box, hidden) for box in boxes):
            return image


def _check_numbers(kind, numbers, n_rows):
    if kind not in ("form", "exam"):
        raise ValueError(f"numbers go with kind='form' or 'exam', not {kind!r}.")
    n_places = n_rows + (kind == "exam")
    if len(numbers) != n_places:
        raise ValueError(f"numbers holds {len(numbers)}; there are {n_places} places for them.")
    if other := [number for number in numbers if not re.fullmatch("[0-9]*", number)]:
        raise ValueError(f"numbers are strings of digits; got {other[0]!r}.")


def make_patch(scribe, rng, side=160, damage=1.0):
    """A part of a page in any condition, to train a finder of digits on.

    Parameters
    ----------
    scribe : Scribe
    rng : numpy.random.Generator
    side : int, default=160
        Height and width in pixels. Digits are 9 to 75 pixels high, most of them 13 to 48.
    damage : float, default=1.0
        How bad the picture may be: see `photograph`.

    Returns
    -------
    image : ndarray of shape (side, side), uint8
        Ink dark.
    marks : list of Mark
        All that is on it; digits that cannot be seen are "lost".
    """
    sheet = Sheet((side, side))
    sheet.draw_paper(rng)
    if rng.random() < 0.15:
        sheet.shine_through(_back(scribe, rng, side), rng)
    writer = Writer(sheet, scribe, rng)
    low, high = (13, 48) if rng.random() < 0.9 else (9, 75)
    height = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    kind = rng.random()
    if kind < 0.45:
        _random_lines(writer, height)
    elif kind < 0.72:
        _random_table(writer, height)
    elif kind < 0.82:
        _random_words(writer, height)
    elif kind < 0.95:
        _scattered(writer, height)
    if rng.random() < 0.3 or kind >= 0.95:
        writer.clutter(height)
    image, hidden = photograph(sheet.page, rng, damage)
    return image, [_seen(mark, hidden) for mark in writer.marks]


def crop_to_ink(image, faint=30):
    """A picture cut to the box of its ink; None if it has none."""
    box = Image.fromarray(np.where(image > faint, image, 0).astype(np.uint8)).getbbox()
    if box is None:
        return None
    left, top, right, bottom = box
    return np.ascontiguousarray(image[top:bottom, left:right])


def cut_to_ink(rows, labels):
    """Pictures of each digit, cut to their ink: what a :class:`Scribe` writes with."""
    pictures = [[] for _ in range(10)]
    for image, label in zip(np.asarray(rows).reshape(-1, 28, 28), labels, strict=True):
        cut = crop_to_ink(image)
        if cut is not None:
            pictures[int(label)].append(cut)
    missing = [digit for digit in range(10) if not pictures[digit]]
    if missing:
        raise ValueError(f"digits holds no picture of {missing}; give at least one of each digit.")
    return pictures


def gather_scribe(rows, fonts=(), often=None):
    """A scribe who writes in the hands of several sources.

    Parameters
    ----------
    rows : Bunch
        ``data``, ``target`` (-1 for letters and other non-digits) and ``source``, as of
        :func:`skdigits.datasets.load_hands`. A source that lacks a digit is left out.
    fonts : list of path, default=()
    often : str, default=None
        The source that counts as three.

    Returns
    -------
    scribe : Scribe
    """
    collections = []
    for source in np.unique(rows.source[rows.target >= 0]):
        chosen = (rows.source == source) & (rows.target >= 0)
        if len(np.unique(rows.target[chosen])) == 10:
            cut = cut_to_ink(rows.data[chosen], rows.target[chosen])
            collections += [cut] * (3 if source == often else 1)
    letters = map(crop_to_ink, rows.data[rows.target < 0].reshape(-1, 28, 28))
    letters = [letter for letter in letters if letter is not None]
    return Scribe(collections, letters, fonts, fine=_FINE)


@cache
def _bundled_scribe():
    return Scribe([cut_to_ink(*load_bundled_digits(return_X_y=True))])


def _seen(mark, hidden):
    is_lost = mark.label != "other" and _is_hidden(mark.box, hidden)
    return mark._replace(label="lost") if is_lost else mark


def _is_hidden(box, hidden):
    left, top, right, bottom = (max(0, int(v)) for v in box)
    part = hidden[top:bottom, left:right]
    return part.size > 0 and part.mean() > _HIDDEN


def _turned(page, angle):
    height, width = page.shape
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = width / 2, height / 2
    data = (cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)
    image = Image.fromarray(page)
    return np.asarray(
        image.transform(
            image.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR, fillcolor=1.0
        )
    )


def _turned_box(box, angle, shape):
    """The upright box around a turned one."""
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], float)
    middle = np.array([shape[1], shape[0]]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = (corners - middle) @ turn.T + middle
    return [*np.floor(turned.min(axis=0)), *np.ceil(turned.max(axis=0))]


# What `make_patch` writes.


def _back(scribe, rng, side):
    """The other side of the sheet."""
    writer = Writer(Sheet((side, side)), scribe, rng)
    height, y = rng.uniform(12, 50), rng.uniform(0, 20)
    while y < side:
        x = rng.uniform(-20, side / 3)
        if rng.random() < 0.5:
            writer.print(random_word(rng) + random_word(rng), x, y, height, 1.0)
        else:
            writer.write(LETTER * int(rng.integers(3, 12)), x, y, height)
        y += height * rng.uniform(1.3, 3)
    return writer.sheet


def _random_lines(writer, height):
    rng, side = writer.rng, writer.sheet.page.shape[0]
    slope, step = rng.normal(0, 0.05), height * rng.uniform(1.25, 2.6)
    if rng.random() < 0.1:
        slope, step = rng.normal(0, 0.4), 2 * step
    y, is_alone = rng.uniform(-0.3 * height, step), rng.random() < 0.3
    if is_alone:
        y = rng.uniform(0.3, 0.7) * side
    while y < side + 0.3 * height:
        x, gap = rng.uniform(-height, side * rng.choice([0.1, 0.6])), draw_gap(rng)
        text = random_sum(rng) if rng.random() < 0.3 else random_number(rng)
        level = y
        while x < side:
            x, level = writer.write(text, x, level, height, slope=slope, gap=gap)
            x += height * rng.uniform(0.6, 3)
            text = random_number(rng)
            if rng.random() < 0.4:
                break
        if is_alone:
            return
        if rng.random() < 0.2:
            writer.take_hand()
        y += step


def _scattered(writer, height):
    """Digits, or letters and drawings, each alone."""
    rng, side = writer.rng, writer.sheet.page.shape[0]
    strange = rng.choice([0, 0.3, 1], p=[0.5, 0.2, 0.3])  # share of what is no digit
    for _ in range(rng.integers(1, 6)):
        x, y = rng.uniform(0, side - height), rng.uniform(height / 2, side - height / 2)
        text = LETTER if rng.random() < strange else str(rng.integers(10))
        writer.write(text, x, y, height * rng.uniform(0.6, 1.3))
        writer.take_hand()


def _random_table(writer, height):
    """A table, a comb, or a grid of cells, filled by hand, in print, or both."""
    rng, side = writer.rng, writer.sheet.page.shape[0]
    n = int(rng.choice([1, 1, 1, 2, 3]))  # digits of a cell
    cell_height = height * rng.uniform(1.02, 2.2)
    cell_width = height * (0.75 * n + rng.uniform(0.15, 1.2))
    top, left = rng.uniform(-cell_height, 0.4 * side), rng.uniform(-cell_width, 0.4 * side)
    n_rows, n_columns = (9, 9) if rng.random() < 0.3 else rng.integers(1, 10, 2)
    lean = rng.normal(0, 0.03)

    def at(column, row):
        x, y = left + column * cell_width, top + row * cell_height
        return x - lean * (y - side / 2), y + lean * (x - side / 2)

    every = 1 if rng.random() < 0.8 else 2
    lines = [(*at(0, i), *at(n_columns, i)) for i in range(0, n_rows + 1, every)]
    if rng.random() < 0.85:
        lines += [(*at(j, 0), *at(j, n_rows)) for j in range(n_columns + 1)]
    width, darkness = rng.uniform(0.6, 3), rng.uniform(0.25, 1)
    writer.sheet.rule(lines, width, darkness)
    if rng.random() < 0.3:
        writer.sheet.rule(lines[::3], 2 * width, darkness)
    blank, printed = rng.choice([0.05, 0.3, 0.6]), rng.choice([0, 0.5, 1], p=[0.55, 0.2, 0.25])
    darkness = rng.uniform(0.4, 1)
    for i in range(n_rows):
        if rng.random() < 0.2:
            writer.take_hand()
        for j in range(n_columns):
            x, y = at(j + 0.5, i + 0.5)
            is_outside = not (-cell_width < x < side + cell_width and -height < y < side + height)
            if rng.random() < blank or is_outside:
                continue
            if rng.random() < printed:
                size = height * rng.uniform(0.55, 0.8)
                text = random_digits(n, rng) if rng.random() < 0.9 else random_word(rng)[:n]
                writer.print(text, x - 0.32 * n * size, y + 0.3 * size, size, darkness)
            else:
                text = random_digits(n, rng)
                if rng.random() > 0.93:
                    text = str(rng.choice([LETTER, "-", "x", "/"]))
                x += rng.normal(0, 0.1 * height) - 0.36 * n * height
                y += rng.normal(0, 0.08 * height)
                writer.write(text, x, y, height * rng.uniform(0.8, 1))


def _random_words(writer, height):
    """Words and numbers, printed and by hand."""
    rng, side = writer.rng, writer.sheet.page.shape[0]
    y = rng.uniform(0, 2 * height)
    while y < side + height:
        x = rng.uniform(-height, 0.3 * side)
        while x < side:
            kind = rng.random()
            if kind < 0.45:
                tall = height * rng.uniform(0.6, 1)
                x = writer.print(random_print(rng), x, y + 0.4 * height, tall, rng.uniform(0.4, 1))
            else:
                text = LETTER * int(rng.integers(1, 6)) if kind < 0.75 else random_number(rng)
                x, _ = writer.write(text, x, y, height)
            x += height * rng.uniform(0.4, 1.5)
        y += height * rng.uniform(1.3, 2.5)
