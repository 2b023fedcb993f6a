"""Scale pixels from 0-255 to float32 of 0-1, which the network is trained on."""

from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from skdigits._estimators.fitting import all_or_nothing
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.images import flatten_images, warn_of_pale_rows
from skdigits._utils.typing import Labels, Rows


class PixelScaler(OneToOneFeatureMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Divide pixels by a fixed scale, giving float32.

    Nothing is learned from the values: the scale is a parameter, so that a single picture, a batch
    and the training set are treated alike. Rows so pale that they have probably been divided
    already are scaled all the same, with a :class:`~skdigits.exceptions.PixelRangeWarning`.

    Parameters
    ----------
    scale : float, default=255
        The value of full ink. Data must lie in 0 to `scale`.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`, when X was a frame with string columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skdigits import PixelScaler
    >>> PixelScaler().fit_transform(np.array([[0, 51, 255]], dtype=np.uint8))
    array([[0. , 0.2, 1. ]], dtype=float32)
    """

    _parameter_constraints = {"scale": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, scale: float = 255) -> None:
        self.scale = scale

    @all_or_nothing
    def fit(self, X: Rows, y: Labels = None) -> Self:
        """Check the data and record its columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pixels, 0 to `scale`.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : PixelScaler
            The same estimator.
        """
        self._validate_params()
        self._check_pixels(X, reset=True)
        return self

    def transform(self, X: Rows) -> NDArray[np.float32]:
        """Scale to 0-1.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pixels, 0 to `scale`.

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features), float32
            Ink from 0 to 1. Images are flattened row by row.

        Raises
        ------
        ValueError
            If a value lies outside 0 to `scale`.
        """
        check_is_fitted(self)
        X = self._check_pixels(X, reset=False)
        return np.divide(X, self.scale, dtype=np.float32, casting="unsafe")

    def inverse_transform(self, X: Rows) -> NDArray[np.float32]:
        """Turn scaled values back into pixels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Ink from 0 to 1.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features), float32
            Pixels, 0 to `scale`.
        """
        check_is_fitted(self)
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        return np.multiply(X, self.scale, dtype=np.float32, casting="unsafe")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _check_pixels(self, X, reset):
        X = validate_data(self, flatten_images(X), reset=reset, dtype="numeric")
        warn_of_pale_rows(X, self.scale)
        if X.dtype == np.uint8 and self.scale >= 255:
            return X  # cannot be out of range
        low, high = X.min(), X.max()
        if low < 0:
            raise ValueError(
                f"Negative values in data: X goes down to {low:g}, expected 0 to {self.scale:g} "
                "with the ink high. Do not standardise pixels before scaling them."
            )
        if high > self.scale:
            raise ValueError(
                f"X goes up to {high:g}, expected 0 to {self.scale:g}. Set `scale` to the value of "
                "full ink in your data."
            )
        return X
