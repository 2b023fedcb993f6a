"""Find the digits in the ink of a picture, and the order in which they are read."""

import itertools
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_LOW, _HIGH = 0.25, 0.55  # a stroke is connected ink above the first that reaches the second
_RULING_SIDE = 256  # where ruled lines are looked for
_RULED_SIDE = 64  # smaller pictures show no ruling
_GREY = 2.5  # more area than this many times that of full ink is not the soft edge of strokes
_PALE = 0.12  # ink of the palest ruled line
_MOST = 300  # strokes that are looked at in one picture, the largest first


class Digit(NamedTuple):
    """Ink that belongs to one digit.

    Attributes
    ----------
    box : tuple of (int, int, int, int)
        Left, top, right and bottom in ink pixels; right and bottom are exclusive.
    mask : ndarray of shape (bottom - top, right - left), bool
        Which pixels of the box are the digit's.
    line : int, default=0
        The line of writing it stands in, from the top.
    """

    box: tuple[int, int, int, int]
    mask: np.ndarray
    line: int = 0

    @property
    def width(self):
        """Of the box, in ink pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self):
        """Of the box, in ink pixels."""
        return self.box[3] - self.box[1]


def cut_out(values, digit):
    """Return the ink of one digit, with one blank pixel around it.

    Parameters
    ----------
    values : ndarray of shape (height, width), float32
    digit : Digit

    Returns
    -------
    patch : ndarray of shape (digit.height + 2, digit.width + 2), float32
    """
    left, top, right, bottom = digit.box
    patch = np.pad(values[top:bottom, left:right], 1)
    # One pixel more than the mask: the soft edge of the stroke.
    return patch * ndimage.binary_dilation(np.pad(digit.mask, 1), np.ones((3, 3)))


def main_digit(values):
    """Find the one digit of a picture that holds a single one.

    Ink that runs along the picture's edge (a table, a frame, a shadow) and specks are left out;
    parts of a broken digit are kept together.

    Parameters
    ----------
    values : ndarray of shape (height, width), ink from 0 to 1

    Returns
    -------
    digit : Digit or None
        None if there is no ink.
    """
    parts = _Parts.of(values)
    if not len(parts.area):
        return None
    # Ink that touches the edge is a neighbour or no writing at all, unless there is no other.
    weight = parts.area * np.where(parts.foreign, 0.05, np.where(parts.edge > 0, 0.5, 1.0))
    members = [int(np.argmax(weight))]
    largest = parts.area[members[0]]
    left_out = parts.foreign | (parts.area < 0.015 * largest)
    if parts.edge[members[0]] == 0:
        left_out |= parts.edge > 0
    left_out[members[0]] = True
    near = [i for i in np.argsort(-parts.area)[:_MOST] if not left_out[i]]
    while near:
        box = parts.union(members)
        reach = 0.3 * max(box[2] - box[0], box[3] - box[1])
        reached = [i for i in near if _gap(box, parts.boxes[i]) <= reach]
        if not reached:
            break
        members += reached
        near = [i for i in near if i not in reached]
    return parts.digit(members)


def find_digits(values):
    """Find every digit of a picture, in reading order.

    Parameters
    ----------
    values : ndarray of shape (height, width), ink from 0 to 1

    Returns
    -------
    digits : list of Digit
        Line by line from the top, each line from left to right. Lines may slant.
    """
    parts = _Parts.of(values)
    return reading_order([parts.digit(group) for group in _groups(parts)])


def split_candidates(values, digit, *, max_pieces=3):
    """Propose ways to cut ink that may be several touching digits.

    Parameters
    ----------
    values : ndarray of shape (height, width), ink from 0 to 1
    digit : Digit
    max_pieces : int, default=3

    Returns
    -------
    candidates : list of list of Digit
        Each a way to cut, pieces from left to right; empty if the ink is too narrow to be two.
    """
    aspect = digit.width / max(digit.height, 1)
    if aspect < 0.75 or min(digit.width, digit.height) < 8:
        return []
    left, top, right, bottom = digit.box
    cuts = _cut_lines(values[top:bottom, left:right] * digit.mask)
    candidates = [[cut] for cut in cuts[:4]]
    if aspect > 1.3 and max_pieces > 2:
        candidates += [
            sorted((a, b), key=lambda cut: cut[0].mean())
            for i, a in enumerate(cuts)
            for b in cuts[i + 1 :]
            if abs(a[0].mean() - b[0].mean()) > 0.2 * digit.width
        ][:4]
    ways = []
    for cuts in candidates:
        start, end = np.full((2, digit.height), [[-1.0], [np.inf]])
        columns = [start, *(cut[0] for cut in cuts), end]
        pieces = [_piece(digit, start, stop) for start, stop in itertools.pairwise(columns)]
        if all(piece is not None for piece in pieces):
            ways.append(pieces)
    return ways


def reading_order(digits):
    """Sort digits into lines from the top, and each line from left to right.

    The slant is the one under which the digits fall into the fewest lines, straight lines first.

    Parameters
    ----------
    digits : list of Digit

    Returns
    -------
    digits : list of Digit
        With ``line`` set.
    """
    if not digits:
        return []
    boxes = np.array([digit.box for digit in digits], dtype=float)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    height = max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1.0)
    best = None
    for slope in sorted(np.tan(np.radians(np.arange(-40, 41, 2))), key=abs):
        level = (y - slope * x) / np.hypot(1, slope)
        order = np.argsort(level)
        line = np.empty(len(level), int)
        line[order] = np.cumsum(np.diff(level[order], prepend=level[order[0]]) > 0.5 * height)
        spread = np.array([np.ptp(level[line == k]) for k in range(line.max() + 1)]) / height
        cost = line.max() + np.square(spread).sum() + 1.2 * abs(slope)
        if best is None or cost < best[0] - 1e-9:
            best = cost, line
    line = best[1]
    order = np.lexsort((x, line))
    return [digits[i]._replace(line=int(line[i])) for i in order]


class _Parts(NamedTuple):
    """The connected strokes of a picture."""

    labels: np.ndarray
    ids: np.ndarray  # label of each part
    boxes: np.ndarray  # (n, 4): left, top, right, bottom
    area: np.ndarray
    edge: np.ndarray  # pixels on the picture's edge over the longer side of the box
    foreign: np.ndarray  # bool: runs along the edge, or is a frame

    @classmethod
    def of(cls, values):
        low = _LOW
        if (values > low).sum() > _GREY * (values > _HIGH).sum():
            low = 0.85 * _HIGH  # there is a shadow or a stain, too, much paler than the ink
        labels, n = ndimage.label(values > low, np.ones((3, 3)))
        if n == 0:
            nothing = np.zeros(0)
            return cls(labels, nothing.astype(int), np.zeros((0, 4), int), *[nothing] * 3)
        index = np.arange(1, n + 1)
        flat = labels.ravel()
        area = np.bincount(flat, minlength=n + 1)[1:]
        strong = np.bincount(flat[values.ravel() > _HIGH], minlength=n + 1)[1:]
        slices = ndimage.find_objects(labels)
        boxes = np.array([(s[1].start, s[0].start, s[1].stop, s[0].stop) for s in slices])
        rim = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
        longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
        edge = np.bincount(rim, minlength=n + 1)[1:] / longer
        keep = (strong >= 1) & (area > max(2, 1e-3 * area.max()))
        boxes, index, edge = boxes[keep], index[keep], edge[keep]
        foreign = (edge > 0.5) | _frames(labels, index, boxes) | _edgings(labels.shape, boxes)
        return cls(labels, index, boxes, area[keep].astype(float), edge, foreign)

    def union(self, members):
        boxes = self.boxes[members]
        return (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))

    def digit(self, members):
        box = tuple(int(v) for v in self.union(members))
        window = self.labels[box[1] : box[3], box[0] : box[2]]
        return Digit(box, np.isin(window, self.ids[members]))


def _frames(labels, index, boxes):
    """Which parts are a frame around the page: large, with nearly all ink along their box."""
    height, width = labels.shape
    frames = (boxes[:, 2] - boxes[:, 0] > 0.6 * width) & (boxes[:, 3] - boxes[:, 1] > 0.6 * height)
    for i in np.flatnonzero(frames):
        left, top, right, bottom = boxes[i]
        mask = labels[top:bottom, left:right] == index[i]
        margin = max(1, (right - left) // 12), max(1, (bottom - top) // 12)
        inner = mask[margin[1] : -margin[1], margin[0] : -margin[0]]
        frames[i] = inner.sum() < 0.15 * mask.sum()
    return frames


def _edgings(shape, boxes):
    """Which parts are a long thin line close to the side of the picture along which it runs."""
    size = np.array(shape[::-1])
    low, high = boxes[:, :2], boxes[:, 2:]
    extent = high - low
    thin = (extent[:, ::-1] > 0.6 * size[::-1]) & (extent < 0.1 * extent[:, ::-1])
    return (thin & ((high < 0.12 * size) | (low > 0.88 * size))).any(axis=1)


def _gap(a, b):
    """Distance of two boxes along the axis where they are further apart; 0 if they overlap."""
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3], 0)


def _groups(parts):
    """Group strokes into digits; each group is a list of positions in ``parts``."""
    if not len(parts.area):
        return []
    inner = ~parts.foreign
    keep = np.flatnonzero(inner if inner.any() else np.ones(len(inner), bool))
    heights = (parts.boxes[:, 3] - parts.boxes[:, 1]).astype(float)
    size = _weighted_median(heights[keep], parts.area[keep])
    area = _weighted_median(parts.area[keep], parts.area[keep])
    extent = np.maximum(heights, parts.boxes[:, 2] - parts.boxes[:, 0])
    keep = [i for i in keep if extent[i] > 0.12 * size and parts.area[i] > 0.015 * area]
    largest = sorted(keep, key=lambda i: -parts.area[i])[:_MOST]
    tall = []
    for group in _joined(parts, [[int(i)] for i in largest], size):
        box = parts.union(group)
        # What the picture's edge cuts off must be most of a digit.
        if box[3] - box[1] > (0.6 if parts.edge[group].any() else 0.4) * size:
            tall.append(group)
    return tall


def _joined(parts, groups, size):
    """Join strokes of one digit, the nearest first, until nothing is left to join."""
    boxes = np.array([parts.union(group) for group in groups], dtype=float).reshape(-1, 4)
    while len(groups) > 1:
        cost = _join_costs(boxes, size)
        i, j = sorted(np.unravel_index(np.argmin(cost), cost.shape))
        if not np.isfinite(cost[i, j]):
            break
        groups[i] = groups[i] + groups.pop(j)
        boxes[i] = parts.union(groups[i])
        boxes = np.delete(boxes, j, axis=0)
    return groups


def _join_costs(boxes, size):
    """Gaps between strokes that look like parts of one digit; infinite for all others."""
    first, second = boxes[:, None, :], boxes[None, :, :]
    over = np.minimum(first, second)[..., 2:] - np.maximum(first, second)[..., :2]  # x, y
    union = np.maximum(first, second)[..., 2:] - np.minimum(first, second)[..., :2]
    extent = boxes[:, 2:] - boxes[:, :2]
    width, height = extent.T
    gap = np.maximum(-over, 0).max(axis=2)
    tallest = np.maximum(np.maximum(height[:, None], height[None, :]), size)
    # One above the other, or within its columns: the flag of a 5, the second stroke of a 4.
    stacked = over[..., 0] > 0.5 * np.minimum(width[:, None], width[None, :])
    stacked &= (gap < 0.35 * size) & (union[..., 1] < 1.35 * tallest)
    # A fragment beside: the flag again, drawn to the right.
    fragment = extent.max(axis=1) < 0.66 * size
    beside = (fragment[:, None] | fragment[None, :]) & (gap < 0.12 * size)
    beside &= union[..., 1] < 1.25 * tallest
    cost = np.where(stacked, gap, np.where(beside, gap + 0.05 * size, np.inf))
    np.fill_diagonal(cost, np.inf)
    return cost


def _weighted_median(values, weights):
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _cut_lines(patch):
    """Cut lines from top to bottom with little ink on them, best first.

    Each is a tuple ``(columns, cost)``: the column of the cut in every row, and the ink it meets.
    """
    height, width = patch.shape
    rows = np.arange(height)[:, None] - height / 2
    centres = np.arange(round(0.2 * width), round(0.8 * width) + 1)
    found = []
    for slope in (0.0, 0.15, -0.15, 0.3, -0.3):
        columns = np.rint(centres[None, :] + slope * rows).astype(int).clip(0, width - 1)
        cost = patch[np.arange(height)[:, None], columns].sum(axis=0) / height
        found += [(cost[k] + 0.05 * abs(slope), k, slope) for k in range(len(centres))]
    found.sort()
    cuts = []
    for cost, k, slope in found:
        columns = centres[k] + slope * rows[:, 0]
        if all(abs(columns.mean() - other[0].mean()) > 0.08 * width for other in cuts):
            cuts.append((columns, cost))
        if len(cuts) == 6:
            break
    return cuts


def _piece(digit, start, stop):
    """The part of a digit right of one cut and left of the next; None if hardly anything."""
    columns = np.arange(digit.width)[None, :]
    mask = digit.mask & (columns > start[:, None]) & (columns <= stop[:, None])
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    if n > 1:  # crumbs of the neighbour
        sizes = np.bincount(labels.ravel())[1:]
        mask = np.isin(labels, 1 + np.flatnonzero(sizes > 0.1 * sizes.max()))
    rows, inked = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) < 0.4 * digit.height or not len(inked):
        return None
    left, top = digit.box[0] + int(inked[0]), digit.box[1] + int(rows[0])
    cropped = mask[rows[0] : rows[-1] + 1, inked[0] : inked[-1] + 1]
    box = (left, top, left + cropped.shape[1], top + cropped.shape[0])
    return Digit(box, cropped, digit.line)


def without_ruling(values):
    """Erase ruled lines and grids, where they do not coincide with a stroke.

    A ruled line is thin and runs straight from edge to edge; it may slant by 7 degrees, each line
    by its own. Strokes across it, and darker strokes along it, stay.

    Parameters
    ----------
    values : ndarray of shape (height, width), ink from 0 to 1

    Returns
    -------
    values : ndarray of shape (height, width), float32
        The same array if nothing is ruled.
    """
    if min(values.shape) < _RULED_SIDE:
        return values
    cleaned = _without_lines(_without_lines(values).T).T
    left, erased = (cleaned > _HIGH).sum(), ((values > _HIGH) & (cleaned <= _HIGH)).sum()
    # A straight stroke from edge to edge, alone on its page, is a 1 and no ruling.
    return np.ascontiguousarray(cleaned) if left > 0.1 * erased else values


def _without_lines(values):
    """Erase the nearly horizontal lines."""
    height, width = values.shape
    if not ((values[:, :4] > _PALE).any() and (values[:, -4:] > _PALE).any()):
        return values  # most pictures: nothing reaches both sides
    factor = max(1, -(-max(height, width) // _RULING_SIDE))
    mask = _block_max(values, factor) > _PALE
    ends = max(2, mask.shape[1] // 16)
    lines = _lines(mask, ends)
    thick = sum(line[2] for line in lines)
    alone = mask[:, :ends].any(axis=1).sum() + mask[:, -ends:].any(axis=1).sum() < 6 * thick
    if not lines or (len(lines) == 1 and not alone):
        return values  # one straight edge in a tight cut is a part of a digit
    values = values.copy()
    x = np.arange(width)
    for centre, slope, thickness in lines:
        reach = int(np.ceil((thickness / 2 + 1) * factor)) + 1
        y = np.rint((centre + 0.5) * factor + slope * (x - width / 2)).astype(int)
        rows = y[None, :] + np.arange(-reach, reach + 1)[:, None]
        inside = (rows >= 0) & (rows < height)
        rows = rows.clip(0, height - 1)
        band = np.where(inside, values[rows, x], 0)
        level = np.median(band.max(axis=0))
        crossing = np.maximum(band[0], band[-1]) > max(_PALE, 0.5 * level)
        erased = (band < 1.5 * level) & ~crossing
        band[erased] = 0
        values[rows[inside], np.broadcast_to(x, rows.shape)[inside]] = band[inside]
    return values


def _lines(mask, ends):
    """Find straight lines from edge to edge: ``(row at the middle column, slope, thickness)``."""
    height, width = mask.shape
    mask = ndimage.binary_dilation(mask, np.ones((3, 1)))  # or a slow slope falls between rows
    x = np.arange(width)
    found = []
    for slope in np.arange(-12, 13) / 100:
        rows = np.arange(height)[:, None] + np.rint(slope * (x - width / 2)).astype(int)[None, :]
        inside = (rows >= 0) & (rows < height)
        sheared = mask[rows.clip(0, height - 1), x] & inside
        full = sheared.sum(axis=1) / np.maximum(inside.sum(axis=1), 0.3 * width)
        for end in (np.s_[:, :ends], np.s_[:, -ends:]):
            full *= sheared[end].any(axis=1) | ~inside[end].any(axis=1)
        found += [(full[k], slope, k) for k in np.flatnonzero(full > 0.75)]
    found.sort(key=lambda line: (-line[0], abs(line[1])))
    thick = max(2, height // 50)
    lines, taken = [], np.zeros(height, bool)
    for _, slope, centre in found:
        if taken[centre]:
            continue
        same = {k for _, other, k in found if other == slope}
        low = next(k for k in range(centre, -2, -1) if k - 1 not in same)
        high = next(k for k in range(centre, height + 1) if k + 1 not in same)
        taken[max(0, low - 2) : high + 3] = True
        if high - low - 1 <= thick:
            lines.append(((low + high) / 2, slope, max(1, high - low - 1)))
    return lines


def _block_max(values, factor):
    """Reduce by a whole factor; each pixel is the highest of its block."""
    if factor == 1:
        return values
    padded = np.pad(values, [(0, -n % factor) for n in values.shape])
    rows = np.maximum.reduce([padded[k::factor] for k in range(factor)])
    return np.maximum.reduce([rows[:, k::factor] for k in range(factor)])
