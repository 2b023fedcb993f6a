"""The part of `compute` for TensorFlow, and the only module that calls TensorFlow directly."""

import warnings

import numpy as np
import tensorflow as tf

from skdigits.exceptions import ThreadsWarning


def limit_threads(n_threads):
    """Set the number of TensorFlow's CPU threads, which works only before its first operation."""
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


def as_arrays(variables):
    """The values of Keras variables as NumPy arrays."""
    return [variable.numpy() for variable in variables]


def as_constant(array):
    """An array in the form that compiled functions take."""
    return tf.constant(array)


def compile_function(function, weights, images):
    """Compile a function of weights and images for the shapes of those given.

    Parameters
    ----------
    function : callable
        Takes a list of tensors and a tensor, returns a tensor.
    weights : list of tensor
    images : ndarray

    Returns
    -------
    compiled : callable
        Takes the same and returns an ndarray; several threads may call it at the same time.
    """
    # AutoGraph is not needed, as nothing branches on a tensor, and makes Python 3.13 warn.
    traced = tf.function(function, autograph=False).get_concrete_function(
        [tf.TensorSpec(weight.shape, weight.dtype) for weight in weights],
        tf.TensorSpec(images.shape),
    )

    def compiled(weights, images):
        # Runs the graph as a raw operation: calling `traced` would check each weight in Python,
        # which takes a third of the time for one image.
        return tf.raw_ops.StatefulPartitionedCall(
            args=[*weights, tf.constant(images), *traced.captured_inputs],
            Tout=[tf.float32],
            f=traced,
        )[0].numpy()

    return compiled


def fused_batch_norm(images, gamma, beta, epsilon):
    """Images normalised over the batch, and the batch's mean and variance of each channel."""
    return tf.compat.v1.nn.fused_batch_norm(images, gamma, beta, epsilon=epsilon, is_training=True)


def make_batches(columns, n_batches, epochs, seed):
    """Batches for a range of epochs, each in an order that depends only on seed and epoch.

    Parameters
    ----------
    columns : list of ndarray
        Images, labels and possibly weights.
    n_batches : int
        Batches per epoch.
    epochs : (int, int)
        First epoch, and the one after the last.
    seed : int

    Returns
    -------
    batches
        What `keras.Model.fit` takes, ``n_batches`` steps for each epoch.
    """
    n_rows = len(columns[0])
    columns = [tf.constant(column) for column in columns]

    plain = tf.autograph.experimental.do_not_convert  # as in `compile_function`

    @plain
    def one_epoch(epoch):
        order = tf.random.experimental.stateless_shuffle(tf.range(n_rows), seed=[seed, epoch])
        cut = np.linspace(0, n_rows, n_batches + 1).astype(int)
        return tf.data.Dataset.from_tensor_slices((cut[:-1], cut[1:])).map(
            plain(lambda start, stop: order[start:stop])
        )

    @plain
    def take(rows):
        return tuple(tf.gather(column, rows) for column in columns)

    order = tf.data.Dataset.range(*epochs, output_type=tf.int32).flat_map(one_epoch)
    return order.map(take).prefetch(2)
