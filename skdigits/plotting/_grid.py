"""Small pictures side by side in one frame."""

from math import ceil, sqrt

import numpy as np

from skdigits._utils.images import as_images, find_image_shape, flatten_images
from skdigits.plotting._style import new_axes


def picture_grid(X, titles, *, ax, n_columns, image_shape):
    """Draw rows as pictures with titles, side by side in one frame.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or images
        Pixels, ink high.
    titles : sequence of str or None
        One above each picture, with one line or two.
    ax : matplotlib Axes or None
        The frame; None makes a new figure.
    n_columns : int or None
        Pictures in a line; None makes about a square.
    image_shape : "auto" or (int, int)
        Height and width of the pictures.

    Returns
    -------
    ax : matplotlib Axes
        The frame.
    axes : ndarray of shape (n_samples,) of matplotlib Axes
        The pictures.
    """
    X = np.asarray(flatten_images(X))
    n_columns = n_columns or max(1, ceil(sqrt(len(X))))
    n_lines = max(1, ceil(len(X) / n_columns))
    titles = [""] * len(X) if titles is None else list(titles)
    n_text = max((title.count("\n") + 1 for title in titles if title), default=0)
    if ax is None:
        ax = new_axes((1.3 * n_columns, (1.3 + 0.2 * n_text) * n_lines))
    ax.set_axis_off()
    axes = np.empty(len(X), dtype=object)
    if not len(X):
        return ax, axes
    images = as_images(X, find_image_shape(X.shape[1], image_shape))[..., 0]
    width, height = 1 / n_columns, 1 / n_lines
    part = 0.95 - 0.175 * n_text  # the rest of each cell is for the text above
    for i, image in enumerate(images):
        line, column = divmod(i, n_columns)
        place = (column * width, 1 - (line + 1) * height, 0.95 * width, part * height)
        axes[i] = ax.inset_axes(place)
        axes[i].imshow(image, cmap="gray_r")
        axes[i].set(xticks=[], yticks=[])
        axes[i].set_title(titles[i], fontsize=9, pad=3)
    return ax, axes
