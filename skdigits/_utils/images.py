"""Rows of pixels as images and back: shapes, padding, and checks of the pixel range."""

from hashlib import blake2b
from math import isqrt
from numbers import Integral

import numpy as np

from skdigits._utils.warn import warn
from skdigits.exceptions import ImageShapeWarning, PixelRangeWarning

FAR_OFF = 8  # times too pale or too bright; each of Kaggle's 42,000 rows goes up to 254


def flatten_images(X):
    """Flatten an array of images to rows, and leave everything else for scikit-learn to check.

    Parameters
    ----------
    X : array-like
        Of shape (n_samples, h, w), (n_samples, h, w, 1) or (n_samples, 1, h, w), from NumPy or
        another array library; or anything else.

    Returns
    -------
    X : array-like
        Of shape (n_samples, h * w), a view if possible; other input is returned unchanged.
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
        "auto" assumes a square; if the number of columns is not a square, blank pixels are added up
        to the next one, with a warning.

    Returns
    -------
    height, width : int

    Raises
    ------
    ValueError
        If the given shape is invalid, or does not have `n_features` pixels.
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
            f"image_shape={image_shape!r} must be (height, width) in whole pixels; pictures have "
            "one channel."
        )
    return tuple(map(int, sizes))


def full_ink(X):
    """The typical value of full ink: the median of each row's brightest pixel, without blank rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    ink : float or None
        None if every row is blank.
    """
    brightest = X.max(axis=1)
    inked = brightest[brightest > 0]
    return float(np.median(inked)) if len(inked) else None


def warn_of_pale_rows(X, scale):
    """Warn if rows are so pale for their scale that they have probably been divided already."""
    ink = full_ink(X)
    if ink is not None and ink <= scale / FAR_OFF:
        warn(
            f"The brightest pixels of X are about {ink:.3g}, but full ink is {scale:g}: has X been "
            f"divided already? Give pixels of 0 to {scale:g}, or set the `scale` of PixelScaler to "
            "the value of full ink in X (1 for pixels of 0 to 1) before you fit.",
            PixelRangeWarning,
        )


def warn_of_unscaled_rows(X):
    """Warn if rows for a network are so bright that they cannot have been scaled to 0-1."""
    ink = full_ink(X)
    if ink is not None and ink >= FAR_OFF:
        warn(
            f"The brightest pixels of X are about {ink:.3g}; the network expects about 0 to 1. Put "
            "a PixelScaler before it, as make_digit_pipeline() does, or divide X by the value of "
            "full ink, for `fit` and for `predict`.",
            PixelRangeWarning,
        )


def _warn_of_padding(n_features, side):
    nearest = isqrt(n_features) ** 2
    hint = ""
    if n_features - nearest == 1 and nearest > 1:
        hint = f" {nearest} would be square: if the label column is still in X, drop it."
    warn(
        f"X has {n_features} columns, which is not a square; {side * side - n_features} blank "
        f"pixels are added to make it {side}x{side}.{hint} A 28x28 picture has 784 columns; for "
        "other shapes give image_shape=(height, width).",
        ImageShapeWarning,
    )


def as_images(X, image_shape):
    """Rows as float32 images with one channel.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), or images
    image_shape : (int, int)
        Height and width; shorter rows are padded with zeros.

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
    """Rows with the column names that an estimator was fitted with.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    rows : ndarray of shape (n_samples, n_features)
        In the order of the pixels.

    Returns
    -------
    rows : ndarray or DataFrame of shape (n_samples, n_features)
        A frame if the estimator was fitted on one, as it would warn otherwise.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return rows
    import pandas as pd

    return pd.DataFrame(rows, columns=names)


def rows_like(X, images):
    """Turn images back into rows like those they were made from.

    Parameters
    ----------
    X : array-like
        Rows as an estimator takes them.
    images : ndarray of shape (n_images, h, w)
        As from `as_images`, with its padding.

    Returns
    -------
    rows : ndarray or DataFrame of shape (n_images, n_features)
        With the number of columns of `X`, and their names if it has any.
    """
    n_features = int(np.prod(np.shape(X)[1:]))
    rows = images.reshape(len(images), -1)[:, :n_features]
    if hasattr(X, "columns"):
        import pandas as pd

        return pd.DataFrame(rows, columns=X.columns)
    return rows


def hash_rows(X):
    """A fingerprint of each row's picture, by which a model knows the rows it was trained on.

    Two different pictures have the same one by chance once in 4 billion pairs.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Pixels on any scale from 0, ink high.

    Returns
    -------
    hashes : ndarray of shape (n_samples,), uint32
    """
    X = np.asarray(X)
    digests = []
    for start in range(0, len(X), 1024):  # a copy of all of 42,000 rows takes 130 MB
        block = np.clip(X[start : start + 1024].astype(np.float32, order="C"), 0, None)
        share = block / np.maximum(block.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
        # Of a share of whole numbers up to 255, no product with 200.3 is so near to a half that
        # the scale could change what it is rounded to.
        pixels = np.rint(np.float32(200.3) * share).astype(np.uint8)
        digests += [blake2b(row, digest_size=4).digest() for row in pixels]
    return np.frombuffer(b"".join(digests), dtype="<u4")
