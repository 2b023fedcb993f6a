"""RandomDistortion."""

import keras
import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from skdigits._networks.layers import (
    FULL_STRENGTH,
    RandomDistortion,
    distorted_views,
    resolve_augmentation,
)


@pytest.fixture
def images():
    """64 times the same picture: an upright bar beside a dot."""
    image = np.zeros((28, 28, 1), np.float32)
    image[6:22, 12:15] = 1
    image[8:11, 18:21] = 1
    return np.repeat(image[None], 64, axis=0)


def distort(images, **amounts):
    return keras.ops.convert_to_numpy(RandomDistortion(**amounts)(images, training=True))


def test_off_at_prediction(images):
    layer = RandomDistortion(rotation=30, shift=0.2)
    np.testing.assert_array_equal(layer(images, training=False), images)


def test_no_amount_is_no_change(images):
    np.testing.assert_allclose(distort(images), images, atol=1e-5)


@pytest.mark.parametrize("name", FULL_STRENGTH)
def test_each_part_changes_each_image_its_own_way(images, name):
    out = distort(images, **{name: 0.05 if name == "elastic" else FULL_STRENGTH[name]})
    assert len(np.unique(out.reshape(64, -1), axis=0)) == 64
    assert out.min() >= 0
    assert out.max() <= 1.0001
    np.testing.assert_allclose(out.sum((1, 2, 3)), images.sum((1, 2, 3)), rtol=0.3)


def test_shift_stays_within_its_amount(images):
    moved = [center_of_mass(image) for image in distort(images, shift=0.07)[..., 0]]
    offset = np.abs(np.array(moved) - center_of_mass(images[0, ..., 0]))
    assert offset.max() <= 0.07 * 28 + 1e-3
    assert offset.max() > 1


def test_never_flips(images):
    out = distort(images, **FULL_STRENGTH | {"shift": 0, "elastic": 0.01})
    right, left = out[..., 16:, 0].sum((1, 2)), out[..., :10, 0].sum((1, 2))
    assert (right > left).all(), "the dot stays on its side"


def test_what_is_pushed_out_does_not_come_back(images):
    out = distort(images, shift=3.0)
    assert (out.sum((1, 2, 3)) == 0).any()


def test_same_seed_same_draws(images):
    params = {"rotation": 12, "elastic": 0.03}
    np.testing.assert_array_equal(
        distort(images, **params, seed=4), distort(images, **params, seed=4)
    )
    assert not np.array_equal(distort(images, **params, seed=4), distort(images, **params, seed=5))


def test_views_surround_the_image_evenly(images):
    views = keras.ops.convert_to_numpy(distorted_views(images[:3], 8, shift=1 / 28, rotation=0))
    assert views.shape == (27, 28, 28, 1)
    np.testing.assert_array_equal(views[:3], images[:3])
    np.testing.assert_array_equal(views[3:6], np.roll(images[:3], -1, axis=2))
    centres = np.array([center_of_mass(view[..., 0]) for view in views[::3]])
    offset = centres[1:] - centres[0]
    np.testing.assert_allclose(np.hypot(*offset.T), 1, atol=0.01)
    np.testing.assert_allclose(offset.sum(axis=0), 0, atol=0.01)


def test_resolve():
    assert resolve_augmentation(None) is None
    assert resolve_augmentation(0) is None
    assert resolve_augmentation({}) is None
    assert dict(resolve_augmentation(0.5))["rotation"] == FULL_STRENGTH["rotation"] / 2
    assert dict(resolve_augmentation({"shift": 0.1})) == {
        "elastic": 0,
        "rotation": 0,
        "shear": 0,
        "shift": 0.1,
        "zoom": 0,
    }
