"""Which fits a search will make, found by running it without training."""

import warnings

import joblib
import numpy as np
from sklearn.base import clone

from skdigits.tuning._results import StandIn


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
