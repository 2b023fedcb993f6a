"""Where digits stand on a page: their lines, the numbers they make, and the columns of these."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_GAP = 0.9  # of a digit's height: a wider gap may end a number
_USUAL = 1.9  # times the usual gap of the line: a wider one may end a number
_STEEP = 1.2  # cost of a slope of 1, in lines
_CORE = 0.6  # share of a number's width that tells its column
_SLIVER = 0.6  # times the usual distance of two columns: closer ones may be one
_GAPPED = 0.1  # share of a table's numbers that may be two by their gaps
_BRIDGED = 6  # rows of a table, of which in one a number may reach from one column into the next
_MINUS_GAP = 1.0  # of a digit's height: a minus stands no farther from its number
_MINUS_FREE = 1.5  # times that gap is left before it, or it takes away from the number there
_BEYOND = 0.35  # of a digit's height: a ruled line between two digits is longer on both sides
_FAINT = 0.2  # of the digits' contrast: that of a ruled line
_RULED, _OPEN = 0.98, 0.7  # share of its length that is seen, and below which there is none
_LOW = 0.6  # of a digit's height below its top: points and commas stand lower


class Layout(NamedTuple):
    """How boxes are read.

    Attributes
    ----------
    order : ndarray of shape (n,), int
        Positions of the boxes in reading order.
    lines : ndarray of shape (n,), int
        Line of each box in that order, 0 at the top.
    numbers : ndarray of shape (n,), int
        Number of each box in that order, from 0.
    columns : tuple of int or None
        Column of each number, where the numbers stand in rows and columns.
    marks : list of n str
        "-", "." or "," where it stands before the box in that order, or "".
    """

    order: np.ndarray
    lines: np.ndarray
    numbers: np.ndarray
    columns: tuple[int, ...] | None
    marks: list[str]


def lay_out(boxes, signs=(), *, grey=None, marks=False):
    """Find lines, numbers and columns.

    Parameters
    ----------
    boxes : array-like of shape (n, 4)
        Left, top, right and bottom of the digits.
    signs : list of (str, array-like of shape (4,)), default=()
        Signs and letters, and where: what stands on both sides of one is not one number.
    grey : ndarray of shape (height, width), uint8, default=None
        The picture, ink dark, in which ruled lines between numbers are looked for.
    marks : bool, default=False
        Whether points and commas may stand inside a number, and a minus before it.

    Returns
    -------
    layout : Layout
    """
    boxes = np.asarray(boxes, dtype=float).reshape(-1, 4)
    if not len(boxes):
        return Layout(*(np.zeros(0, int),) * 3, None, [])
    dividers = [box for sign, box in signs if not (marks and sign in ".,")]
    dividers = np.asarray(dividers, dtype=float).reshape(-1, 4)
    lines, slope = find_lines(boxes)
    order = np.lexsort((boxes[:, 0] + boxes[:, 2], lines))
    boxes, lines = boxes[order], lines[order]
    numbers = np.empty(len(boxes), int)
    count = 0
    for line in np.unique(lines):
        members = np.flatnonzero(lines == line)
        ends = _ends(boxes[members], dividers)
        if grey is not None:
            ends |= _ruled(boxes[members], ends, grey)
        numbers[members] = count + np.concatenate([[0], np.cumsum(ends)])
        count = int(numbers[members[-1]]) + 1
    numbers, columns = _tabulate(boxes, lines, numbers, slope)
    before = _marks(boxes, numbers, lines, signs) if marks else [""] * len(boxes)
    return Layout(order, lines, numbers, columns, before)


def find_lines(boxes):
    """Tell which line of writing each box stands in.

    The slant is the one under which the boxes fall into the fewest lines, straight lines first.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4), n > 0

    Returns
    -------
    lines : ndarray of shape (n,), int
        0 at the top.
    slope : float
        Of the lines: pixels down for each pixel to the right.
    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    height = max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1.0)
    best = None
    for slope in sorted(np.tan(np.radians(np.arange(-40, 41, 2))), key=abs):
        if best is not None and _STEEP * abs(slope) >= best[0]:
            break  # steeper lines cost more, whatever they hold
        level = (y - slope * x) / np.hypot(1, slope)
        order = np.argsort(level)
        line = np.empty(len(level), int)
        line[order] = np.cumsum(np.diff(level[order], prepend=level[order[0]]) > 0.5 * height)
        spread = np.array([np.ptp(level[line == k]) for k in range(line.max() + 1)]) / height
        cost = line.max() + np.square(spread).sum() + _STEEP * abs(slope)
        if best is None or cost < best[0] - 1e-9:
            best = cost, line, slope
    return best[1], float(best[2])


def _marks(boxes, numbers, lines, signs):
    """The minus, point or comma before each digit, in reading order; "" where there is none."""
    marks = [""] * len(boxes)
    middles, heights = boxes[:, [0, 2]].mean(axis=1), boxes[:, 3] - boxes[:, 1]
    for sign, box in signs:
        if sign not in "-.,":
            continue
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        is_beside = np.abs(y - boxes[:, [1, 3]].mean(axis=1)) < 0.8 * heights
        after = np.flatnonzero(is_beside & (middles > x))
        if not len(after):
            continue
        i = after[np.argmin(middles[after])]
        follows = i > 0 and lines[i - 1] == lines[i]
        inside = follows and numbers[i - 1] == numbers[i]
        if sign == "-":
            gap = boxes[i, 0] - box[2]
            is_free = not follows or box[0] - boxes[i - 1, 2] > _MINUS_FREE * gap
            applies = gap < _MINUS_GAP * heights[i] and is_free and not inside
        else:
            applies = inside and y > boxes[i, 1] + _LOW * heights[i]
        if applies:
            marks[i] = sign
    return marks


def _ends(boxes, dividers):
    """For each two neighbours of a line, whether a number ends between them."""
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    gaps = boxes[1:, 0] - boxes[:-1, 2]
    # Not the median: in a table of two-digit numbers every second gap is one between two cells.
    usual = np.quantile(gaps, 0.25, method="lower") if len(gaps) > 1 else 0.0
    wide = gaps > max(_GAP * height, _USUAL * usual)
    middle = (dividers[:, :2] + dividers[:, 2:]) / 2
    divided = [
        bool(
            (
                (middle[:, 0] > (a[0] + a[2]) / 2)
                & (middle[:, 0] < (b[0] + b[2]) / 2)
                & (middle[:, 1] > min(a[1], b[1]))
                & (middle[:, 1] < max(a[3], b[3]))
            ).any()
        )
        for a, b in pairwise(boxes)
    ]
    return wide | np.array(divided, bool)


def _ruled(boxes, ends, grey):
    """Where a ruled line ends a number.

    In a comb lines stand between the digits of one number, so only what has a number of several
    digits, without a line between them, on one side or the other is a line of a table.
    """
    seen = np.zeros(len(ends))
    for i in np.flatnonzero(~ends):
        seen[i] = _line_between(boxes[i], boxes[i + 1], grey)
    is_line = ~ends & (seen >= _RULED)
    groups = np.concatenate([[0], np.cumsum(ends | is_line)])
    is_open = np.zeros(groups[-1] + 1, bool)
    for group in range(len(is_open)):
        inside = (groups[:-1] == group) & (groups[1:] == group)
        is_open[group] = inside.any() and seen[inside].max() < _OPEN
    return is_line & (is_open[groups[:-1]] | is_open[groups[1:]])


def _line_between(a, b, grey):
    """How much is seen of a line between two digits, from above to below them: 0 to 1."""
    height = max(a[3] - a[1], b[3] - b[1])
    top, bottom = min(a[1], b[1]) - _BEYOND * height, max(a[3], b[3]) + _BEYOND * height
    left, right = min(a[2], b[0] - 4) - 0.1 * height, max(b[0], a[2] + 4) + 0.1 * height
    rows = slice(max(0, int(top)), int(np.ceil(bottom)))
    between = grey[rows, max(0, int(left)) : int(np.ceil(right))].astype(np.float32)
    digits = grey[rows, max(0, int(a[0])) : int(np.ceil(b[2]))]
    if not between.size or not digits.size:
        return 0.0
    ink, paper = np.quantile(digits, [0.03, 0.8])
    dark = np.quantile(between, 0.8, axis=1, keepdims=True) - between
    dark = np.clip(dark / max(_FAINT * (paper - ink), 1), 0, 1)
    path = np.pad(dark[0], 1)
    for row in dark[1:]:  # the darkest way down, by at most a pixel to the side in each row
        path[1:-1] = row + np.maximum(np.maximum(path[:-2], path[1:-1]), path[2:])
    return float(path.max() / len(dark))


def _tabulate(boxes, lines, numbers, slope):
    """The number of each box, cells of one number each; and the column of each number, or None."""
    first = np.flatnonzero(np.diff(numbers, prepend=-1))
    rows = lines[first]
    n_rows = len(np.unique(rows))
    if n_rows < 2 or len(rows) < 2 * n_rows:
        return numbers, None
    x = boxes[:, [0, 2]] + slope * boxes[:, [1, 3]].mean(axis=1, keepdims=True)
    left = np.minimum.reduceat(x[:, 0], first)
    right = np.maximum.reduceat(x[:, 1], first)
    columns = _columns(left, right, n_rows // _BRIDGED)
    columns = _without_slivers(columns, rows, (left + right) / 2)
    # Numbers of one cell are one, written with a gap, unless there are many of them.
    goes_on = (np.diff(rows, prepend=-1) == 0) & (np.diff(columns, prepend=-1) == 0)
    if not columns.any() or goes_on.mean() > _GAPPED:
        return numbers, None
    joined = np.cumsum(~goes_on) - 1
    return joined[numbers], tuple(columns[~goes_on].tolist())


def _columns(left, right, few):
    """The column of each number: those whose cores overlap share one; only `few` may bridge two.

    Where more cores than `few` lie one below the other, and more than twice as many at their
    thickest, is a column; a number that reaches into two of these bridges them.
    """
    middle, reach = (left + right) / 2, _CORE * (right - left) / 2
    starts, ends = middle - reach, middle + reach
    edges = np.unique(np.concatenate([starts, ends]))
    between = (edges[1:] + edges[:-1]) / 2
    thickness = ((starts < between[:, None]) & (between[:, None] < ends)).sum(axis=1)
    places, count = ndimage.label(thickness > few)
    thickest = ndimage.maximum(thickness, places, np.arange(count + 1))
    places[thickest[places] <= 2 * few] = 0
    first = np.clip(np.searchsorted(edges, left, "right") - 1, 0, len(between) - 1)
    last = np.clip(np.searchsorted(edges, right) - 1, 0, len(between) - 1)
    touched = [np.unique(places[i : j + 1]) for i, j in zip(first, last, strict=True)]
    bridges = np.array([np.count_nonzero(each) > 1 for each in touched]) & (few > 0)
    columns = np.empty(len(starts), int)
    column, end = -1, -np.inf
    for i in np.flatnonzero(~bridges)[np.argsort(starts[~bridges])]:
        column += starts[i] > end
        end = max(end, ends[i])
        columns[i] = column
    whole = np.flatnonzero(~bridges)
    for i in np.flatnonzero(bridges):
        columns[i] = columns[whole[np.argmin(np.abs(middle[whole] - middle[i]))]]
    return columns


def _without_slivers(columns, rows, middle):
    """Join columns that share hardly a row and stand much closer than the others: an uneven one."""
    most = _GAPPED * len(np.unique(rows))
    while True:
        columns = np.unique(columns, return_inverse=True)[1]
        centres = np.bincount(columns, middle) / np.bincount(columns)
        away = np.diff(centres)
        near = [
            i
            for i in np.argsort(away)
            if away[i] < _SLIVER * np.median(away)
            and np.intersect1d(rows[columns == i], rows[columns == i + 1]).size <= most
        ]
        if not near:
            return columns
        columns = columns - (columns > near[0])
