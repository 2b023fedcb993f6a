"""DigitEnsembleClassifier: members, averaging, resuming, threads."""

import copy

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, make_digit_pipeline


def quick(**params):
    return DigitCNNClassifier(**{"epochs": 2, **params})


@pytest.fixture(scope="module")
def fitted(small_digits):
    X, y = small_digits
    return DigitEnsembleClassifier(quick(), n_estimators=3, random_state=0).fit(X, y)


def test_probabilities_are_the_mean_of_the_members(fitted, small_digits):
    X, _ = small_digits
    mean = np.mean([member.predict_proba(X) for member in fitted.estimators_], axis=0)
    np.testing.assert_allclose(fitted.predict_proba(X), mean, atol=1e-6)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[mean.argmax(axis=1)])
    np.testing.assert_allclose(fitted.predict_proba(X[:1]), mean[:1], atol=1e-6)


def test_members_differ_and_the_same_seed_gives_the_same_bits(fitted, small_digits):
    X, y = small_digits
    one, two, _ = (member.predict_proba(X) for member in fitted.estimators_)
    assert not np.allclose(one, two)
    again = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.slow
def test_a_list_of_estimators_is_gone_through_in_turn(small_digits):
    X, y = small_digits
    prototypes = [quick(width=0.5), quick(architecture="deep", width=0.25)]
    ensemble = DigitEnsembleClassifier(prototypes, n_estimators=3, random_state=0).fit(X, y)
    assert [m.architecture for m in ensemble.estimators_] == ["compact", "deep", "compact"]
    mean = np.mean([member.predict_proba(X) for member in ensemble.estimators_], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=1e-6)


def test_each_member_can_have_its_own_stratified_part(small_digits):
    X, y = small_digits
    member = quick(validation_fraction=0.2)
    ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0).fit(X, y)
    first, second = (m.history_["val_accuracy"] for m in ensemble.estimators_)
    assert first != second


@pytest.mark.slow
def test_views_are_averaged_too(fitted, small_digits):
    X, _ = small_digits
    plain = fitted.predict_proba(X)
    ensemble = copy.deepcopy(fitted).set_params(tta=4)
    members = [member.set_params(tta=4) for member in copy.deepcopy(fitted.estimators_)]
    mean = np.mean([member.predict_proba(X) for member in members], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=1e-6)
    assert not np.allclose(plain, mean)


@pytest.mark.slow
def test_a_fit_that_was_cut_off_trains_nothing_twice(small_digits, tmp_path, monkeypatch):
    X, y = small_digits
    ensemble = DigitEnsembleClassifier(
        quick(), n_estimators=3, random_state=0, memory=str(tmp_path)
    )
    whole_fit, trained = DigitCNNClassifier.fit, []

    def fit(self, *args):
        if len(trained) == 2 and not ensemble.verbose:
            raise KeyboardInterrupt
        trained.append(self.random_state)
        return whole_fit(self, *args)

    monkeypatch.setattr(DigitCNNClassifier, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(X, y)
    with pytest.raises(NotFittedError):
        ensemble.predict(X)
    ensemble.set_params(verbose=1).fit(X, y)
    assert len(trained) == len(set(trained)) == 3
    ensemble.set_params(estimator__tta=2, estimator__n_threads=1).fit(X, y)
    assert len(trained) == 3, "views and threads are no reason to train again"
    assert [m.tta for m in ensemble.estimators_] == [2, 2, 2]
    ensemble.set_params(estimator__tta=0, estimator__n_threads=None).fit(X, y)
    monkeypatch.undo()
    undisturbed = clone(ensemble).set_params(memory=None, verbose=0).fit(X, y)
    np.testing.assert_array_equal(ensemble.predict_proba(X), undisturbed.predict_proba(X))


@pytest.mark.slow
def test_two_workers_share_the_cores_and_agree_with_one(fitted, small_digits):
    X, y = small_digits
    together = clone(fitted).set_params(n_jobs=2).fit(X, y)
    assert [m.n_threads for m in together.estimators_] == [max(1, joblib.cpu_count() // 2)] * 3
    # Another number of threads adds up in another order.
    difference = np.abs(together.predict_proba(X) - fitted.predict_proba(X))
    assert difference.mean() < 0.002
    assert difference.max() < 0.05


def test_survives_joblib(fitted, small_digits, tmp_path):
    X, _ = small_digits
    joblib.dump(fitted, tmp_path / "ensemble.joblib")
    loaded = joblib.load(tmp_path / "ensemble.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.slow
def test_grid_search_by_name(small_digits):
    X, y = small_digits
    ensemble = DigitEnsembleClassifier(quick(epochs=1), n_estimators=1, random_state=0)
    grid = {"estimator__augmentation": [None, 0.5], "tta": [0, 2]}
    search = GridSearchCV(ensemble, grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_pipeline_of_an_ensemble(small_digits):
    X, y = small_digits
    pipeline = make_digit_pipeline("fast", n_estimators=2, tta=1, random_state=0)
    pipeline.set_params(pixelscaler__scale=1).fit(X, y)
    assert list(pipeline.named_steps) == ["pixelscaler", "digitensembleclassifier"]
    assert len(pipeline[-1].estimators_) == 2
    assert pipeline[-1].estimators_[0].epochs == 2


@pytest.mark.parametrize("estimator", [[], [make_digit_pipeline()], make_digit_pipeline()])
def test_strange_estimator_is_refused(small_digits, estimator):
    with pytest.raises(TypeError, match="must be a DigitCNNClassifier"):
        DigitEnsembleClassifier(estimator).fit(*small_digits)


def test_a_pipeline_of_several_presets():
    pipeline = make_digit_pipeline({"balanced": 2, "accurate": 1}, epochs=3, random_state=1, tta=4)
    ensemble = pipeline[-1]
    assert ensemble.n_estimators == 3
    assert [member.architecture for member in ensemble.estimator] == ["compact", "compact", "deep"]
    assert {(member.epochs, member.tta) for member in ensemble.estimator} == {(3, 4)}
    assert ensemble.random_state == 1


@pytest.mark.parametrize(
    ("preset", "n_estimators", "message"),
    [
        ({"balanced": 2}, 3, "Leave out n_estimators"),
        ({"balanced": 0}, None, "at least 1"),
        ({"big": 2}, None, "unknown"),
        ({}, None, "unknown"),
    ],
)
def test_presets_that_make_no_ensemble(preset, n_estimators, message):
    with pytest.raises(ValueError, match=message):
        make_digit_pipeline(preset, n_estimators=n_estimators)
