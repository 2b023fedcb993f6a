"""Digits that need no file at hand: scikit-learn's own, and MNIST from OpenML."""

import urllib.error

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from skdigits.datasets import _load, fetch_mnist, load_bundled_digits

PIXELS = [f"pixel{i}" for i in range(784)]


# --- scikit-learn's digits ------------------------------------------------------------------


def test_bundled_digits_are_placed_like_mnist():
    digits = load_bundled_digits()
    assert digits.data.shape == (1797, 784)
    assert digits.data.dtype == np.uint8
    np.testing.assert_array_equal(digits.target, load_digits().target)
    np.testing.assert_array_equal(digits.images.max(axis=(1, 2)), 255)
    for axis in (1, 2):
        profile = digits.images.sum(axis=axis, dtype=float)
        centre = profile @ (np.arange(28) + 0.5) / profile.sum(axis=1)
        # MNIST's own barycentres lie in 13.98-15.00; rounding to integers moves ours a little.
        assert centre.min() > 13.95
        assert centre.max() < 15.05
    for image in digits.images:
        rows, columns = np.nonzero(image)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20


def test_bundled_digits_stay_readable():
    # A transposed, mirrored or shuffled redrawing would still pass the tests of placement.
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    X, y = load_bundled_digits(return_X_y=True)
    assert cross_val_score(KNeighborsClassifier(3), X / 255, y, cv=3).mean() > 0.9


def test_bundled_digits_as_frame():
    X, y = load_bundled_digits(return_X_y=True, as_frame=True)
    assert list(X.columns) == PIXELS
    assert y.name == "label"
    assert load_bundled_digits(as_frame=True).frame.shape == (1797, 785)


# --- MNIST from OpenML, without a network ---------------------------------------------------


def test_fetch_mnist_gives_uint8_rows(monkeypatch, tmp_path):
    X = np.random.default_rng(0).integers(0, 256, size=(10, 784))
    asked = {}

    def fake(name, **kwargs):
        asked.update(kwargs, name=name)
        return Bunch(data=X.astype(float), target=np.arange(10).astype(str).astype(object))

    monkeypatch.setattr(_load, "fetch_openml", fake)
    mnist = fetch_mnist(data_home=tmp_path, cache=False)
    assert (asked["name"], asked["version"]) == ("mnist_784", 1)
    assert (asked["data_home"], asked["cache"]) == (tmp_path, False)
    np.testing.assert_array_equal(mnist.data, X)
    assert mnist.data.dtype == np.uint8
    np.testing.assert_array_equal(mnist.target, np.arange(10))
    assert mnist.target.dtype == np.int64
    assert list(fetch_mnist(return_X_y=True, as_frame=True)[0].columns) == PIXELS


@pytest.mark.parametrize(
    "error",
    [urllib.error.URLError("no route"), TimeoutError("slow"), ConnectionResetError("reset")],
    ids=lambda error: type(error).__name__,
)
def test_fetch_mnist_without_network(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(_load, "fetch_openml", fail)
    with pytest.raises(ConnectionError, match=r"load_bundled_digits\(\).*load_competition"):
        fetch_mnist()
