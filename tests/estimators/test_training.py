"""How DigitCNNClassifier trains: rows held out, epochs, early stopping, going on, callbacks."""

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skdigits import DigitCNNClassifier


def quick(**params):
    return DigitCNNClassifier(**{"epochs": 2, "random_state": 0, **params})


def test_validation_rows_are_a_stratified_cut(small_digits):
    X, y = small_digits
    rows = np.concatenate([np.flatnonzero(y == c)[:10] for c in range(10)])
    clf = quick(validation_fraction=0.1, epochs=1).fit(X[rows], y[rows])
    n_right = clf.validation_scores_[0] * 10  # ten rows held out, so a whole number of them
    assert n_right == pytest.approx(round(n_right))


def test_best_epoch_is_kept(small_digits):
    X, y = small_digits
    params = {"validation_fraction": 0.3, "epochs": 6, "learning_rate_schedule": "constant"}
    best = quick(**params).fit(X, y)
    scores = best.validation_scores_
    assert scores[best.best_epoch_ - 1] == max(scores)
    last = quick(**params, restore_best=False).fit(X, y)
    assert last.best_epoch_ == last.n_iter_ == 6
    assert last.history_ == best.history_


def test_early_stopping_ends_and_keeps_the_best(small_digits):
    X, y = small_digits
    clf = quick(epochs=60, early_stopping=True, n_iter_no_change=2, learning_rate=1e-5).fit(X, y)
    assert clf.n_iter_ < 60
    assert clf.n_iter_ == clf.best_epoch_ + 2
    assert len(clf.validation_scores_) == clf.n_iter_


def test_early_stopping_needs_validation_rows(small_digits):
    with pytest.raises(ValueError, match="early_stopping needs validation rows"):
        quick(early_stopping=True, validation_fraction=0.0).fit(*small_digits)


def test_fit_twice_forgets_and_warm_start_goes_on(small_digits):
    X, y = small_digits
    clf = quick()
    first = clf.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), first)
    clf.set_params(warm_start=True)
    loss = clf.history_["loss"][0]
    assert clf.fit(X, y).history_["loss"][0] < loss
    assert clf.n_iter_ == 2
    with pytest.raises(ValueError, match=r"width=1\.0 became 2\.0"):
        clf.set_params(width=2.0).fit(X, y)
    with pytest.raises(ValueError, match="classes"):
        clf.set_params(width=1.0).fit(X[y < 5], y[y < 5])


def test_partial_fit_goes_on(small_digits):
    X, y = small_digits
    clf = quick(learning_rate=0.002)
    with pytest.raises(ValueError, match="classes must be passed"):
        clf.partial_fit(X, y)
    for start in range(0, 300, 100):
        chunk = slice(start, start + 100)
        clf.partial_fit(X[chunk], y[chunk], classes=np.arange(10) if start == 0 else None)
    assert clf.n_iter_ == 3
    assert len(clf.history_["loss"]) == 3
    few = y < 2  # a chunk need not hold every class
    clf.partial_fit(X[few], y[few])
    assert clf.classes_.tolist() == list(range(10))
    with pytest.raises(ValueError, match=r"labels \[12\]"):
        clf.partial_fit(X[:2], [0, 12])


def test_partial_fit_after_fit_corrects_a_mistake(small_digits):
    X, y = small_digits
    clf = quick(epochs=6).fit(X, y)
    before = clf.predict_log_proba(X[:1])[0, y[0]]
    clf.partial_fit(np.repeat(X[:8], 2, axis=0), np.repeat(y[:8], 2))
    assert clf.n_iter_ == 7
    assert np.isfinite(before)
    assert np.isfinite(clf.predict_log_proba(X)).all()


@pytest.mark.slow
def test_callbacks_are_made_for_each_fit(small_digits):
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((id(self), epoch, "val_accuracy" in logs))

    clf = clone(quick(callbacks=[Spy], validation_fraction=0.2))
    clf.fit(*small_digits)
    clf.fit(*small_digits)
    assert [s[1:] for s in seen] == [(0, True), (1, True)] * 2
    assert len({s[0] for s in seen}) >= 1


def test_progress_bar(small_digits, capfd):
    quick().fit(*small_digits)
    assert capfd.readouterr() == ("", "")
    quick(verbose=1, validation_fraction=0.2).fit(*small_digits)
    shown = capfd.readouterr().err
    assert "epoch 2/2" in shown
    assert "accuracy=" in shown
    assert "val_accuracy=" in shown
