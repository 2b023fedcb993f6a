"""How far confidences can be trusted: calibration, and risk against coverage.

The answer for a row is the label with the highest probability, and its confidence is that
probability.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest
from sklearn.metrics import log_loss
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from skdigits._utils.typing import Labels


class Predictions(NamedTuple):
    """Checked labels and probabilities, and what follows from them for each row."""

    codes: np.ndarray  # positions of the true labels in `labels`
    proba: np.ndarray  # float64
    labels: np.ndarray

    @property
    def y_true(self):
        return self.labels[self.codes]

    @property
    def y_pred(self):
        return self.labels[self.proba.argmax(axis=1)]

    @property
    def confidence(self):
        return self.proba.max(axis=1)

    @property
    def is_correct(self):
        return self.proba.argmax(axis=1) == self.codes

    @property
    def log_loss(self):
        # scikit-learn warns if sums differ from 1 by the rounding of float32.
        proba = self.proba / self.proba.sum(axis=1, keepdims=True)
        return float(log_loss(self.codes, proba, labels=np.arange(len(self.labels))))

    def surest_errors(self, n):
        """Positions of the `n` wrong answers with the highest confidence, in falling order."""
        wrong = np.flatnonzero(~self.is_correct)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")][:n]


def check_predictions(y_true, y_proba, labels=None):
    """Check that labels and probabilities fit together.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Probabilities.
    labels : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`; None takes the sorted labels of `y_true`.

    Returns
    -------
    predictions : Predictions

    Raises
    ------
    ValueError
        If columns and labels differ in number, if a true label has no column, or if rows are not
        probabilities.
    """
    y_true = column_or_1d(y_true)
    y_proba = check_array(y_proba, dtype=np.float64, input_name="y_proba")
    check_consistent_length(y_true, y_proba)
    labels = np.unique(y_true) if labels is None else column_or_1d(labels)
    if len(labels) != y_proba.shape[1]:
        raise ValueError(
            f"y_proba has {y_proba.shape[1]} columns for {len(labels)} labels. Give the label of "
            "each column: labels=classifier.classes_."
        )
    total = y_proba.sum(axis=1)
    if y_proba.min() < 0 or not np.allclose(total, 1, atol=1e-3):
        raise ValueError(
            f"y_proba goes down to {y_proba.min():g} and its rows sum to {total.min():g} to "
            f"{total.max():g}; expected probabilities that sum to 1, as predict_proba gives."
        )
    return Predictions(_encode(y_true, labels), y_proba, labels)


def _encode(y_true, labels):
    column_of = {label: i for i, label in enumerate(labels.tolist())}
    unknown = [label for label in np.unique(y_true).tolist() if label not in column_of]
    if unknown:
        raise ValueError(
            f"y_true holds {unknown[:5]}, but the columns of y_proba are for {list(column_of)}. "
            "Drop these rows, or give labels of the type that the classifier was fitted with."
        )
    return np.array([column_of[label] for label in y_true.tolist()])


class Bins(NamedTuple):
    """Equal-width bins of confidence; accuracy and confidence are nan for an empty bin."""

    edges: np.ndarray  # of shape (n_bins + 1,)
    n_rows: np.ndarray
    accuracy: np.ndarray
    confidence: np.ndarray

    @property
    def expected_error(self):
        gap = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(gap * self.n_rows) / self.n_rows.sum())


def accuracy_interval(n_right, n_rows, level=0.95):
    """Wilson's interval for the accuracy on other rows of the same kind: (low, high), 0 to 1."""
    interval = binomtest(n_right, n_rows).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def describe_accuracy(n_right, n_rows, level=0.95):
    """An accuracy and its interval, with as many decimals as the number of rows justifies.

    Parameters
    ----------
    n_right, n_rows : int
    level : float
        Confidence level of the interval.

    Returns
    -------
    text : str
        Such as "95.0 % (91.0 to 97.3) of 200 rows".
    """
    n_digits = min(2, max(0, math.ceil(math.log10(n_rows)) - 2))
    shares = (n_right / n_rows, *accuracy_interval(n_right, n_rows, level))
    accuracy, low, high = (f"{100 * share:.{n_digits}f}" for share in shares)
    return f"{accuracy} % ({low} to {high}) of {n_rows:,} rows"


def bin_confidence(predictions, n_bins):
    """Rows, accuracy and mean confidence in bins of confidence.

    Parameters
    ----------
    predictions : Predictions
    n_bins : int

    Returns
    -------
    bins : Bins
    """
    if n_bins < 1:
        raise ValueError(f"n_bins={n_bins} is too small; 10 to 20 are usual.")
    edges = np.linspace(0, 1, n_bins + 1)
    # Bins are closed on the right, so that a confidence of 1 falls into the last one.
    place = np.searchsorted(edges, predictions.confidence, side="left").clip(1, n_bins) - 1
    count = np.bincount(place, minlength=n_bins)
    n_right = np.bincount(place, weights=predictions.is_correct, minlength=n_bins)
    confidence = np.bincount(place, weights=predictions.confidence, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        return Bins(edges, count, n_right / count, confidence / count)


def expected_calibration_error(
    y_true: Labels, y_proba: ArrayLike, *, n_bins: int = 15, labels: ArrayLike | None = None
) -> float:
    """Mean difference between confidence and accuracy.

    Rows are put into bins of equal width by their highest probability; in each bin the share of
    right answers should equal the mean confidence. The absolute differences are averaged, weighted
    by the number of rows.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Probabilities.
    n_bins : int, default=15
        Number of bins.
    labels : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`; None takes the sorted labels of `y_true`.

    Returns
    -------
    error : float
        From 0 (perfectly calibrated) to 1.

    Raises
    ------
    ValueError
        If `y_proba` does not fit the labels or does not hold probabilities.

    Notes
    -----
    With few rows the error is above 0 even for a perfectly calibrated classifier, because the share
    of right answers in each bin scatters.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017.

    Examples
    --------
    >>> from skdigits.evaluation import expected_calibration_error
    >>> y_proba = [[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]
    >>> round(expected_calibration_error(["a", "b", "b", "b"], y_proba), 3)
    0.3
    """
    return bin_confidence(check_predictions(y_true, y_proba, labels), n_bins).expected_error


def risk_coverage_curve(
    y_true: Labels, y_proba: ArrayLike, *, labels: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Share of wrong answers among the accepted ones, by the share that is accepted.

    A classifier that may abstain accepts answers with a confidence at or above a threshold. Its
    coverage is the share of rows accepted, its risk the share of errors among them.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Probabilities.
    labels : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`; None takes the sorted labels of `y_true`.

    Returns
    -------
    coverage : ndarray of shape (n_thresholds,)
        Rising, up to 1.
    risk : ndarray of shape (n_thresholds,)
        The last value is the error on all rows.
    thresholds : ndarray of shape (n_thresholds,)
        The distinct confidences, falling. Rows of equal confidence are accepted together.

    Raises
    ------
    ValueError
        If `y_proba` does not fit the labels or does not hold probabilities.

    References
    ----------
    Y. Geifman and R. El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.

    Examples
    --------
    >>> from skdigits.evaluation import risk_coverage_curve
    >>> y_proba = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]
    >>> coverage, risk, thresholds = risk_coverage_curve([0, 1, 1, 1], y_proba)
    >>> coverage.tolist(), risk.tolist()
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.0, 0.25])
    """
    n_accepted, n_wrong, thresholds = _accept(check_predictions(y_true, y_proba, labels))
    return n_accepted / n_accepted[-1], n_wrong / n_accepted, thresholds


def risk_coverage_area(
    y_true: Labels, y_proba: ArrayLike, *, labels: ArrayLike | None = None
) -> float:
    """Area under the risk-coverage curve: the mean risk over all coverages.

    It is low if there are few errors and they have the lowest confidences.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Probabilities.
    labels : array-like of shape (n_classes,), default=None
        Labels of the columns of `y_proba`; None takes the sorted labels of `y_true`.

    Returns
    -------
    area : float
        From 0 to 1. Errors are spread evenly over rows of equal confidence, so that the order of
        the rows does not matter.

    Raises
    ------
    ValueError
        If `y_proba` does not fit the labels or does not hold probabilities.

    References
    ----------
    Y. Geifman, G. Uziel and R. El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural
    Classifiers", ICLR 2019.

    Examples
    --------
    >>> from skdigits.evaluation import risk_coverage_area
    >>> risk_coverage_area([0, 1, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    0.0625
    """
    n_accepted, n_wrong, _ = _accept(check_predictions(y_true, y_proba, labels))
    each = np.arange(1, n_accepted[-1] + 1)
    errors = np.interp(each, np.append(0, n_accepted), np.append(0, n_wrong))
    return float(np.mean(errors / each))


def _accept(predictions):
    """Rows accepted, and errors among them, at each distinct confidence in falling order."""
    order = np.argsort(-predictions.confidence, kind="stable")
    confidence = predictions.confidence[order]
    last = np.append(np.flatnonzero(np.diff(confidence)), len(order) - 1)
    return last + 1, np.cumsum(~predictions.is_correct[order])[last], confidence[last]
