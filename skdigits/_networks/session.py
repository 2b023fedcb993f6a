"""Keras without its start-up lines, and its settings ours while a network is built."""

import os
import sys
import threading
from contextlib import contextmanager


@contextmanager
def quietly():
    """Keep C++ libraries from writing to stderr, and undo what imports do to `os.environ`.

    TensorFlow logs to file descriptor 2 before any of its log levels can be set, so the descriptor
    itself is turned away for the time of the import. Python errors still reach the caller.
    """
    environment = dict(os.environ)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read once, at import
    try:
        saved_stderr = os.dup(2)
    except OSError:  # no stderr at all, as under some services
        saved_stderr = None
    try:
        if saved_stderr is not None:
            if sys.stderr is not None:
                sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield
    finally:
        if saved_stderr is not None:
            os.dup2(saved_stderr, 2)
            os.close(saved_stderr)
        os.environ.clear()
        os.environ.update(environment)


with quietly():
    import keras

LOCK = threading.RLock()  # while a network is built or traced, Keras' settings are ours


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
