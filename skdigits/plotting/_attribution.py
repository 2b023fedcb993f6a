"""`AttributionDisplay`: which pixels decided."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skdigits._measures.attribution import attribution
from skdigits._utils.images import flatten_images
from skdigits._utils.typing import ImageShape, Rows
from skdigits.plotting._grid import picture_grid


class AttributionDisplay:
    """Pictures with what each part contributes for and against the answer.

    Contributions are shown in colour and, for print, with lines: the parts inside a solid line
    speak for the class above the picture, those inside a dashed line against it, with at least half
    the strength of the strongest pixel of that picture. Needs at least one picture.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Pixels, ink high.
    attribution : ndarray of shape (n_samples, height, width)
        As from :func:`skdigits.evaluation.attribution`.
    titles : sequence of str, default=None
        One above each picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The frame of all pictures.
    axes_ : ndarray of shape (n_samples,) of matplotlib Axes
        The pictures.
    colorbar_ : matplotlib Colorbar
    figure_ : matplotlib Figure

    See Also
    --------
    skdigits.evaluation.attribution : The numbers behind it.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdigits.plotting import AttributionDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = GaussianNB().fit(X[:1000], y[:1000])
    >>> display = AttributionDisplay.from_estimator(clf, X[1000:1006])
    >>> display.attribution.shape
    (6, 8, 8)
    """

    def __init__(
        self, X: Rows, attribution: NDArray[Any], *, titles: Sequence[str] | None = None
    ) -> None:
        self.X = X
        self.attribution = attribution
        self.titles = titles

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Rows,
        *,
        labels: ArrayLike | None = None,
        patch: int | None = None,
        stride: int = 1,
        fill: float = 0,
        image_shape: ImageShape = "auto",
        ax: Any = None,
        n_columns: int | None = None,
    ) -> Self:
        """Plot what decided a fitted classifier, by :func:`skdigits.evaluation.attribution`.

        Parameters
        ----------
        estimator : object
            Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
        X : array-like of shape (n_samples, n_features), or images
            A few pictures, as the estimator takes them.
        labels : array-like of shape (n_samples,), default=None
            The class to explain for each picture; None takes the most probable one.
        patch : int, default=None
            Side of the patch in pixels. None takes a seventh of the shorter side, 4 of 28.
        stride : int, default=1
            Pixels from one position of the patch to the next.
        fill : float, default=0
            Value of the pixels in the patch; 0 is paper.
        image_shape : "auto" or (int, int), default="auto"
            Height and width of the pictures.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        n_columns : int, default=None
            Pictures in a line; None makes about a square.

        Returns
        -------
        display : AttributionDisplay
            What was drawn.
        """
        found = attribution(
            estimator,
            X,
            labels=labels,
            patch=patch,
            stride=stride,
            fill=fill,
            image_shape=image_shape,
        )
        proba = np.asarray(estimator.predict_proba(X))
        classes = np.asarray(estimator.classes_)
        labels = classes[proba.argmax(axis=1)] if labels is None else np.asarray(labels)
        titles = [
            f"{label}: {100 * row[classes == label][0]:.1f} %"
            for label, row in zip(labels, proba, strict=True)
        ]
        rows = np.asarray(flatten_images(X))
        return cls(rows, found, titles=titles).plot(ax=ax, n_columns=n_columns)

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
        display : AttributionDisplay
            What was drawn.
        """
        attribution = np.asarray(self.attribution)
        self.ax_, self.axes_ = picture_grid(
            self.X, self.titles, ax=ax, n_columns=n_columns, image_shape=attribution.shape[1:]
        )
        self.figure_ = self.ax_.figure
        if ax is None:  # make room for the colour bar, which does not shrink with the pictures
            width, height = self.figure_.get_size_inches()
            self.figure_.set_size_inches(width + 1.2, max(height, 2.4))
        strongest = np.abs(attribution).max(axis=(1, 2))
        # One scale for all pictures, on which the median one reaches full colour.
        limit = float(np.median(strongest)) or 1
        for picture_ax, values in zip(self.axes_, attribution, strict=True):
            drawn = _draw(picture_ax, values, limit)
        self.colorbar_ = self.figure_.colorbar(
            drawn, ax=self.ax_, shrink=0.8, extend="both", label="log-odds lost when covered"
        )
        return self


def _draw(ax, values, limit):
    """Draw pale ink, the colours over it, and lines around the strongest contributions."""
    ax.images[0].set_alpha(0.35)
    strength = np.minimum(np.abs(values) / limit, 1)
    drawn = ax.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit)
    drawn.set_alpha(0.85 * np.sqrt(strength))
    half = np.abs(values).max() / 2
    for sign, style in [(1, "solid"), (-1, "dashed")]:
        if (sign * values).max() > half > 0:
            # Padded with zeros, so that lines close at the border.
            rim = np.pad(sign * values, 1)
            y, x = (np.arange(side) - 1 for side in rim.shape)
            ax.contour(x, y, rim, levels=[half], colors="k", linestyles=style, linewidths=1)
    height, width = values.shape
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return drawn
