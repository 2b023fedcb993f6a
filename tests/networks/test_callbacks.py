"""Keras' callbacks, and what is no callback."""

import functools

import keras
import numpy as np
import pytest

from skdigits import DigitCNNClassifier

quick = functools.partial(DigitCNNClassifier, epochs=3, augmentation=None, random_state=0)
RATES = []


class Rates(keras.callbacks.Callback):
    """Notes the learning rate at the end of each epoch."""

    def on_train_begin(self, logs=None):
        RATES.clear()

    def on_epoch_end(self, epoch, logs=None):
        RATES.append(float(self.model.optimizer.learning_rate))


def plateau():
    return keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.1, patience=1, min_delta=1e9, verbose=0
    )


def scheduler():
    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.004 / (1 + epoch))


class Setter(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.002


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "schedule", "expected"),
    [
        (plateau, "constant", [0.01, 0.001, 0.0001]),
        (scheduler, "constant", [0.004, 0.002, 0.004 / 3]),
        (Setter, "constant", [0.002] * 3),
        (keras.callbacks.Callback, "constant", [0.01] * 3),
    ],
)
def test_callbacks_may_set_the_learning_rate(make, schedule, expected, small_digits):
    clf = quick(learning_rate_schedule=schedule, callbacks=[make, Rates]).fit(*small_digits)
    assert clf.n_iter_ == 3
    np.testing.assert_allclose(RATES, expected, rtol=1e-4)


@pytest.mark.slow
def test_a_schedule_goes_on_from_what_a_callback_set(small_digits):
    params = {"learning_rate_schedule": "cosine", "epochs": 3}
    quick(**params, callbacks=[Rates]).fit(*small_digits)
    planned = np.array(RATES)
    quick(**params, callbacks=[plateau, Rates]).fit(*small_digits)
    np.testing.assert_allclose(RATES, planned * [1, 0.1, 0.01], rtol=1e-3)


@pytest.mark.slow
def test_a_rate_that_was_set_is_that_of_its_fit_alone(small_digits):
    expected = quick().fit(*small_digits).predict_proba(small_digits[0])
    lowered = quick(callbacks=[Setter]).fit(*small_digits).predict_proba(small_digits[0])
    assert np.abs(lowered - expected).max() > 1e-3
    again = quick().fit(*small_digits).predict_proba(small_digits[0])
    np.testing.assert_array_equal(again, expected)


@pytest.mark.slow
def test_a_whole_model_is_written_and_read(small_digits, tmp_path):
    X, y = small_digits
    path = tmp_path / "epoch{epoch}.keras"
    clf = quick(callbacks=[functools.partial(keras.callbacks.ModelCheckpoint, path)]).fit(X, y)
    model = keras.models.load_model(tmp_path / "epoch3.keras")
    for weight, kept in zip(model.get_weights(), clf.weights_, strict=True):
        np.testing.assert_array_equal(weight, kept)
    assert len(list(tmp_path.iterdir())) == 3
    assert {type(layer).__module__.partition(".")[0] for layer in model.layers} == {"keras"}


@pytest.mark.slow
def test_weights_are_written_and_read(small_digits, tmp_path):
    X, y = small_digits
    path = tmp_path / "last.weights.h5"
    make = functools.partial(keras.callbacks.ModelCheckpoint, path, save_weights_only=True)
    clf = quick(callbacks=[make]).fit(X, y)
    model = clf.model_
    model.set_weights([0 * weight for weight in clf.weights_])
    model.load_weights(path)
    for weight, kept in zip(model.get_weights(), clf.weights_, strict=True):
        np.testing.assert_array_equal(weight, kept)


def makers(folder):
    kinds = keras.callbacks
    return {
        "CSVLogger": lambda: kinds.CSVLogger(folder / "log.csv"),
        "EarlyStopping": lambda: kinds.EarlyStopping(
            "loss", min_delta=1e9, restore_best_weights=True
        ),
        "TerminateOnNaN": kinds.TerminateOnNaN,
        "LambdaCallback": lambda: kinds.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        "BackupAndRestore": lambda: kinds.BackupAndRestore(folder / "backup"),
        "History": kinds.History,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", makers(None))
def test_other_callbacks_of_keras(name, small_digits, tmp_path):
    clf = quick(callbacks=[makers(tmp_path)[name]]).fit(*small_digits)
    assert clf.n_iter_ == (2 if name == "EarlyStopping" else 3)
    assert np.isfinite(clf.predict_log_proba(small_digits[0])).all()


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (
            keras.callbacks.EarlyStopping(),
            r"an instance of EarlyStopping.*the class EarlyStopping, or",
        ),
        (keras.callbacks.TerminateOnNaN(), "an instance of TerminateOnNaN"),
        ("EarlyStopping", "'EarlyStopping', which does not return"),
        (None, "None, which does not return"),
        (dict, r"does not return a keras.callbacks.Callback \(got {}\)"),
        (lambda: None, r"\(got None\)"),
        (lambda: keras.callbacks.EarlyStopping, r"\(got <class"),
    ],
)
def test_what_is_no_callback_is_refused_before_anything_is_trained(
    callback, message, small_digits, tmp_path
):
    clf = quick(callbacks=[callback], checkpoint_dir=tmp_path)
    with pytest.raises((TypeError, ValueError), match=message):
        clf.fit(*small_digits)
    clf = quick(callbacks=[keras.callbacks.History, callback])
    with pytest.raises(TypeError, match=message):
        clf.fit(*small_digits)
    assert not hasattr(clf, "weights_")
