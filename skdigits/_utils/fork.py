"""What a forked process may still do: nothing with a TensorFlow that had started before.

TensorFlow's threads do not come along with `os.fork`, so the child would wait for them for ever;
nor do those of the other libraries that Keras may compute with.
"""

import os
import sys

_is_cut_off = False
_may_have_started = False


def refuse_if_cut_off():
    """Raise where TensorFlow would hang; to be called before computing.

    Raises
    ------
    RuntimeError
        In a process forked from one in which TensorFlow, or what Keras computes with in its place,
        had already computed something.
    """
    global _may_have_started
    if _is_cut_off:
        raise RuntimeError(
            f"This process was forked from one that had already used {_library()}, which would "
            "hang here. Fork before the first fit or predict (loading a pipeline is no use), or "
            "start workers with joblib or multiprocessing.get_context('spawn')."
        )
    _may_have_started = True


def _note_fork():
    global _is_cut_off
    _is_cut_off = _is_cut_off or _has_started()


def _library():
    """What Keras computes with."""
    name = sys.modules["keras"].backend.backend() if "keras" in sys.modules else "tensorflow"
    return {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(name, name)


def _has_started():
    """Whether anything has been computed: then TensorFlow's number of threads cannot be changed."""
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
