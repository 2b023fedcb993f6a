"""Bring ink to a 28x28 row by the rule that made MNIST."""

import itertools
import math
import numbers
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions

from skdigits._pictures.opening import read_ink
from skdigits._pictures.segmentation import cut_out, main_digit, without_ruling
from skdigits._utils.about import DocLinkMixin
from skdigits.exceptions import PictureError

SIDE = 28  # of an MNIST image
FIT = 20  # the longest side of its ink

_ONE_DIGIT_SIDE = 512  # pictures of one digit are reduced to this
_FAINT = 0.05  # ink that does not count for the box
_WORK = 4 * FIT  # where strokes are made wider or thinner


class DigitNormalizer(TransformerMixin, DocLinkMixin, BaseEstimator):
    """Turn pictures of one digit each into rows of 784 pixels, exactly as MNIST was made.

    The ink is cropped, its longest side brought to 20 pixels by area resampling, its stroke to a
    width MNIST knows, and the 20x20 patch placed in 28x28 at ``int(15 - barycentre)`` along each
    axis, which is the rule that all 70,000 images of MNIST follow.

    Parameters
    ----------
    stroke_width : tuple of (float, float) or None, default=(2.0, 4.2)
        Narrowest and widest mean stroke, in pixels of the 28x28 image. Thinner strokes are
        widened and wider ones thinned to the nearer bound; strokes in between stay as they are.
        None leaves every stroke alone.

    deskew : bool, default=False
        Shear the ink upright by its second moments.

    on_empty : {"raise", "zeros"}, default="raise"
        What to do with a picture that holds no ink: raise
        :class:`~skdigits.exceptions.PictureError`, or give a row of zeros.

    max_pixels : int, default=80_000_000
        Pictures with more pixels are refused before they are decoded.

    See Also
    --------
    DigitReader : Read every digit of a picture.

    Notes
    -----
    Stateless: ``fit`` checks the parameters and nothing else.

    Examples
    --------
    >>> import numpy as np
    >>> from skdigits import DigitNormalizer
    >>> paper = np.full((90, 90), 250, dtype=np.uint8)
    >>> paper[10:80, 40:48] = 20  # one upright stroke
    >>> row = DigitNormalizer().fit_transform([paper])
    >>> row.shape, row.dtype, int(row.max())
    ((1, 784), dtype('uint8'), 255)
    """

    _parameter_constraints: dict = {
        "stroke_width": [tuple, None],
        "deskew": ["boolean"],
        "on_empty": [StrOptions({"raise", "zeros"})],
        "max_pixels": [Interval(numbers.Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        stroke_width: tuple[float, float] | None = (2.0, 4.2),
        *,
        deskew: bool = False,
        on_empty: Literal["raise", "zeros"] = "raise",
        max_pixels: int = 80_000_000,
    ) -> None:
        self.stroke_width = stroke_width
        self.deskew = deskew
        self.on_empty = on_empty
        self.max_pixels = max_pixels

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X, y : ignored
            Here as scikit-learn wants them.

        Returns
        -------
        self : DigitNormalizer
            The same estimator.
        """
        self._check_parameters()
        return self

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Normalize pictures.

        Parameters
        ----------
        X : iterable of pictures, or array of shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
            Pictures are whatever :meth:`DigitReader.read` opens, one digit each. An array is
            taken as images in MNIST's form, ink high, 0 to 255: they are placed, and scaled if
            their ink is not 20 pixels long, but not searched for paper and polarity.

        Returns
        -------
        rows : ndarray of shape (n, 784), uint8
            One for each picture.

        Raises
        ------
        PictureError
            If a picture cannot be opened or, with ``on_empty="raise"``, holds no ink. The message
            names its position.
        """
        self._check_parameters()
        images = _as_mnist_images(X)
        if images is not None:
            found = map(self._row, images)
        else:
            found = map(self._row_of_picture, _pictures(X), itertools.count())
        rows = [self._checked(row, index) for index, row in enumerate(found)]
        return np.array(rows, dtype=np.uint8).reshape(len(rows), SIDE * SIDE)

    def normalize(self, patch: NDArray[Any]) -> NDArray[np.uint8]:
        """Normalize the ink of one digit.

        Parameters
        ----------
        patch : ndarray of shape (height, width), float
            Ink from 0 to 1, nothing but the digit.

        Returns
        -------
        image : ndarray of shape (28, 28), uint8
            All 0 if there is no ink.
        """
        patch = _crop(patch)
        if patch is None:
            return _blank()
        if self.deskew:
            patch = _crop(_sheared(patch))
        if self.stroke_width is not None:
            patch = _with_stroke(patch, *self.stroke_width)
        return place(_fit(patch))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the output columns.

        Parameters
        ----------
        input_features : ignored
            Here as scikit-learn wants it.

        Returns
        -------
        names : ndarray of shape (784,), object
            "pixel0" to "pixel783", as in Kaggle's files.
        """
        return np.array([f"pixel{i}" for i in range(SIDE * SIDE)], dtype=object)

    def _check_parameters(self):
        self._validate_params()
        if self.stroke_width is not None:
            bounds = self.stroke_width
            if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1]:
                raise ValueError(
                    f"stroke_width is (narrowest, widest) in pixels, both above 0; got {bounds}."
                )

    def _row_of_picture(self, picture, index):
        try:
            ink = read_ink(picture, max_side=_ONE_DIGIT_SIDE, max_pixels=self.max_pixels)
        except PictureError as error:
            raise PictureError(f"Picture {index}: {error}") from error
        values = without_ruling(ink.values)
        digit = main_digit(values)
        return _blank() if digit is None else self.normalize(cut_out(values, digit))

    def _row(self, image):
        """Place an image of MNIST's own form; if its ink is 20 px long nothing is resampled."""
        patch = _crop(image, faint=0)
        if patch is None:
            return _blank()
        if max(patch.shape) == FIT:
            return place(patch)
        return self.normalize(image.astype(np.float32) / np.float32(255))

    def _checked(self, row, index):
        if not row.any() and self.on_empty == "raise":
            raise PictureError(
                f"Picture {index} holds no ink. Leave it out, or set on_empty='zeros' for a row of "
                "0."
            )
        return row

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags


def _blank():
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


def _as_mnist_images(X):
    """Return images of shape (n, 28, 28) if X is an array of rows, else None."""
    if isinstance(X, (str, bytes, dict, Image.Image)):
        raise PictureError(
            f"transform takes a list of pictures; got one {type(X).__name__}. Write [picture]."
        )
    shape = getattr(X, "shape", None)
    if shape is None or np.asarray(X).dtype.kind == "O":
        return None
    if shape[1:] not in ((SIDE * SIDE,), (SIDE, SIDE), (SIDE, SIDE, 1)):
        if len(shape) == 4:
            return None  # a stack of colour pictures
        raise PictureError(
            f"An array of shape {tuple(shape)} is neither rows (n, 784) nor images (n, 28, 28). "
            "For one picture of another size, write [picture]."
        )
    images = np.asarray(X)
    if images.size and not (images.min() >= 0 and images.max() <= 255):  # NaN fails, too
        raise PictureError("Rows in MNIST's form hold values from 0 to 255.")
    return np.rint(images).astype(np.uint8).reshape(-1, SIDE, SIDE)


def _pictures(X):
    try:
        return iter(X)
    except TypeError:
        raise PictureError(
            f"transform takes a list of pictures; got {type(X).__name__}. Write [picture]."
        ) from None


def _crop(patch, faint=_FAINT):
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
        grown = _crop(np.clip(0.5 + growth - distance, 0, 1).astype(np.float32))
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
