"""`other_label`: rows that are examples of what is no digit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    export_onnx,
    load_onnx,
    load_pipeline,
    make_digit_pipeline,
    save_pipeline,
)
from skdigits.datasets import load_bundled_digits, make_non_digits


@pytest.fixture(scope="module")
def rows():
    """Digits and what is none, the latter labelled -1; the last 200 and 100 are for tests."""
    X, y = load_bundled_digits(return_X_y=True)
    made = make_non_digits(400, kinds=["sign", "shape", "struck", "pair"], random_state=0).data
    X = np.concatenate([X[:1200], made[:300], X[1200:1400], made[300:]])
    y = np.concatenate([y[:1200], np.full(300, -1), y[1200:1400], np.full(100, -1)])
    return X, y


@pytest.fixture(scope="module")
def fitted(rows):
    X, y = rows
    return make_digit_pipeline(other_label=-1, epochs=6, random_state=0).fit(X[:1500], y[:1500])


@pytest.mark.slow
def test_answers_speak_of_digits_only(fitted, rows):
    X, y = rows
    assert fitted.classes_.tolist() == list(range(10))
    proba = fitted.predict_proba(X[1500:])
    assert proba.shape == (300, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert set(fitted.predict(X[1500:])) <= set(range(10))
    assert (fitted.predict(X[1500:1700]) == y[1500:1700]).mean() > 0.9


@pytest.mark.slow
def test_score_samples_refuses_what_it_has_seen_examples_of(fitted, rows):
    X, _ = rows
    without = make_digit_pipeline(novelty=True, epochs=6, random_state=0)
    score = fitted.score_samples(X[1500:])
    assert (score[:200] >= 0).mean() > 0.95
    assert (score[200:] < 0).mean() > 0.9
    digits = np.flatnonzero(rows[1][:1500] >= 0)
    without.fit(X[digits], rows[1][digits])
    assert (without.score_samples(X[1700:]) < 0).mean() < (score[200:] < 0).mean()


@pytest.mark.slow
def test_accuracy_is_that_of_digits(fitted, rows):
    X, y = rows
    assert fitted.score(X[1500:], y[1500:]) == fitted.score(X[1500:1700], y[1500:1700])
    weight = np.append(np.ones(200), np.full(100, 1e6))
    assert fitted.score(X[1500:], y[1500:], sample_weight=weight) > 0.9
    assert fitted.score(list(X[1500:]), y[1500:].tolist()) > 0.9


@pytest.mark.slow
def test_cross_validation_and_search_leave_them_to_training(rows):
    X, y = rows
    X, y = X[900:1700], y[900:1700]
    pipeline = make_digit_pipeline("fast", other_label=-1, random_state=0)
    assert cross_val_score(pipeline, X, y, cv=2).mean() > 0.5
    search = GridSearchCV(pipeline, {"digitcnnclassifier__dropout": [0, 0.1]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.5
    assert search.score_samples(X[:2]).shape == (2,)
    assert clone(search.best_estimator_)[-1].other_label == -1


def test_labels_of_text(rows):
    X, y = rows
    names = np.where(y < 0, "none", np.char.add("digit ", y.astype(str)))
    clf = DigitCNNClassifier(epochs=1, other_label="none", random_state=0)
    clf.fit(X[1100:1400] / 255, names[1100:1400])
    assert clf.classes_.tolist() == [f"digit {i}" for i in range(10)]


def test_without_an_example_of_them(rows):
    X, y = rows
    clf = DigitCNNClassifier(epochs=1, other_label=-1, random_state=0)
    clf.fit(X[:200] / 255, y[:200])
    assert clf.score_samples(X[:5] / 255).shape == (5,)


def test_examples_alone_are_not_enough(rows):
    X, y = rows
    with pytest.raises(ValueError, match="y has no class beside other_label=-1"):
        DigitCNNClassifier(other_label=-1).fit(X[1200:1300] / 255, y[1200:1300])


def test_partial_fit(rows):
    X, y = rows
    clf = DigitCNNClassifier(other_label=-1, random_state=0)
    clf.partial_fit(X[1100:1300] / 255, y[1100:1300], classes=[-1, *range(10)])
    assert clf.classes_.tolist() == list(range(10))
    clf.partial_fit(X[1200:1400] / 255, y[1200:1400])
    assert clf.n_iter_ == 2
    assert clf.predict_proba(X[:3] / 255).shape == (3, 10)


@pytest.mark.slow
def test_weights_of_classes_leave_them_alone(rows):
    X, y = rows
    clf = DigitCNNClassifier(
        epochs=1, other_label=-1, class_weight="balanced", validation_fraction=0.1, random_state=0
    ).fit(X[1100:1400] / 255, y[1100:1400])
    assert len(clf.validation_scores_) == 1


@pytest.mark.slow
def test_files_answer_the_same(fitted, rows, tmp_path):
    X, _ = rows
    again = load_pipeline(save_pipeline(fitted, tmp_path / "model.skdigits"))
    written = load_onnx(export_onnx(fitted, tmp_path / "model.onnx"))
    for model, tolerance in ((again, 0), (written, 1e-3)):
        np.testing.assert_allclose(
            model.score_samples(X[1500:]), fitted.score_samples(X[1500:]), tolerance, tolerance
        )
        assert (model.predict(X[1500:1700]) == fitted.predict(X[1500:1700])).all()
    assert again[-1].other_label == -1


@pytest.mark.slow
def test_ensemble(rows, tmp_path):
    X, y = rows
    pipeline = make_digit_pipeline("fast", n_estimators=2, other_label=-1, random_state=0)
    pipeline.fit(X[1000:1500], y[1000:1500])
    assert pipeline.predict_proba(X[:3]).shape == (3, 10)
    assert pipeline.score(X[1500:], y[1500:]) == pipeline.score(X[1500:1700], y[1500:1700])
    written = load_onnx(export_onnx(pipeline, tmp_path / "two.onnx"))
    np.testing.assert_allclose(
        written.score_samples(X[1500:]), pipeline.score_samples(X[1500:]), 1e-3, 1e-3
    )


def test_members_must_agree():
    members = [DigitCNNClassifier(other_label=-1), DigitCNNClassifier()]
    with pytest.raises(ValueError, match=r"other_label must be the same .* \[-1, None\]"):
        DigitEnsembleClassifier(members).fit(np.eye(16), np.arange(16) % 4)


@pytest.mark.slow
def test_a_network_that_knows_digits_learns_what_is_none(rows):
    X, y = rows[0] / np.float32(255), rows[1]
    clf = DigitCNNClassifier(epochs=4, random_state=0).fit(X[:1200], y[:1200])
    before = clf.predict_proba(X[1500:1700])
    clf.set_params(warm_start=True, other_label=-1, epochs=1, learning_rate=1e-9)
    clf.fit(X[:1500], y[:1500])
    # Normalisation's statistics move a little; the answers as a whole stay.
    assert np.abs(clf.predict_proba(X[1500:1700]) - before).mean() < 0.01
    clf.set_params(epochs=2, learning_rate=0.005).fit(X[:1500], y[:1500])
    assert (clf.score_samples(X[1700:]) < 0).mean() > 0.6
    assert clf.score(X[1500:], y[1500:]) > 0.9
    with pytest.raises(ValueError, match="n_classes=11 became 10"):
        clf.set_params(other_label=None).fit(X[:1200], y[:1200])
