"""Rows that are examples of anything but digits."""

import numpy as np
from sklearn.utils import _safe_indexing


def is_other(y, other_label):
    """Which rows are examples of anything but digits.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    other_label : object
        The label of such rows; None if there are none.

    Returns
    -------
    is_other : ndarray of shape (n_samples,), bool
    """
    if other_label is None:
        return np.zeros(len(y), bool)
    return np.array([label == other_label for label in y.tolist()], bool)


def encode(y, other_label):
    """The classes, and each row's class as a number; non-digits get the number after the last.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    other_label : object

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_samples,), int

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    """
    others = is_other(y, other_label)
    classes, digits = np.unique(y[~others], return_inverse=True)
    if len(classes) < 2:
        only = f"only one class, {classes[0]!r}" if len(classes) else "no class"
        beside = f" beside other_label={other_label!r}" if others.any() else ""
        raise ValueError(f"y has {only}{beside}: a classifier needs at least 2 classes.")
    codes = np.full(len(y), len(classes))
    codes[~others] = digits
    return classes, codes


def encode_known(y, classes, other_label):
    """Each row's class as a number among these; non-digits get the number after the last.

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    others = is_other(y, other_label)
    unseen = np.setdiff1d(y[~others], classes)
    if len(unseen):
        raise ValueError(
            f"y has labels {unseen.tolist()} that are not among the classes {classes.tolist()}; "
            "name all of them in the first partial_fit."
        )
    codes = np.full(len(y), len(classes))
    codes[~others] = np.searchsorted(classes, y[~others])
    return codes


def without_label(classes, other_label):
    """The classes that are digits; None stays None."""
    if classes is None:
        return None
    return np.asarray(classes)[~is_other(np.asarray(classes), other_label)]


def without_others(X, y, sample_weight, other_label):
    """Rows, labels and weights (None stays None) without the rows that are not digits."""
    others = is_other(np.asarray(y), other_label)
    if not others.any():
        return X, y, sample_weight
    kept = np.flatnonzero(~others)
    weight = None if sample_weight is None else np.asarray(sample_weight)[kept]
    return _safe_indexing(X, kept), np.asarray(y)[kept], weight


def other_label_of(estimator):
    """The `other_label` of an estimator, its last step or the one it wraps; None without one."""
    while estimator is not None and not hasattr(estimator, "other_label"):
        steps = getattr(estimator, "steps", None)
        estimator = steps[-1][1] if steps else getattr(estimator, "estimator", None)
    return getattr(estimator, "other_label", None)


def with_other_logit(weights, before, now):
    """Weights for the same network with one more logit, which starts out low for every row.

    Parameters
    ----------
    weights : list of ndarray
        The last two are kernel and bias of the layer that outputs the logits.
    before, now : dict
        What the networks are built from.

    Returns
    -------
    weights : list of ndarray
    network : dict
        Both unchanged if the networks differ in anything else.
    """
    if {**before, "n_classes": before["n_classes"] + 1} != now:
        return weights, before
    *inner, kernel, bias = weights
    silent = bias.min() - np.float32(5)
    kernel = np.pad(kernel, [(0, 0), (0, 1)])
    return [*inner, kernel, np.append(bias, silent).astype(bias.dtype)], now
