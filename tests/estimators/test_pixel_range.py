"""Pixels in another range than is expected: said at once, by whatever they are given to."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdigits import (
    DigitCNNClassifier,
    PixelScaler,
    export_onnx,
    load_onnx,
    load_pretrained,
    make_digit_pipeline,
)
from skdigits.datasets import load_bundled_digits
from skdigits.exceptions import PixelRangeWarning

SAID = pytest.warns(PixelRangeWarning, match="divided already")
TOO_BRIGHT = pytest.warns(PixelRangeWarning, match="Put a PixelScaler before it")


@pytest.fixture(scope="module")
def rows():
    return load_bundled_digits(return_X_y=True)[0][:40]


@pytest.fixture(scope="module")
def unscaled(small_digits):
    """A network without a scaler before it, and rows of 0-1 that it was trained on."""
    X, y = small_digits
    return DigitCNNClassifier(epochs=1, novelty=True, random_state=0).fit(X, y), X


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X / 255,
        lambda X: (X / 255).astype(np.float32),
        lambda X: (X > 100).astype(np.uint8),  # bilevel
        lambda X: X > 100,
        lambda X: X // 16,  # of scikit-learn's range, 0 to 15
        lambda X: pd.DataFrame(X / 255),
        lambda X: (X / 255).reshape(-1, 28, 28, 1),
        lambda X: np.concatenate([X / 255, np.zeros((100, 784))]),  # most are blank
        lambda X: np.concatenate([X / 255, [np.full(784, 255)]]),  # one row alone is bright
        lambda X: X[:1] / 255,
    ],
)
def test_rows_divided_before(rows, change):
    X = change(rows)
    with SAID:
        PixelScaler().fit(X)
    with SAID:
        PixelScaler().fit(rows).transform(X)


@pytest.mark.parametrize(
    ("X", "scale"),
    [
        (np.zeros((1, 784)), 255),
        (np.zeros((50, 784), np.uint8), 255),
        (np.full((1, 784), 60), 255),  # pale, but to be seen
        (np.array([[0, 1.0]] * 3), 1),
        (np.array([[0, 15]] * 3), 16),
    ],
)
def test_blank_rows_and_rows_of_the_right_scale_are_no_trouble(X, scale):
    assert PixelScaler(scale).fit(X).transform(X).max() <= 1


def test_one_pale_row_among_others_is_no_trouble(rows):
    X = rows.astype(float)
    X[3] /= 255
    assert PixelScaler().fit_transform(X).max() == 1


def test_the_scale_decides_and_not_the_data(rows):
    """What is said changes nothing: the same rows are scaled alike in any company."""
    pale = rows / 255
    with SAID:
        alone = PixelScaler().fit(rows).transform(pale)
    together = PixelScaler().fit(rows).transform(np.concatenate([pale, rows, rows]))
    np.testing.assert_array_equal(together[: len(pale)], alone)


@pytest.mark.slow
def test_the_weights_that_ship_say_so(rows, tmp_path):
    pipeline = load_pretrained(trainable=True)
    for ask in (pipeline.predict, pipeline.predict_proba, pipeline.score_samples):
        with SAID:
            ask(rows / 255)
    exported = load_onnx(export_onnx(pipeline, tmp_path / "digits.onnx"))
    light = load_pretrained()
    for ask in (exported.predict, exported.accepts, light.predict, light.score_samples):
        with SAID:
            ask(rows / 255)


def test_a_pipeline_says_so_before_it_is_trained(rows):
    y = np.arange(len(rows)) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error", PixelRangeWarning)
        with pytest.raises(PixelRangeWarning, match=r"`scale` of PixelScaler"):
            make_digit_pipeline(epochs=1).fit(rows / 255, y)
    with SAID:  # scaled twice
        make_pipeline(PixelScaler(), PixelScaler(), LogisticRegression()).fit(rows, y)


def test_a_network_is_told_nothing_of_0_to_255(unscaled, small_digits, tmp_path):
    fitted, X = unscaled
    bright = X * 16
    for ask in (fitted.predict, fitted.predict_proba, fitted.score_samples):
        with TOO_BRIGHT:
            ask(bright)
    with TOO_BRIGHT:
        load_onnx(export_onnx(fitted, tmp_path / "bare.onnx")).predict(bright)
    with TOO_BRIGHT:
        DigitCNNClassifier(epochs=1).fit(bright, small_digits[1])
    with TOO_BRIGHT:
        DigitCNNClassifier(epochs=1).partial_fit(bright, small_digits[1], classes=range(10))


def test_the_warning_points_at_the_line_of_the_user(rows):
    pipeline = load_pretrained(trainable=True)
    for ask in (pipeline.predict, pipeline[0].transform, pipeline[0].fit):
        with SAID as said:
            ask(rows / 255)
        assert said[0].filename == __file__


def test_a_network_takes_standardised_pixels(unscaled):
    fitted, X = unscaled
    assert len(fitted.predict((X - X.mean()) / X.std())) == len(X)
