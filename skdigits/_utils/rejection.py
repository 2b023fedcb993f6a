"""`reject_label`: what takes the place of labels that are not accepted."""

import numpy as np


def check_reject_label(reject_label, classes):
    """Raise if a rejected row could not be told from a class.

    Parameters
    ----------
    reject_label : object
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
    """
    if np.ndim(reject_label):
        raise ValueError(f"reject_label={reject_label!r} must be one number or string.")
    if reject_label in classes.tolist():
        raise ValueError(
            f"reject_label={reject_label!r} is one of the classes {classes.tolist()}: rejected "
            "rows could not be told from it. Take another, such as -1 or '?'."
        )


def reject(labels, is_accepted, reject_label):
    """Labels with `reject_label` in place of those that are not accepted.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
    is_accepted : ndarray of shape (n_samples,), bool
    reject_label : object
        A number or a string.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        Of dtype object if numbers and strings are mixed.
    """
    stand_in = np.asarray(reject_label)
    is_number = stand_in.dtype.kind in "biuf", labels.dtype.kind in "biuf"
    if is_number[0] != is_number[1]:
        labels = labels.astype(object)
    return np.where(is_accepted, labels, stand_in)
