"""Draw pen strokes, and turn pictures into rows in MNIST's form."""

import numpy as np
from joblib import Parallel, delayed
from PIL import Image, ImageDraw

from skdigits._pictures.normalizer import DigitNormalizer

_CHUNK = 512  # pictures that a worker takes at a time


def draw_strokes(strokes, width, side):
    """Draw strokes with a round pen.

    Parameters
    ----------
    strokes : list of array-like of shape (n_points, 2)
        In pixels, x to the right and y down.
    width : int
        Width of the pen, in pixels.
    side : int
        Side of the picture, in pixels.

    Returns
    -------
    image : PIL.Image.Image
        Greyscale; ink 255 on 0.
    """
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [tuple(point) for point in np.asarray(stroke, float).tolist()]
        pen.line(points, 255, width)
        for point in points:  # round joints; those of ImageDraw take five times as long
            pen.circle(point, width / 2, 255)
    return image


def to_row(image):
    """Turn a picture with ink 255 on 0 into a row of 784 pixels, as `DigitNormalizer` does."""
    return DigitNormalizer().normalize(np.asarray(image, np.float32) / np.float32(255)).ravel()


def make_rows(draw, tasks, n_jobs=None):
    """Draw many pictures as rows, on several cores.

    Parameters
    ----------
    draw : callable
        Takes a task and returns a picture with ink 255 on 0. It must be defined in a module, and
        draw the same picture for the same task.
    tasks : list
    n_jobs : int, default=None

    Returns
    -------
    rows : ndarray of shape (n_tasks, 784), uint8
    """
    chunks = [tasks[i : i + _CHUNK] for i in range(0, len(tasks), _CHUNK)]
    parts = Parallel(n_jobs)(delayed(_make_rows)(draw, chunk) for chunk in chunks)
    return np.concatenate(parts) if parts else np.zeros((0, 784), np.uint8)


def _make_rows(draw, tasks):
    return np.stack([to_row(draw(task)) for task in tasks])
