"""What a search will cost: the fits it will make, and the time of a few batches of them."""

import time
import warnings
from dataclasses import dataclass

import joblib
import numpy as np
from sklearn.base import clone

from skdigits._utils.parallel import share_threads
from skdigits._utils.parameters import parameters_called
from skdigits.tuning._results import StandIn

# What may differ between fits that share one compiled network, so that it is built but once.
_NOT_BUILT_IN = (
    "learning_rate",
    "learning_rate_schedule",
    "epochs",
    "random_state",
    "class_weight",
)


class _Rehearsed(StandIn):
    """Notes what it is asked to fit, and fits nothing."""

    def __init__(self, estimator):
        super().__init__(estimator)
        self.asked = []

    def fit(self, X, y=None, **fit_params):
        self.asked.append((self.estimator, len(X)))
        return self


def _no_score(estimator, X, y=None):
    return 0.0


def rehearse(search, y, groups=None):
    """Run a search without training.

    Scikit-learn's own code draws the candidates and cuts the folds, so that nothing of it need be
    known here; only which candidates of a halving search survive is not known beforehand.

    Parameters
    ----------
    search : search estimator of scikit-learn
    y : array-like of shape (n_samples,)
    groups : array-like of shape (n_samples,), default=None

    Returns
    -------
    fits : list of (estimator, int)
        The estimator with the parameters of each fit, and the number of rows it trains on.
    """
    search = clone(search)
    stand_in = _Rehearsed(search.estimator)
    search.set_params(
        estimator=stand_in, scoring=_no_score, refit=False, n_jobs=1, verbose=0, error_score="raise"
    )
    more = {} if groups is None else {"groups": groups}
    with joblib.parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it has to say comes when it runs
        search.fit(np.zeros((len(y), 1)), y, **more)
    return stand_in.asked


@dataclass(frozen=True)
class SearchCost:
    """About what a search will take.

    Attributes
    ----------
    n_fits : int
        Trainings, without the last one on all rows.
    n_jobs : int
        How many of them run at the same time.
    cpu_seconds : float
        Work of all cores together.
    wall_seconds : float
        Time to wait.
    """

    n_fits: int
    n_jobs: int
    cpu_seconds: float
    wall_seconds: float

    def __str__(self):
        fits = "1 fit" if self.n_fits == 1 else f"{self.n_fits} fits"
        return (
            f"{fits}, about {_duration(self.cpu_seconds)} of CPU time: "
            f"{_duration(self.wall_seconds)} with {self.n_jobs} at a time"
        )


def _duration(seconds):
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def estimate_cost(search, X, y, *, groups=None, n_timed=3, random_state=0):
    """Say what a search will cost, before it starts.

    The fits that the search will make are counted by running it without training. A few of its
    settings, spread evenly, are then timed on eight batches: one epoch with the building of the
    network, one without and three, which gives what is fixed in a fit and what grows with rows and
    epochs.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV, HalvingRandomSearchCV or the like
        Not fitted by this. Its estimator needs a parameter `epochs`.
    X : array-like of shape (n_samples, n_features)
        The rows to search on.
    y : array-like of shape (n_samples,)
        Labels.
    groups : array-like of shape (n_samples,), default=None
        For a `cv` that splits by groups.
    n_timed : int, default=3
        Settings to time.
    random_state : int, default=0
        Draws the rows to time on.

    Returns
    -------
    cost : SearchCost
        Its text is a sentence. Left out are the start of the workers and the last training on all
        rows; early stopping makes a search cheaper than this.

    Raises
    ------
    ValueError
        If the estimator of the search has no parameter `epochs`.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdigits import make_digit_pipeline
    >>> from skdigits.datasets import load_bundled_digits
    >>> from skdigits.tuning import estimate_cost, search_space
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> search = GridSearchCV(make_digit_pipeline(), search_space("quick"), cv=3)
    >>> print(estimate_cost(search, X, y))  # doctest: +ELLIPSIS
    18 fits, about ... of CPU time: ... with 1 at a time
    """
    if not parameters_called(search.estimator, "epochs"):
        raise ValueError(
            f"{type(search.estimator).__name__} has no parameter epochs, by which a fit of few "
            "epochs is timed for one of many; give a search over make_digit_pipeline()."
        )
    fits = rehearse(search, y, groups)
    networks = list({_network_key(estimator): estimator for estimator, _ in fits}.values())
    chosen = np.linspace(0, len(networks) - 1, min(n_timed, len(networks))).round().astype(int)
    timed = [networks[i] for i in chosen]
    # Rows of each epoch of each fit: what the time of training goes by.
    epoch_rows = sum(n_rows * _epochs(estimator) for estimator, n_rows in fits)
    n_test_rows = sum(len(y) - n_rows for _, n_rows in fits)
    n_jobs = joblib.effective_n_jobs(getattr(search, "n_jobs", None))
    n_builds = len(networks) * min(n_jobs, len(fits) // len(networks))
    measured = np.mean([_time(estimator, X, y, random_state) for estimator in timed], axis=0)
    amounts = np.array([n_builds, len(fits), epoch_rows, n_test_rows])
    wall, cpu = (float(np.maximum(measured[:, i], 0) @ amounts) for i in (0, 1))
    if n_jobs > 1:  # workers have fewer threads than were timed, and waste less on them
        wall = cpu / (n_jobs * share_threads(n_jobs))
    return SearchCost(len(fits), n_jobs, cpu, wall)


def _network_key(estimator):
    shared = dict.fromkeys(parameters_called(estimator, *_NOT_BUILT_IN))
    return joblib.hash(clone(estimator).set_params(**shared))


def _epochs(estimator):
    return max(parameters_called(estimator, "epochs").values())


def _time(estimator, X, y, random_state, n_batches=8, more_epochs=3):
    """Wall and CPU seconds of a build, a fit, a row of an epoch and a predicted row: (4, 2)."""
    batch_size = max(parameters_called(estimator, "batch_size").values(), default=64)
    n_rows = min(len(y), n_batches * batch_size)
    drawn = np.random.default_rng(random_state).permutation(len(y))[:n_rows]
    X, y = np.asarray(X)[drawn], np.asarray(y)[drawn]

    def fit(epochs):
        names = parameters_called(estimator, "epochs")
        return clone(estimator).set_params(**dict.fromkeys(names, epochs)).fit(X, y)

    _, first = _clock(fit, 1)
    _, second = _clock(fit, 1)
    fitted, longer = _clock(fit, more_epochs)
    fitted.predict(X)  # traced by the first call
    _, predicting = _clock(fitted.predict, X)
    epoch = (longer - second) / (more_epochs - 1)
    return np.array([first - second, second - epoch, epoch / n_rows, predicting / n_rows])


def _clock(function, *arguments):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, np.array([time.perf_counter() - wall, time.process_time() - cpu])
