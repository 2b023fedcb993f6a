"""Random changes of a picture's condition: what pen, paper, light and camera do to a digit.

Each function takes a batch (n, height, width, 1) of pixels from 0 to 1, draws for each image how
much of the change it gets, up to an amount, and leaves about half of the images unchanged.
"""

import keras
import numpy as np
from keras import ops


def change_condition(images, amounts, generator, smooth):
    """Change the condition of half of a batch; the other half costs no time.

    Parameters
    ----------
    images : tensor of shape (n, height, width, 1)
    amounts : dict of str to float or tensor
        The most that an image gets of each of `CONDITIONS`.
    generator : keras.random.SeedGenerator
    smooth : callable
        Draws waves (n, height, width, 1), given a function that draws any shape.

    Returns
    -------
    images : tensor of shape (n, height, width, 1)
        From 0 to 1.
    """
    half = ops.shape(images)[0] // 2  # a random half, as rows are shuffled
    same, changed = images[:half], images[half:]

    def draw(*shape):
        shape = (ops.shape(changed)[0], *shape)
        return keras.random.uniform(shape, -1, 1, dtype="float32", seed=generator)

    for name, change in CONDITIONS.items():
        if name in amounts:
            changed = change(changed, amounts[name], draw, smooth)
    return ops.concatenate([same, ops.clip(changed, 0, 1)])


def _thickness(images, amount, draw, smooth):
    """Thicken or thin the strokes, by a pixel on each side at most."""
    share = amount * draw(1, 1, 1)
    grown, shrunk = _of_neighbours(ops.maximum, images), _of_neighbours(ops.minimum, images)
    return images + ops.relu(share) * (grown - images) + ops.relu(-share) * (shrunk - images)


def _of_neighbours(better, images):
    """Maximum or minimum of 3x3 pixels; pooling of a single channel takes five times as long."""
    padded = ops.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "symmetric")
    rows = better(better(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return better(better(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])


def _lines(images, amount, draw, smooth):
    """A line across the picture: straight or zigzag, solid or dotted, inked or inverting.

    It reaches from edge to edge, which no stroke of a digit does.
    """
    height, width = images.shape[1:3]
    side = max(height, width)
    rows, columns = np.mgrid[:height, :width].astype("float32")[..., None]
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    is_on, turn, place, thick, bent, period, dotted, inverted = ops.split(draw(8, 1, 1), 8, axis=1)
    cos, sin = ops.cos(np.pi * turn), ops.sin(np.pi * turn)
    along, across = cos * columns + sin * rows, cos * rows - sin * columns
    waves = along / (side * (0.25 + 0.1 * period))
    zigzag = 2 * ops.abs(waves - ops.floor(waves) - 0.5) - 0.5
    away = ops.abs(across - side * (0.4 * place + 0.3 * ops.relu(bent) * zigzag))
    line = ops.clip(side * (0.02 + 0.12 * thick**2) + 0.5 - away, 0, 1)
    is_gap = ops.logical_and(dotted > 0.3, ops.sin(np.pi * (4 + 2 * period) * waves) < 0)
    ink = amount * ops.where(ops.logical_or(is_on < 0, is_gap), 0.0, line)
    flipped = images + ink * (1 - 2 * images)
    return ops.where(inverted > 0.3, flipped, ops.maximum(images, ink))


def _blur(images, amount, draw, smooth):
    """Blur with a triangular filter of 5 pixels, as a product with a matrix for each axis."""
    down, across = (_triangular(side) for side in images.shape[1:3])
    blurred = ops.matmul(ops.matmul(down, images[..., 0]), across.T)[..., None]
    return images + amount * ops.relu(draw(1, 1, 1)) * (blurred - images)


def _triangular(side):
    """The matrix that takes the mean of three neighbours, twice; there are two at an edge."""
    mean = np.abs(np.subtract.outer(np.arange(side), np.arange(side))) <= 1
    mean = mean / mean.sum(axis=1, keepdims=True)
    return (mean @ mean).astype("float32")


def _contrast(images, amount, draw, smooth):
    """Move ink and paper towards mid-grey."""
    return images + amount * ops.relu(draw(1, 1, 1)) * (0.5 - images)


def _brightness(images, amount, draw, smooth):
    """Make everything brighter or darker, and add smooth uneven brightness."""
    even, uneven = ops.split(draw(2, 1, 1), 2, axis=1)
    return images + amount * (even + ops.relu(uneven) * smooth(draw))


def _noise(images, amount, draw, smooth):
    """Change every pixel a little, or turn some of them black or white."""
    share, is_impulse = ops.split(amount * ops.relu(draw(2, 1, 1)), 2, axis=1)
    height, width = images.shape[1:3]
    noise = draw(height, width, 1)
    impulses = ops.where(ops.abs(noise) > 1 - share / 2, ops.cast(noise > 0, "float32"), images)
    return ops.where(is_impulse > 0, impulses, images + 1.7 * share * noise)


CONDITIONS = {
    "thickness": _thickness,
    "lines": _lines,
    "blur": _blur,
    "contrast": _contrast,
    "brightness": _brightness,
    "noise": _noise,
}
