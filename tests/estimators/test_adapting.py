"""`adapt`: a few corrected digits are learned, slips are not, and nothing else is forgotten."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdigits import PixelScaler, adapt, load_pretrained, make_digit_pipeline
from skdigits._estimators import adapting
from skdigits.datasets import make_non_digits


@pytest.fixture(scope="module")
def pipeline(rows):
    X, y = rows
    recipe = {"epochs": 4, "random_state": 0, "n_threads": 2}
    return make_digit_pipeline("fast", **recipe).fit(X[:1200], y[:1200])


@pytest.fixture(scope="module")
def new_hand(rows):
    """Sevens and ones of somebody who crosses out: upside down."""
    X, y = rows
    X, y = X[1200:].reshape(-1, 28, 28)[:, ::-1].reshape(-1, 784), y[1200:]
    chosen = np.isin(y, [4, 6, 7])
    return X[chosen][:150], y[chosen][:150]


@pytest.mark.slow
def test_another_hand_is_learned_and_the_old_is_not_forgotten(pipeline, rows, new_hand):
    X, y = new_hand
    weights = [w.copy() for w in pipeline[-1].weights_]
    adapted = adapt(pipeline, X[:90], y[:90], random_state=0)
    before, after = (p.score(X[90:], y[90:]) for p in (pipeline, adapted.pipeline))
    assert after > before + 0.1
    assert adapted.pipeline.score(rows[0][1200:], rows[1][1200:]) > 0.9
    assert adapted.after > adapted.before
    assert f"of {adapted.n_held_out} rows held out" in str(adapted)
    assert all((a == b).all() for a, b in zip(weights, pipeline[-1].weights_, strict=True))
    assert adapted.pipeline[-1].get_params() == pipeline[-1].get_params()


@pytest.mark.slow
def test_what_ships_learns_too_and_refuses_what_it_refused(rows, monkeypatch):
    monkeypatch.setattr(adapting, "_COPIES", (2, 5))  # a quarter, for a quarter of the time
    shipped = load_pretrained(trainable=True)
    X, y = rows
    adapted = adapt(shipped, X[:30], y[:30], groups=np.arange(30) // 10, random_state=0)
    assert adapted.n_held_out == 10  # one writer of three
    others = make_non_digits(60, kinds=["sign", "scribble", "pair"], random_state=9).data
    refused = [(p.score_samples(others) < 0).mean() for p in (shipped, adapted.pipeline)]
    assert refused[1] > refused[0] - 0.1
    assert adapted.pipeline[-1].threshold_ == shipped[-1].threshold_


def test_labels_that_contradict_sure_answers_are_left_out(pipeline, rows, monkeypatch):
    monkeypatch.setattr(adapting, "_SURE", 0.9)
    learned = []
    monkeypatch.setattr(
        adapting, "_train_further", lambda p, X, y, seed: learned.append(y) or pipeline
    )
    X, y = rows[0][1200:1260], rows[1][1200:1260].copy()
    sure = np.flatnonzero(pipeline.predict_proba(X).max(axis=1) > 0.9)
    right = sure[pipeline.predict(X[sure]) == y[sure]][:5]
    y[right] = (y[right] + 1) % 10
    adapted = adapt(pipeline, X, y, random_state=0)
    assert adapted.n_left_out >= 5
    assert len(learned[-1]) == 60 - adapted.n_left_out
    assert "contradict a sure answer and were left out" in str(adapted)


def test_few_rows_are_all_learned_from(pipeline, rows, monkeypatch):
    monkeypatch.setattr(adapting, "_train_further", lambda p, *rest: p)
    adapted = adapt(pipeline, rows[0][:5], rows[1][:5], random_state=0)
    assert (adapted.before, adapted.after, adapted.n_held_out) == (None, None, 0)
    assert str(adapted) == "too few rows to hold any out and measure"


def test_what_cannot_be_adapted_is_said(pipeline, rows, monkeypatch):
    X, y = rows[0][:40], rows[1][:40]
    other = make_pipeline(PixelScaler(), LogisticRegression(max_iter=50)).fit(X, y)
    with pytest.raises(TypeError, match=r"ends in a DigitCNNClassifier.*LogisticRegression"):
        adapt(other, X, y)
    with pytest.raises(TypeError, match="load_pretrained\\(trainable=True\\); got Onnx"):
        adapt(load_pretrained(), X, y)
    with pytest.raises(ValueError, match="y has the label 11, which is none"):
        adapt(pipeline, X, np.full(40, 11))
    with pytest.raises(ValueError, match="differ in length: 40 rows, 39 labels"):
        adapt(pipeline, X, y[:39])
    monkeypatch.setattr(adapting, "_SURE", 0.5)
    sure = pipeline.predict_proba(X).max(axis=1) > 0.5
    with pytest.raises(ValueError, match="All rows contradict answers"):
        adapt(pipeline, X[sure], (pipeline.predict(X[sure]) + 1) % 10)
