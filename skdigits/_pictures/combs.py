"""Digits in boxes: those of a number are in one box, those of a comb each in its own."""

from dataclasses import replace

import numpy as np
from PIL import Image

from skdigits.exceptions import PictureError

_ROOM = 0.4  # of a box's height, looked at around it
UNNOTICED = 0.4  # score of a digit where the finder saw none, but there is ink
_BEYOND = 0.25  # of a box's height: how far beyond its sides the middle of a digit may be


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
