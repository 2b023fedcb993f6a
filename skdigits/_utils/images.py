"""Rows of pixels, seen as images: flattening and square padding."""

from math import isqrt
from numbers import Integral

import numpy as np

from skdigits._utils.warn import warn
from skdigits.exceptions import ImageShapeWarning, PixelRangeWarning

FAR_OFF = 8  # times too pale or too bright; each of Kaggle's 42,000 rows goes up to 254


def flatten_images(X):
    """Flatten an array of images to rows, and leave everything else for scikit-learn to judge.

    Parameters
    ----------
    X : array-like
        Of shape (n_samples, h, w), (n_samples, h, w, 1) or (n_samples, 1, h, w), an array of NumPy
        or of any other library; or anything else.

    Returns
    -------
    X : array-like
        Of shape (n_samples, h * w), a view where possible; other input is returned as it is.
    """
    if isinstance(X, (list, tuple)) and X and np.ndim(X[0]) in (2, 3):
        X = np.asarray(X)
    shape = getattr(X, "shape", ())
    is_image_stack = len(shape) == 3 or (len(shape) == 4 and 1 in (shape[1], shape[3]))
    if is_image_stack and shape[0] and hasattr(X, "__array__"):
        return np.asarray(X).reshape(int(shape[0]), -1)
    return X


def find_image_shape(n_features, image_shape="auto"):
    """The height and width of the image that `n_features` columns make.

    Parameters
    ----------
    n_features : int
        Number of columns.
    image_shape : "auto", (int, int) or (int, int, 1), default="auto"
        "auto" takes a square; a column count that is no square is filled up with blank pixels to
        the next one, with a warning.

    Returns
    -------
    height, width : int

    Raises
    ------
    ValueError
        If the given shape is none, or does not have `n_features` pixels.
    """
    if not isinstance(image_shape, str):
        height, width = _check_image_shape(image_shape)
        if height * width != n_features:
            raise ValueError(
                f"image_shape={tuple(image_shape)} has {height * width} pixels, but X has "
                f"{n_features} columns. Give the shape of your images, or image_shape='auto'."
            )
        return height, width
    side = isqrt(max(n_features - 1, 0)) + 1
    if side * side != n_features:
        _warn_of_padding(n_features, side)
    return side, side


def _check_image_shape(image_shape):
    sizes = tuple(image_shape)
    sizes = sizes[:2] if sizes[2:] == (1,) else sizes
    if len(sizes) != 2 or not all(isinstance(n, Integral) and n > 0 for n in sizes):
        raise ValueError(
            f"image_shape={image_shape!r} must be (height, width) in whole pixels, of pictures of "
            "one channel."
        )
    return tuple(map(int, sizes))


def full_ink(X):
    """How bright the brightest pixel of a row is: the median over all rows that are not blank.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    ink : float or None
        None where every row is blank.
    """
    brightest = X.max(axis=1)
    inked = brightest[brightest > 0]
    return float(np.median(inked)) if len(inked) else None


def warn_of_pale_rows(X, scale):
    """Warn where rows are so pale for their scale that they must have been divided before."""
    ink = full_ink(X)
    if ink is not None and ink <= scale / FAR_OFF:
        warn(
            f"The brightest pixels of X are about {ink:.3g}, but full ink is {scale:g}: has X been "
            f"divided already? Give pixels of 0 to {scale:g}, or fit with the `scale` of "
            "PixelScaler set to what full ink is in X (1 for pixels of 0 to 1).",
            PixelRangeWarning,
        )


def warn_of_unscaled_rows(X):
    """Warn where rows are so bright, for a network, that nobody has scaled them to 0-1."""
    ink = full_ink(X)
    if ink is not None and ink >= FAR_OFF:
        warn(
            f"The brightest pixels of X are about {ink:.3g}; the network expects about 0 to 1. Put "
            "a PixelScaler before it, as make_digit_pipeline() does, or divide X by the value of "
            "full ink, in `fit` and in `predict`.",
            PixelRangeWarning,
        )


def _warn_of_padding(n_features, side):
    nearest = isqrt(n_features) ** 2
    hint = ""
    if n_features - nearest == 1 and nearest > 1:
        hint = f" {nearest} would be square: is the label column still in X? Then drop it."
    warn(
        f"X has {n_features} columns, which make no square image; {side * side - n_features} blank "
        f"pixels are added to make it {side}x{side}.{hint} A 28x28 picture has 784 columns; for "
        "other shapes give image_shape=(height, width).",
        ImageShapeWarning,
    )


def as_images(X, image_shape):
    """Rows as float32 images of one channel.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), or images already
    image_shape : (int, int)
        Height and width; rows shorter than their product are filled up with zeros.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width, 1), float32
    """
    height, width = image_shape
    missing = height * width - X[0].size if len(X) else 0
    if missing:
        X = np.pad(X, ((0, 0), (0, missing)))
    return np.asarray(X, dtype=np.float32).reshape(-1, height, width, 1)


def named_rows(estimator, rows):
    """Rows made here, under the column names that an estimator was fitted with.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    rows : ndarray of shape (n_samples, n_features)
        In the order of the pixels.

    Returns
    -------
    rows : ndarray or DataFrame of shape (n_samples, n_features)
        A frame where the estimator was fitted on one, so that it has no reason to warn.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return rows
    import pandas as pd

    return pd.DataFrame(rows, columns=names)


def rows_like(X, images):
    """Images as rows in the form of other rows.

    Parameters
    ----------
    X : array-like
        What an estimator takes.
    images : ndarray of shape (n_images, h, w)
        Filled up to their shape as by `as_images`.

    Returns
    -------
    rows : ndarray or DataFrame of shape (n_images, n_features)
        With the number of columns of `X`, and their names if it has some.
    """
    n_features = int(np.prod(np.shape(X)[1:]))
    rows = images.reshape(len(images), -1)[:, :n_features]
    if hasattr(X, "columns"):
        import pandas as pd

        return pd.DataFrame(rows, columns=X.columns)
    return rows
