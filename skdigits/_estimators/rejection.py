"""Labels, and what is given in their place where none is accepted."""

import numpy as np


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
        Of dtype object where numbers and strings meet.
    """
    stand_in = np.asarray(reject_label)
    is_number = stand_in.dtype.kind in "biuf", labels.dtype.kind in "biuf"
    if is_number[0] != is_number[1]:
        labels = labels.astype(object)
    return np.where(is_accepted, labels, stand_in)
