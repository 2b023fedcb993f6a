"""`ErrorGalleryDisplay`: the most confident errors of a classifier."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdigits._measures.confidence import check_predictions
from skdigits._utils.images import flatten_images
from skdigits._utils.typing import ImageShape, Labels, Rows
from skdigits.plotting._grid import picture_grid


class ErrorGalleryDisplay:
    """Misread rows as pictures, each with both labels and the confidence.

    Parameters
    ----------
    X : array-like of shape (n_errors, n_features)
        Pixels, ink high.
    y_true, y_pred : array-like of shape (n_errors,)
        True and predicted labels.
    confidence : array-like of shape (n_errors,)
        Probability of the predicted label.
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

    def __init__(
        self,
        X: Rows,
        y_true: Labels,
        y_pred: Labels,
        confidence: NDArray[Any],
        *,
        image_shape: ImageShape = "auto",
    ) -> None:
        self.X = X
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        y: Labels,
        *,
        n_images: int = 25,
        image_shape: ImageShape = "auto",
        ax: Any = None,
    ) -> Self:
        """Plot the most confident errors of a fitted classifier.

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
            What was drawn.
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
        cls,
        X: Rows,
        y_true: Labels,
        y_proba: ArrayLike,
        *,
        labels: ArrayLike | None = None,
        n_images: int = 25,
        image_shape: ImageShape = "auto",
        ax: Any = None,
    ) -> Self:
        """Plot the most confident errors among given probabilities.

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
            What was drawn.
        """
        found = check_predictions(y_true, y_proba, labels)
        worst = found.surest_errors(n_images)
        return cls(
            np.asarray(flatten_images(X))[worst],
            found.y_true[worst],
            found.y_pred[worst],
            found.confidence[worst],
            image_shape=image_shape,
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None, n_columns: int | None = None) -> Self:
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
            What was drawn.
        """
        titles = [
            f"{true} read as {pred}\n{100 * confidence:.1f} %"
            for true, pred, confidence in zip(
                self.y_true, self.y_pred, self.confidence, strict=True
            )
        ]
        self.ax_, self.axes_ = picture_grid(
            self.X, titles, ax=ax, n_columns=n_columns, image_shape=self.image_shape
        )
        self.figure_ = self.ax_.figure
        if not titles:
            self.ax_.text(0.5, 0.5, "no errors", ha="center", va="center")
        return self
