"""`ErrorGalleryDisplay`: the mistakes that a classifier was surest of."""

from math import ceil, sqrt

import numpy as np

from skdigits._confidence import check_answers
from skdigits._images import as_images, find_image_shape, flatten_images
from skdigits.plotting._style import new_axes


class ErrorGalleryDisplay:
    """Wrongly read rows as pictures, each with both labels and the confidence.

    Parameters
    ----------
    X : array-like of shape (n_errors, n_features)
        Pixels, ink high.
    y_true, y_pred : array-like of shape (n_errors,)
        True labels, and those that were read.
    confidence : array-like of shape (n_errors,)
        Probability of the label that was read.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The frame of all pictures.
    axes_ : ndarray of shape (n_errors,) of matplotlib Axes
        The pictures.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdigits.plotting import ErrorGalleryDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = GaussianNB().fit(X[:1000], y[:1000])
    >>> display = ErrorGalleryDisplay.from_estimator(clf, X[1000:], y[1000:], n_images=12)
    >>> len(display.axes_)
    12
    """

    def __init__(self, X, y_true, y_pred, confidence, *, image_shape="auto"):
        self.X = X
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_images=25, image_shape="auto", ax=None):
        """Plot the surest mistakes of a fitted classifier.

        Parameters
        ----------
        estimator : object
            Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
        X : array-like of shape (n_samples, n_features), or images
            Pixels, ink high.
        y : array-like of shape (n_samples,)
            True labels.
        n_images : int, default=25
            How many at most.
        image_shape : "auto" or (int, int), default="auto"
            Height and width of the pictures.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ErrorGalleryDisplay
        """
        return cls.from_predictions(
            X,
            y,
            estimator.predict_proba(X),
            labels=estimator.classes_,
            n_images=n_images,
            image_shape=image_shape,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, X, y_true, y_proba, *, labels=None, n_images=25, image_shape="auto", ax=None
    ):
        """Plot the surest mistakes among probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
            Pixels, ink high.
        y_true : array-like of shape (n_samples,)
            True labels.
        y_proba : array-like of shape (n_samples, n_classes)
            Probabilities.
        labels : array-like of shape (n_classes,), default=None
            Labels of the columns of `y_proba`; None takes the sorted labels of `y_true`.
        n_images : int, default=25
            How many at most.
        image_shape : "auto" or (int, int), default="auto"
            Height and width of the pictures.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ErrorGalleryDisplay
        """
        answers = check_answers(y_true, y_proba, labels)
        worst = answers.surest_errors(n_images)
        return cls(
            np.asarray(flatten_images(X))[worst],
            answers.y_true[worst],
            answers.y_pred[worst],
            answers.confidence[worst],
            image_shape=image_shape,
        ).plot(ax=ax)

    def plot(self, *, ax=None, n_columns=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        n_columns : int, default=None
            Pictures in a line; None makes about a square.

        Returns
        -------
        display : ErrorGalleryDisplay
        """
        X = np.asarray(flatten_images(self.X))
        n_columns = n_columns or max(1, ceil(sqrt(len(X))))
        n_lines = max(1, ceil(len(X) / n_columns))
        self.ax_ = new_axes((1.3 * n_columns, 1.7 * n_lines)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        width, height = 1 / n_columns, 1 / n_lines
        self.axes_ = np.empty(len(X), dtype=object)
        for i in range(len(X)):
            line, column = divmod(i, n_columns)
            # The upper part of each cell is left to the two lines of text.
            place = (column * width, 1 - (line + 1) * height, 0.95 * width, 0.6 * height)
            self.axes_[i] = self.ax_.inset_axes(place)
            self._plot_error(i, X[i : i + 1])
        if not len(X):
            self.ax_.text(0.5, 0.5, "no errors", ha="center", va="center")
        return self

    def _plot_error(self, i, row):
        shape = find_image_shape(row.shape[1], self.image_shape)
        ax = self.axes_[i]
        ax.imshow(as_images(row, shape)[0, ..., 0], cmap="gray_r")
        ax.set(xticks=[], yticks=[])
        ax.set_title(
            f"{self.y_true[i]} read as {self.y_pred[i]}\n{100 * self.confidence[i]:.1f} %",
            fontsize=9,
            pad=3,
        )
