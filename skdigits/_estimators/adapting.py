"""`adapt`: a pipeline learns the hand of a few corrected digits, and forgets nothing else.

The dense layers of the network are trained a little further on the corrections and, so that it
keeps what it knows, on the bundled digits and on what is no digit, of which its own probabilities
are to stay. The mean of the weights before and after, mostly the latter, forgets less than the last
step of the training does (M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.training_rows import remember_rows
from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import Labels, RandomState, Rows
from skdigits.datasets._load import load_bundled_digits
from skdigits.datasets._non_digits import make_non_digits

_COPIES = 8, 20  # of a row whose answer is to stay, and of a correction, each distorted anew
_SHARE = 0.67  # of the new weights in the mean
_HELD_OUT = 0.25  # share of the rows, or of the writers, to measure on
_SURE = 0.99  # probability of another digit from which a correction is taken for a slip
_FEW = 20  # rows, with fewer of which nothing can be held out


class Adapted(NamedTuple):
    """What :func:`adapt` gives.

    Attributes
    ----------
    pipeline : estimator
        A copy that learned from all rows.
    before, after : float or None
        Accuracy on the rows held out, of the pipeline that was given and of one that learned from
        the others; None if there were too few rows.
    n_held_out : int
        Number of these rows.
    n_left_out : int
        Rows that nothing was learned from, as the pipeline is sure of another digit.
    """

    pipeline: Any
    before: float | None
    after: float | None
    n_held_out: int
    n_left_out: int

    def __str__(self) -> str:
        left = f"; {self.n_left_out} rows contradict a sure answer and were left out"
        left = left if self.n_left_out else ""
        if self.before is None:
            return f"too few rows to hold any out and measure{left}"
        return (
            f"of {self.n_held_out} rows held out {self.before:.1%} were right before and "
            f"{self.after:.1%} are after{left}"
        )


def adapt(
    pipeline: Any,
    X: Rows,
    y: Labels,
    *,
    groups: ArrayLike | None = None,
    random_state: RandomState = None,
) -> Adapted:
    """Fine-tune a fitted pipeline on a few corrected digits.

    Parameters
    ----------
    pipeline : Pipeline
        Such as ``load_pretrained(trainable=True)``: fitted on rows (n, 784), its last step a
        :class:`DigitCNNClassifier`, alone or in a :class:`SelectiveClassifier`. It is not changed.
    X : array-like of shape (n_samples, 784)
        Rows, 0 to 255. Ten of each digit are a good start.
    y : array-like of shape (n_samples,)
        What they are, among the pipeline's classes.
    groups : array-like of shape (n_samples,), default=None
        Who wrote each row. Given several writers, those that measure are not learned from.
    random_state : int, RandomState instance or None, default=None
        Draws what is held out, and seeds the training.

    Returns
    -------
    adapted : Adapted
        The new pipeline, and accuracy before and after on rows held out.

    Raises
    ------
    TypeError
        If the last step is another classifier.
    ValueError
        If a label is none of the pipeline's classes, or all rows contradict sure answers.

    Examples
    --------
    >>> from skdigits import adapt, load_pretrained
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> adapted = adapt(load_pretrained(trainable=True), X[:100], y[:100], random_state=0)
    >>> adapted.n_held_out, adapted.n_left_out
    (25, 0)
    """
    classifier = _network_of(pipeline)
    y = np.asarray(y)
    rows = pipeline[:-1].transform(X)
    if len(rows) != len(y) or (groups is not None and len(np.asarray(groups)) != len(y)):
        raise ValueError(f"X, y and groups differ in length: {len(rows)} rows, {len(y)} labels.")
    if unknown := sorted(set(y.tolist()) - set(classifier.classes_.tolist())):
        raise ValueError(
            f"y has the label {unknown[0]!r}, which is none of the pipeline's classes."
        )
    seeds = draw_seeds(random_state, ["split", "fit"])
    shares = pipeline[-1].predict_proba(rows)
    sure = shares.max(axis=1) >= getattr(pipeline[-1], "threshold_", _SURE)
    is_slip = sure & (pipeline.classes_[shares.argmax(axis=1)] != y)
    if is_slip.all():
        raise ValueError(
            "All rows contradict answers of which the pipeline is sure: see the labels."
        )

    def learn(chosen):
        kept = chosen[~is_slip[chosen]]
        return _train_further(pipeline, rows[kept], y[kept], seeds["fit"])

    learned, measured = _split(y, groups, seeds["split"])
    before = after = None
    if len(measured):
        before = float(pipeline[-1].score(rows[measured], y[measured]))
        after = float(learn(learned)[-1].score(rows[measured], y[measured]))
    new = learn(np.arange(len(y)))
    return Adapted(new, before, after, len(measured), int(is_slip.sum()))


def _network_of(pipeline):
    """The network of a pipeline's last step."""
    last = pipeline[-1] if hasattr(pipeline, "steps") else None
    last = getattr(last, "estimator_", last)
    last = last.estimator if isinstance(last, FrozenEstimator) else last
    if not isinstance(last, DigitCNNClassifier):
        raise TypeError(
            f"adapt needs a pipeline that ends in a DigitCNNClassifier, such as "
            f"load_pretrained(trainable=True); got {type(pipeline).__name__}"
            f"{'' if last is None else ' with a ' + type(last).__name__}."
        )
    return last


def _split(y, groups, seed):
    """Positions to learn from and to measure on: other writers where there are several."""
    everything = np.arange(len(y))
    if groups is not None and len(np.unique(groups)) > 1:
        splitter = GroupShuffleSplit(1, test_size=_HELD_OUT, random_state=seed)
        return next(splitter.split(everything, y, groups))
    _, counts = np.unique(y, return_counts=True)
    n_held_out = int(_HELD_OUT * len(y))
    if len(y) < _FEW or counts.min() < 2 or n_held_out < len(counts):
        return everything, everything[:0]
    splitter = StratifiedShuffleSplit(1, test_size=n_held_out, random_state=seed)
    return next(splitter.split(everything, y))


def _train_further(pipeline, rows, y, seed):
    """A copy whose network learned more rows; what it refuses as no digit stays as it was."""
    from skdigits._networks.training import distill

    new = copy.deepcopy(pipeline)
    network = _network_of(new)
    known = load_bundled_digits().data
    if network.other_label is not None:
        others = make_non_digits(len(known) // 4, random_state=seed).data
        known = np.concatenate([known, others])
    weights = distill(
        network.network_,
        network.weights_,
        pipeline[:-1].transform(known),
        rows,
        np.searchsorted(network.classes_, y),
        augmentation=network.augmentation,
        copies=_COPIES,
        seed=seed,
        n_threads=network.n_threads,
    )
    network.weights_ = [
        _SHARE * learned + (1 - _SHARE) * before
        for learned, before in zip(weights, network.weights_, strict=True)
    ]
    remember_rows(new[-1], rows, goes_on=True)
    return new
