"""`DigitGalleryDisplay`: rows of pixels as pictures."""

import numpy as np
from sklearn.utils import check_random_state

from skdigits._images import as_images, find_image_shape, flatten_images
from skdigits.plotting._style import pyplot


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
        self.figure_, axes = pyplot().subplots(
            n_lines,
            n_columns,
            figsize=(1.2 * n_columns, 1.4 * n_lines),
            layout="constrained",
            squeeze=False,
        )
        self.axes_ = axes.ravel()
        shape = find_image_shape(X.shape[1], self.image_shape)
        for ax in self.axes_:
            ax.set_axis_off()
        for i, (ax, image) in enumerate(zip(self.axes_, as_images(X, shape), strict=False)):
            ax.imshow(image[..., 0], cmap="gray_r")
            if self.titles is not None:
                ax.set_title(self.titles[i], fontsize=11)
        return self
