"""What looks like a digit, and what does not."""

import copy

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitReader,
    SelectiveClassifier,
    make_digit_pipeline,
)
from skdigits.datasets import load_bundled_digits


@pytest.fixture(scope="module")
def digits():
    X, y = load_bundled_digits(return_X_y=True)
    return (X / 255).astype(np.float32), y


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits
    clf = DigitCNNClassifier(epochs=6, novelty=True, random_state=0)
    return clf.fit(X[:1500], y[:1500])


@pytest.fixture(scope="module")
def strange():
    """Rows that hold no digit: blank, noise, stripes, blobs."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:28, :28]
    noise = rng.random((20, 784)) * (rng.random((20, 784)) > 0.6)
    stripes = [(rows // k + columns // k) % 2 for k in range(2, 12)]
    blobs = [np.hypot(rows - 14, columns - 14) < r for r in range(4, 12)]
    return np.concatenate([np.zeros((1, 784)), noise, np.reshape(stripes + blobs, (-1, 784))])


def test_tells_digits_from_the_rest(fitted, digits, strange):
    X, _ = digits
    known, unknown = fitted.score_samples(X[1500:]), fitted.score_samples(strange)
    is_digit = np.repeat([1, 0], [len(known), len(unknown)])
    assert roc_auc_score(is_digit, np.concatenate([known, unknown])) > 0.97
    assert (known >= 0).mean() > 0.95
    assert (unknown < 0).mean() > 0.8
    assert unknown[0] < 0, "a blank is no digit"


def test_one_row_scores_as_in_company(fitted, digits):
    X, _ = digits
    together = fitted.score_samples(X[:300])
    np.testing.assert_allclose(fitted.score_samples(X[7:8]), together[7:8], atol=1e-4)


def test_only_when_asked_for(digits):
    X, y = digits
    clf = DigitCNNClassifier(epochs=1, random_state=0)
    assert not hasattr(clf, "score_samples")
    assert not hasattr(make_digit_pipeline(), "score_samples")
    assert not hasattr(DigitEnsembleClassifier(clf), "score_samples")
    assert not hasattr(SelectiveClassifier(clf).fit(X[:200], y[:200]), "score_samples")


@pytest.mark.slow
def test_leaves_the_answers_alone(fitted, digits):
    X, y = digits
    plain = clone(fitted).set_params(novelty=False).fit(X[:1500], y[:1500])
    np.testing.assert_array_equal(plain.predict_proba(X), fitted.predict_proba(X))


def test_survives_joblib_in_little_room(fitted, digits, tmp_path):
    X, _ = digits
    joblib.dump(fitted, tmp_path / "with.joblib")
    joblib.dump(fitted.digits_, tmp_path / "learned.joblib", compress=3)
    assert (tmp_path / "learned.joblib").stat().st_size < 60_000
    loaded = joblib.load(tmp_path / "with.joblib")
    np.testing.assert_array_equal(loaded.score_samples(X[:9]), fitted.score_samples(X[:9]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::skdigits.exceptions.ImageShapeWarning")
@pytest.mark.parametrize("n_rows", [4, 12, 60])
def test_few_rows_and_columns(n_rows):
    rng = np.random.default_rng(0)
    X, y = rng.random((n_rows, 3)), np.arange(n_rows) % 2
    clf = DigitCNNClassifier(epochs=1, novelty=True, random_state=0).fit(X, y)
    assert np.isfinite(clf.score_samples(X)).all()


@pytest.mark.slow
def test_one_row_of_each_class():
    X = np.random.default_rng(0).random((10, 64))
    clf = DigitCNNClassifier(epochs=1, novelty=True, random_state=0).fit(X, np.arange(10))
    assert np.isfinite(clf.score_samples(X)).all()


def test_what_digits_look_like_is_not_learned_from_a_few(fitted, digits):
    X, y = digits
    clf = copy.deepcopy(fitted).set_params(learning_rate=1e-4)
    only = np.flatnonzero(y == 3)[:16]
    clf.partial_fit(X[only], y[only])
    assert (clf.score_samples(X[1500:]) >= 0).mean() > 0.9
    refitted = copy.deepcopy(fitted).set_params(novelty=False).fit(X[:200], y[:200])
    assert not hasattr(refitted.set_params(novelty=True), "digits_")
    with pytest.raises(NotFittedError):
        refitted.score_samples(X)


def test_the_users_keras_settings_do_not_matter(digits):
    X, y = digits
    keras.config.set_dtype_policy("mixed_float16")
    try:
        clf = DigitCNNClassifier(epochs=1, novelty=True, random_state=0).fit(X[:200], y[:200])
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(clf.score_samples(X)).all()


@pytest.mark.slow
def test_an_ensemble_scores_by_its_members(digits, strange):
    X, y = digits
    member = DigitCNNClassifier(epochs=2, novelty=True)
    ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0).fit(X[:800], y[:800])
    mean = np.mean([m.score_samples(strange) for m in ensemble.estimators_], axis=0)
    np.testing.assert_allclose(ensemble.score_samples(strange), mean)
    named = pd.DataFrame(X[:200]).add_prefix("pixel")
    ensemble.fit(named, y[:200])
    assert len(ensemble.score_samples(named)) == 200
    with pytest.raises(ValueError, match="feature names"):
        ensemble.score_samples(named[named.columns[::-1]])


def test_what_is_no_digit_is_rejected(fitted, digits, strange):
    X, y = digits
    selective = SelectiveClassifier(
        FrozenEstimator(fitted), reject_label=-1, random_state=0, calibrate=False
    ).fit(X[1500:], y[1500:])
    scores = selective.score_samples(strange)
    np.testing.assert_array_equal(selective.predict(strange) == -1, scores < 0)
    np.testing.assert_array_equal(selective.accepts(strange), scores >= 0)
    assert (scores < 0).any()


class OnesOnly:
    """A classifier that takes what is narrow for a 1, and everything else for no digit."""

    classes_ = np.array([1, 2])
    offset_ = 0.0

    def predict_proba(self, rows):
        return np.tile([0.9, 0.1], (len(rows), 1))

    def score_samples(self, rows):
        n_columns = (rows.reshape(-1, 28, 28) > 100).any(axis=1).sum(axis=1)
        return np.where(n_columns < 8, 1.0, -1.0)


def test_reader_puts_what_is_no_digit_aside():
    picture = Image.new("L", (400, 160), 255)
    pen = ImageDraw.Draw(picture)
    pen.line([(60, 30), (60, 130)], fill=0, width=12)
    pen.rectangle([220, 40, 310, 120], outline=0, width=10)
    one, box = picture.crop((0, 0, 150, 160)), picture.crop((190, 0, 400, 160))
    reader = DigitReader(OnesOnly(), one_digit=True)
    result = reader.read(one)
    assert result.text == "1"
    assert [digit.score for digit in result.digits] == [1]
    result = reader.read(box)
    assert result.digits == ()
    assert [digit.score for digit in result.others] == [-1]
    everything = DigitReader(OnesOnly(), one_digit=True, refuse_others=False).read(box)
    assert everything.text == "1"
    assert everything.others == ()
    grey = np.all(np.asarray(result.draw()) == (0x76, 0x76, 0x76), axis=2)
    assert grey[:, 20:].any()
