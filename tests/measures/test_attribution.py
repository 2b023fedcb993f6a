"""Attribution, where it is known which pixels decide."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, SelectiveClassifier
from skdigits.evaluation import attribution


@pytest.fixture(scope="module")
def linear():
    X, y = load_digits(return_X_y=True)
    is_odd = np.where(y % 2, "odd", "even")
    return LogisticRegression(C=1e-3).fit(X[:500], is_odd[:500]), X[500:510]


@pytest.fixture(scope="module")
def corners():
    """Pictures with marks anywhere, whose class hangs on a mark in the upper left corner."""
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 0.2, (240, 12, 12)).astype(np.float32)
    labels = np.arange(240) % 2
    for image in images:
        top, left = rng.integers([4, 4], [10, 10])
        image[top : top + 3, left : left + 3] = 1
    images[labels == 1, :3, :3] = 1
    clf = DigitCNNClassifier(epochs=4, augmentation=None, random_state=0)
    return clf.fit(images[:200], labels[:200]), images[200:], labels[200:]


def test_single_pixels_of_a_linear_model(linear):
    """Its log-odds are a sum over the pixels, so that each pixel's part is known."""
    clf, X = linear
    found = attribution(clf, X, patch=1)
    sign = np.where(clf.predict(X) == "odd", 1, -1)[:, None]
    np.testing.assert_allclose(found.reshape(len(X), -1), sign * clf.coef_ * X, atol=1e-5)


@pytest.mark.parametrize(("patch", "stride"), [(3, 1), (3, 2), (5, 4), (8, 1)])
def test_patches_of_a_linear_model(linear, patch, stride):
    clf, X = linear
    parts = (clf.coef_ * X).reshape(-1, 8, 8)
    total, count = np.zeros_like(parts), np.zeros((8, 8))
    starts = sorted({*range(0, 8 - patch, stride), 8 - patch})
    for top in starts:
        for left in starts:
            place = slice(top, top + patch), slice(left, left + patch)
            total[:, *place] += parts[:, *place].sum(axis=(1, 2))[:, None, None]
            count[place] += 1
    found = attribution(clf, X, labels=["odd"] * len(X), patch=patch, stride=stride)
    np.testing.assert_allclose(found, total / count, atol=1e-5)


def test_another_filling(linear):
    clf, X = linear
    found = attribution(clf, X, labels=["odd"] * len(X), patch=1, fill=16)
    np.testing.assert_allclose(found.reshape(len(X), -1), clf.coef_ * (X - 16), atol=1e-5)


def test_against_one_class_is_for_the_other(linear):
    clf, X = linear
    odd, even = (attribution(clf, X, labels=[label] * len(X)) for label in ["odd", "even"])
    np.testing.assert_allclose(odd, -even, atol=1e-8)


def test_a_network_looks_where_its_class_hangs(corners):
    clf, X, y = corners
    assert clf.score(X, y) == 1
    marked = X[y == 1][:6]
    found = attribution(clf, marked, patch=3)
    in_corner = found[:, :3, :3].mean(axis=(1, 2))
    assert (in_corner > 10 * np.abs(found[:, 4:, 4:]).mean(axis=(1, 2))).all()
    strongest = [np.unravel_index(values.argmax(), values.shape) for values in found]
    assert np.max(strongest) < 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda clf: DigitEnsembleClassifier(clf, 2, random_state=0),
        lambda clf: SelectiveClassifier(clf, reject_label=-1, random_state=0),
    ],
)
def test_other_estimators(corners, make):
    _, X, y = corners
    small = DigitCNNClassifier("compact", width=0.5, epochs=6, augmentation=None, random_state=0)
    rows = X.reshape(len(X), -1)
    clf = make(small).fit(np.tile(rows, (4, 1)), np.tile(y, 4))
    marked = X[y == 1][:2]
    found = attribution(clf, marked, labels=[1, 1], patch=3)
    assert found.shape == (2, 12, 12)
    assert (found[:, :3, :3].mean(axis=(1, 2)) > found[:, 4:, 4:].mean(axis=(1, 2))).all()


def test_certainty_gives_no_infinity():
    """A forest's probabilities are often exactly 1."""
    X, y = load_digits(return_X_y=True)
    clf = RandomForestClassifier(5, random_state=0).fit(X, y)
    assert clf.predict_proba(X[:3]).max() == 1
    assert np.isfinite(attribution(clf, X[:3], patch=3)).all()


def test_frames_keep_their_names(linear):
    _, X = linear
    names = [f"pixel{i}" for i in range(64)]
    frame = pd.DataFrame(X, columns=names)
    of_frame, of_array = (
        LogisticRegression(C=1e-3).fit(rows, np.arange(10) % 2) for rows in (frame, X)
    )
    np.testing.assert_allclose(
        attribution(of_frame, frame, patch=2), attribution(of_array, X, patch=2), atol=1e-8
    )


def test_images_and_other_shapes():
    rng = np.random.default_rng(0)
    X = rng.random((20, 12))
    clf = LogisticRegression().fit(X, X[:, 0] > 0.5)
    found = attribution(clf, X, patch=1, image_shape=(3, 4))
    assert found.shape == (20, 3, 4)
    assert np.abs(found).sum(axis=0).argmax() == 0


def test_what_it_cannot_do(linear):
    clf, X = linear
    with pytest.raises(TypeError, match="LinearSVC has no predict_proba"):
        attribution(LinearSVC(), X)
    with pytest.raises(ValueError, match="patch=9 and stride=1 do not suit pictures of 8x8"):
        attribution(clf, X, patch=9)
    with pytest.raises(ValueError, match="stride=3 leaves pixels"):
        attribution(clf, X, patch=2, stride=3)
    with pytest.raises(ValueError, match="1 unknown labels; expected one of"):
        attribution(clf, X, labels=["odd"] * 9 + ["strange"])
    with pytest.raises(ValueError, match="each of the 10 pictures"):
        attribution(clf, X, labels="odd")
