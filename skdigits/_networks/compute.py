"""What depends on Keras' backend: threads, compiled functions, batches, a fused kernel.

All other computation is written with `keras.ops` and `keras.random`.
"""

from skdigits._networks.session import quietly

__all__ = [
    "as_arrays",
    "as_constant",
    "compile_function",
    "fused_batch_norm",
    "limit_threads",
    "make_batches",
]

with quietly():
    import keras

    if keras.backend.backend() == "tensorflow":
        from skdigits._networks.compute_tensorflow import (
            as_arrays,
            as_constant,
            compile_function,
            fused_batch_norm,
            limit_threads,
            make_batches,
        )
    else:
        from skdigits._networks.compute_portable import (  # type: ignore[assignment]
            as_arrays,
            as_constant,
            compile_function,
            fused_batch_norm,
            limit_threads,
            make_batches,
        )
