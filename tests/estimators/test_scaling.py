"""PixelScaler."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from skdigits import PixelScaler

# What is tried here is arithmetic, also on rows that are no digits.
pytestmark = pytest.mark.filterwarnings("ignore::skdigits.exceptions.PixelRangeWarning")

ROWS = arrays(np.uint8, (4, 9))


@given(ROWS)
def test_inverse_gives_the_pixels_back(X):
    scaler = PixelScaler().fit(X)
    scaled = scaler.transform(X)
    assert scaled.dtype == np.float32
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    np.testing.assert_array_equal(np.rint(scaler.inverse_transform(scaled)), X)


@given(ROWS, st.sampled_from([np.float32, np.float64, np.int64]))
def test_dtype_does_not_matter(X, dtype):
    scaler = PixelScaler().fit(X)
    np.testing.assert_array_equal(scaler.transform(X), scaler.transform(X.astype(dtype)))


def test_a_picture_alone_is_scaled_as_in_company():
    X = np.array([[0, 10, 20], [0, 100, 255]], dtype=np.uint8)
    scaler = PixelScaler().fit(X)
    np.testing.assert_array_equal(scaler.transform(X[:1]), scaler.transform(X)[:1])


def test_images_are_flattened():
    X = np.arange(2 * 28 * 28).reshape(2, 28, 28, 1) % 256
    scaler = PixelScaler().fit(X)
    assert scaler.n_features_in_ == 784
    assert scaler.transform(X[..., 0]).shape == (2, 784)


def test_frames_keep_their_columns():
    X = pd.DataFrame({"pixel0": [0, 255], "pixel1": [51, 0]})
    out = PixelScaler().set_output(transform="pandas").fit_transform(X)
    assert list(out.columns) == ["pixel0", "pixel1"]
    assert out.to_numpy().tolist() == [[0, np.float32(0.2)], [1, 0]]


@pytest.mark.parametrize(
    ("X", "scale", "message"),
    [
        ([[0, 256]], 255, "X goes up to 256, expected 0 to 255"),
        ([[-1, 3]], 255, "X goes down to -1"),
        ([[0, 17]], 16, "Set `scale` to the value of full ink"),
        ([[0, np.nan]], 255, "NaN"),
    ],
)
def test_values_out_of_range(X, scale, message):
    with pytest.raises(ValueError, match=message):
        PixelScaler(scale=scale).fit(X)


def test_other_scale():
    assert PixelScaler(scale=16).fit_transform([[0, 8, 16]]).tolist() == [[0, 0.5, 1]]
    with pytest.raises(ValueError, match="'scale'"):
        PixelScaler(scale=0).fit([[0]])
