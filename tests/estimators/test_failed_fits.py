"""What an estimator is after a fit that failed: as it was, or not fitted. Never half of two."""

import copy
import functools

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, PixelScaler, SelectiveClassifier

quick = functools.partial(DigitCNNClassifier, epochs=1, augmentation=None, random_state=0)


@pytest.fixture(scope="module")
def fitted(small_digits):
    return quick().fit(*small_digits)


def is_as_it_was(estimator, before, X):
    np.testing.assert_array_equal(estimator.predict_proba(X), before)
    return True


# what was fitted, and columns or labels that it cannot be fitted on


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        (slice(0, 49), slice(None)),  # another number of columns
        (slice(None), slice(0, 5)),  # other classes
        (slice(0, 49), slice(0, 1)),  # both, found one after the other
    ],
)
def test_a_warm_start_that_fails_leaves_the_fit_before(fitted, small_digits, columns, labels):
    X, y = small_digits
    clf = copy.deepcopy(fitted).set_params(warm_start=True)
    before = clf.predict_proba(X)
    rows = np.isin(y, np.arange(10)[labels])
    with pytest.raises(ValueError):  # noqa: PT011  each says its own
        clf.fit(X[rows][:, columns], y[rows])
    assert is_as_it_was(clf, before, X)
    assert clf.n_features_in_ == 64
    clf.fit(X, y)


class Failing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("no more")


@pytest.mark.slow
def test_a_warm_start_that_fails_in_its_midst_leaves_the_fit_before(fitted, small_digits):
    X, y = small_digits
    clf = copy.deepcopy(fitted).set_params(warm_start=True, callbacks=[Failing])
    before = clf.predict_proba(X)
    with pytest.raises(RuntimeError, match="no more"):
        clf.fit(X, y)
    assert is_as_it_was(clf, before, X)


@pytest.mark.slow
def test_a_partial_fit_that_fails_leaves_the_fit_before(fitted, small_digits):
    X, y = small_digits
    clf = copy.deepcopy(fitted).set_params(callbacks=[Failing])
    before = clf.predict_proba(X)
    with pytest.raises(RuntimeError, match="no more"):
        clf.partial_fit(X, y)
    assert is_as_it_was(clf, before, X)
    assert clf.n_iter_ == 1


def test_a_first_partial_fit_that_failed_may_be_made_good(small_digits):
    X, y = small_digits
    clf = quick()
    with pytest.raises(ValueError, match="not among the classes"):
        clf.partial_fit(X, y, classes=[0, 1])
    assert clf.partial_fit(X, y, classes=np.arange(10)).predict(X).shape == y.shape


@pytest.mark.parametrize(
    "make",
    [
        quick,
        lambda: DigitEnsembleClassifier(quick(), n_estimators=1),
        lambda: SelectiveClassifier(LogisticRegression()),
    ],
)
def test_a_fit_refused_for_its_labels_leaves_none(make, small_digits):
    X, y = small_digits
    estimator = make().fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        estimator.fit(X[:, :49], np.zeros(len(X)))
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    assert not hasattr(estimator, "n_features_in_")


def test_a_scaler_that_refused_pixels_is_none(small_digits):
    X, _ = small_digits
    scaler = PixelScaler(16).fit(X * 16)
    with pytest.raises(ValueError, match="goes up to"):
        scaler.fit(X[:, :9] * 99)
    with pytest.raises(NotFittedError):
        scaler.transform(X)


class FailsLater(ClassifierMixin, BaseEstimator):
    """Can be fitted on the rows of a fold, and not on all."""

    def fit(self, X, y):
        if len(X) == 300:
            raise MemoryError
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_doubt_is_not_that_of_another_fit(small_digits):
    X, y = small_digits
    selective = SelectiveClassifier(LogisticRegression(), target_error=0.2, random_state=0)
    selective.fit(X, y)
    with pytest.raises(MemoryError):
        selective.set_params(estimator=FailsLater(), target_error=None, refit=True).fit(X, y)
    with pytest.raises(NotFittedError):
        selective.predict(X)
    assert not hasattr(selective, "threshold_")


# parameters of what is fitted already


@pytest.mark.parametrize("other", [LogisticRegression(), None, make_pipeline(quick())])
def test_another_estimator_may_be_set_on_a_fitted_one(other, small_digits):
    X, y = small_digits
    selective = SelectiveClassifier(quick(n_threads=1), random_state=0).fit(X, y)
    before = selective.predict_proba(X)
    selective.set_params(estimator=other)
    assert selective.estimator is other
    assert is_as_it_was(selective, before, X)
    assert selective.estimator_.n_threads == 1


def test_a_parameter_that_does_not_exist_changes_nothing_fitted(small_digits):
    X, y = small_digits
    selective = SelectiveClassifier(quick(), random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'threads'"):
        selective.set_params(estimator__threads=3)
    selective.set_params(estimator__n_threads=3, target_error=0.1)
    assert selective.estimator_.n_threads == 3


# a fit inside a fit, and what callbacks leave behind


def fit_inside(how):
    class Inside(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                how()

    return Inside


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["equal", "equal with callbacks", "partial", "warm", "selective"])
def test_a_fit_inside_a_callback_does_not_touch_the_outer_one(kind, small_digits):
    X, y = small_digits
    expected = quick(epochs=3).fit(X, y)
    inner = {
        "equal": lambda: quick(random_state=1).fit(X, y),
        "equal with callbacks": lambda: quick(callbacks=[keras.callbacks.Callback]).fit(X, y),
        "partial": lambda: quick(epochs=9).partial_fit(X, y, classes=range(10)),
        "warm": lambda: copy.deepcopy(expected).set_params(warm_start=True).fit(X, y),
        "selective": lambda: SelectiveClassifier(quick()).fit(X, y),
    }[kind]
    outer = quick(epochs=3, callbacks=[fit_inside(inner)]).fit(X, y)
    np.testing.assert_array_equal(outer.predict_proba(X), expected.predict_proba(X))
    assert outer.history_ == expected.history_


class Freezing(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        for layer in self.model.core.layers[:-1]:
            layer.trainable = False


class Spoiling(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.core.set_weights([np.nan * w for w in self.model.core.get_weights()])
        raise RuntimeError("spoiled")


@pytest.mark.slow
@pytest.mark.parametrize("callback", [Freezing, Spoiling, Failing])
def test_the_next_fit_knows_nothing_of_a_callback(callback, small_digits):
    X, y = small_digits
    params = {"width": 0.6}  # a network of this test's own
    expected = quick(**params).fit(X, y).predict_proba(X)
    try:
        quick(**params, callbacks=[callback]).fit(X, y)
    except RuntimeError:
        assert callback is not Freezing
    np.testing.assert_array_equal(quick(**params).fit(X, y).predict_proba(X), expected)


def test_a_callback_can_freeze_layers_in_every_fit(small_digits):
    X, y = small_digits
    first = quick(random_state=3).fit(X, y)
    for _ in range(2):
        clf = copy.deepcopy(first).set_params(warm_start=True, callbacks=[Freezing]).fit(X, y)
        for weight, before in zip(clf.weights_[:-2], first.weights_[:-2], strict=True):
            np.testing.assert_array_equal(weight, before)
        assert not np.array_equal(clf.weights_[-2], first.weights_[-2])


def half_frozen(image_shape, n_classes):
    from skdigits._networks.architectures import compact

    model = compact(image_shape, n_classes)
    for layer in model.layers[:-1]:
        layer.trainable = False
    return model


def test_a_frozen_layer_keeps_its_statistics(small_digits):
    X, y = small_digits
    clf = quick(architecture=half_frozen, random_state=0)
    start = clf.fit(X, y).weights_
    again = clf.set_params(warm_start=True, epochs=2).fit(X, y).weights_
    for before, after in zip(start[:-2], again[:-2], strict=True):
        np.testing.assert_array_equal(after, before)
    assert not np.array_equal(start[-2], again[-2])


# training that diverges


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {"learning_rate": 1e6},
        {"learning_rate": 1e30, "validation_fraction": 0.2},
        {"learning_rate": 1e30, "early_stopping": True, "restore_best": False},
        {"weight_decay": 1e30},
        {"learning_rate": 1e30, "optimizer": "sgd", "epochs": 4},
    ],
)
def test_a_fit_that_diverges_says_so(params, small_digits, tmp_path):
    X, y = small_digits
    clf = quick(**params, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match=r"diverged.*learning_rate"):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    assert not list(tmp_path.iterdir())


def test_rows_that_are_too_large_to_learn_from(small_digits):
    X, y = small_digits
    with (
        pytest.warns(UserWarning, match="Put a PixelScaler"),
        pytest.raises(ValueError, match="diverged"),
    ):
        quick().fit(X * np.float32(1e30), y)


class Wild(keras.callbacks.Callback):
    """Makes what was good until then diverge in the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            self.model.core.set_weights([np.nan * w for w in self.model.core.get_weights()])


@pytest.mark.slow
def test_the_best_epoch_is_kept_of_a_fit_that_diverges_later(small_digits):
    X, y = small_digits
    clf = quick(epochs=9, validation_fraction=0.2, callbacks=[Wild])
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch 3.*epoch [12] are kept"):
        clf.fit(X, y)
    assert clf.n_iter_ == 3, "nothing is to be had from the others"
    assert clf.best_epoch_ < 3
    assert {len(values) for values in clf.history_.values()} == {3}
    assert np.isfinite(clf.predict_log_proba(X)).all()
    clf.set_params(restore_best=False)
    with pytest.raises(ValueError, match="diverged"):
        clf.fit(X, y)
