"""Networks of one's own in DigitCNNClassifier: which it takes, and what it says of others."""

import keras
import numpy as np
import pytest

from skdigits import DigitCNNClassifier


def quick(**params):
    return DigitCNNClassifier(**{"epochs": 2, "random_state": 0, **params})


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


@pytest.mark.slow
def test_novelty_looks_at_every_activation(small_digits):
    X, y = small_digits
    clf = quick(architecture=with_model_inside, novelty=True, epochs=1).fit(X, y)
    assert len(clf.digits_["centre"]) == 3 + 4 + 5 + 6
    assert np.isfinite(clf.score_samples(X)).all()


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
