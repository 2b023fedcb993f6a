"""The scikit-learn face of `placement`: pictures of one digit each become rows."""

import itertools
import numbers
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions

from skdigits._pictures.crops import cut_main_digit
from skdigits._pictures.placement import SIDE, STROKE_WIDTHS, blank, normalize, normalize_image
from skdigits._pictures.sources import MAX_PIXELS
from skdigits._utils.about import DocLinkMixin
from skdigits.exceptions import PictureError


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
        stroke_width: tuple[float, float] | None = STROKE_WIDTHS,
        *,
        deskew: bool = False,
        on_empty: Literal["raise", "zeros"] = "raise",
        max_pixels: int = MAX_PIXELS,
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
        if images is None:
            found = map(self._row_of_picture, _pictures(X), itertools.count())
        else:
            place = partial(normalize_image, widths=self.stroke_width, deskew=self.deskew)
            found = map(place, images)
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
        return normalize(patch, self.stroke_width, deskew=self.deskew)

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
            digit = cut_main_digit(picture, max_pixels=self.max_pixels)
        except PictureError as error:
            raise PictureError(f"Picture {index}: {error}") from error
        return blank() if digit is None else self.normalize(digit.ink)

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
