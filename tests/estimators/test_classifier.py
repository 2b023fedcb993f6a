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
from sklearn.base import clone
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


def with_constant(image_shape, n_classes):
    """A network that holds an array which is no weight."""
    inputs = keras.Input((*image_shape, 1))
    mean = np.linspace(0, 1, np.prod(image_shape), dtype=np.float32).reshape(*image_shape, 1)
    x = keras.layers.Flatten()(inputs - keras.ops.convert_to_tensor(mean))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(x))


def test_a_network_may_hold_constants(small_digits):
    X, y = small_digits
    clf = quick(architecture=with_constant, novelty=True, epochs=1).fit(X, y)
    assert clf.predict_proba(X).shape == (300, 10)
    assert np.isfinite(clf.score_samples(X)).all()


def with_model_inside(image_shape, n_classes):
    """Activations wherever Keras lets them be: in models inside, in layers, in functions."""
    inputs = keras.Input((*image_shape, 1))
    inner = keras.Input((*image_shape, 1))
    stem = keras.Model(inner, keras.layers.ELU()(keras.layers.Conv2D(3, 3)(inner)))
    x = keras.Sequential([stem, keras.layers.Conv2D(4, 3), keras.layers.LeakyReLU()])(inputs)
    x = keras.layers.Dense(5, activation=lambda z: keras.ops.maximum(z, 0.0))(x)
    x = keras.ops.gelu(keras.layers.Dense(6)(keras.layers.Flatten()(x)))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(x))


def test_novelty_looks_at_every_activation(small_digits):
    X, y = small_digits
    clf = quick(architecture=with_model_inside, novelty=True, epochs=1).fit(X, y)
    assert len(clf.digits_["centre"]) == 3 + 4 + 5 + 6
    assert np.isfinite(clf.score_samples(X)).all()


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


def test_a_label_column_left_in_is_named():
    X = np.random.default_rng(0).random((30, 65), dtype=np.float32)
    with pytest.warns(ImageShapeWarning, match="if the label column is still in X"):
        clf = quick(epochs=1).fit(X, np.arange(30) % 2)
    assert clf.image_shape_ == (9, 9)
    assert clf.predict(X).shape == (30,)


def test_image_shape_given():
    X = np.random.default_rng(0).random((30, 60), dtype=np.float32)
    y = np.arange(30) % 2
    assert quick(image_shape=(6, 10), epochs=1).fit(X, y).image_shape_ == (6, 10)
    with pytest.raises(ValueError, match=r"\(8, 8\) has 64 pixels, but X has 60 columns"):
        quick(image_shape=(8, 8)).fit(X, y)


def test_columns_out_of_order_are_refused(small_digits):
    X, y = small_digits
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    clf = quick(epochs=1).fit(frame, y)
    assert clf.feature_names_in_[0] == "pixel0"
    with pytest.raises(ValueError, match="same order"):
        clf.predict(frame[frame.columns[::-1]])


def test_own_architecture(small_digits):
    clf = quick(architecture=one_layer, width=2.0).fit(*small_digits)
    assert clf.n_parameters_ == 64 * 10 + 10


def one_layer(image_shape, n_classes):
    inputs = keras.Input((*image_shape, 1))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(keras.layers.Flatten()(inputs)))


def no_model(image_shape, n_classes):
    return "network"


def too_few_outputs(image_shape, n_classes):
    return one_layer(image_shape, n_classes - 1)


def with_softmax(image_shape, n_classes):
    model = one_layer(image_shape, n_classes)
    return keras.Model(model.inputs, keras.layers.Softmax()(model.outputs[0]))


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (no_model, "returned str, expected a keras.Model"),
        (too_few_outputs, "one logit per class"),
        (with_softmax, "expected logits"),
    ],
)
def test_unfit_architectures(small_digits, architecture, message):
    with pytest.raises(ValueError, match=message):
        quick(architecture=architecture).fit(*small_digits)


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
