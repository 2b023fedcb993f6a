"""The part of `compute` for other backends than TensorFlow: JAX compiles, PyTorch runs eagerly."""

import keras
import numpy as np

from skdigits._networks.session import LOCK

fused_batch_norm = None  # Keras' own is as fast


def limit_threads(n_threads):
    """Set the number of PyTorch's CPU threads; that of JAX cannot be set from within a process."""
    if n_threads is not None and keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(n_threads)


def as_arrays(variables):
    """As in `compute_tensorflow`; converting a JAX variable directly makes NumPy 2 warn."""
    return [keras.ops.convert_to_numpy(variable.value) for variable in variables]


def as_constant(array):
    """An array in the form that compiled functions take."""
    return keras.ops.convert_to_tensor(array)


def compile_function(function, weights, images):
    """As in `compute_tensorflow`."""
    if keras.backend.backend() != "jax":
        return _eager(function)
    import jax

    # Traced here rather than in the first call, which several threads may make at once.
    return_tensor = jax.jit(function).lower(weights, images).compile()
    return lambda weights, images: np.asarray(return_tensor(weights, images))


def _eager(function):
    def run(weights, images):
        with LOCK:  # the layers are shared
            tensor = function(weights, keras.ops.convert_to_tensor(images))
        return keras.ops.convert_to_numpy(tensor)

    return run


def make_batches(columns, n_batches, epochs, seed):
    """As in `compute_tensorflow`, but in another order."""
    return _Batches(columns, n_batches, epochs[0], seed)


class _Batches(keras.utils.PyDataset):
    """Batches of equal size, numbered continuously over the epochs.

    If the rows do not divide evenly, some batches start with the last row of the one before: JAX
    compiles the training step once per batch size, which takes as long as a small fit.
    """

    num_batches = None  # with a number, Keras would start again at 0 in each epoch

    def __init__(self, columns, n_batches, first_epoch, seed):
        super().__init__()
        self.columns, self.n_batches = columns, n_batches
        self.first_epoch, self.seed = first_epoch, seed
        self.shuffled = None, None
        n_rows = len(columns[0])
        self.starts = np.linspace(0, n_rows, n_batches + 1).astype(int)[:-1]
        self.size = -(-n_rows // n_batches)

    def __getitem__(self, index):
        epoch, batch = divmod(index, self.n_batches)
        start = self.starts[batch]
        rows = self._order(self.first_epoch + epoch)[start : start + self.size]
        return tuple(column[rows] for column in self.columns)

    def _order(self, epoch):
        if self.shuffled[0] != epoch:
            generator = np.random.default_rng([self.seed, epoch])
            self.shuffled = epoch, generator.permutation(len(self.columns[0]))
        return self.shuffled[1]
