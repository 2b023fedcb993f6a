"""Find the lines and boxes of a form, and lay a template's boxes upon the lines of a scan.

Straight runs of ink are lines; what they enclose on all sides are boxes. On a scan that is filled
in, writing crosses the lines and closes or opens boxes, so that a template is placed by its sides:
seen from afar by correlation, then side by side to the nearest line.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from PIL import Image
from scipy import fft, ndimage

from skdigits._pictures.finder import contrast

SIDE = 1600  # pixels; larger scans are reduced to it
_INK = 0.35  # contrast of a line
_RUN = 15  # pixels of a straight line, at least
_ANGLES = np.arange(-6, 6.01, 0.1)  # degrees that a page may be turned
_APART, _N_ANGLES = 7, 3  # tenths of a degree between two ways to turn a page; how many
_MOST_POINTS = 40_000  # of lines, to measure how far they are turned
_LEAST_SIDE, _LARGEST_SIDE = 9, 0.6  # of a box: in pixels; share of the page
_FILLED = 0.75  # share of its bounds that a box fills
_REDUCE = 10  # times, to see a page from afar
_SCALES = np.exp(np.arange(-0.5, 0.41, 0.02))  # of a scan against the template, page by page
_PLAIN = 0.9  # share of sides on lines from which no other scale is tried
_N_GUESSES = 4  # that are looked at closely
_REACHES = 10, 5, 3  # pixels within which a side looks for its line
_CROSSING = 9  # pixels on either side of a line where a stroke that crosses it is
_BESIDE, _INSIDE = 7, 3  # pixels outside and inside of a box where its line may be
_SOFT = 0.02  # how much a page resists being stretched and sheared


class Lines:
    """Straight lines of a page.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
        Ink dark.

    Attributes
    ----------
    ink : ndarray of shape (height, width), uint8
        1 where there is any.
    across, along : ndarray of shape (height, width), uint8
        1 on level lines, and on upright ones.
    """

    def __init__(self, grey):
        self.ink = (contrast(grey) > _INK).astype(np.uint8)
        thick = _grown(self.ink, 2)
        self.across, self.along = (_opened(thick, axis) for axis in (1, 0))

    @cached_property
    def angles(self):
        """Degrees against the clock that would make lines level: the best three, best first."""
        score = np.zeros(len(_ANGLES))
        for mask, lean in ((self.across, 1), (self.along.T, -1)):
            points = np.argwhere(mask)
            if not len(points):
                continue
            y, x = points[:: -(-len(points) // _MOST_POINTS)].T
            for n, slope in enumerate(np.tan(np.deg2rad(_ANGLES))):
                level = np.rint(y - lean * slope * x).astype(int)
                score[n] += (np.bincount(level - level.min()).astype(float) ** 2).sum()
        peaks = np.flatnonzero(score == ndimage.maximum_filter1d(score, _APART))
        return _ANGLES[peaks[np.argsort(-score[peaks], kind="stable")][:_N_ANGLES]].tolist()

    @cached_property
    def sums(self):
        """Along each line of pixels, how many of them are lines: of `across`, and of `along.T`."""
        return [
            np.pad(np.cumsum(mask, axis=1, dtype=np.int32), ((0, 0), (1, 0)))
            for mask in (self.across, self.along.T)
        ]


def straighten(grey):
    """Turn a page so that its lines are level.

    The edge of the paper or of a shadow is a line, too, so that there may be several ways.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
        Ink dark.

    Yields
    ------
    grey : ndarray of shape (height, width), uint8
        The page, turned in the most probable way first.
    lines : Lines
        On it.
    """
    lines = Lines(grey)
    paper = int(np.quantile(grey, 0.8))
    for degrees in lines.angles:
        if abs(degrees) < 0.05:
            yield grey, lines
            continue
        image = Image.fromarray(grey)
        image = image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=paper)
        turned = np.asarray(image)
        yield turned, Lines(turned)


def find_boxes(lines):
    """Find what is enclosed by straight lines.

    Parameters
    ----------
    lines : Lines
        Of a straight page.

    Returns
    -------
    boxes : ndarray of shape (n, 4), float64
        Left, top, right and bottom of the paper inside each, line by line.
    """
    labels, _ = ndimage.label(_grown(lines.across | lines.along, 3) == 0)
    height, width = labels.shape
    boxes = []
    for label, place in enumerate(ndimage.find_objects(labels), start=1):
        (top, bottom), (left, right) = _ends(place[0]), _ends(place[1])
        sides = right - left, bottom - top
        is_open = left == 0 or top == 0 or right == width or bottom == height
        if is_open or min(sides) < _LEAST_SIDE or max(sides) > _LARGEST_SIDE * max(labels.shape):
            continue
        # Strokes that float inside belong to the box.
        area = ndimage.binary_fill_holes(labels[place] == label).sum()
        if area > _FILLED * sides[0] * sides[1]:
            boxes.append((left - 1, top - 1, right + 1, bottom + 1))
    boxes = np.array(boxes, float).reshape(-1, 4)
    return boxes[_reading_order(boxes)]


def place(boxes, size, lines):
    """Find the transform that brings the boxes of a template onto the lines of a scan.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
        Left, top, right and bottom on a page of this size.
    size : tuple of (int, int)
        Its width and height.
    lines : Lines
        Of a straight scan.

    Returns
    -------
    transform : ndarray of shape (2, 3)
        Takes (x, y, 1) of the template to the scan.
    share : float
        Share of the boxes' sides, by length, that lie on lines.
    """
    guesses = _overlay(boxes, size, lines)
    return max((_settle(boxes, guess, lines) for guess in guesses), key=lambda found: found[1])


def erase(grey, lines, boxes):
    """Take the lines of boxes away, but not the strokes that cross them.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
        Ink dark.
    lines : Lines
        On it.
    boxes : ndarray of shape (n, 4)

    Returns
    -------
    grey : ndarray of shape (height, width), uint8
    """
    near = _near_sides(boxes, grey.shape)
    gone = np.zeros(grey.shape, bool)
    for mask, sides, axis in ((lines.across, near[0], 0), (lines.along, near[1], 1)):
        line = mask.astype(bool) & sides
        beside = (lines.ink & ~line).astype(np.uint8)
        before, after = (
            ndimage.maximum_filter1d(beside, _CROSSING, axis, mode="constant", origin=origin)
            for origin in (_CROSSING // 2, -(_CROSSING // 2))
        )
        crossing = ndimage.maximum_filter1d(before & after, 5, 1 - axis).astype(bool)
        gone |= line & ~crossing
    # Paper is the brightest near by, of means of nine pixels, which leaves noise out.
    paper = ndimage.maximum_filter(ndimage.uniform_filter(grey, 3), 2 * _CROSSING)
    return np.where(gone, paper, grey)


def _near_sides(boxes, shape):
    """Where the level and the upright sides of boxes may be."""
    across, along = np.zeros((2, *shape), bool)
    for left, top, right, bottom in np.rint(boxes).astype(int):
        x, x_in, x_out, x_end = _around(left, right)
        y, y_in, y_out, y_end = _around(top, bottom)
        across[y:y_in, x:x_end] = across[y_out:y_end, x:x_end] = True
        along[y:y_end, x:x_in] = along[y:y_end, x_out:x_end] = True
    return across, along


def _around(start, end):
    """Where the lines at the two ends of a box begin and end."""
    places = start - _BESIDE, start + _INSIDE, end - _INSIDE, end + _BESIDE
    return [max(0, place) for place in places]


def moved(boxes, transform):
    """Boxes after a transform that turns them by very little.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
    transform : ndarray of shape (2, 3)

    Returns
    -------
    boxes : ndarray of shape (n, 4)
    """
    corners = np.asarray(boxes, float).reshape(-1, 2)
    return (corners @ transform[:, :2].T + transform[:, 2]).reshape(-1, 4)


def _opened(ink, axis):
    """Without runs along an axis that are shorter than a line; much faster than binary_opening."""
    cores = ndimage.minimum_filter1d(ink, _RUN, axis, mode="constant", origin=-(_RUN // 2))
    return ndimage.maximum_filter1d(cores, _RUN, axis, mode="constant", origin=_RUN // 2)


def _grown(ink, size):
    for axis in (0, 1):
        ink = ndimage.maximum_filter1d(ink, size, axis, mode="constant")
    return ink


def _ends(piece):
    return piece.start, piece.stop


def _reading_order(boxes):
    """Line by line from the top; boxes whose middles lie within half a box are one line."""
    if not len(boxes):
        return np.zeros(0, int)
    middle, height = boxes[:, [1, 3]].mean(axis=1), boxes[:, 3] - boxes[:, 1]
    order = np.argsort(middle, kind="stable")
    new = np.diff(middle[order]) > 0.5 * np.minimum(height[order][1:], height[order][:-1])
    line = np.empty(len(boxes), int)
    line[order] = np.concatenate([[0], np.cumsum(new)])
    return np.lexsort((boxes[:, 0], line))


def _overlay(boxes, size, lines):
    """Scales and shifts at which most sides lie on lines, seen from afar; the best first."""
    masks = [_reduced(mask) for mask in (lines.across, lines.along)]
    height, width = lines.across.shape
    usual = np.sqrt(width * height / (size[0] * size[1]))
    scales = usual * _SCALES
    room = np.ceil(np.array(size[::-1]) * scales.max() / _REDUCE).astype(int) + 1
    shape = [fft.next_fast_len(int(n), real=True) for n in masks[0].shape + room]
    spectra = [fft.rfft2(mask, shape) for mask in masks]
    found = []
    for scale in sorted(scales, key=lambda scale: abs(np.log(scale / usual))):
        sides = _draw(boxes * scale / _REDUCE, room)
        product = sum(
            ours * np.conj(fft.rfft2(side, shape))
            for ours, side in zip(spectra, sides, strict=True)
        )
        share = fft.irfft2(product, shape) / max(1, sum(side.sum() for side in sides))
        peak = np.array(np.unravel_index(share.argmax(), share.shape))
        y, x = _REDUCE * np.where(peak < masks[0].shape, peak, peak - shape)
        found.append((share.max(), np.array([[scale, 0, x], [0, scale, y]])))
        if share.max() > _PLAIN:
            break
    found.sort(key=lambda guess: -guess[0])
    return [transform for _, transform in found[:_N_GUESSES]]


def _reduced(mask):
    """The greatest value of each square."""
    pads = [(0, -side % _REDUCE) for side in mask.shape]
    squares = np.pad(mask, pads)
    height, width = (side // _REDUCE for side in squares.shape)
    return squares.reshape(height, _REDUCE, width, _REDUCE).max(axis=(1, 3)).astype(np.float32)


def _draw(boxes, shape):
    """The level and the upright sides of boxes."""
    across, along = np.zeros((2, *shape), np.float32)
    for left, top, right, bottom in boxes.astype(int):
        for y in (top, bottom):
            across[y, left : right + 1] = 1
        for x in (left, right):
            along[top : bottom + 1, x] = 1
    return across, along


def _settle(boxes, transform, lines):
    """Move each side to the nearest line, fit the transform to that, and do so again."""
    for reach in _REACHES:
        change = _fit(moved(boxes, transform), *_nearest_lines(boxes, transform, lines, reach))
        turn, shift = change[:, :2] @ transform[:, :2], change[:, :2] @ transform[:, 2]
        transform = np.column_stack([turn, shift + change[:, 2]])
    _, shares = _nearest_lines(boxes, transform, lines, 3)
    length = np.repeat(boxes[:, 2:] - boxes[:, :2], 2, axis=1)[:, [2, 3, 0, 1]]
    return transform, float(np.average(shares, weights=length))


def _nearest_lines(boxes, transform, lines, reach):
    """How far each side is from the line beside it, and which share of the side lies on that.

    Returns
    -------
    offsets, shares : ndarray of shape (n, 4)
        Of the left, right, top and bottom sides.
    """
    left, top, right, bottom = moved(boxes, transform).T
    steps = np.arange(-reach, reach + 1)
    steps = steps[np.argsort(np.abs(steps), kind="stable")]  # of lines as good, the nearest
    across, along = lines.sums
    offsets, shares = np.empty((2, 4, len(boxes)))
    for side, (sums, at, start, end) in enumerate(
        [
            (along, left, top, bottom),
            (along, right, top, bottom),
            (across, top, left, right),
            (across, bottom, left, right),
        ]
    ):
        rows = np.rint(at).astype(int)[:, None] + steps
        start, end = (np.rint(v).astype(int).clip(0, sums.shape[1] - 1) for v in (start, end))
        here = rows.clip(0, len(sums) - 1)
        n_on = sums[here, end[:, None]] - sums[here, start[:, None]]
        share = np.where(here == rows, n_on / np.maximum(end - start, 1)[:, None], 0)
        best = share.argmax(axis=1)
        shares[side] = share[np.arange(len(boxes)), best]
        offsets[side] = rows[np.arange(len(boxes)), best] - at
    return offsets.T, shares.T


def _fit(boxes, offsets, shares):
    """The affine transform that moves the sides of boxes by these offsets, as nearly as it can."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    centre, extent = middle.mean(axis=0), np.ptp(boxes.reshape(-1, 2), axis=0)
    rows = []
    for axis in (0, 1):
        points = np.repeat(middle, 2, axis=0)
        points[:, axis] = boxes[:, [axis, axis + 2]].ravel()
        sides = slice(2 * axis, 2 * axis + 2)
        weight = (shares[:, sides] ** 2).ravel()
        # Few boxes in a row say little about stretch and shear, which are held back a little.
        stiff = _SOFT * weight.sum() * np.diag([*extent, 0])
        left = np.column_stack([points - centre, np.ones(len(points))]) * weight[:, None]
        right = offsets[:, sides].ravel() * weight
        solution, *_ = np.linalg.lstsq(
            np.concatenate([left, stiff]), np.concatenate([right, np.zeros(3)]), rcond=None
        )
        rows.append([*solution[:2], solution[2] - solution[:2] @ centre])
    return np.eye(2, 3) + rows
