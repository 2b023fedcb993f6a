"""Which rows a fit trains on and which it holds out, in which order and with which weights."""

from hashlib import blake2b

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils import compute_class_weight

from skdigits._utils.images import as_images, hash_rows
from skdigits._utils.parameters import unwrap


def weigh_classes(class_weight, classes, codes, sample_weight):
    """Multiply the weights of rows by the weights of their classes.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    classes : ndarray of shape (n_classes,)
    codes : ndarray of shape (n_samples,)
        Positions in `classes`; rows with a code beyond the last, which are of no class, keep their
        weights.
    sample_weight : ndarray of shape (n_samples,)

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,)
    """
    if class_weight is None:
        return sample_weight
    known = codes < len(classes)
    per_class = compute_class_weight(
        class_weight, classes=classes, y=classes[codes[known]], sample_weight=sample_weight[known]
    )
    return sample_weight * np.append(per_class, 1.0)[codes]


def group_equal_rows(X, codes, used):
    """Number the groups of identical rows with the same label, in an order that depends on content.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples,), integer codes
    used : ndarray of int
        Indices into X of the rows to group.

    Returns
    -------
    group : ndarray of shape (len(used),), int
        Number of each row's group.
    """
    salt = [str(code).encode()[:16] for code in range(int(codes.max()) + 1)]
    digests = b"".join(
        blake2b(np.ascontiguousarray(X[i]), digest_size=16, salt=salt[codes[i]]).digest()
        for i in used
    )
    high, low = np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2).T
    order = np.lexsort((low, high))
    is_new = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    group = np.empty(len(order), dtype=int)
    group[order] = np.concatenate([[0], np.cumsum(is_new)])
    return group


def canonical_rows(X, codes, sample_weight):
    """Sort rows by content, and merge identical ones into one row with their weights added up.

    Training then sees the same data in whatever order the rows are given, and a row of weight 2 is
    the same as that row given twice. Rows of weight 0 are dropped.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32
    codes : ndarray of shape (n_samples,), integer codes
    sample_weight : ndarray of shape (n_samples,)

    Returns
    -------
    kept : ndarray of int
        Indices into X of the rows kept, in canonical order.
    weight : ndarray of float
        Their weights, scaled to a mean of 1.
    """
    used = np.flatnonzero(sample_weight > 0)
    group = group_equal_rows(X, codes, used)
    _, first = np.unique(group, return_index=True)
    weight = np.bincount(group, weights=sample_weight[used])
    return used[first], weight / weight.mean()


def hold_out(codes, fraction, seed):
    """Mark a stratified share of the rows.

    The only row of a class is never held out; of every other class at least one row is held out
    and at least one is not.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Classes of the rows.
    fraction : float
        Share to hold out; 0 holds out none.
    seed : int

    Returns
    -------
    is_held_out : ndarray of shape (n_samples,), bool

    Raises
    ------
    ValueError
        If no class has a second row.
    """
    is_held_out = np.zeros(len(codes), dtype=bool)
    if not fraction:
        return is_held_out
    rows = np.flatnonzero(np.bincount(codes)[codes] > 1)
    if not len(rows):
        raise ValueError(
            "Every class has only one row (identical ones count once), so none can be held out. "
            "Give more rows of each class."
        )
    n_classes = len(np.unique(codes[rows]))
    n_held_out = int(np.clip(np.ceil(fraction * len(rows)), n_classes, len(rows) - n_classes))
    _, held_out = train_test_split(
        rows, test_size=n_held_out, stratify=codes[rows], random_state=seed
    )
    is_held_out[held_out] = True
    return is_held_out


def prepare_rows(parameters, classes, X, codes, sample_weight, image_shape, seed):
    """What a fit of a classifier trains on and what it holds out, as images.

    Parameters
    ----------
    parameters : dict
        Those of the classifier.
    classes : ndarray of shape (n_classes,)
    X : ndarray of shape (n_samples, n_features), float32
    codes : ndarray of shape (n_samples,), integer codes
    sample_weight : ndarray of shape (n_samples,)
    image_shape : (int, int)
    seed : int

    Returns
    -------
    training, held_out : tuple of (images, codes, sample_weight)
        As of `cut_rows`.
    """
    weight = weigh_classes(parameters["class_weight"], classes, codes, sample_weight)
    parts = cut_rows(X, codes, weight, _fraction_to_hold_out(parameters), seed)
    training, held_out = (part and (as_images(part[0], image_shape), *part[1:]) for part in parts)
    return training, held_out


def cut_rows(X, codes, sample_weight, fraction, seed):
    """What to train on and what to hold out, in canonical order.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32
    codes : ndarray of shape (n_samples,), integer codes
    sample_weight : ndarray of shape (n_samples,)
    fraction : float
        Share to hold out.
    seed : int

    Returns
    -------
    training, held_out : tuple of (X, codes, sample_weight)
        The weights are None if all are equal; `held_out` is None if no row is held out.
    """
    rows, weight = canonical_rows(X, codes, sample_weight)
    is_alike = np.all(weight == 1)
    is_held_out = hold_out(codes[rows], fraction, seed)

    def part(chosen):
        used = rows[chosen]
        return X[used], codes[used], None if is_alike else weight[chosen]

    return part(~is_held_out), part(is_held_out) if is_held_out.any() else None


def _fraction_to_hold_out(parameters):
    """The share of rows to hold out, by the parameters of a classifier."""
    fraction = parameters["validation_fraction"]
    if fraction is None:
        return 0.1 if parameters["early_stopping"] else 0
    if parameters["early_stopping"] and not fraction:
        raise ValueError("early_stopping needs validation rows: set validation_fraction.")
    return fraction


def fold(codes, classes, n_folds, seed):
    """Mark the rows of each of several stratified folds; every row is in exactly one.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Classes of the rows, positions in `classes`.
    classes : ndarray of shape (n_classes,)
    n_folds : int
    seed : int

    Returns
    -------
    folds : list of ndarray of shape (n_samples,), bool

    Raises
    ------
    ValueError
        If a class has fewer rows than there are folds.
    """
    counts = np.bincount(codes)
    if counts.min() < n_folds:
        rarest = classes.tolist()[counts.argmin()]
        raise ValueError(
            f"Class {rarest!r} has {counts.min()} different rows, fewer than cv={n_folds}: give "
            "more rows of it, or a lower cv."
        )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(codes, codes)
    return [np.isin(np.arange(len(codes)), held_out) for _, held_out in folds]


def remember_rows(estimator, X, *, goes_on=False, inside=()):
    """Set `training_rows_`, the sorted hashes of the rows that a fit was given.

    Parameters
    ----------
    estimator : estimator
        That was fitted.
    X : ndarray of shape (n_samples, n_features)
        The rows.
    goes_on : bool, default=False
        Whether to keep the hashes of an earlier fit, from which this one went on.
    inside : iterable of estimators, default=()
        Fitted ones inside it. Those that it trained need not remember the rows, too; what frozen
        ones were trained on is added.
    """
    rows = hash_rows(X)
    if goes_on:
        rows = np.union1d(rows, getattr(estimator, "training_rows_", rows))
    for part in inside:
        for inner in unwrap(part):
            if isinstance(part, FrozenEstimator):
                rows = np.union1d(rows, getattr(inner, "training_rows_", rows))
            else:
                vars(inner).pop("training_rows_", None)
    estimator.training_rows_ = np.unique(rows)
