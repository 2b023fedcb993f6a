"""`make_page`: made-up pages of numbers, with the truth for every box."""

from functools import cache
from typing import Any, Literal

import numpy as np
from PIL import Image
from sklearn.utils import Bunch

from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import RandomState
from skdigits.datasets._load import load_bundled_digits
from skdigits.datasets._page_parts import (
    LETTER,
    Writer,
    draw_gap,
    random_digits,
    random_number,
    random_sum,
    random_word,
)
from skdigits.datasets._scribe import Scribe
from skdigits.datasets._sheet import Sheet, photograph

KINDS = ("lines", "table", "sum", "form")
_DAMAGE = 0.3  # of a page that is to be read; see `photograph`
_HIDDEN = 0.2  # share of a digit that may be hidden


def make_page(
    kind: Literal["lines", "table", "sum", "form"] = "lines",
    *,
    shape: tuple[int, int] = (600, 800),
    height: float = 32,
    n_rows: int = 6,
    n_columns: int = 5,
    blank: float = 0.1,
    tilt: float = 2.0,
    digits: Any = None,
    random_state: RandomState = None,
) -> Bunch:
    """Make up a page of handwritten numbers, and tell where each digit is.

    Parameters
    ----------
    kind : {"lines", "table", "sum", "form"}, default="lines"
        Lines of numbers; a ruled table; sums with signs; printed words with a comb of boxes each.
    shape : (int, int), default=(600, 800)
        Height and width in pixels.
    height : float, default=32
        Of the digits, in pixels, about.
    n_rows, n_columns : int, default=6 and 5
        Lines of writing, and columns of a table or boxes of a comb.
    blank : float, default=0.1
        Share of a table's cells that are left blank.
    tilt : float, default=2.0
        The page is turned by up to so many degrees.
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
        If there is no such kind.

    Examples
    --------
    >>> from skdigits.datasets import make_page
    >>> page = make_page("table", n_rows=2, n_columns=3, random_state=0)
    >>> page.image.shape, len(page.rows), len(page.rows[0])
    ((600, 800), 2, 3)
    """
    if kind not in KINDS:
        raise ValueError(f"There is no page of kind {kind!r}; known are {', '.join(KINDS)}.")
    rng = np.random.default_rng(draw_seeds(random_state, ["page"])["page"])
    scribe = _bundled_scribe() if digits is None else Scribe([cut_to_ink(*digits)])
    writer = Writer(Sheet(shape), scribe, rng, right=shape[1])
    fill = {"lines": _lines, "table": _table, "sum": _sums, "form": _form}[kind]
    rows = fill(writer, height, n_rows, n_columns, blank)
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    page = _turned(writer.sheet.page, angle)
    image, _ = photograph(page, rng, _DAMAGE, covered=0)
    marks = [mark for mark in writer.marks if mark.label.isdigit()]
    boxes = [_turned_box(mark.box, angle, shape) for mark in marks]
    return Bunch(
        image=image,
        labels=np.array([mark.label for mark in marks], dtype=str),
        boxes=np.array(boxes, dtype=np.int64).reshape(-1, 4),
        rows=rows,
    )


def make_patch(scribe, rng, side=160):
    """A part of a page in any condition, to train a finder of digits on.

    Parameters
    ----------
    scribe : Scribe
    rng : numpy.random.Generator
    side : int, default=160
        Height and width in pixels. Digits are 9 to 75 pixels high, most of them 13 to 48.

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
    image, hidden = photograph(sheet.page, rng, damage=rng.random())
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


@cache
def _bundled_scribe():
    return Scribe([cut_to_ink(*load_bundled_digits(return_X_y=True))])


def _seen(mark, hidden):
    left, top, right, bottom = (max(0, v) for v in mark.box)
    part = hidden[top:bottom, left:right]
    is_lost = mark.label != "other" and part.size > 0 and part.mean() > _HIDDEN
    return mark._replace(label="lost") if is_lost else mark


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


# What `make_page` writes. Each gives the numbers, line by line.


def _lines(writer, height, n_rows, n_columns, blank):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    step = page_height / (n_rows + 1)
    rows = []
    for i in range(n_rows):
        x, y, row = rng.uniform(0.05, 0.2) * width, (i + 1) * step, []
        while x < 0.75 * width:
            x, text = _write(writer, random_digits(rng.integers(1, 6), rng), x, y, height)
            x += height * rng.uniform(1.2, 3)
            row += [text] if text else []
        rows.append(row)
    return rows


def _sums(writer, height, n_rows, n_columns, blank):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    step = page_height / (n_rows + 1)
    rows = []
    for i in range(n_rows):
        x, y, row = rng.uniform(0.05, 0.2) * width, (i + 1) * step, []
        for k in range(rng.integers(2, 4)):
            if k:
                x, _ = writer.write(str(rng.choice(list("+-x÷"))), x, y, height)
                x += 0.3 * height
            x, text = _write(writer, random_digits(rng.integers(1, 4), rng), x, y, height)
            x += 0.3 * height
            row += [text] if text else []
        rows.append(row)
    return rows


def _table(writer, height, n_rows, n_columns, blank):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    left, top = 0.06 * width, 0.06 * page_height
    cell_width, cell_height = 0.88 * width / n_columns, 0.88 * page_height / n_rows
    _rule_cells(writer.sheet, left, top, cell_width, cell_height, n_rows, n_columns, rng)
    rows = []
    for i in range(n_rows):
        row = []
        for j in range(n_columns):
            text = "" if rng.random() < blank else random_digits(2, rng)
            x = left + (j + 0.5) * cell_width - 0.8 * height + rng.normal(0, 0.1 * height)
            y = top + (i + 0.5) * cell_height + rng.normal(0, 0.05 * height)
            row.append(_write(writer, text, x, y, height, gap=0.12)[1])
        rows.append(row)
    return rows


def _form(writer, height, n_rows, n_columns, blank):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    step = page_height / (n_rows + 1)
    cell, rows = 1.5 * height, []
    for i in range(n_rows):
        y = (i + 1) * step
        writer.print(random_word(rng), 0.05 * width, y + 0.2 * height, 0.5 * height, 0.8)
        left = 0.4 * width
        _rule_cells(writer.sheet, left, y - cell / 2, 0.8 * cell, cell, 1, n_columns, rng)
        number = ""
        for j, digit in enumerate(random_digits(n_columns, rng)):
            number += _write(writer, digit, left + (0.8 * j + 0.2) * cell, y, height)[1]
        rows.append([number])
    return rows


def _write(writer, text, x, y, height, gap=0.15):
    """Write as many digits as there is room for; gives the place where they end, and them."""
    before = len(writer.marks)
    x, _ = writer.write(text, x, y, height, gap=gap)
    return x, "".join(mark.label for mark in writer.marks[before:])


def _rule_cells(sheet, left, top, width, height, n_rows, n_columns, rng):
    right, bottom = left + n_columns * width, top + n_rows * height
    lines = [(left, top + i * height, right, top + i * height) for i in range(n_rows + 1)]
    lines += [(left + j * width, top, left + j * width, bottom) for j in range(n_columns + 1)]
    sheet.rule(lines, rng.uniform(0.8, 2.5), rng.uniform(0.4, 1))


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
                is_number = rng.random() < 0.25
                text = random_digits(rng.integers(2, 9), rng) if is_number else random_word(rng)
                tall = height * rng.uniform(0.6, 1)
                x = writer.print(text, x, y + 0.4 * height, tall, rng.uniform(0.4, 1))
            else:
                text = LETTER * int(rng.integers(1, 6)) if kind < 0.75 else random_number(rng)
                x, _ = writer.write(text, x, y, height)
            x += height * rng.uniform(0.4, 1.5)
        y += height * rng.uniform(1.3, 2.5)
