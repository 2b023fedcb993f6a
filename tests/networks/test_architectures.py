"""The named networks, and the batch normalisation that they share."""

import keras
import numpy as np
import pytest

from skdigits._networks.architectures import ARCHITECTURES, build_network
from skdigits._networks.layers import FusedBatchNormalization


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("image_shape", [(28, 28), (8, 8), (1, 1), (24, 31)])
def test_takes_images_of_any_shape(name, image_shape):
    model = build_network(name, image_shape, 7, width=0.25, dropout=None, batch_norm=None)
    assert model(np.zeros((2, *image_shape, 1), np.float32)).shape == (2, 7)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_arguments_change_the_network(name):
    def layers(**arguments):
        model = build_network(
            name, (28, 28), 10, **{"width": 1.0, "dropout": None, "batch_norm": None, **arguments}
        )
        return model.count_params(), [type(layer).__name__ for layer in model.layers]

    n_parameters, _ = layers()
    assert layers(width=2.0)[0] > 2 * n_parameters
    assert "FusedBatchNormalization" in layers(batch_norm=True)[1]
    assert "FusedBatchNormalization" not in layers(batch_norm=False)[1]
    assert "Dropout" in layers(dropout=0.2)[1]


def test_fused_batch_norm_is_batch_norm():
    rng = np.random.default_rng(0)
    images = rng.normal(2, 3, (32, 6, 6, 4)).astype(np.float32)
    ours = FusedBatchNormalization(momentum=0.9)
    keras_own = keras.layers.BatchNormalization(momentum=0.9)
    np.testing.assert_allclose(
        ours(images, training=True), keras_own(images, training=True), atol=1e-4
    )
    # The unbiased variance of 32 * 36 values is a thousandth larger, of which a tenth is taken up.
    for own, other in zip(ours.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(ours(images), keras_own(images), rtol=1e-3, atol=1e-2)
