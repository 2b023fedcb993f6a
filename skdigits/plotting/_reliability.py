"""`ReliabilityDisplay`: is a classifier right as often as it is sure?"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from skdigits._measures.confidence import bin_confidence, check_predictions
from skdigits._utils.typing import Labels, Rows
from skdigits.plotting._style import new_axes, next_style


class ReliabilityDisplay:
    """Accuracy by confidence, with the number of rows in each bin above.

    For any number of classes: confidence is the highest probability of a row, and a row counts as
    right if the label with that probability is true. (scikit-learn's ``CalibrationDisplay`` is for
    two classes.)

    Parameters
    ----------
    edges : array-like of shape (n_bins + 1,)
        Edges of the bins of confidence.
    count : array-like of shape (n_bins,)
        Rows in each bin.
    accuracy, confidence : array-like of shape (n_bins,)
        Share of right answers and mean confidence in each bin; empty bins are not drawn.
    name : str, default=None
        For the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Accuracy by confidence.
    count_ax_ : matplotlib Axes
        Rows by confidence.
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D

    See Also
    --------
    skdigits.evaluation.expected_calibration_error : The mean distance from the diagonal.

    Examples
    --------
    >>> from skdigits.plotting import ReliabilityDisplay
    >>> y_proba = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]
    >>> display = ReliabilityDisplay.from_predictions([0, 1, 1, 1], y_proba, n_bins=10)
    >>> display.count.tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    """

    def __init__(
        self,
        edges: NDArray[Any],
        count: NDArray[Any],
        accuracy: NDArray[Any],
        confidence: NDArray[Any],
        *,
        name: str | None = None,
    ) -> None:
        self.edges = edges
        self.count = count
        self.accuracy = accuracy
        self.confidence = confidence
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        y: Labels,
        *,
        n_bins: int = 15,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the reliability of a fitted classifier.

        Parameters
        ----------
        estimator : object
            Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
        X : array-like of shape (n_samples, n_features), or images
            What the estimator predicts from.
        y : array-like of shape (n_samples,)
            True labels.
        n_bins : int, default=15
            Number of bins.
        name : str, default=None
            For the legend; None takes the name of the estimator's class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs
            Of the line, see :class:`matplotlib.lines.Line2D`.

        Returns
        -------
        display : ReliabilityDisplay
            What was drawn.
        """
        name = name or type(estimator).__name__
        y_proba, labels = estimator.predict_proba(X), estimator.classes_
        return cls.from_predictions(
            y, y_proba, n_bins=n_bins, labels=labels, name=name, ax=ax, **kwargs
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Labels,
        y_proba: ArrayLike,
        *,
        n_bins: int = 15,
        labels: ArrayLike | None = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the reliability of probabilities.

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
        name : str, default=None
            For the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs
            Of the line, see :class:`matplotlib.lines.Line2D`.

        Returns
        -------
        display : ReliabilityDisplay
            What was drawn.
        """
        bins = bin_confidence(check_predictions(y_true, y_proba, labels), n_bins)
        return cls(*bins, name=name).plot(ax=ax, **kwargs)

    def plot(self, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs
            Of the line, see :class:`matplotlib.lines.Line2D`.

        Returns
        -------
        display : ReliabilityDisplay
            What was drawn.
        """
        self.ax_ = new_axes((5, 5.5)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self._plot_accuracy(next_style(self.ax_) | {"label": self.name} | kwargs)
        self._plot_count()
        return self

    def _plot_accuracy(self, line_kwargs):
        used = np.asarray(self.count) > 0
        count, accuracy = np.asarray(self.count)[used], np.asarray(self.accuracy)[used]
        confidence = np.asarray(self.confidence)[used]
        (self.line_,) = self.ax_.plot(confidence, accuracy, **line_kwargs)
        low, high = _intervals(np.rint(accuracy * count), count)
        self.ax_.vlines(confidence, low, high, color=self.line_.get_color(), linewidth=1)
        if not self.ax_.child_axes:  # the first curve in these axes
            self.ax_.plot([0, 1], [0, 1], ":", color="0.4", label="as right as sure", zorder=0)
        self.ax_.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="confidence", ylabel="accuracy")
        self.ax_.legend()

    def _plot_count(self):
        edges, count = np.asarray(self.edges), np.asarray(self.count)
        if self.ax_.child_axes:
            (self.count_ax_,) = self.ax_.child_axes
            style = {"color": self.line_.get_color(), "linestyle": self.line_.get_linestyle()}
            self.count_ax_.stairs(np.maximum(count, 0.1), edges, **style)
            return
        self.count_ax_ = self.ax_.inset_axes((0, 1.03, 1, 0.2), sharex=self.ax_)
        self.count_ax_.bar(
            edges[:-1], count, np.diff(edges), align="edge", color="0.75", edgecolor="0.3"
        )
        # One bin holds nearly all rows of a good classifier: a linear axis would show no other.
        self.count_ax_.set_yscale("log")
        self.count_ax_.set(ylabel="rows", ylim=(0.6, 3 * max(count.max(), 1)))
        self.count_ax_.tick_params(labelbottom=False)


def _intervals(n_right, count):
    intervals = [
        binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")
        for k, n in zip(n_right, count, strict=True)
    ]
    return [i.low for i in intervals], [i.high for i in intervals]
