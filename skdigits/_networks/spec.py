"""Which network, and built how: what training and prediction share."""

from dataclasses import dataclass

from skdigits._networks.architectures import build_network
from skdigits._networks.session import plain_keras, quietly, seeded_keras
from skdigits._utils.random import seeded_globals

with quietly():
    import keras

MAX_KEPT = 8  # networks kept built and traced, of each kind


@dataclass(frozen=True)
class NetworkSpec:
    """Which network: all that `build_network` needs, hashable."""

    architecture: object
    image_shape: tuple
    n_classes: int
    width: float = 1.0
    dropout: float | None = None
    batch_norm: bool | None = None

    def build(self, seed=0):
        """An untrained `keras.Model`; nothing global is changed by building it."""
        # A function of the user may draw numbers of its own: the same ones whenever it builds.
        seeded = seeded_globals if callable(self.architecture) else seeded_keras
        with plain_keras(), seeded(seed):
            return build_network(
                self.architecture,
                self.image_shape,
                self.n_classes,
                width=self.width,
                dropout=self.dropout,
                batch_norm=self.batch_norm,
            )


def build_model(spec, weights):
    """A new `keras.Model` with these weights."""
    model = spec.build()
    model.set_weights(weights)
    return model


def with_inner_activations(model):
    """The same network with more to say: logits, then what its nonlinear layers gave.

    Parameters
    ----------
    model : keras.Model
        From images to logits. Its layers are changed for good: give a model of your own.

    Returns
    -------
    answer : callable
        ``answer(images, training=False)`` of shape (n, n_logits + n_activations): of feature maps
        the mean of each channel. Layers of models inside the model, activations inside layers and
        functions of `keras.ops` count alike; the last one, which gives the logits, does not. A
        network without any gives the input of its last layer.
    """
    *inner, last = dict.fromkeys(_leaves(model))  # a shared layer once
    nonlinear = list(filter(_is_nonlinear, inner))
    seen = []
    for leaf in nonlinear:
        _tap(leaf, lambda inputs, output: seen.append(output))
    if not nonlinear:
        _tap(last, lambda inputs, output: seen.append(inputs[0]))

    def answer(images, training=False):
        seen.clear()
        logits = model(images, training=training)
        means = [keras.ops.mean(x, axis=tuple(range(1, len(x.shape) - 1))) for x in seen]
        return keras.ops.concatenate([logits, *means], axis=1)

    return answer


def _leaves(model):
    """The operations of a model in their order, those of models inside it in their place."""
    parts = getattr(model, "operations", None) or getattr(model, "layers", None)
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [model]


# Of layers and of functions of keras.ops alike: "relu" stands for ReLU and for Relu.
_LINEAR = {"linear", "softmax", "logsoftmax"}
_NONLINEAR = {name.replace("_", "") for name in dir(keras.activations)} - _LINEAR | {"prelu"}


def _is_nonlinear(leaf):
    activation = getattr(leaf, "activation", None)
    if activation is not None:  # may be a function of the user
        return getattr(activation, "__name__", "").replace("_", "") not in _LINEAR
    return type(leaf).__name__.lower() in _NONLINEAR


def _tap(leaf, listener):
    """Call `listener` with the inputs and the output of every call of a layer."""
    call = leaf.call

    def tapped(*inputs, **options):
        output = call(*inputs, **options)
        listener(inputs, output)
        return output

    leaf.call = tapped
