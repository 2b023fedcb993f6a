"""Import Keras without its start-up messages, and set its options while a network is built."""

import os
import random
import sys
import threading
from contextlib import contextmanager


class _Silence:
    """Silence standard error and preserve `os.environ` while at least one thread is inside.

    The first thread to enter redirects, the last to leave restores. No lock is held in between: an
    import may wait for imports of other threads.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.n_inside = 0

    def __enter__(self):
        with self.lock:
            if not self.n_inside:
                self._begin()
            self.n_inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.n_inside -= 1
            if not self.n_inside:
                self._end()

    def _begin(self):
        self.environment = dict(os.environ)
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read once, at import
        try:
            self.stderr = os.dup(2)
        except OSError:  # no stderr at all, as in some services
            self.stderr = None
            return
        if sys.stderr is not None and not sys.stderr.closed:
            sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def _end(self):
        if self.stderr is not None:
            os.dup2(self.stderr, 2)
            os.close(self.stderr)
        os.environ.clear()
        os.environ.update(self.environment)


_silence = _Silence()


def quietly():
    """Keep C++ libraries from writing to stderr, and undo what imports do to `os.environ`.

    TensorFlow logs to file descriptor 2 before its log levels can be set, so the descriptor itself
    is redirected during the import. Python exceptions still reach the caller.

    Returns
    -------
    silence : context manager
    """
    return _silence


with quietly():
    import keras
    from keras.src.random import seed_generator

LOCK = threading.RLock()  # held while a network is built or traced under our settings of Keras


@contextmanager
def plain_keras():
    """Use float32 and channels last while building, then restore the user's settings."""
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


class _Draws:
    """Seeds for what this thread builds; other threads draw from Python's own generator."""

    def __init__(self, seed):
        self.thread, self.generator = threading.get_ident(), random.Random(seed)

    def randint(self, low, high):
        is_ours = threading.get_ident() == self.thread
        return (self.generator if is_ours else random).randint(low, high)


@contextmanager
def seeded_keras(seed):
    """Have Keras draw the seeds of initializers and random layers from a separate generator.

    By default it draws them from Python's global one, whose state belongs to the user.
    """
    with LOCK:
        before = seed_generator.python_random
        seed_generator.python_random = _Draws(seed)
        try:
            yield
        finally:
            seed_generator.python_random = before
