"""Which network to build: shared by training and prediction."""

from dataclasses import dataclass

from skdigits._networks.architectures import build_network
from skdigits._networks.session import plain_keras, quietly, seeded_keras
from skdigits._utils.random import seeded_globals

with quietly():
    import keras

MAX_KEPT = 8  # built and traced networks kept, of those for training and for prediction each


@dataclass(frozen=True)
class NetworkSpec:
    """The arguments of `build_network`, hashable."""

    architecture: object
    image_shape: tuple
    n_classes: int
    width: float = 1.0
    dropout: float | None = None
    batch_norm: bool | None = None

    def build(self, seed=0):
        """An untrained `keras.Model`; building it leaves global state unchanged."""
        # A user's function may draw random numbers itself; they must be the same each time.
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
    """Make a network return its logits followed by the activations of its nonlinear layers.

    Parameters
    ----------
    model : keras.Model
        From images to logits. Its layers are modified permanently: pass a model of your own.

    Returns
    -------
    answer : callable
        ``answer(images, training=False)`` of shape (n, n_logits + n_activations); feature maps are
        averaged over each channel. Layers of nested models, activations inside layers and functions
        of `keras.ops` all count, except the last layer, which outputs the logits. For a network
        without nonlinear layers the activations are the input of its last layer.
    """
    *inner, last = dict.fromkeys(_leaves(model))  # lists a shared layer once
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
    """The operations of a model in order, with nested models replaced by their operations."""
    parts = getattr(model, "operations", None) or getattr(model, "layers", None)
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [model]


# Lower-case names, which match layers and functions of keras.ops: "relu" for ReLU and Relu.
_LINEAR = {"linear", "softmax", "logsoftmax"}
_NONLINEAR = {name.replace("_", "") for name in dir(keras.activations)} - _LINEAR | {"prelu"}


def _is_nonlinear(leaf):
    activation = getattr(leaf, "activation", None)
    if activation is not None:  # may be a user's function
        return getattr(activation, "__name__", "").replace("_", "") not in _LINEAR
    return type(leaf).__name__.lower() in _NONLINEAR


def _tap(leaf, listener):
    """Call `listener` with inputs and output whenever the layer is called."""
    call = leaf.call

    def tapped(*inputs, **options):
        output = call(*inputs, **options)
        listener(inputs, output)
        return output

    leaf.call = tapped
