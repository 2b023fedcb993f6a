"""`predict*` of one network or several, and helpers for the predictions of any classifier."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, logsumexp
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

import skdigits._utils.fork  # noqa: F401  watches for forks from now on
from skdigits._estimators.others import without_others
from skdigits._utils.images import flatten_images, warn_of_unscaled_rows
from skdigits._utils.typing import Labels, Rows

_HIGHEST_FLOOR = np.log(1e-3)
NO_FLOOR = float(np.log(np.finfo(np.float64).tiny))


def find_floor(log_proba):
    """What to use as the logarithm of probabilities that are 0.

    A small forest often answers 0, which no temperature could correct. Its replacement lies below
    all other logarithms, so that no nonzero probability ranks behind it.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes), float64

    Returns
    -------
    floor : float
    """
    is_zero = np.isneginf(log_proba)
    if not is_zero.any():
        return NO_FLOOR
    return float(min(_HIGHEST_FLOOR, log_proba[~is_zero].min() - np.log(2)))


def log_proba_of(estimator, X):
    """Logarithms of any classifier's probabilities.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    X : array-like of shape (n_samples, n_features)

    Returns
    -------
    log_proba : ndarray of shape (n_samples, n_classes)
        Columns in the order of `classes_`; minus infinity for a probability of 0.
    """
    with np.errstate(divide="ignore"):
        if hasattr(estimator, "predict_log_proba"):
            return np.asarray(estimator.predict_log_proba(X))
        return np.log(estimator.predict_proba(X))


def round_log_proba(log_proba, dtype):
    """Logarithms of probabilities in another dtype, in which none of the probabilities is 0."""
    return np.maximum(log_proba, np.log(np.finfo(dtype).tiny)).astype(dtype)


class ProbaFromLogMixin:
    """`predict_proba` of a classifier that has `predict_log_proba`."""

    def predict_log_proba(self, X: Rows) -> NDArray[np.floating[Any]]:
        raise NotImplementedError

    def predict_proba(self, X: Rows) -> NDArray[np.floating[Any]]:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures, as in `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; rows sum to 1. Of the dtype of `predict_log_proba`.
        """
        return np.exp(self.predict_log_proba(X))


class NetworksMixin(ProbaFromLogMixin, ClassifierMixin):
    """A classifier that averages the probabilities of its networks and of their views.

    Subclasses have `classes_` and `other_label`, and implement the two methods that raise here.
    """

    def _fitted_networks(self):
        """The fitted networks, as a list of (keywords of `NetworkSpec`, weights)."""
        raise NotImplementedError

    def _prediction_options(self):
        """The keywords `n_views` and `n_threads` of `predict_logits`."""
        raise NotImplementedError

    def score(self, X: Rows, y: Labels, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy on the rows that are digits.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures scaled as in `fit`.
        y : array-like of shape (n_samples,)
            True labels; rows labelled `other_label` are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            Share of right answers, 0 to 1.
        """
        X, y, sample_weight = without_others(X, y, sample_weight, self.other_label)
        return super().score(X, y, sample_weight)

    def predict(self, X: Rows) -> NDArray[Any]:
        """Labels of pictures.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures scaled as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A label for each row.
        """
        best = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_log_proba(self, X: Rows) -> NDArray[np.float32]:
        """Natural logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures scaled as in `fit`.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes), float32
            Columns in the order of `classes_`. The networks compute in float32: on some processors
            the last digits of a row depend on the other rows of the call.
        """
        return _average(self._logits(X))

    def _predict_both(self, X):
        """`predict_log_proba`, and `score_samples` or None, from one run of each network."""
        if not hasattr(self, "score_samples"):
            return self.predict_log_proba(X), None
        check_is_fitted(self)
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        warn_of_unscaled_rows(X)
        options = self._prediction_options()
        members = getattr(self, "estimators_", [self])
        found = [member._logits_and_score(X, **options) for member in members]
        logits = np.concatenate([logits for logits, _ in found])[..., : len(self.classes_)]
        return _average(logits), np.mean([score for _, score in found], axis=0)

    def _logits(self, X):
        """Logits of every network and view, shape (n_networks * (1 + n_views), n, n_classes)."""
        check_is_fitted(self)
        from skdigits._networks import prediction
        from skdigits._networks.spec import NetworkSpec

        # Cast to float32 later, block by block: no copy of all rows is needed.
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        warn_of_unscaled_rows(X)
        members = [(NetworkSpec(**built), weights) for built, weights in self._fitted_networks()]
        logits = prediction.predict_logits(self, members, X, **self._prediction_options())
        return logits[..., : len(self.classes_)]


def _average(logits):
    """Logarithms of the mean probabilities over all networks and views."""
    log_proba = log_softmax(logits.astype(np.float64), axis=2)
    if len(log_proba) > 1:
        log_proba = logsumexp(log_proba, axis=0, keepdims=True) - np.log(len(log_proba))
    return round_log_proba(log_proba[0], np.float32)


def predict_both(estimator, X):
    """Logarithms of any classifier's probabilities, and its `score_samples` or None.

    Classifiers of this package, also at the end of a pipeline, run each network only once.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    X : array-like of shape (n_samples, n_features)

    Returns
    -------
    log_proba : ndarray of shape (n_samples, n_classes)
    score : ndarray of shape (n_samples,) or None
    """
    if hasattr(estimator, "_predict_both"):
        return estimator._predict_both(X)
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        return predict_both(estimator[-1], estimator[:-1].transform(X))
    score = estimator.score_samples(X) if hasattr(estimator, "score_samples") else None
    return log_proba_of(estimator, X), score
