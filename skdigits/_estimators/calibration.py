"""Calibrate a classifier, and choose when it may answer, on rows that it was not trained on."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from skdigits._utils.warn import warn
from skdigits.exceptions import SelectionWarning

_SPREAD = 0.7  # standard deviation of a temperature's logarithm: two thirds are within 0.5 to 2


def confidence_of(log_proba):
    """The highest probability of each row."""
    return np.exp(log_proba.max(axis=1))  # of float64, which resolves confidences close to 1


def check_known(y, classes):
    """Raise if held-out rows have labels that the estimator was not trained on."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"The held-out rows have labels {unknown.tolist()} that the estimator was not trained "
            f"on; it knows {classes.tolist()}. Give more rows of each class."
        )


def at_temperature(log_proba, temperature):
    """Logarithms of probabilities, divided by a temperature and normalised again."""
    return log_softmax(log_proba.astype(np.float64) / temperature, axis=1)


class Calibration(NamedTuple):
    """What is learned from held-out rows; see the attributes of `SelectiveClassifier`."""

    temperature: float
    threshold: float
    validation_score: float
    coverage: float


def calibrate(log_proba, codes, weight, *, with_temperature, target_error):
    """Temperature and threshold from held-out rows, and accuracy and coverage on these rows.

    Parameters
    ----------
    log_proba : ndarray of shape (n_samples, n_classes)
    codes : ndarray of shape (n_samples,)
        True classes.
    weight : ndarray of shape (n_samples,)
    with_temperature : bool
        Whether to fit the temperature; otherwise it is 1.
    target_error : float or None
        None accepts every row.

    Returns
    -------
    calibration : Calibration
    """
    temperature = find_temperature(log_proba, codes, weight) if with_temperature else 1.0
    log_proba = at_temperature(log_proba, temperature)
    confidence, is_wrong = confidence_of(log_proba), log_proba.argmax(axis=1) != codes
    threshold = 0.0
    if target_error is not None:
        threshold = find_threshold(confidence, is_wrong, weight, target_error)
    validation_score = float(np.average(~is_wrong, weights=weight))
    coverage = float(np.average(confidence >= threshold, weights=weight))
    return Calibration(temperature, threshold, validation_score, coverage)


def find_temperature(log_proba, codes, weight):
    """The most probable temperature, given the rows.

    Thousands of rows decide alone: it is that of the lowest log loss. A hundred of which none is
    wrong would have the lowest at 0, and every answer certain; a normal distribution of the
    logarithm, as wide as `_SPREAD` around 0, keeps it from there.
    """
    chosen, n_rows = (np.arange(len(codes)), codes), weight.sum()  # a weight of 2 is two rows

    def loss(log_temperature):
        scaled = at_temperature(log_proba, np.exp(log_temperature))
        unlikely = (log_temperature / _SPREAD) ** 2 / 2
        return unlikely / n_rows - np.average(scaled[chosen], weights=weight)

    return float(np.exp(minimize_scalar(loss, bounds=np.log([0.05, 20]), method="bounded").x))


def find_threshold(confidence, is_wrong, weight, target_error):
    """The lowest confidence that keeps the error within the target, on enough rows to show it."""
    order = np.argsort(-confidence, kind="stable")
    confidence = confidence[order]
    n_accepted, n_wrong = np.cumsum(weight[order]), np.cumsum((weight * is_wrong)[order])
    is_last = np.append(np.diff(confidence) < 0, True)  # accept rows of equal confidence together
    is_shown = np.arange(1, len(order) + 1) >= 1 / target_error
    fits = np.flatnonzero(is_last & is_shown & (n_wrong <= target_error * n_accepted))
    if len(fits):
        return float(confidence[fits[-1]])
    warn(
        f"target_error={target_error:g} cannot be shown with {len(confidence)} held-out rows and "
        f"the errors among them: no answer will be accepted. Give more rows (at least "
        f"{int(np.ceil(1 / target_error))} held out), or a larger target_error.",
        SelectionWarning,
    )
    return np.inf
