"""Corruptions of digits, each with levels of severity.

Each is a function that takes images (n, h, w) uint8 with the ink high, a level and a NumPy
generator, and returns images of the same shape and type. Level 0 changes nothing and 5 is severe;
levels in between and beyond work too. Lengths are in pixels of a 28x28 picture and scale with the
picture. The generator draws the same numbers for every level, so that a level only decides how far
each image is changed.

In the spirit of N. Mu and J. Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019,
and D. Hendrycks and T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions
and Perturbations", ICLR 2019, but with other strengths.
"""

import numpy as np
from scipy import ndimage


def shift(images, level, rng):
    """Move by `level` pixels in a random direction."""
    angle = rng.uniform(0, 2 * np.pi, len(images))
    distance = level * _pixel(images)
    offsets = distance * np.column_stack([np.sin(angle), np.cos(angle)])
    return _transform(images, np.broadcast_to(np.eye(2), (len(images), 2, 2)), offsets)


def scale(images, level, rng):
    """Enlarge or shrink, at random, by 8 % per level."""
    grows = rng.random(len(images)) < 0.5
    factor = np.where(grows, 1 + 0.08 * level, 1 / (1 + 0.08 * level))
    return _transform(images, np.eye(2) / factor[:, np.newaxis, np.newaxis])


def rotation(images, level, rng):
    """Rotate by 7 degrees per level, to a random side."""
    angle = np.deg2rad(7 * level) * rng.choice([-1, 1], len(images))
    cos, sin = np.cos(angle), np.sin(angle)
    return _transform(images, np.moveaxis(np.array([[cos, -sin], [sin, cos]]), 2, 0))


def thicker(images, level, rng):
    """Blend towards the grey dilation by a pixel on each side, reached at level 5."""
    return _towards(images, level / 5, _morph(ndimage.grey_dilation, images))


def thinner(images, level, rng):
    """Blend towards the grey erosion by a pixel on each side, nearly reached at level 5."""
    return _towards(images, 0.18 * level, _morph(ndimage.grey_erosion, images))


def blur(images, level, rng):
    """Gaussian blur with a standard deviation of 0.3 pixels per level."""
    sigma = 0.3 * level * _pixel(images)
    return _to_uint8(ndimage.gaussian_filter(images.astype(np.float32), (0, sigma, sigma)))


def noise(images, level, rng):
    """Gaussian noise with a standard deviation of 5 % of full ink per level."""
    drawn = rng.standard_normal(images.shape, dtype=np.float32)
    return _to_uint8(images + 12.75 * level * drawn)


def contrast(images, level, rng):
    """Move ink and paper towards mid-grey, by 15 % of their distance per level."""
    return _towards(images, 0.15 * level, 127.5)


def brightness(images, level, rng):
    """Add 12 % of full ink per level to ink and paper alike."""
    return _to_uint8(images + np.float32(30.6) * level)


def lines(images, level, rng):
    """A line from edge to edge, 2 pixels wide, with 20 % of full ink per level.

    Its direction is random, as is its place in the middle half of the picture.
    """
    height, width = images.shape[1:]
    rows, columns = np.mgrid[:height, :width] + 0.5 - np.reshape([height, width], (2, 1, 1)) / 2
    angle = rng.uniform(0, np.pi, (len(images), 1, 1))
    place = rng.uniform(-0.25, 0.25, (len(images), 1, 1)) * max(height, width)
    away = np.abs(np.cos(angle) * rows - np.sin(angle) * columns - place)
    line = np.clip(_pixel(images) + 0.5 - away, 0, 1)
    return np.maximum(images, _to_uint8(51 * level * line))


def occlusion(images, level, rng):
    """Blank a square with sides of 2 `level` pixels, at random in the middle half."""
    height, width = images.shape[1:]
    centre = rng.uniform(0.25, 0.75, (len(images), 2)) * [height, width]
    reach = level * _pixel(images)
    rows = np.abs(np.arange(height) + 0.5 - centre[:, :1]) < reach
    columns = np.abs(np.arange(width) + 0.5 - centre[:, 1:]) < reach
    return np.where(rows[:, :, np.newaxis] & columns[:, np.newaxis], 0, images).astype(np.uint8)


CORRUPTIONS = {
    function.__name__: function
    for function in [
        shift,
        scale,
        rotation,
        thicker,
        thinner,
        blur,
        noise,
        contrast,
        brightness,
        lines,
        occlusion,
    ]
}


def _pixel(images):
    return max(images.shape[1:]) / 28


def _to_uint8(values):
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _towards(images, share, goal):
    return _to_uint8(images + min(share, 1) * (goal - images.astype(np.float32)))


def _morph(operation, images):
    cross = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    return operation(images, footprint=cross, mode="constant", cval=0)


def _transform(images, matrices, offsets=None):
    """Transform each image about its centre by its own matrix, which maps output to input."""
    centre = (np.array(images.shape[1:]) - 1) / 2
    start = centre - matrices @ centre - (0 if offsets is None else offsets)
    moved = np.empty_like(images)
    for i, image in enumerate(images):
        # Rounded here, because SciPy would truncate to uint8.
        moved[i] = _to_uint8(
            ndimage.affine_transform(image.astype(np.float32), matrices[i], start[i], order=1)
        )
    return moved
