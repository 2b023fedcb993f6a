"""Custom layers: random distortion, and batch normalisation with TensorFlow's fused kernel.

The distortion preserves the label of a digit. Rotation, zoom, shear, shift and elastic waves are
drawn for each image and combined into one displacement of the pixel grid, so that the image is
sampled only once (bilinear). It never flips: a mirrored 2 is not a digit. Elastic distortion
follows Simard, Steinkraus and Platt (2003), with cubic B-splines over a coarse grid in place of
their Gaussian filter. The same sampling makes the fixed views for test-time augmentation. Half of
the images may also get another stroke width, lighting and so on (`condition.py`).

Keras 3 does not use TensorFlow's fused kernel for batch normalisation: it computes mean, variance
and normalised values separately, each in a pass over the whole tensor. The kernel saves about a
sixth of a training step of the compact network.
"""

import keras
import numpy as np
from keras import ops

from skdigits._networks.compute import fused_batch_norm
from skdigits._networks.condition import CONDITIONS, change_condition
from skdigits._utils.images import as_images

# The amounts at strength 1.
FULL_STRENGTH = {
    "rotation": 12.0,  # degrees, each way
    "zoom": 0.10,  # fraction of the size, each way
    "shear": 0.15,  # horizontal shift per vertical pixel, each way
    "shift": 0.07,  # fraction of the side, each way: 2 of 28 pixels
    "elastic": 0.0,  # standard deviation of the waves as a fraction of the side
    **dict.fromkeys(CONDITIONS, 0.0),  # shares of full ink, or of the whole change
}
# How far the fixed views for test-time augmentation differ from the image.
VIEW_SHIFT = 1 / 28  # fraction of the side
VIEW_ROTATION = 5.0  # degrees


def resolve_augmentation(augmentation):
    """Turn the `augmentation` parameter into amounts.

    Parameters
    ----------
    augmentation : None, float or dict
        A strength that scales `FULL_STRENGTH`, or its parts by name (missing ones are 0).

    Returns
    -------
    amounts : tuple of (str, float) or None
        Sorted by name; None if all are 0.

    Raises
    ------
    ValueError
        If a part is unknown or negative.
    """
    if augmentation is None:
        return None
    if isinstance(augmentation, dict):
        unknown = set(augmentation) - set(FULL_STRENGTH)
        if unknown:
            raise ValueError(
                f"augmentation has unknown parts {sorted(unknown)}; "
                f"known are {list(FULL_STRENGTH)}."
            )
        amounts = {name: float(augmentation.get(name, 0)) for name in FULL_STRENGTH}
    else:
        amounts = {name: full * augmentation for name, full in FULL_STRENGTH.items()}
    if min(amounts.values()) < 0:
        raise ValueError(f"augmentation must not be negative, got {augmentation!r}.")
    return tuple(sorted(amounts.items())) if any(amounts.values()) else None


def _spline_basis(n_pixels, n_knots):
    """Uniform cubic B-spline weights of `n_knots` control points, shape (n_pixels, n_knots)."""
    position = np.linspace(0, n_knots - 3, n_pixels)[:, None] - np.arange(-1, n_knots - 1)
    t = np.abs(position)
    near = 2 / 3 - t**2 + t**3 / 2
    far = np.clip(2 - t, 0, None) ** 3 / 6
    return np.where(t < 1, near, far).astype("float32")


def _sample(images, row, column):
    """Sample each image at its own grid points, bilinearly; everything outside is blank.

    Shapes: images (n, height, width, 1), row and column (n, height, width).
    """
    n, (height, width) = ops.shape(images)[0], images.shape[1:3]
    top, left = ops.floor(row), ops.floor(column)
    down, right = row - top, column - left
    # Two blank pixels on all sides: points outside sample blank.
    padded = ops.reshape(ops.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]]), (-1,))
    top = ops.cast(ops.clip(top + 2, 0, height + 2), "int32")
    left = ops.cast(ops.clip(left + 2, 0, width + 2), "int32")
    first = ops.reshape(ops.arange(n, dtype="int32"), (-1, 1, 1)) * ((height + 4) * (width + 4))
    corner = first + top * (width + 4) + left
    upper = ops.take(padded, corner) * (1 - right) + ops.take(padded, corner + 1) * right
    corner = corner + (width + 4)
    lower = ops.take(padded, corner) * (1 - right) + ops.take(padded, corner + 1) * right
    return ops.expand_dims(upper * (1 - down) + lower * down, -1)


def distorted_views(images, n_views, *, shift=VIEW_SHIFT, rotation=VIEW_ROTATION):
    """Each image and `n_views` fixed small distortions of it, shape ((1 + n_views) * n, h, w, 1).

    The shifts lie evenly on a circle and the rotations alternate in sign, so that no direction is
    favoured.

    Parameters
    ----------
    images : tensor of shape (n, height, width, 1)
    n_views : int
    shift : float
        Radius of the circle as a fraction of the side.
    rotation : float
        Degrees.
    """
    if not n_views:
        return images
    _, height, width, _ = images.shape
    rows, columns = np.mgrid[:height, :width].astype("float32")
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    views = [images]
    for k in range(n_views):
        direction = 2 * np.pi * k / n_views
        angle = np.deg2rad(rotation) * (-1) ** k
        row = np.cos(angle) * rows - np.sin(angle) * columns + shift * height * np.sin(direction)
        column = np.sin(angle) * rows + np.cos(angle) * columns + shift * width * np.cos(direction)
        grid = np.stack([row + (height - 1) / 2, column + (width - 1) / 2]).astype("float32")
        row, column = (ops.repeat(axis[None], ops.shape(images)[0], axis=0) for axis in grid)
        views.append(_sample(images, row, column))
    return ops.concatenate(views)


class RandomDistortion(keras.layers.Layer):
    """Distort each image of a batch at random while training; do nothing otherwise.

    Parameters
    ----------
    rotation, zoom, shear, shift, elastic : float
        Amounts, in the units of `FULL_STRENGTH`.
    seed : int
        Seed of the draws.
    **kwargs
        Amounts of `CONDITIONS`, and arguments of :class:`keras.layers.Layer`.
    """

    N_KNOTS = 7

    def __init__(self, *, rotation=0, zoom=0, shear=0, shift=0, elastic=0, seed=0, **kwargs):
        conditions = {name: kwargs.pop(name, 0) for name in CONDITIONS}
        super().__init__(trainable=False, **kwargs)
        self.conditions = {name: amount for name, amount in conditions.items() if amount}
        self.amounts = {
            "rotation": np.deg2rad(rotation),
            "zoom": zoom,
            "shear": shear,
            "shift": shift,
            "elastic": elastic,
        }
        self.generator = keras.random.SeedGenerator(seed)
        # Lowered by `AugmentationFade` in the last epoch.
        self.strength = self.add_weight(name="strength", initializer="ones", trainable=False)

    def build(self, input_shape):
        _, height, width, _ = input_shape
        rows, columns = np.mgrid[:height, :width].astype("float32")
        self.rows = rows - (height - 1) / 2
        self.columns = columns - (width - 1) / 2
        self.row_basis = _spline_basis(height, self.N_KNOTS)
        self.column_basis = _spline_basis(width, self.N_KNOTS)

    def call(self, images, training=False):
        return self.distort(images) if training else images

    def distort(self, images):
        """Sample each image on its own distorted grid; shape (n, height, width, 1) in and out."""
        images = _sample(images, *self._grid(ops.shape(images)[0], *images.shape[1:3]))
        if not self.conditions:
            return images
        amounts = {name: self.strength * amount for name, amount in self.conditions.items()}
        return change_condition(
            images,
            amounts,
            self.generator,
            lambda draw: self._waves(draw(self.N_KNOTS, self.N_KNOTS))[..., None],
        )

    def _waves(self, knots):
        """Smooth waves of shape (n, height, width) through knots (n, N_KNOTS, N_KNOTS)."""
        return ops.matmul(ops.matmul(self.row_basis, knots), ops.transpose(self.column_basis))

    def _grid(self, n, height, width):
        """Where to sample each pixel, as rows and columns of shape (n, height, width)."""
        draws = keras.random.uniform((6, n, 1, 1), -1, 1, dtype="float32", seed=self.generator)
        amount = {name: self.strength * float(value) for name, value in self.amounts.items()}
        angle = draws[0] * amount["rotation"]
        cos, sin = ops.cos(angle), ops.sin(angle)
        zoom_row, zoom_column = 1 + draws[1] * amount["zoom"], 1 + draws[2] * amount["zoom"]
        shear = draws[3] * amount["shear"]
        rows, columns = map(ops.convert_to_tensor, (self.rows, self.columns))
        columns = columns + shear * rows
        row = (cos * rows - sin * columns) * zoom_row + draws[4] * amount["shift"] * height
        column = (sin * rows + cos * columns) * zoom_column + draws[5] * amount["shift"] * width
        if self.amounts["elastic"]:
            knots = keras.random.normal(
                (2, n, self.N_KNOTS, self.N_KNOTS), dtype="float32", seed=self.generator
            )
            waves = self._waves(knots)
            row = row + waves[0] * amount["elastic"] * height
            column = column + waves[1] * amount["elastic"] * width
        return row + (height - 1) / 2, column + (width - 1) / 2


def distort_rows(X, image_shape, *, seed=0, **amounts):
    """Distort each row at random, as in training.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    image_shape : (int, int)
    seed : int, default=0
    **amounts
        Of :class:`RandomDistortion`.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width, 1), float32
    """
    layer = RandomDistortion(seed=seed, **amounts)
    blocks = [
        layer(as_images(X[i : i + 1024], image_shape), training=True)
        for i in range(0, len(X), 1024)
    ]
    return np.concatenate([ops.convert_to_numpy(block) for block in blocks])


@keras.saving.register_keras_serializable("skdigits")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` of images (n, height, width, channels), computed faster.

    Statistics and results equal those of Keras' layer up to rounding, except that the moving
    variance averages the unbiased estimate. At prediction it is Keras' layer.
    """

    def call(self, inputs, training=None, mask=None):
        is_learning = training and self.trainable  # a frozen layer keeps its statistics
        if fused_batch_norm is None or not is_learning or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = fused_batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in [(self.moving_mean, mean), (self.moving_variance, variance)]:
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs


def of_keras_alone(model):
    """The same network without custom layers, so that Keras can load it without this package."""
    if not any(isinstance(layer, FusedBatchNormalization) for layer in model.layers):
        return model

    def rebuild(layer):
        is_ours = isinstance(layer, FusedBatchNormalization)
        kind = keras.layers.BatchNormalization if is_ours else type(layer)
        return kind.from_config(layer.get_config())

    plain = keras.models.clone_model(model, clone_function=rebuild)
    plain.set_weights(model.get_weights())
    return plain
