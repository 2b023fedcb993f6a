"""What :func:`skdigits.datasets.make_page` writes on a page of each kind.

Each function gives the numbers, line by line.
"""

from collections.abc import Sequence
from typing import NamedTuple

from skdigits.datasets._page_parts import random_digits, random_word

_PEN = 1.5, 0.8  # width and darkness of the lines that are printed on an exam


class Plan(NamedTuple):
    """What is to be written: see :func:`skdigits.datasets.make_page`."""

    height: float
    n_rows: int
    n_columns: int
    blank: float
    numbers: Sequence[str] | None

    def number(self, i, drawn):
        """The number that stands at a place, or what was drawn for it."""
        return drawn if self.numbers is None else self.numbers[i]


def _lines(writer, plan):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    height, step = plan.height, page_height / (plan.n_rows + 1)
    rows = []
    for i in range(plan.n_rows):
        x, y, row = rng.uniform(0.05, 0.2) * width, (i + 1) * step, []
        while x < 0.75 * width:
            x, text = _write(writer, random_digits(rng.integers(1, 6), rng), x, y, height)
            x += height * rng.uniform(1.2, 3)
            row += [text] if text else []
        rows.append(row)
    return rows


def _sums(writer, plan):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    height, step = plan.height, page_height / (plan.n_rows + 1)
    rows = []
    for i in range(plan.n_rows):
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


def _table(writer, plan):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    height, n_rows, n_columns, blank = plan[:4]
    left, top = 0.06 * width, 0.06 * page_height
    cell_width, cell_height = 0.88 * width / n_columns, 0.88 * page_height / n_rows
    _rule_cells(writer.sheet, left, top, cell_width, cell_height, n_rows, n_columns, _take_pen(rng))
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


def _form(writer, plan):
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    height, step = plan.height, page_height / (plan.n_rows + 1)
    rows = []
    for i in range(plan.n_rows):
        y = (i + 1) * step
        writer.print(random_word(rng), 0.05 * width, y + 0.2 * height, 0.5 * height, 0.8)
        number = plan.number(i, random_digits(plan.n_columns, rng))
        rows.append([_comb(writer, number, 0.4 * width, y, plan, _take_pen(rng))])
    return rows


def _exam(writer, plan):
    """A comb for the number of whoever sits it, and a box of two digits for each mark."""
    rng, (page_height, width) = writer.rng, writer.sheet.page.shape
    height, cell = plan.height, 1.5 * plan.height
    left, y = 0.06 * width, 0.06 * page_height + cell / 2
    writer.print("NAME", left, y + 0.2 * height, 0.6 * height, 0.9)
    number = plan.number(0, random_digits(plan.n_columns, rng))
    comb = 0.94 * width - 0.8 * cell * plan.n_columns
    rows = [[_comb(writer, number, comb, y, plan, _PEN)]]
    per_line = max(1, int(0.88 * width / (2.2 * cell)))
    for i in range(plan.n_rows):
        line, place = divmod(i, per_line)
        x, middle = left + 2.2 * cell * place, y + (2.5 + 2 * line) * cell
        _rule_cells(writer.sheet, x, middle - cell / 2, 1.4 * cell, cell, 1, 1, _PEN)
        is_blank, drawn = rng.random() < plan.blank, str(rng.integers(0, 21))
        mark = plan.number(i + 1, "" if is_blank else drawn)
        x += 0.7 * cell + rng.normal(0, 0.06 * height)
        rows.append([_write(writer, mark, x, middle, height, gap=0.1, centred=True)[1]])
    return rows


def _comb(writer, number, left, y, plan, pen):
    """Boxes for one digit each; gives the digits that had room in them."""
    cell, written = 1.5 * plan.height, ""
    width = 0.8 * cell
    _rule_cells(writer.sheet, left, y - cell / 2, width, cell, 1, plan.n_columns, pen)
    for j, digit in enumerate(number):
        x = left + (j + 0.5 + writer.rng.normal(0, 0.05)) * width
        written += _write(writer, digit, x, y, plan.height, centred=True)[1]
    return written


def _write(writer, text, x, y, height, gap=0.15, centred=False):
    """Write as many digits as there is room for; gives the place where they end, and them."""
    before = len(writer.marks)
    x, _ = writer.write(text, x, y, height, gap=gap, centred=centred)
    return x, "".join(mark.label for mark in writer.marks[before:])


def _rule_cells(sheet, left, top, width, height, n_rows, n_columns, pen):
    right, bottom = left + n_columns * width, top + n_rows * height
    lines = [(left, top + i * height, right, top + i * height) for i in range(n_rows + 1)]
    lines += [(left + j * width, top, left + j * width, bottom) for j in range(n_columns + 1)]
    sheet.rule(lines, *pen)


def _take_pen(rng):
    return rng.uniform(0.8, 2.5), rng.uniform(0.4, 1)


FILL = {"lines": _lines, "table": _table, "sum": _sums, "form": _form, "exam": _exam}
