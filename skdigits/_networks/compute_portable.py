"""The part of `compute` for Keras on anything but TensorFlow: JAX, or eagerly as PyTorch does."""

import keras
import numpy as np

from skdigits._networks.session import LOCK

fused_batch_norm = None  # Keras' own is as good


def limit_threads(n_threads):
    """Ask for `n_threads` CPU threads of PyTorch; those of JAX cannot be limited from inside."""
    if n_threads is not None and keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(n_threads)


def as_arrays(variables):
    """As of `compute_tensorflow`; NumPy 2 warns of converting a variable of JAX itself."""
    return [keras.ops.convert_to_numpy(variable.value) for variable in variables]


def as_constant(array):
    """An array as the compiled functions take it."""
    return keras.ops.convert_to_tensor(array)


def compile_function(function, weights, images):
    """As of `compute_tensorflow`."""
    if keras.backend.backend() != "jax":
        return _eager(function)
    import jax

    # Traced here and not by the first call, which may come from several threads.
    return_tensor = jax.jit(function).lower(weights, images).compile()
    return lambda weights, images: np.asarray(return_tensor(weights, images))


def _eager(function):
    def run(weights, images):
        with LOCK:  # the layers are shared
            tensor = function(weights, keras.ops.convert_to_tensor(images))
        return keras.ops.convert_to_numpy(tensor)

    return run


def make_batches(columns, n_batches, epochs, seed):
    """As of `compute_tensorflow`, in another order."""
    return _Batches(columns, n_batches, epochs[0], seed)


class _Batches(keras.utils.PyDataset):
    """Batches of one size, counted on over the epochs.

    Where the rows do not divide evenly, the first row of a batch is the last of the one before: JAX
    compiles the training step once for each size, which takes as long as a small fit.
    """

    num_batches = None  # Keras would count anew in each epoch

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
