"""`RiskCoverageDisplay`: how wrong are the answers that are sure enough?"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdigits._measures.confidence import risk_coverage_area, risk_coverage_curve
from skdigits._utils.typing import Labels, Rows
from skdigits.plotting._style import new_axes, next_style


class RiskCoverageDisplay:
    """Share of errors among the accepted answers, by the share of answers accepted.

    Parameters
    ----------
    coverage, risk : array-like of shape (n_thresholds,)
        As from :func:`skdigits.evaluation.risk_coverage_curve`.
    area : float, default=None
        Area under the curve, for the legend.
    name : str, default=None
        For the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D

    Examples
    --------
    >>> from skdigits.plotting import RiskCoverageDisplay
    >>> y_proba = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]
    >>> display = RiskCoverageDisplay.from_predictions([0, 1, 1, 1], y_proba)
    >>> display.area
    0.0625
    """

    def __init__(
        self,
        coverage: NDArray[Any],
        risk: NDArray[Any],
        *,
        area: float | None = None,
        name: str | None = None,
    ) -> None:
        self.coverage = coverage
        self.risk = risk
        self.area = area
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        y: Labels,
        *,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the risk of a fitted classifier.

        Parameters
        ----------
        estimator : object
            Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
        X : array-like of shape (n_samples, n_features), or images
            What the estimator predicts from.
        y : array-like of shape (n_samples,)
            True labels.
        name : str, default=None
            For the legend; None takes the name of the estimator's class.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        **kwargs
            Of the line, see :class:`matplotlib.lines.Line2D`.

        Returns
        -------
        display : RiskCoverageDisplay
            What was drawn.
        """
        name = name or type(estimator).__name__
        y_proba, labels = estimator.predict_proba(X), estimator.classes_
        return cls.from_predictions(y, y_proba, labels=labels, name=name, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: Labels,
        y_proba: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Plot the risk of probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_proba : array-like of shape (n_samples, n_classes)
            Probabilities.
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
        display : RiskCoverageDisplay
            What was drawn.
        """
        coverage, risk, _ = risk_coverage_curve(y_true, y_proba, labels=labels)
        area = risk_coverage_area(y_true, y_proba, labels=labels)
        return cls(coverage, risk, area=area, name=name).plot(ax=ax, **kwargs)

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
        display : RiskCoverageDisplay
            What was drawn.
        """
        self.ax_ = new_axes((6, 4.5)) if ax is None else ax
        self.figure_ = self.ax_.figure
        coverage, risk = (100 * np.asarray(share) for share in (self.coverage, self.risk))
        style = next_style(self.ax_) | {"marker": None, "label": self._label()} | kwargs
        (self.line_,) = self.ax_.plot(coverage, risk, **style)
        # Marks the end of the curve, which few steps would hide.
        self.ax_.plot(
            coverage[-1:], risk[-1:], "o", color=self.line_.get_color(), clip_on=False, zorder=3
        )
        self.ax_.annotate(
            f"all: {risk[-1]:.2f} %",
            (coverage[-1], risk[-1]),
            xytext=(-8, 0),
            textcoords="offset points",
            ha="right",
            va="center",
        )
        self.ax_.set(
            xlim=(0, 100),
            xlabel="accepted, the most confident first, %",
            ylabel="wrong among the accepted, %",
        )
        self.ax_.autoscale(axis="y")  # includes curves drawn before
        self.ax_.set_ylim(bottom=0)
        if self._label():
            self.ax_.legend(loc="upper left")
        return self

    def _label(self):
        area = None if self.area is None else f"area {self.area:.2g}"
        return ", ".join(part for part in [self.name, area] if part) or None
