"""Plots in scikit-learn's ``...Display`` form, with Matplotlib: ``pip install "skdigits[plot]"``.

Each display keeps what it drew (`ax_` or `axes_`, `figure_`) and works without a screen.
"""

import numpy as np
from sklearn.utils import check_random_state

from skdigits._images import find_image_shape, flatten_images

# Distinguishable in grey print and to colour-blind readers (Okabe and Ito, 2008).
_TRAINING, _VALIDATION = "#0072B2", "#D55E00"


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Plotting needs Matplotlib, which is not installed: pip install "skdigits[plot]"'
        ) from error
    return plt


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
    """

    def __init__(self, history, *, best_epoch=None):
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, axes=None):
        """Plot the history of a fitted classifier, or of a pipeline that ends in one.

        Parameters
        ----------
        estimator : DigitCNNClassifier or Pipeline
            Fitted.
        axes : array-like of 2 matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
        """
        classifier = estimator[-1] if hasattr(estimator, "steps") else estimator
        return cls(classifier.history_, best_epoch=classifier.best_epoch_).plot(axes=axes)

    def plot(self, *, axes=None):
        """Draw.

        Parameters
        ----------
        axes : array-like of 2 matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : TrainingHistoryDisplay
        """
        if axes is None:
            _, axes = _pyplot().subplots(1, 2, figsize=(10, 4), layout="constrained")
        self.axes_ = np.asarray(axes, dtype=object).ravel()
        self.figure_ = self.axes_[0].figure
        for ax, measure in zip(self.axes_, ["accuracy", "loss"], strict=True):
            self._plot_measure(ax, measure)
        return self

    def _plot_measure(self, ax, measure):
        values = self.history[measure]
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, "o--", color=_TRAINING, label="training (augmented)")
        held_out = self.history.get(f"val_{measure}")
        if held_out:
            ax.plot(epochs, held_out, "s-", color=_VALIDATION, label="validation")
            if self.best_epoch:
                ax.axvline(self.best_epoch, color="0.5", linestyle=":", label="kept epoch")
        ax.set(xlabel="epoch", ylabel=measure)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()


class DigitGalleryDisplay:
    """Rows of pixels as pictures, with their labels above.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Pixels, ink high.
    titles : sequence of str, default=None
        One line above each picture.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, X, *, titles=None, image_shape="auto"):
        self.X = X
        self.titles = titles
        self.image_shape = image_shape

    @classmethod
    def from_data(cls, X, y=None, *, n_images=25, random_state=None, image_shape="auto"):
        """Plot a random choice of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Pixels, ink high.
        y : array-like of shape (n_samples,), default=None
            Labels to write above.
        n_images : int, default=25
            How many.
        random_state : int, RandomState instance or None, default=None
            Which.
        image_shape : "auto" or (int, int), default="auto"
            Height and width of the pictures.

        Returns
        -------
        display : DigitGalleryDisplay
        """
        X = np.asarray(flatten_images(X))
        rng = check_random_state(random_state)
        chosen = rng.choice(len(X), min(n_images, len(X)), replace=False)
        titles = None if y is None else [str(label) for label in np.asarray(y)[chosen]]
        return cls(X[chosen], titles=titles, image_shape=image_shape).plot()

    def plot(self, *, n_columns=None):
        """Draw.

        Parameters
        ----------
        n_columns : int, default=None
            Pictures in a line; None makes about a square.

        Returns
        -------
        display : DigitGalleryDisplay
        """
        X = np.asarray(flatten_images(self.X))
        n_columns = n_columns or int(np.ceil(np.sqrt(len(X))))
        n_lines = int(np.ceil(len(X) / n_columns))
        self.figure_, axes = _pyplot().subplots(
            n_lines,
            n_columns,
            figsize=(1.2 * n_columns, 1.4 * n_lines),
            layout="constrained",
            squeeze=False,
        )
        self.axes_ = axes.ravel()
        shape = find_image_shape(X.shape[1], self.image_shape)
        for i, ax in enumerate(self.axes_):
            ax.set_axis_off()
            if i < len(X):
                ax.imshow(X[i].reshape(shape), cmap="gray_r")
                if self.titles is not None:
                    ax.set_title(self.titles[i], fontsize=11)
        return self
