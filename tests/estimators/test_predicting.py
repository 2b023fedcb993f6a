"""Probabilities and score in one pass: what both alone are, in half of the work."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, PixelScaler, load_pretrained
from skdigits._estimators.predicting import predict_both
from skdigits._networks.prediction import Predictor


@pytest.fixture(scope="module")
def fitted(small_digits):
    member = DigitCNNClassifier(epochs=1, novelty=True, random_state=0)
    return DigitEnsembleClassifier(member, n_estimators=2, random_state=0).fit(*small_digits)


@pytest.fixture
def passes(monkeypatch):
    """The number of rows of each pass through networks."""
    counted, logits = [], Predictor.logits

    def counting(self, X):
        counted.append(len(X))
        return logits(self, X)

    monkeypatch.setattr(Predictor, "logits", counting)
    return counted


@pytest.mark.parametrize("tta", [0, 2])
@pytest.mark.parametrize(
    "inside",
    [lambda ensemble: ensemble, lambda ensemble: ensemble.estimators_[0], FrozenEstimator],
    ids=["ensemble", "network", "frozen"],
)
def test_both_are_what_each_is_alone(fitted, inside, tta, small_digits, passes):
    X = small_digits[0][:20]
    fitted.set_params(tta=tta)
    fitted.estimators_[0].set_params(tta=tta)
    estimator = inside(fitted)
    log_proba, score = predict_both(estimator, X)
    assert len(passes) == len(getattr(estimator, "estimators_", [estimator]))
    np.testing.assert_allclose(log_proba, estimator.predict_log_proba(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(score, estimator.score_samples(X), rtol=1e-4, atol=1e-5)


def test_in_pipelines_of_any_kind_and_in_blocks(rows, passes, monkeypatch):
    X, shipped = rows[0][:70], load_pretrained(trainable=True)
    monkeypatch.setattr(type(shipped), "_BLOCK", 30)
    expected = shipped.predict_log_proba(X), shipped.score_samples(X)
    passes.clear()
    for pipeline in (shipped, make_pipeline(*shipped)):
        log_proba, score = predict_both(pipeline, X)
        np.testing.assert_allclose(log_proba, expected[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(score, expected[1], rtol=1e-4, atol=1e-5)
    assert passes == [30, 30, 10, 70]


def test_others_have_no_score_to_give(rows):
    X, y = rows[0][:100], rows[1][:100]
    estimator = make_pipeline(PixelScaler(), LogisticRegression(max_iter=300)).fit(X, y)
    log_proba, score = predict_both(estimator, X)
    assert score is None
    np.testing.assert_array_equal(log_proba, estimator.predict_log_proba(X))
