"""RandomDistortion."""

import keras
import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from skdigits._networks.condition import CONDITIONS
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


@pytest.mark.parametrize("name", sorted(set(FULL_STRENGTH) - set(CONDITIONS)))
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
    assert dict(resolve_augmentation({"shift": 0.1})) == dict.fromkeys(FULL_STRENGTH, 0) | {
        "shift": 0.1
    }
    assert not any(dict(resolve_augmentation(1.0))[name] for name in CONDITIONS)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_changes_half_of_the_images_at_most(images, name):
    out = distort(images, **{name: 0.8})
    np.testing.assert_allclose(out[:32], images[:32], atol=1e-5)
    changed = np.abs(out[32:] - images[32:]).max(axis=(1, 2, 3))
    assert 8 <= (changed > 0.02).sum() <= 32
    assert out.min() >= 0
    assert out.max() <= 1
    assert len(np.unique(out[32:].reshape(32, -1), axis=0)) >= 8


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_smaller_amount_changes_less(images, name):
    changes = [
        np.abs(distort(images, **{name: amount}, seed=1) - images).mean() for amount in (0.2, 0.8)
    ]
    assert changes[0] < changes[1]


def test_conditions_do_what_they_say(images):
    def changed(name, amount=0.8):
        return distort(images, **{name: amount})[32:, ..., 0]

    ink = images[0].sum()
    weight = changed("thickness").sum(axis=(1, 2))
    assert weight.max() > 1.1 * ink
    assert weight.min() < 0.9 * ink
    assert np.ptp(changed("contrast"), axis=(1, 2)).min() < 0.8
    assert (changed("brightness")[:, 0, 0] > 0.3).any(), "brighter paper"
    assert (changed("brightness").max(axis=(1, 2)) < 0.7).any(), "paler ink"
    assert (changed("blur")[:, 6:22, 16] > 0.05).any(), "ink beside the bar"
    rim = np.delete(changed("lines"), np.s_[3:25], axis=1)
    assert (rim.max(axis=(1, 2)) > 0.3).any(), "lines reach the edges"
    noisy = changed("noise")
    assert (noisy[:, :4].std(axis=(1, 2)) > 0.1).any()
    assert ((noisy == 1) & (images[0, ..., 0] == 0)).any(), "white specks on paper"


def test_no_condition_without_being_asked_for(images):
    np.testing.assert_array_equal(
        distort(images, rotation=12, seed=3), distort(images, rotation=12, noise=0, seed=3)
    )
