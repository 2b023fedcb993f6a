"""Pictures in arrays of any library, and the shapes they are said to have."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils._param_validation import InvalidParameterError

from skdigits import DigitCNNClassifier, PixelScaler, load_pretrained
from skdigits.datasets import load_bundled_digits


@pytest.fixture(scope="module")
def pictures():
    return load_bundled_digits().images[:6]


class OfAnotherLibrary:
    """All that an array must have to be read by NumPy."""

    def __init__(self, values):
        self.values, self.shape = values, values.shape

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def __len__(self):
        return len(self.values)


@pytest.mark.parametrize(
    "convert",
    [
        tf.constant,
        lambda X: tf.constant(X[..., None]),
        lambda X: tf.constant(X.reshape(len(X), -1)),
        tf.Variable,
        keras.Variable,
        jnp.asarray,
        OfAnotherLibrary,
        list,
        tuple,
        lambda X: X.tolist(),
        lambda X: [tf.constant(picture) for picture in X],
        lambda X: X[:, None],  # channels first, as PyTorch has them
        lambda X: tf.constant(X[:, None]),
    ],
)
def test_pictures_of_any_library(convert, pictures):
    rows = pictures.reshape(len(pictures), -1)
    scaler, given = PixelScaler().fit(rows), convert(pictures)
    np.testing.assert_array_equal(scaler.transform(given), scaler.transform(rows))
    pipeline = load_pretrained()
    np.testing.assert_array_equal(pipeline.predict(given), pipeline.predict(rows))


def quick(image_shape):
    return DigitCNNClassifier(epochs=1, augmentation=None, image_shape=image_shape)


@pytest.mark.slow
@pytest.mark.parametrize("image_shape", [(8, 8, 1), [8, 8], (np.int64(4), 16), (16, 4, np.int8(1))])
def test_shapes_that_are_meant(image_shape, small_digits):
    clf = quick(image_shape).fit(*small_digits)
    assert clf.image_shape_ == tuple(image_shape)[:2]
    assert all(type(n) is int for n in clf.image_shape_)


@pytest.mark.slow
def test_the_shape_that_keras_has_of_mnist(rows):
    X, y = rows
    assert quick((28, 28, 1)).fit(X[:50] / 255, y[:50]).image_shape_ == (28, 28)


@pytest.mark.parametrize(
    "image_shape", [(8, 8, 3), (64,), (1, 8, 8), (8.0, 8.0), (-8, -8), (0, 64), ("8", "8"), ()]
)
def test_shapes_that_are_none(image_shape, small_digits):
    with pytest.raises(ValueError, match=r"must be \(height, width\) in whole pixels"):
        quick(image_shape).fit(*small_digits)


@pytest.mark.parametrize("image_shape", [28, "square", None])
def test_what_is_no_shape_at_all(image_shape, small_digits):
    with pytest.raises(InvalidParameterError, match="'image_shape'"):
        quick(image_shape).fit(*small_digits)
