"""Which network, built how, and on how many threads: what training and prediction share."""

import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

from skdigits._architectures import build_network
from skdigits._quiet_import import quietly
from skdigits._random import seeded_globals
from skdigits.exceptions import ThreadsWarning

with quietly():
    import keras
    import tensorflow as tf

MAX_KEPT = 8  # networks kept built and traced, of each kind
LOCK = threading.RLock()  # while a network is built or traced, Keras' settings are ours


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
        with plain_keras(), seeded_globals(seed):
            return build_network(
                self.architecture,
                self.image_shape,
                self.n_classes,
                width=self.width,
                dropout=self.dropout,
                batch_norm=self.batch_norm,
            )


@contextmanager
def plain_keras():
    """Build with float32 and channels last whatever the user has set, and set it back."""
    with LOCK:
        floatx = keras.config.floatx()
        policy = keras.config.dtype_policy()
        data_format = keras.config.image_data_format()
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
        try:
            yield
        finally:
            keras.config.set_floatx(floatx)
            keras.config.set_dtype_policy(policy)
            keras.config.set_image_data_format(data_format)


def limit_threads(n_threads):
    """Ask TensorFlow for `n_threads` CPU threads; it listens only before its first operation."""
    if n_threads is None:
        return
    threading_config = tf.config.threading
    if threading_config.get_intra_op_parallelism_threads() == n_threads:
        return
    try:
        threading_config.set_intra_op_parallelism_threads(n_threads)
        threading_config.set_inter_op_parallelism_threads(n_threads)
    except RuntimeError:
        warnings.warn(
            f"n_threads={n_threads} has no effect: TensorFlow has already started in this process "
            "with another number of threads. Set n_threads before the first fit or predict.",
            ThreadsWarning,
            stacklevel=4,
        )


def build_model(spec, weights):
    """A new `keras.Model` with these weights."""
    model = spec.build()
    model.set_weights(weights)
    return model


def with_inner_activations(model):
    """The same network with more to say: logits, then the outputs of its nonlinear layers.

    Parameters
    ----------
    model : keras.Model
        From images to logits.

    Returns
    -------
    model : keras.Model
        With outputs of shape (n, n_logits + n_activations): of feature maps the mean of each
        channel. A network without such layers gives the input of its last layer.
    """
    linear = keras.activations.linear, keras.activations.softmax
    inner = [
        layer.output
        for layer in model.layers[:-1]
        if isinstance(layer, keras.layers.ReLU)
        or getattr(layer, "activation", keras.activations.linear) not in linear
    ] or [model.layers[-1].input]
    means = [keras.layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x for x in inner]
    return keras.Model(model.inputs, keras.layers.Concatenate()([model.outputs[0], *means]))
