"""`report`: what a fitted classifier gets right and wrong, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from skdigits._measures.confidence import (
    accuracy_interval,
    check_predictions,
    describe_accuracy,
    expected_calibration_error,
    risk_coverage_area,
    risk_coverage_curve,
)
from skdigits._measures.seen import rows_seen
from skdigits._utils.images import flatten_images
from skdigits._utils.typing import ImageShape, Labels, Rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_COVERAGES = (0.9, 0.95, 0.99, 1)


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """The result of :func:`report`. ``str()`` gives it as text.

    Attributes
    ----------
    n_samples : int
        Rows evaluated.
    labels : ndarray of shape (n_classes,)
        The classes, in the order of the tables.
    accuracy : float
        Share of right answers.
    accuracy_interval : (float, float)
        Wilson's interval of the accuracy, for other rows of the same kind. It does not include how
        much another training run would differ: see :func:`repeat_over_seeds`.
    confidence_level : float
        Confidence level of that interval.
    precision, recall, f1, support : ndarray of shape (n_classes,)
        Per class.
    confusion_matrix : ndarray of shape (n_classes, n_classes)
        Lines are true labels, columns predicted labels.
    log_loss : float
        Mean negative logarithm of the probability of the true label.
    calibration_error : float
        See :func:`expected_calibration_error`.
    risk_coverage : tuple of ndarray
        Coverage, risk and thresholds, see :func:`risk_coverage_curve`.
    risk_coverage_area : float
        See :func:`risk_coverage_area`.
    n_errors : int
        Wrong answers.
    n_seen : int or None
        Rows that the estimator was trained on, by its `training_rows_`; None if it does not know.
    unseen_accuracy : float or None
        Accuracy on the others; None if there are none, or if `n_seen` is None.
    error_indices : ndarray of int
        Positions in X of the most confident errors, the surest first.
    error_true, error_pred : ndarray
        Their true and predicted labels.
    error_confidence : ndarray of float
        Their confidences.
    error_rows : ndarray of shape (n_shown, n_features)
        Their pixels.
    y_true : ndarray of shape (n_samples,)
        The true labels.
    y_proba : ndarray of shape (n_samples, n_classes)
        The probabilities.
    n_bins : int
        Number of bins of the calibration error.
    image_shape : "auto" or (int, int)
        Height and width of the pictures, for :meth:`plot`.
    """

    n_samples: int
    labels: np.ndarray
    accuracy: float
    accuracy_interval: tuple[float, float]
    confidence_level: float
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    confusion_matrix: np.ndarray
    log_loss: float
    calibration_error: float
    risk_coverage: tuple[np.ndarray, np.ndarray, np.ndarray]
    risk_coverage_area: float
    n_errors: int
    n_seen: int | None
    unseen_accuracy: float | None
    error_indices: np.ndarray
    error_true: np.ndarray
    error_pred: np.ndarray
    error_confidence: np.ndarray
    error_rows: np.ndarray
    y_true: np.ndarray
    y_proba: np.ndarray
    n_bins: int
    image_shape: str | tuple[int, int]

    def __repr__(self):
        return (
            f"<EvaluationReport: {self.n_samples:,} rows, accuracy {100 * self.accuracy:.2f} %, "
            f"log loss {self.log_loss:.4f}>"
        )

    def __str__(self):
        return "\n\n".join([self._overall(), self._classes(), self._risks(), self._errors()])

    def to_frame(self) -> pd.DataFrame:
        """The measures of each class.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_classes, 4)
            Columns "precision", "recall", "f1" and "support"; the index holds the labels.
        """
        import pandas as pd

        columns = {name: getattr(self, name) for name in ["precision", "recall", "f1", "support"]}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def errors_to_frame(self) -> pd.DataFrame:
        """The most confident errors.

        Returns
        -------
        frame : pandas.DataFrame
            Columns "true", "predicted" and "confidence"; the index holds positions in X.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "true": self.error_true,
                "predicted": self.error_pred,
                "confidence": self.error_confidence,
            },
            index=pd.Index(self.error_indices, name="row"),
        )

    def plot(self) -> Figure:
        """Draw the confusion matrix, reliability, risk against coverage, and the surest errors.

        Returns
        -------
        figure : matplotlib Figure
            To show, or to save with ``savefig``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        from skdigits.plotting._overview import plot_report

        return plot_report(self)

    def _overall(self):
        n_right = self.n_samples - self.n_errors
        accuracy = describe_accuracy(n_right, self.n_samples, self.confidence_level)
        return "\n".join(
            [
                f"{self.n_samples:,} rows, {self.n_errors:,} wrong",
                *self._seen(),
                f"accuracy           {accuracy}; {100 * self.confidence_level:g} % interval",
                f"log loss           {self.log_loss:.4f}",
                f"calibration error  {100 * self.calibration_error:.2f} %  ({self.n_bins} bins)",
                f"risk-coverage area {self.risk_coverage_area:.6f}",
            ]
        )

    def _seen(self):
        if not self.n_seen:
            return []
        n_rest = self.n_samples - self.n_seen
        if not n_rest:
            return ["the model was trained on all of these rows: its accuracy on them says little"]
        rest = describe_accuracy(
            round(self.unseen_accuracy * n_rest), n_rest, self.confidence_level
        )
        return [
            f"the model was trained on {self.n_seen:,} of these rows",
            f"on the others      {rest}",
        ]

    def _classes(self):
        width = max(5, *(len(str(label)) for label in self.labels))
        lines = [f"{'label':>{width}}  precision  recall      f1  support"]
        for label, *shares, support in zip(
            self.labels, self.precision, self.recall, self.f1, self.support, strict=True
        ):
            p, r, f = (100 * share for share in shares)
            lines.append(f"{label!s:>{width}}  {p:9.2f}  {r:6.2f}  {f:6.2f}  {support:7,}")
        return "\n".join(lines)

    def _risks(self):
        coverage, risk, thresholds = self.risk_coverage
        lines = ["accepted  wrong among them  confidence at least"]
        for wanted in _COVERAGES:
            i = min(np.searchsorted(coverage, wanted), len(coverage) - 1)
            lines.append(
                f"{100 * coverage[i]:7.1f}%  {100 * risk[i]:15.3f}%  {thresholds[i]:19.4f}"
            )
        return "\n".join(lines)

    def _errors(self):
        if not self.n_errors:
            return "no errors"
        lines = ["the most confident errors", "     row  true  read as  confidence"]
        for i in range(min(10, len(self.error_indices))):
            lines.append(
                f"{self.error_indices[i]:8}  {self.error_true[i]!s:>4}  "
                f"{self.error_pred[i]!s:>7}  {self.error_confidence[i]:10.4f}"
            )
        return "\n".join(lines)


def report(
    estimator: Any,
    X: Rows,
    y: Labels,
    *,
    n_errors: int = 25,
    n_bins: int = 15,
    confidence_level: float = 0.95,
    image_shape: ImageShape = "auto",
) -> EvaluationReport:
    """Evaluate a fitted classifier on rows that it has not seen.

    Parameters
    ----------
    estimator : object
        Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
        What the estimator predicts from; for a digit pipeline, pixels of 0-255, ink high.
    y : array-like of shape (n_samples,)
        True labels.
    n_errors : int, default=25
        How many of the most confident errors to keep with their pixels.
    n_bins : int, default=15
        Number of bins of the calibration error.
    confidence_level : float, default=0.95
        Confidence level of the interval of the accuracy.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures, for the plot. "auto" assumes square ones.

    Returns
    -------
    report : EvaluationReport
        Print it, or take its ``to_frame()`` or ``plot()``.

    Raises
    ------
    ValueError
        If y holds a label that the estimator does not know.

    Notes
    -----
    The answer for a row is the class with the highest probability; `predict_proba` is called once
    and `predict` not at all.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skdigits.evaluation import report
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = KNeighborsClassifier().fit(X[:1000], y[:1000])
    >>> report(clf, X[1000:], y[1000:])
    <EvaluationReport: 797 rows, accuracy ... %, log loss ...>
    """
    found = check_predictions(y, estimator.predict_proba(X), estimator.classes_)
    y_true, y_pred, confidence = found.y_true, found.y_pred, found.confidence
    y_proba, labels = found.proba, found.labels
    n_right = int(found.is_correct.sum())
    per_class = precision_recall_fscore_support(y_true, y_pred, labels=labels, zero_division=0)
    shown = found.surest_errors(n_errors)
    seen = rows_seen(estimator, X)
    unseen = found.is_correct[:0] if seen is None else found.is_correct[~seen]
    return EvaluationReport(
        n_samples=len(y_true),
        labels=labels,
        accuracy=n_right / len(y_true),
        accuracy_interval=accuracy_interval(n_right, len(y_true), confidence_level),
        confidence_level=confidence_level,
        **dict(zip(["precision", "recall", "f1", "support"], per_class, strict=True)),
        confusion_matrix=confusion_matrix(y_true, y_pred, labels=labels),
        log_loss=found.log_loss,
        calibration_error=expected_calibration_error(y_true, y_proba, n_bins=n_bins, labels=labels),
        risk_coverage=risk_coverage_curve(y_true, y_proba, labels=labels),
        risk_coverage_area=risk_coverage_area(y_true, y_proba, labels=labels),
        n_errors=len(y_true) - n_right,
        n_seen=None if seen is None else int(seen.sum()),
        unseen_accuracy=float(unseen.mean()) if len(unseen) else None,
        error_indices=shown,
        error_true=y_true[shown],
        error_pred=y_pred[shown],
        error_confidence=confidence[shown],
        error_rows=np.asarray(flatten_images(X))[shown],
        y_true=y_true,
        y_proba=y_proba,
        n_bins=n_bins,
        image_shape=image_shape,
    )
