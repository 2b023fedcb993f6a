"""Workers: a fair share of the cores for each, and another attempt when one dies.

Joblib gives up when one of its processes dies, for example killed by the kernel because memory ran
out. Dask recomputes the results of a lost worker, but cannot restore data that was sent to it.
Both end with an error although most of the work may be done.
"""

import concurrent.futures
import sys
import time
import warnings

import joblib

from skdigits.exceptions import WorkerLostError

_MAX_FRUITLESS = 3
_PATIENCE = 30  # seconds to wait for a lost worker to be replaced


def share_threads(n_jobs):
    """CPU threads of TensorFlow for each of `n_jobs` workers, so that they do not compete."""
    return max(1, joblib.cpu_count() // n_jobs)


def retry_lost_workers(attempt, count_done, *, n_jobs, what, unit, keeper):
    """Call `attempt` until it ends without losing a worker.

    Parameters
    ----------
    attempt : callable
        Does the remaining work, through joblib.
    count_done : callable
        How much work is done; as long as this grows, another attempt is made.
    n_jobs : int or None
        The `n_jobs` with which `attempt` calls joblib.
    what, unit : str
        What is being done, and in which pieces, such as "search" and "results"; for the messages.
    keeper : str
        The parameter that would keep the pieces for another run.

    Returns
    -------
    result
        Of the last attempt.

    Raises
    ------
    WorkerLostError
        If three attempts in a row got nothing done.
    """
    n_fruitless = 0
    n_workers = joblib.effective_n_jobs(n_jobs)
    while True:
        n_before = count_done()
        try:
            return attempt()
        except _lost_worker_errors() as error:
            n_done, name = count_done(), type(error).__name__
            n_fruitless = 0 if n_done > n_before else n_fruitless + 1
            if n_fruitless == _MAX_FRUITLESS:
                raise WorkerLostError(
                    f"Worker processes died {_MAX_FRUITLESS} times in a row ({name}), with "
                    f"{n_done} {unit} done; most often the kernel kills them when memory runs "
                    f"out. Use fewer n_jobs. With {keeper} set, the same call resumes from there."
                ) from error
            # With only one worker left joblib would run in this process, with its thread count.
            deadline = time.monotonic() + _PATIENCE
            while joblib.effective_n_jobs(n_jobs) < n_workers and time.monotonic() < deadline:
                time.sleep(0.2)
            warnings.warn(
                f"A worker was lost ({name}): the {what} continues from {n_done} {unit} that are "
                "done. If memory ran out, use fewer n_jobs.",
                RuntimeWarning,
                stacklevel=3,
            )


def _lost_worker_errors():
    errors = [concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError]
    if "distributed" in sys.modules:
        errors.append(sys.modules["distributed"].KilledWorker)
    return tuple(errors)
