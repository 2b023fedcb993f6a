"""Strokes of a pen, and any picture, as rows in MNIST's form."""

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
        Of the pen, in pixels.
    side : int
        Of the picture, in pixels.

    Returns
    -------
    image : PIL.Image.Image
        Grey; ink 255 on 0.
    """
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [tuple(point) for point in np.asarray(stroke, float).tolist()]
        pen.line(points, 255, width)
        for point in points:  # the joints: ImageDraw's own take five times as long
            pen.circle(point, width / 2, 255)
    return image


def to_row(image):
    """Bring a picture of ink 255 on 0 to a row of 784 pixels, as `DigitNormalizer` does."""
    return DigitNormalizer().normalize(np.asarray(image, np.float32) / np.float32(255)).ravel()


def make_rows(draw, tasks, n_jobs=None):
    """Rows of many pictures, on several cores.

    Parameters
    ----------
    draw : callable
        From a task to a picture of ink 255 on 0. It must live in a module, and draw the same for
        the same task.
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
