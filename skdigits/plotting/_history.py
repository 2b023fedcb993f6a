"""`TrainingHistoryDisplay`: learning curves."""

from typing import Any, Self

import numpy as np

from skdigits._utils.parameters import unwrap
from skdigits.plotting._style import BLUE, ORANGE, pyplot


class TrainingHistoryDisplay:
    """Accuracy and loss of each epoch, on training and validation rows.

    Parameters
    ----------
    history : dict of str to list of float
        As in ``DigitCNNClassifier.history_``.
    best_epoch : int, default=None
        Epoch to mark, counted from 1.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Accuracy and loss.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from skdigits.plotting import TrainingHistoryDisplay
    >>> history = {"accuracy": [0.7, 0.9], "loss": [1.1, 0.4]}
    >>> TrainingHistoryDisplay(history).plot().axes_.shape
    (2,)
    """

    def __init__(self, history: dict[str, list[float]], *, best_epoch: int | None = None) -> None:
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator: Any, *, axes: Any = None) -> Self:
        """Plot the history of a fitted classifier, or of one inside another estimator.

        Parameters
        ----------
        estimator : DigitCNNClassifier, or a pipeline, search or SelectiveClassifier with one
            Fitted. For an ensemble give one of its ``estimators_``.
        axes : array-like of 2 matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If there is no history.
        """
        classifier = _find_network(estimator)
        return cls(classifier.history_, best_epoch=classifier.best_epoch_).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        axes : array-like of 2 matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            What was drawn.
        """
        if axes is None:
            _, axes = pyplot().subplots(1, 2, figsize=(10, 4), layout="constrained")
        self.axes_ = np.asarray(axes, dtype=object).ravel()
        self.figure_ = self.axes_[0].figure
        for ax, measure in zip(self.axes_, ["accuracy", "loss"], strict=True):
            self._plot_measure(ax, measure)
        return self

    def _plot_measure(self, ax, measure):
        values = self.history[measure]
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, "o--", color=BLUE, label="training (augmented)")
        held_out = self.history.get(f"val_{measure}")
        if held_out:
            ax.plot(epochs, held_out, "s-", color=ORANGE, label="validation")
            if self.best_epoch:
                ax.axvline(self.best_epoch, color="0.5", linestyle=":", label="kept epoch")
        ax.set(xlabel="epoch", ylabel=measure)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()


def _find_network(estimator):
    """The classifier with a history inside an estimator."""
    parts = list(unwrap(estimator))
    for part in parts:
        if hasattr(part, "history_"):
            return part
    hint = " Give one of its estimators_." if hasattr(parts[-1], "estimators_") else ""
    raise TypeError(
        f"{type(parts[-1]).__name__} has no history_, expected a fitted DigitCNNClassifier, or a "
        f"pipeline or search with one.{hint}"
    )
