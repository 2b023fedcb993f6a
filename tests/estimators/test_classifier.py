"""DigitCNNClassifier as its users see it."""

import copy
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from skdigits import DigitCNNClassifier
from skdigits.exceptions import ImageShapeWarning, ThreadsWarning

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="n_threads is TensorFlow's to honour"
)


def quick(**params):
    return DigitCNNClassifier(**{"epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def fitted(small_digits):
    return quick(validation_fraction=0.2).fit(*small_digits)


def test_learns_digits(small_digits):
    X, y = small_digits
    assert quick(epochs=10).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.85


@pytest.mark.slow
def test_views_are_averaged_and_can_be_asked_for_after_fit(fitted, small_digits):
    X, _ = small_digits
    alone = fitted.predict_proba(X)
    looked = copy.deepcopy(fitted).set_params(tta=6)
    averaged = looked.predict_proba(X)
    np.testing.assert_allclose(averaged.sum(axis=1), 1, rtol=1e-6)
    assert 0 < np.abs(averaged - alone).max() < 0.9
    np.testing.assert_array_equal(looked.predict(X), looked.classes_[averaged.argmax(axis=1)])
    np.testing.assert_allclose(looked.predict_proba(X[7:8]), averaged[7:8], atol=1e-6)
    np.testing.assert_array_equal(fitted.predict_proba(X), alone)


def test_a_file_older_than_a_parameter_loads_with_its_default(fitted, small_digits):
    X, _ = small_digits
    state = {k: v for k, v in fitted.__getstate__().items() if k != "tta"}
    loaded = DigitCNNClassifier.__new__(DigitCNNClassifier)
    loaded.__setstate__(state)
    assert loaded.tta == 0
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_a_fit_that_failed_leaves_it_unfitted(small_digits):
    X, y = small_digits
    clf = quick(augmentation={"flip": 1})
    with pytest.raises(ValueError, match="unknown parts"):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.predict(X)


def test_a_fit_that_was_cut_off_is_not_half_of_two(fitted, small_digits):
    X, y = small_digits
    clf = copy.deepcopy(fitted).set_params(callbacks=[Interrupting])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X[y < 2], y[y < 2])
    with pytest.raises(NotFittedError):
        clf.predict(X)


class Interrupting(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        raise KeyboardInterrupt


def test_other_weights_give_other_answers(fitted, small_digits):
    X, _ = small_digits
    clf = copy.deepcopy(fitted)
    before = clf.predict_proba(X)
    clf.weights_[-1] = clf.weights_[-1] + np.linspace(0, 3, 10, dtype=np.float32)
    assert np.abs(clf.predict_proba(X) - before).max() > 0.01


def test_classic_is_the_well_known_network():
    X = np.zeros((20, 784), np.float32)
    X[:, ::2] = np.linspace(0, 1, 20)[:, None]
    clf = quick(architecture="classic", optimizer="rmsprop", epochs=1)
    clf.fit(X, np.arange(20) % 10)
    assert clf.n_parameters_ == 887_530


def test_fitted_attributes(fitted, small_digits):
    X, _ = small_digits
    assert fitted.classes_.tolist() == list(range(10))
    assert fitted.n_features_in_ == 64
    assert fitted.image_shape_ == (8, 8)
    assert fitted.n_iter_ == 2
    assert set(fitted.history_) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert all(len(v) == 2 and type(v[0]) is float for v in fitted.history_.values())
    assert fitted.validation_scores_ == fitted.history_["val_accuracy"]
    assert fitted.n_parameters_ == sum(w.size for w in fitted.weights_)
    assert isinstance(fitted.model_, keras.Model)
    logits = fitted.model_.predict(X.reshape(-1, 8, 8, 1), verbose=0)
    np.testing.assert_allclose(
        np.exp(logits) / np.exp(logits).sum(1, keepdims=True), fitted.predict_proba(X), atol=1e-5
    )


def test_probabilities(fitted, small_digits):
    X, _ = small_digits
    proba = fitted.predict_proba(X)
    assert proba.shape == (300, 10)
    assert proba.dtype == fitted.predict_log_proba(X).dtype == np.float32  # what it computes in
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(proba), atol=1e-6)
    assert (fitted.predict(X) == fitted.classes_[proba.argmax(axis=1)]).all()
    assert fitted.predict_proba(X[:1]).shape == (1, 10)


@pytest.mark.parametrize("n_rows", [1, 2, 3, 16, 17, 255, 257])
def test_a_row_gets_the_same_answer_in_any_company(fitted, small_digits, n_rows):
    X, _ = small_digits
    np.testing.assert_allclose(
        fitted.predict_proba(X[:n_rows]), fitted.predict_proba(X)[:n_rows], atol=1e-6
    )


@pytest.mark.parametrize("shape", [(-1, 64), (-1, 8, 8), (-1, 8, 8, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_takes_rows_and_images_of_any_dtype(fitted, small_digits, shape, dtype):
    X, _ = small_digits
    X = (X > 0.5).astype(dtype)
    expected = fitted.predict_proba((X > 0.5).astype(np.float32))
    np.testing.assert_array_equal(fitted.predict_proba(X.reshape(shape)), expected)


def test_fitting_on_images_is_fitting_on_rows(small_digits):
    X, y = small_digits
    by_rows, by_images = quick().fit(X, y), quick().fit(X.reshape(-1, 8, 8, 1), y)
    np.testing.assert_array_equal(by_rows.predict_proba(X), by_images.predict_proba(X))
    assert by_images.n_features_in_ == 64


def test_the_order_of_rows_does_not_matter(small_digits):
    X, y = small_digits
    order = np.argsort(y, kind="stable")  # sorted by label, as files often are
    one, other = (quick(validation_fraction=0.2).fit(X[o], y[o]) for o in (slice(None), order))
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.slow
def test_integer_weights_are_repetitions(small_digits):
    X, y = small_digits
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = quick().fit(X, y, sample_weight=weight)
    repeated = quick().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_class_weight_multiplies_sample_weight(small_digits):
    X, y = small_digits
    given = np.linspace(1, 2, len(X))
    by_class = quick(class_weight={3: 5.0}).fit(X, y, sample_weight=given)
    by_row = quick().fit(X, y, sample_weight=np.where(y == 3, 5 * given, given))
    np.testing.assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))


@pytest.mark.slow
@pytest.mark.parametrize(
    "labels",
    [np.array(["zero", "one", "two"]), np.array([5, 7, 9]), np.array([-1.0, 0.0, 1.0])],
    ids=["strings", "5 to 9", "floats"],
)
def test_labels_come_back_as_they_were(small_digits, labels):
    X, y = small_digits
    X, y = X[y < 3], y[y < 3]
    clf = quick(epochs=4).fit(X, labels[y])
    assert clf.classes_.tolist() == sorted(labels)
    assert set(clf.predict(X)) <= set(labels)
    assert clf.score(X, labels[y]) > 0.9


@pytest.mark.slow
def test_two_classes(small_digits):
    X, y = small_digits
    clf = quick().fit(X, y == 3)
    assert clf.predict_proba(X).shape == (300, 2)
    assert clf.predict(X).dtype == bool


def test_same_seed_same_bits(small_digits):
    X, y = small_digits
    params = {"validation_fraction": 0.2, "dropout": 0.3, "augmentation": {"elastic": 0.03}}
    one, two, other = (quick(**params, random_state=s).fit(X, y) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.history_ == two.history_
    assert not np.array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.slow
def test_same_seed_same_bits_in_another_process(small_digits):
    X, y = small_digits
    code = (
        "import numpy as np; from sklearn.datasets import load_digits;"
        "from skdigits import DigitCNNClassifier;"
        "X, y = load_digits(return_X_y=True); X = (X[:300] / 16).astype(np.float32);"
        "clf = DigitCNNClassifier(epochs=2, random_state=0).fit(X, y[:300]);"
        "print(clf.predict_proba(X).tobytes().hex()[:4000])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == quick().fit(X, y).predict_proba(X).tobytes().hex()[:4000]
    assert done.stderr == "", "silent when verbose=0, TensorFlow too"


@pytest.mark.slow
def test_nothing_global_is_left_changed(small_digits):
    X, y = small_digits
    given = X.copy(), y.copy()
    before = (
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        dict(os.environ),
        keras.config.floatx(),
        keras.config.dtype_policy().name,
        keras.config.image_data_format(),
    )
    quick(random_state=None, dropout=0.2).fit(X, y).predict(X)
    after = (
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        dict(os.environ),
        keras.config.floatx(),
        keras.config.dtype_policy().name,
        keras.config.image_data_format(),
    )
    assert before == after
    np.testing.assert_array_equal(X, given[0])
    np.testing.assert_array_equal(y, given[1])


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX warns that it has no float64")
def test_the_users_keras_settings_do_not_matter(small_digits):
    X, y = small_digits
    expected = quick(width=0.9).fit(X, y).predict_proba(X)
    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    try:
        got = quick(width=0.9001).fit(X, y).predict_proba(X)  # a width of its own: built anew
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(got, expected)


@pytest.mark.slow
def test_a_label_column_left_in_is_named():
    X = np.random.default_rng(0).random((30, 65), dtype=np.float32)
    with pytest.warns(ImageShapeWarning, match="if the label column is still in X"):
        clf = quick(epochs=1).fit(X, np.arange(30) % 2)
    assert clf.image_shape_ == (9, 9)
    assert clf.predict(X).shape == (30,)


@pytest.mark.slow
def test_image_shape_given():
    X = np.random.default_rng(0).random((30, 60), dtype=np.float32)
    y = np.arange(30) % 2
    assert quick(image_shape=(6, 10), epochs=1).fit(X, y).image_shape_ == (6, 10)
    with pytest.raises(ValueError, match=r"\(8, 8\) has 64 pixels, but X has 60 columns"):
        quick(image_shape=(8, 8)).fit(X, y)


@pytest.mark.slow
def test_columns_out_of_order_are_refused(small_digits):
    X, y = small_digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    clf = quick(epochs=1).fit(frame, y)
    assert clf.feature_names_in_[0] == "pixel0"
    with pytest.raises(ValueError, match="same order"):
        clf.predict(frame[frame.columns[::-1]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epochs": 0}, r"'epochs'.*\[1, inf\)"),
        ({"learning_rate": -1}, r"'learning_rate'.*\(0.0, inf\)"),
        ({"architecture": "resnet"}, r"'architecture'.*'compact'"),
        ({"optimizer": "lion"}, "'optimizer'.*'adamw'"),
        ({"learning_rate_schedule": "steps"}, "'one_cycle'"),
        ({"augmentation": -0.5}, "'augmentation'"),
        ({"dropout": 1.0}, "'dropout'"),
        ({"validation_fraction": 1.5}, "'validation_fraction'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_parameters(small_digits, params, message):
    with pytest.raises(InvalidParameterError, match=message):
        quick(**params).fit(*small_digits)


def test_unknown_augmentation_lists_the_known(small_digits):
    with pytest.raises(ValueError, match=r"\['flip'\]; known are \['rotation'"):
        quick(augmentation={"flip": 1}).fit(*small_digits)


def test_not_fitted(small_digits):
    clf = quick()
    with pytest.raises(NotFittedError):
        clf.predict(small_digits[0])
    assert not hasattr(clf, "model_")
    assert not hasattr(clf, "n_parameters_")


@on_tensorflow
def test_threads_asked_for_too_late_are_reported(fitted, small_digits):
    with pytest.warns(ThreadsWarning, match="already started"):
        quick(n_threads=7, epochs=1).fit(*small_digits)


@pytest.mark.slow
@on_tensorflow
def test_threads_are_honoured_in_a_new_process():
    code = (
        "import numpy as np; from skdigits import DigitCNNClassifier;"
        "X = np.random.default_rng(0).random((40, 64));"
        "DigitCNNClassifier(epochs=1, n_threads=1).fit(X, np.arange(40) % 2);"
        "import tensorflow as tf; print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
