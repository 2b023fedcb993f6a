"""The ink of a picture that holds one digit: without ruled lines, frame and neighbours."""

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
    """

    box: tuple[int, int, int, int]
    mask: np.ndarray

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
