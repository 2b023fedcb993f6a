"""Rows to train on and rows to hold out, with identical rows and groups kept together."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from skdigits._estimators.training_rows import fold, group_equal_rows, hold_out


def cut_folds(X, y, used, cv, validation_fraction, seed, splitting):
    """Rows to train on and rows to hold out, for each fold.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    used : ndarray of int
        Rows of a weight above 0.
    cv : int, cross-validation generator, iterable or None
        None makes one fold, with a `validation_fraction` of the rows held out.
    validation_fraction : float
    seed : int
    splitting : dict
        Further arguments of the splitter: "groups", or none.

    Returns
    -------
    folds : list of (ndarray of int, ndarray of int)
    """
    is_own = cv is None or isinstance(cv, Integral)
    if is_own and not splitting:
        return _cut_equal_rows(X, y, used, cv, validation_fraction, seed)
    if is_own:
        n_folds = max(2, round(1 / validation_fraction)) if cv is None else cv
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    else:
        splitter = check_cv(cv, y, classifier=True)
    folds = [
        tuple(np.intersect1d(rows, used) for rows in split)
        for split in splitter.split(X, y, **splitting)
    ]
    return folds[:1] if cv is None else folds


def _cut_equal_rows(X, y, used, cv, validation_fraction, seed):
    """Hold identical rows out together, whatever their order and weights."""
    classes, codes = np.unique(y, return_inverse=True)
    group = group_equal_rows(X, codes, used)
    _, first = np.unique(group, return_index=True)
    codes = codes[used[first]]
    if cv is None:
        held_out = [hold_out(codes, validation_fraction, seed)]
    else:
        held_out = fold(codes, classes, cv, seed)
    return [(used[~chosen[group]], used[chosen[group]]) for chosen in held_out]
