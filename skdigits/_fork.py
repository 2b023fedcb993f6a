"""What a forked process may still do: nothing with a TensorFlow that had started before.

TensorFlow's threads do not come along with `os.fork`, so the child would wait for them for ever.
"""

import os
import sys

_is_cut_off = False


def refuse_if_cut_off():
    """Raise where TensorFlow would hang.

    Raises
    ------
    RuntimeError
        In a process forked from one in which TensorFlow had already computed something.
    """
    if _is_cut_off:
        raise RuntimeError(
            "This process was forked from one that had already used TensorFlow, which would hang "
            "here. Fork before the first fit or predict (loading a pipeline is no use), or start "
            "workers with joblib or multiprocessing.get_context('spawn')."
        )


def _note_fork():
    global _is_cut_off
    _is_cut_off = _is_cut_off or ("tensorflow" in sys.modules and _has_started())


def _has_started():
    """Whether TensorFlow has computed anything: then its number of threads cannot be changed."""
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
