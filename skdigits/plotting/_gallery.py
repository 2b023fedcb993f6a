"""`DigitGalleryDisplay`: rows of pixels as pictures."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils import check_random_state

from skdigits._utils.images import flatten_images
from skdigits._utils.typing import ImageShape, Labels, RandomState, Rows
from skdigits.plotting._grid import picture_grid


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
    ax_ : matplotlib Axes
        The frame of all pictures.
    axes_ : ndarray of shape (n_samples,) of matplotlib Axes
        The pictures.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdigits.plotting import DigitGalleryDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = DigitGalleryDisplay.from_data(X, y, n_images=12, random_state=0)
    >>> len(display.axes_)
    12
    """

    def __init__(
        self, X: Rows, *, titles: Sequence[str] | None = None, image_shape: ImageShape = "auto"
    ) -> None:
        self.X = X
        self.titles = titles
        self.image_shape = image_shape

    @classmethod
    def from_data(
        cls,
        X: Rows,
        y: Labels = None,
        *,
        n_images: int = 25,
        random_state: RandomState = None,
        image_shape: ImageShape = "auto",
        ax: Any = None,
    ) -> Self:
        """Plot a random choice of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Pixels, ink high.
        y : array-like of shape (n_samples,), default=None
            Labels to write above the pictures.
        n_images : int, default=25
            Number of rows.
        random_state : int, RandomState instance or None, default=None
            Draws the rows.
        image_shape : "auto" or (int, int), default="auto"
            Height and width of the pictures.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : DigitGalleryDisplay
            What was drawn.
        """
        X = np.asarray(flatten_images(X))
        rng = check_random_state(random_state)
        chosen = rng.choice(len(X), min(n_images, len(X)), replace=False)
        titles = None if y is None else [str(label) for label in np.asarray(y)[chosen]]
        return cls(X[chosen], titles=titles, image_shape=image_shape).plot(ax=ax)

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
        display : DigitGalleryDisplay
            What was drawn.
        """
        self.ax_, self.axes_ = picture_grid(
            self.X, self.titles, ax=ax, n_columns=n_columns, image_shape=self.image_shape
        )
        self.figure_ = self.ax_.figure
        return self
