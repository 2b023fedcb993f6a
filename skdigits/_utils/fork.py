"""Detect processes forked after TensorFlow had started, in which it would hang.

TensorFlow's threads do not survive `os.fork`, so the child would wait for them forever; the same
holds for the other libraries that Keras may compute with.
"""

import os
import sys

_is_forked = False  # after something had been computed
_may_have_started = False


def refuse_after_fork():
    """Raise where TensorFlow would hang; call this before computing.

    Raises
    ------
    RuntimeError
        In a process forked from one in which TensorFlow, or another backend of Keras, had already
        computed something.
    """
    global _may_have_started
    if _is_forked:
        raise RuntimeError(
            f"This process was forked from one that had already used {_library()}, which would "
            "hang here. Fork before the first fit or predict (loading a pipeline is safe), or "
            "start workers with joblib or multiprocessing.get_context('spawn')."
        )
    _may_have_started = True


def _note_fork():
    global _is_forked
    _is_forked = _is_forked or _has_started()


def _library():
    """The name of Keras' backend."""
    name = sys.modules["keras"].backend.backend() if "keras" in sys.modules else "tensorflow"
    return {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(name, name)


def _has_started():
    """Whether anything has been computed: TensorFlow's number of threads is fixed from then on."""
    if _library() != "TensorFlow":
        return _may_have_started
    if "tensorflow" not in sys.modules:
        return False
    threads = sys.modules["tensorflow"].config.threading
    before = threads.get_intra_op_parallelism_threads()
    try:
        threads.set_intra_op_parallelism_threads(before + 1)
    except RuntimeError:
        return True
    threads.set_intra_op_parallelism_threads(before)
    return False


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_note_fork)
