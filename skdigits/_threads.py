"""A fair share of the cores for each of several workers."""

from joblib import cpu_count


def share_threads(n_jobs):
    """CPU threads of TensorFlow in each of so many workers, so that none waits for another."""
    return max(1, cpu_count() // n_jobs)
