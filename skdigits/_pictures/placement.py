"""Bring the ink of one digit to 28x28 pixels by the rule that made MNIST."""

import math

import numpy as np
from PIL import Image
from scipy import ndimage

SIDE = 28  # of an MNIST image
FIT = 20  # the longest side of its ink
STROKE_WIDTHS = 2.0, 4.2  # narrowest and widest mean stroke that MNIST knows, in pixels

_FAINT = 0.05  # ink that does not count for the box
_WORK = 4 * FIT  # where strokes are made wider or thinner


def normalize(patch, widths=STROKE_WIDTHS, *, deskew=False):
    """Crop, resample, mend the stroke and place, as `DigitNormalizer` describes.

    Parameters
    ----------
    patch : ndarray of shape (height, width), float
        Ink from 0 to 1, nothing but the digit.
    widths : tuple of (float, float) or None
        Narrowest and widest mean stroke; None leaves it alone.
    deskew : bool

    Returns
    -------
    image : ndarray of shape (28, 28), uint8
        All 0 if there is no ink.
    """
    patch = crop(patch)
    if patch is None:
        return blank()
    if deskew:
        patch = crop(_sheared(patch))
    if widths is not None:
        patch = _with_stroke(patch, *widths)
    return place(_fit(patch))


def normalize_image(image, widths=STROKE_WIDTHS, *, deskew=False):
    """Place an image of MNIST's own form; if its ink is 20 pixels long nothing is resampled.

    Parameters
    ----------
    image : ndarray of shape (28, 28), uint8
    widths, deskew
        As in `normalize`.

    Returns
    -------
    image : ndarray of shape (28, 28), uint8
    """
    patch = crop(image, faint=0)
    if patch is None:
        return blank()
    if max(patch.shape) == FIT:
        return place(patch)
    return normalize(image.astype(np.float32) / np.float32(255), widths, deskew=deskew)


def blank():
    """An image without ink."""
    return np.zeros((SIDE, SIDE), np.uint8)


def place(patch):
    """Place ink of at most 20x20 pixels in a 28x28 image, by MNIST's rule.

    Parameters
    ----------
    patch : ndarray of shape (height, width)

    Returns
    -------
    image : ndarray of shape (28, 28)
        Of the dtype of `patch`.
    """
    image = np.zeros((3 * SIDE, 3 * SIDE), patch.dtype)  # padded: ink may hang over the edge
    weights = patch.astype(np.float64)
    corner = []
    for axis in (0, 1):
        profile = weights.sum(axis=1 - axis)
        pad = (FIT - len(profile)) // 2
        centre = pad + ((np.arange(len(profile)) + 0.5) * profile).sum() / profile.sum()
        corner.append(SIDE + pad + int(15 - centre))
    top, left = corner
    image[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return image[SIDE : 2 * SIDE, SIDE : 2 * SIDE].copy()


def stroke_width(patch):
    """Mean width of the strokes: twice their area over the length of their outline.

    The outline of grey ink is the sum of its gradient (the coarea formula), so no threshold is
    needed, and blur does not change it.

    Parameters
    ----------
    patch : ndarray of shape (height, width), ink from 0 to 1

    Returns
    -------
    width : float
        In pixels of the patch.
    """
    padded = np.pad(patch, 1)
    dy = np.diff(padded, axis=0)[:, :-1]
    dx = np.diff(padded, axis=1)[:-1, :]
    outline = np.hypot(dx, dy).sum()
    return float(2 * padded.sum() / outline) if outline > 0 else 0.0


def crop(patch, faint=_FAINT):
    """Cut to the box of the ink; None if there is none."""
    inked = patch > faint
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not len(rows):
        return None
    return patch[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _fit(patch):
    """Bring the longest side to 20 pixels and the peak to 255."""
    if max(patch.shape) != FIT:
        patch = _resized(patch, FIT)
    return np.rint(patch * (255 / max(patch.max(), 1e-6))).clip(0, 255).astype(np.uint8)


def _resized(patch, longest):
    """Resample to this longest side, by area when it shrinks."""
    height, width = patch.shape
    scale = longest / max(height, width)
    size = max(1, math.ceil(width * scale - 1e-6)), max(1, math.ceil(height * scale - 1e-6))
    # The short side keeps its exact scale: the box reaches into blank margin, not squeezes.
    margin_x, margin_y = size[0] / scale - width, size[1] / scale - height
    padded = np.pad(patch.astype(np.float32), math.ceil(max(margin_x, margin_y, 0)))
    offset = math.ceil(max(margin_x, margin_y, 0))
    box = (
        offset - margin_x / 2,
        offset - margin_y / 2,
        offset + width + margin_x / 2,
        offset + height + margin_y / 2,
    )
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(padded).resize(size, method, box=box)).clip(0, 1)


def _with_stroke(patch, narrowest, widest):
    """Widen or thin the strokes to the nearer bound, if they are outside.

    Every pixel's distance from the outline is known, so any growth is a threshold on it.
    """
    longest = max(patch.shape)
    width = stroke_width(patch) * FIT / longest
    if narrowest <= width <= widest:
        return patch
    large = np.pad(_resized(patch, _WORK), _WORK // 4)
    # Thin strokes are faint where they run between pixels; a low bound keeps them whole.
    solid = large > (0.3 if width < narrowest else 0.5) * float(large.max())
    width = stroke_width(solid.astype(np.float32)) * FIT / _WORK
    target = min(max(width, narrowest), widest)
    outside = ndimage.distance_transform_edt(~solid)
    inside = ndimage.distance_transform_edt(solid)
    distance = np.where(solid, 0.5 - inside, outside - 0.5)  # from the outline, ink negative
    # Thin parts of a thick digit must not vanish.
    least = -0.3 * float(inside.max())
    growth = 0.0
    for _ in range(3):
        growth = max(growth + (target - width) / 2 * _WORK / FIT, least)
        grown = crop(np.clip(0.5 + growth - distance, 0, 1).astype(np.float32))
        # Widening makes the ink longer, too, and the fit to 20 pixels takes a part back.
        width = stroke_width(grown) * FIT / max(grown.shape)
    return grown


def _sheared(patch):
    """Shear the ink upright: the covariance of x and y goes to 0."""
    ys, xs = np.mgrid[: patch.shape[0], : patch.shape[1]]
    total = patch.sum()
    y0, x0 = (patch * ys).sum() / total, (patch * xs).sum() / total
    variance = (patch * (ys - y0) ** 2).sum() / total
    slant = ((patch * (ys - y0) * (xs - x0)).sum() / total) / max(variance, 1e-6)
    slant = float(np.clip(slant, -0.6, 0.6))
    pad = math.ceil(abs(slant) * patch.shape[0] / 2) + 1
    padded = np.pad(patch, ((0, 0), (pad, pad)))
    return ndimage.affine_transform(
        padded, [[1, 0], [slant, 1]], offset=[0, -slant * y0], order=1
    ).astype(np.float32)
