"""`attribution`: which pixels decided, found by covering them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdigits._estimators.predicting import find_floor, log_proba_of
from skdigits._utils.images import as_images, find_image_shape, flatten_images, rows_like
from skdigits._utils.typing import ImageShape, Rows


def attribution(
    estimator: Any,
    X: Rows,
    *,
    labels: ArrayLike | None = None,
    patch: int | None = None,
    stride: int = 1,
    fill: float = 0,
    image_shape: ImageShape = "auto",
) -> NDArray[np.float64]:
    """Find which pixels decided, by covering each part of a picture in turn.

    A square patch slides over the picture, and what the answer loses is attributed to the pixels
    under the patch. This needs only probabilities, so it works for networks, ensembles and any
    other classifier.

    Parameters
    ----------
    estimator : object
        Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
        Pictures, as the estimator takes them. Each takes one prediction per position of the patch,
        576 to 625 for a 28x28 picture.
    labels : array-like of shape (n_samples,), default=None
        The class to explain for each picture; None takes the most probable one.
    patch : int, default=None
        Side of the patch in pixels. None takes a seventh of the shorter side, 4 of 28.
    stride : int, default=1
        Pixels from one position of the patch to the next.
    fill : float, default=0
        Value of the pixels in the patch; 0 is paper.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures. "auto" assumes square ones.

    Returns
    -------
    attribution : ndarray of shape (n_samples, height, width)
        How much the log-odds of the class, in natural units, fall when the pixel is covered: the
        mean over all patches that cover it. Values above 0 speak for the class, below 0 against it.

    Raises
    ------
    TypeError
        If the estimator has no ``predict_proba``.
    ValueError
        If the patch does not fit, or a label is unknown.

    See Also
    --------
    skdigits.plotting.AttributionDisplay : Plots it.

    References
    ----------
    M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.

    Examples
    --------
    With one pixel covered at a time, a linear model yields its weights times the pixels.

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdigits.evaluation import attribution
    >>> X = np.eye(4)[[0, 0, 3, 3]]
    >>> clf = LogisticRegression().fit(X, ["top", "top", "bottom", "bottom"])
    >>> found = attribution(clf, X[:1], patch=1)
    >>> bool(np.isclose(found[0, 0, 0], clf.coef_[0, 0])), int(np.count_nonzero(found))
    (True, 1)
    """
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{type(estimator).__name__} has no predict_proba, which attribution needs. Wrap it in "
            "sklearn.calibration.CalibratedClassifierCV."
        )
    rows = np.asarray(flatten_images(X))
    images = as_images(rows, find_image_shape(rows.shape[1], image_shape))[..., 0]
    patch = _check_patch(patch, stride, images.shape[1:])
    log_proba = log_proba_of(estimator, X)
    if labels is None:
        codes = log_proba.argmax(axis=1)
    else:
        codes = _find_columns(labels, estimator.classes_, len(images))
    found = np.empty(images.shape)
    for i, (image, code) in enumerate(zip(images, codes, strict=True)):
        corners, covered = _cover(image, patch, stride, fill)
        lost = np.zeros(len(corners))
        matters = (covered != image).any(axis=(1, 2))
        if matters.any():
            after = log_proba_of(estimator, rows_like(X, covered[matters]))
            both = np.concatenate([log_proba[i : i + 1], after])
            odds = _log_odds(np.maximum(both, find_floor(both)), code)
            lost[matters] = odds[0] - odds[1:]
        found[i] = _share(lost, corners, patch, image.shape)
    return found


def _check_patch(patch, stride, shape):
    if patch is None:
        patch = max(1, min(shape) // 7)
    if not 1 <= patch <= min(shape) or stride < 1:
        raise ValueError(
            f"patch={patch} and stride={stride} do not suit pictures of {shape[0]}x{shape[1]}. "
            f"Give a patch of 1 to {min(shape)} pixels and a stride of 1 to the patch."
        )
    if stride > patch:
        raise ValueError(
            f"stride={stride} leaves pixels between patches of {patch} that are never covered. "
            f"Give a stride of 1 to {patch}."
        )
    return patch


def _find_columns(labels, classes, n_images):
    labels = np.asarray(labels)
    unknown = np.setdiff1d(labels, classes)
    if labels.shape != (n_images,) or len(unknown):
        raise ValueError(
            f"labels has shape {labels.shape} and {len(unknown)} unknown labels; expected one "
            f"of {np.asarray(classes).tolist()} for each of the {n_images} pictures."
        )
    return np.array([np.flatnonzero(classes == label)[0] for label in labels])


def _cover(image, patch, stride, fill):
    """The upper left corners of all patches, and the image covered by each."""
    ends = [side - patch for side in image.shape]
    # The last patch ends at the border, whatever the stride.
    tops, lefts = ([*range(0, end, stride), end] for end in ends)
    corners = [(top, left) for top in tops for left in lefts]
    covered = np.repeat(image[None], len(corners), axis=0)
    for picture, (top, left) in zip(covered, corners, strict=True):
        picture[top : top + patch, left : left + patch] = fill
    return corners, covered


def _log_odds(log_proba, code):
    """Log-odds of the class against all others, exact even for probabilities close to 1."""
    others = np.delete(log_proba, code, axis=1)
    return log_proba[:, code] - np.logaddexp.reduce(others, axis=1)


def _share(lost, corners, patch, shape):
    """For each pixel the mean loss of the patches that cover it."""
    total, count = np.zeros(shape), np.zeros(shape)
    for loss, (top, left) in zip(lost, corners, strict=True):
        place = slice(top, top + patch), slice(left, left + patch)
        total[place] += loss
        count[place] += 1
    return total / count
