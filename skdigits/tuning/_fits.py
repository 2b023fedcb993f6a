"""List the fits that a search will make, by running it without training."""

import warnings

import joblib
import numpy as np
from sklearn.base import clone

from skdigits.tuning._results import StandIn


class _RequestedFits(StandIn):
    """Records each call of `fit`, and fits nothing."""

    def __init__(self, estimator):
        super().__init__(estimator)
        self.requested = []

    def fit(self, X, y=None, **fit_params):
        self.requested.append((self.estimator, len(X)))
        return self


def _no_score(estimator, X, y=None):
    return 0.0


def list_fits(search, y, groups=None):
    """Run a search without training, and list its fits.

    Scikit-learn's own code draws the candidates and cuts the folds, so that this works for any
    search; only which candidates survive in a halving search cannot be known beforehand.

    Parameters
    ----------
    search : search estimator of scikit-learn
    y : array-like of shape (n_samples,)
    groups : array-like of shape (n_samples,), default=None

    Returns
    -------
    fits : list of (estimator, int)
        For each fit the estimator with its parameters, and the number of rows it trains on.
    """
    search = clone(search)
    stand_in = _RequestedFits(search.estimator)
    search.set_params(
        estimator=stand_in, scoring=_no_score, refit=False, n_jobs=1, verbose=0, error_score="raise"
    )
    more = {} if groups is None else {"groups": groups}
    with joblib.parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the search itself will warn
        search.fit(np.zeros((len(y), 1)), y, **more)
    return stand_in.requested
