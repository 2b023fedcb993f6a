"""The pipeline under scikit-learn's meta-estimators."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KernelDensity

from skdigits import DigitCNNClassifier, PixelScaler, make_digit_pipeline
from skdigits._estimators.pipeline import DigitPipeline
from skdigits.datasets import load_bundled_digits


@pytest.fixture(scope="module")
def rows():
    """200 bundled digits of five classes, 0-255, on every second pixel."""
    digits = load_bundled_digits()
    X = digits.images[:, ::2, ::2].reshape(len(digits.data), -1)
    chosen = np.flatnonzero(digits.target < 5)[:200]
    return X[chosen], digits.target[chosen]


def quick(**params):
    return make_digit_pipeline(**{"epochs": 2, "random_state": 0, **params})


def test_is_a_classifier_and_gets_stratified_folds(rows):
    _, y = rows
    assert is_classifier(quick())
    assert isinstance(check_cv(5, y, classifier=is_classifier(quick())), StratifiedKFold)


def test_cross_validation(rows):
    X, y = rows
    order = np.argsort(y, kind="stable")
    scores = cross_val_score(quick(epochs=5), X[order], y[order], cv=5)
    assert scores.shape == (5,)
    assert scores.min() > 0.6, "unstratified folds of sorted labels would score 0"
    proba = cross_val_predict(quick(), X, y, cv=2, method="predict_proba")
    assert proba.shape == (200, 5)


@pytest.mark.slow
def test_two_workers_give_the_same_bits_as_one(rows):
    X, y = rows
    grid = {"digitcnnclassifier__learning_rate": [0.001, 0.01]}
    alone, together = (GridSearchCV(quick(), grid, cv=2, n_jobs=n).fit(X, y) for n in (None, 2))
    assert alone.best_params_ == together.best_params_
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(alone.cv_results_[name], together.cv_results_[name])
    np.testing.assert_array_equal(alone.predict_proba(X), together.predict_proba(X))


def test_every_parameter_can_be_named_in_a_grid(rows):
    names = quick().get_params()
    for parameter in DigitCNNClassifier().get_params():
        assert f"digitcnnclassifier__{parameter}" in names


@pytest.mark.slow
def test_halving_search(rows):
    grid = {"digitcnnclassifier__augmentation": [None, 0.5]}
    search = HalvingGridSearchCV(quick(), grid, cv=2, min_resources=80, random_state=0)
    search.fit(*rows)
    assert search.best_params_["digitcnnclassifier__augmentation"] in (None, 0.5)


def test_voting(rows):
    X, y = rows
    voting = VotingClassifier(
        [("cnn", quick(epochs=4)), ("linear", LogisticRegression())], voting="soft"
    )
    assert voting.fit(X, y).score(X, y) > 0.9


@pytest.mark.slow
def test_bagging(rows):
    X, y = rows
    bagging = BaggingClassifier(quick(epochs=4), n_estimators=2, random_state=0).fit(X, y)
    assert bagging.predict_proba(X).shape == (200, 5)
    assert bagging.score(X, y) > 0.6


def test_calibration(rows):
    X, y = rows
    calibrated = CalibratedClassifierCV(quick(), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


@pytest.mark.slow
def test_learning_curve(rows):
    X, y = rows
    sizes, train, test = learning_curve(
        quick(), X, y, train_sizes=[40, 80], cv=2, shuffle=True, random_state=0
    )
    assert sizes.tolist() == [40, 80]
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()


def test_the_name_of_a_step_s_parameter_is_told(rows):
    pipeline = make_digit_pipeline("fast")
    said = "'learning_rate' is no parameter of the pipeline but of a step: "
    with pytest.raises(ValueError, match=said + "write 'digitcnnclassifier__learning_rate'"):
        pipeline.set_params(learning_rate=0.01)
    with pytest.raises(ValueError, match="write 'digitcnnclassifier__epochs'"):
        GridSearchCV(pipeline, {"epochs": [1, 2]}, cv=2).fit(rows[0][:20], rows[1][:20])
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        pipeline.set_params(colour="red")


def test_clone_and_set_params_commute():
    pipeline = quick()
    params = {"digitcnnclassifier__width": 0.5}
    one, other = clone(pipeline).set_params(**params), clone(pipeline.set_params(**params))
    assert one.get_params(deep=True).keys() == other.get_params(deep=True).keys()
    assert one[-1].get_params() == other[-1].get_params()


def test_permuted_labels_permute_the_columns(rows):
    X, y = rows
    # Letters in the order of the digits, but with other names: only the columns' names differ.
    names = np.array(["a", "b", "c", "d", "e"])
    by_digit, by_name = quick().fit(X, y), quick().fit(X, names[y])
    np.testing.assert_array_equal(by_digit.predict_proba(X), by_name.predict_proba(X))
    assert (names[by_digit.predict(X)] == by_name.predict(X)).all()


@pytest.mark.slow
def test_many_rows_are_predicted_as_few(rows):
    X, y = rows
    pipeline = quick().fit(X, y)
    many = np.resize(X, (9000, X.shape[1]))
    np.testing.assert_array_equal(
        pipeline.predict_proba(many)[:200], pipeline.predict_proba(X), "in blocks"
    )
    assert pipeline.predict(many).shape == (9000,)
    assert pipeline.predict_log_proba(many).shape == (9000, 5)
    assert pipeline.score(many[:8400], np.resize(y, 8400)) == pytest.approx(pipeline.score(X, y))


class OnlyLabels(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


METHODS = ["predict", "predict_proba", "predict_log_proba", "score_samples"]


@pytest.mark.parametrize(
    ("last", "has"),
    [
        (LogisticRegression(), METHODS[:3]),
        (VotingClassifier([("nb", GaussianNB())], voting="soft"), METHODS[:2]),
        (CalibratedClassifierCV(LogisticRegression()), METHODS[:2]),
        (OnlyLabels(), METHODS[:1]),
        (DigitCNNClassifier(novelty=True), METHODS),
        (KernelDensity(), METHODS[3:]),
        (PixelScaler(), []),
        ("passthrough", []),
        (None, []),
    ],
)
def test_has_what_its_last_step_has(last, has):
    pipeline = DigitPipeline([("pixelscaler", PixelScaler()), ("last", last)])
    assert [name for name in METHODS if hasattr(pipeline, name)] == has
    assert not any(hasattr(quick()[:-1], name) for name in METHODS)
    with pytest.raises(AttributeError, match="predict"):
        quick()[:-1].predict([[0.0]])
