"""Digits cut out of a picture: the only one, one of a page, those in the boxes of a form."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from skdigits._pictures.opening import read_ink
from skdigits._pictures.segmentation import cut_out, main_digit, without_ruling
from skdigits._pictures.sources import MAX_PIXELS
from skdigits.exceptions import PictureError

_ONE_DIGIT_SIDE = 512  # pixels; pictures of one digit are reduced to it
_MARGIN = 0.25  # of the box's height, looked at around it
_SIDE = 96  # pixels; larger digits are reduced to it
_PAPER = 0.8  # share of the cut-out that is darker than its paper, at most
_INK = 0.35  # from which a pixel belongs to a stroke
_OWN = 0.7  # share of a stroke inside the box from which it is the digit's beyond it, too
_SLACK = 0.12  # of the box's height: how far beyond
_ROOM = 0.4  # of a box's height, looked at around it
UNNOTICED = 0.4  # score of a digit where the finder saw none, but there is ink
_BEYOND = 0.25  # of a box's height: how far beyond its sides the middle of a digit may be


class MainDigit(NamedTuple):
    """The only digit of a picture.

    Attributes
    ----------
    ink : ndarray of shape (height, width), float32
        0 to 1.
    box : tuple of (int, int, int, int)
        Left, top, right and bottom in pixels of the picture.
    """

    ink: np.ndarray
    box: tuple[int, int, int, int]


def cut_main_digit(picture, *, page=None, max_side=_ONE_DIGIT_SIDE, max_pixels=MAX_PIXELS):
    """Cut out the only digit of a picture.

    Parameters
    ----------
    picture : any picture
        As :meth:`skdigits.DigitReader.read` takes it.
    page : int or None, default=None
        As of :func:`skdigits._pictures.opening.open_picture`.
    max_side : int, default=512
        Larger pictures are reduced to this many pixels on the longer side.
    max_pixels : int, default=80_000_000
        Pictures with more pixels are refused before they are decoded.

    Returns
    -------
    digit : MainDigit or None
        None if there is no ink.

    Raises
    ------
    PictureError
        If the picture cannot be opened.
    """
    ink = read_ink(picture, page=page, max_side=max_side, max_pixels=max_pixels)
    values = without_ruling(ink.values)
    digit = main_digit(values)
    if digit is None:
        return None
    box = whole_box(np.array(digit.box) * np.tile(ink.scale, 2), ink.size)
    return MainDigit(cut_out(values, digit), box)


def whole_box(box, size):
    """A box in whole pixels of the picture of this width and height, all of it inside."""
    left, top = (min(side - 1, max(0, int(v))) for side, v in zip(size, box[:2], strict=True))
    right, bottom = (min(side, int(np.ceil(v))) for side, v in zip(size, box[2:], strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def cut_digit(grey, box):
    """Cut out the ink of one digit of a page, on which other things stand close by.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
        The page, ink dark.
    box : sequence of (left, top, right, bottom)
        Where the digit is, about.

    Returns
    -------
    ink : ndarray of shape (height, width), float32
        0 to 1; strokes that only touch the digit end where its box ends.
    tight : ndarray of shape (4,)
        The box of that ink.
    """
    left, top, right, bottom = (float(v) for v in box)
    margin = _MARGIN * max(bottom - top, right - left) + 2
    height, width = grey.shape
    x0, y0 = max(0, int(left - margin)), max(0, int(top - margin))
    x1, y1 = min(width, int(np.ceil(right + margin))), min(height, int(np.ceil(bottom + margin)))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return np.zeros((2, 2), np.float32), np.asarray(box, float)
    patch = np.asarray(grey[y0:y1, x0:x1], np.float32)
    inner = np.array([left - x0, top - y0, right - x0, bottom - y0])
    scale = min(1.0, _SIDE / max(patch.shape))
    if scale < 1:
        size = max(2, round(patch.shape[1] * scale)), max(2, round(patch.shape[0] * scale))
        patch = np.asarray(Image.fromarray(patch).resize(size, Image.Resampling.BOX))
        inner = inner * scale
    ink = _own(_ink(patch, inner), inner)
    rows, columns = (np.flatnonzero((ink > _INK).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return ink, np.asarray(box, float)
    tight = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / scale
    return ink, tight + np.array([x0, y0, x0, y0])


def _ink(patch, inner):
    """Darkness between that of the paper and that of the digit's strokes."""
    left, top, right, bottom = _whole(inner, patch.shape)
    depth = np.quantile(patch, _PAPER) - patch
    full = np.quantile(depth[top:bottom, left:right], 0.96)
    return np.clip(depth / max(float(full), 4.0) * 1.15 - 0.1, 0, 1).astype(np.float32)


def _own(ink, inner):
    """Without the strokes that are not the digit's."""
    labels, n = ndimage.label(ink > _INK, np.ones((3, 3)))
    slack = _SLACK * (inner[3] - inner[1])
    inside, around = np.zeros((2, *ink.shape), bool)
    for mask, box in ((inside, inner), (around, inner + slack * np.array([-1, -1, 1, 1]))):
        left, top, right, bottom = _whole(box, ink.shape)
        mask[top:bottom, left:right] = True
    all_of = np.bincount(labels.ravel(), minlength=n + 1)
    in_box = np.bincount(labels[inside], minlength=n + 1)
    own = in_box > _OWN * all_of
    own[0] = False
    mask = (own[labels] & around) | (inside & (labels > 0))
    return ink * ndimage.binary_dilation(mask, np.ones((3, 3)))


def _whole(inner, shape):
    left, top = max(0, int(inner[0])), max(0, int(inner[1]))
    right, bottom = min(shape[1], int(np.ceil(inner[2]))), min(shape[0], int(np.ceil(inner[3])))
    return min(left, right - 1), min(top, bottom - 1), right, bottom


def cut_around(grey, boxes):
    """Cut boxes out of a page, with room for what is written beyond them.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
    boxes : ndarray of shape (n, 4)
        Left, top, right and bottom.

    Returns
    -------
    cut : ndarray of shape (height, width), uint8
    boxes : ndarray of shape (n, 4)
        In pixels of the cut-out.

    Raises
    ------
    PictureError
        If they hold nothing of the page.
    """
    room = _ROOM * np.median(boxes[:, 3] - boxes[:, 1])
    height, width = grey.shape
    bounds = [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    if bounds[0] >= width or bounds[1] >= height or bounds[2] <= 0 or bounds[3] <= 0:
        shown = tuple(round(float(v)) for v in bounds)
        raise PictureError(
            f"The box {shown} (left, top, right, bottom) holds nothing of the picture, which is "
            f"{width}x{height} pixels."
        )
    left, top = (max(0, int(v - room)) for v in bounds[:2])
    right, bottom = (int(np.ceil(v + room)) for v in bounds[2:])
    return grey[top:bottom, left:right], boxes - [left, top, left, top]


def in_box(places, box, beyond=_BEYOND):
    """The places whose centres are in a box, or a little beside it.

    Parameters
    ----------
    places : iterable of ReadDigit
    box : array-like of shape (4,)
    beyond : float, default=0.25
        Of the box's height: how far to its left or right.

    Returns
    -------
    within : list of ReadDigit
    """
    left, top, right, bottom = box
    beyond *= bottom - top
    return [
        digit
        for digit in places
        if left - beyond < (digit.box[0] + digit.box[2]) / 2 < right + beyond
        and top < (digit.box[1] + digit.box[3]) / 2 < bottom
    ]


def best_in_box(places, grey, box, read):
    """The place in a box that most probably holds a digit.

    Parameters
    ----------
    places : iterable of ReadDigit
    grey : ndarray of shape (height, width), uint8
    box : array-like of shape (4,)
    read : callable
        Reads a picture of one digit: gives a ReadDigit, or None where there is no ink. Called if
        no place is in the box.

    Returns
    -------
    digits : list of ReadDigit
        One, or none.
    """
    if within := in_box(places, box, beyond=0):
        return [max(within, key=lambda digit: digit.score * digit.confidence)]
    left, top = (max(0, int(np.ceil(v))) for v in box[:2])
    inside = grey[top : max(top, int(box[3])), left : max(left, int(box[2]))]
    digit = read(Image.fromarray(inside)) if inside.size else None
    if digit is None:
        return []
    whole = tuple(int(v) for v in np.add(digit.box, [left, top, left, top]))
    return [replace(digit, score=UNNOTICED, box=whole)]
