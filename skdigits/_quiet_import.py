"""Import TensorFlow without its start-up lines, and with the environment left as it was."""

import os
import sys
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
