"""Search spaces, and searches that resume after they were killed."""

import tempfile
import warnings
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Literal

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike
from scipy.stats import loguniform, uniform
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags

from skdigits._utils.atomic import make_folder
from skdigits._utils.parallel import retry_lost_workers, share_threads
from skdigits._utils.typing import Labels, PathLike, Rows
from skdigits.tuning._fits import list_fits
from skdigits.tuning._progress import ProgressLine
from skdigits.tuning._results import RecordedFit, RecordedScorer


def search_space(
    size: Literal["quick", "full"] = "quick", prefix: str = "digitcnnclassifier__"
) -> dict[str, Any]:
    """Parameters worth searching, and the ranges worth searching them in.

    Parameters
    ----------
    size : {"quick", "full"}, default="quick"
        "quick" is a grid of six settings: three learning rates by two strengths of augmentation,
        the parameters most likely to depend on the data. "full" has distributions for
        RandomizedSearchCV and HalvingRandomSearchCV and adds weight decay, label smoothing,
        dropout, width and batch size. Neither includes `epochs`: more are nearly always better and
        always slower, and they are the natural resource of a halving search.
    prefix : str, optional
        Prefix of the names: ``"digitcnnclassifier__"`` (the default) for
        :func:`~skdigits.make_digit_pipeline`, "" for a bare
        :class:`~skdigits.DigitCNNClassifier`.

    Returns
    -------
    space : dict of str to list or distribution
        A new dict: change it as you like.

    Raises
    ------
    ValueError
        If there is no such size.

    See Also
    --------
    fit_search : Runs a search over it that can resume.

    Examples
    --------
    >>> from skdigits.tuning import search_space
    >>> search_space("quick", prefix="")
    {'learning_rate': [0.005, 0.01, 0.02], 'augmentation': [0.4, 0.8]}
    """
    spaces = {
        "quick": {"learning_rate": [0.005, 0.01, 0.02], "augmentation": [0.4, 0.8]},
        "full": {
            "learning_rate": loguniform(0.002, 0.03),
            "weight_decay": loguniform(0.002, 0.1),
            "label_smoothing": uniform(0, 0.1),
            "dropout": uniform(0, 0.5),
            "augmentation": uniform(0.2, 0.8),  # from 0.2 to 1.0
            "width": [0.75, 1.0, 1.5],
            "batch_size": [32, 64, 128],
        },
    }
    if size not in spaces:
        raise ValueError(f"size={size!r} is unknown; known are {list(spaces)}.")
    return {prefix + name: values for name, values in spaces[size].items()}


def fit_search(
    search: Any,
    X: Rows,
    y: Labels,
    *,
    results: PathLike | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    groups: ArrayLike | None = None,
    **fit_params: Any,
) -> Any:
    """Fit a search as ``search.fit(X, y)`` does, but such that it can resume after being killed.

    The score of each fit is written to a small file as soon as it is known. The same search with
    the same data and folder reads these files and trains only the rest, whether it was killed,
    cancelled, or has more candidates now. When a worker of joblib or Dask is lost, the search
    resumes in the same way by itself.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV, HalvingRandomSearchCV or the like
        Fitted in place; its `estimator` stays as it was. Give an int for `random_state` (of the
        search, the estimator and a shuffling `cv`), or a later run cannot use the results.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Labels.
    results : path-like, default=None
        Folder for the files; created if missing. Several searches may share it. On a cluster all
        machines must see it. None keeps the files only until the search ends.
    n_threads : int, default=None
        Maximum number of CPU threads of TensorFlow in each worker process. None is a fair share of
        the cores, so that ``n_jobs * n_threads`` does not exceed them.
    progress : bool, default=True
        Whether to show a line with the fits done, the time left and the best setting so far.
    groups : array-like of shape (n_samples,), default=None
        For a `cv` that splits by groups.
    **fit_params
        Passed to ``search.fit``.

    Returns
    -------
    search : the same search
        Fitted. `cv_results_` has everything that scikit-learn puts there; the times of fits that
        were read from files are those of reading, :func:`read_results` has those of training.

    Raises
    ------
    NotADirectoryError
        If `results` is a file, or under one.
    PermissionError
        If `results` may not be created or written to.
    WorkerLostError
        If workers died three times in a row without finishing a fit in between.

    See Also
    --------
    read_results : A table of the results so far, also while the search runs.

    Notes
    -----
    A result is identified by everything that it depends on: the parameters, the rows and labels for
    training and scoring, `scoring`, `fit_params` and the version of skdigits. `n_threads` is left
    out, though it may change the last bits. Functions (an architecture, a callback, a scorer) are
    identified by name, so empty the folder after changing what one does.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdigits import make_digit_pipeline
    >>> from skdigits.datasets import load_bundled_digits
    >>> from skdigits.tuning import fit_search
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> grid = {"digitcnnclassifier__augmentation": [0.4, 0.8]}
    >>> search = GridSearchCV(make_digit_pipeline("fast", random_state=0), grid, cv=2)
    >>> fit_search(search, X[:400], y[:400], progress=False).best_params_  # doctest: +ELLIPSIS
    {'digitcnnclassifier__augmentation': ...}
    """
    if groups is not None:
        fit_params["groups"] = groups
    prepared = _with_fixed_draws(search, y)
    n_fits = len(list_fits(prepared, y, groups))
    n_splits = prepared.cv.get_n_splits(X, y, groups)
    share = n_threads or share_threads(effective_n_jobs(getattr(search, "n_jobs", None)))
    with _results_folder(results) as folder:
        scorer = check_scoring(search.estimator, search.scoring)
        recorded = RecordedFit(clone(search.estimator), folder, share)
        prepared.set_params(estimator=recorded, scoring=RecordedScorer(scorer, search.scoring))
        metric = search.refit if isinstance(search.refit, str) else None
        with ProgressLine(folder, n_fits, n_splits, search.scoring, metric, progress) as line:
            fitted = retry_lost_workers(
                lambda: clone(prepared).fit(X, y, **fit_params),
                line.count,
                n_jobs=getattr(search, "n_jobs", None),
                what="search",
                unit="results",
                keeper="results",
            )
        if results is not None and not line.seen:
            warnings.warn(
                f"There are no results in {folder}: the workers do not see it, or cannot write "
                "there. Give a folder that all machines share, or the search cannot resume.",
                RuntimeWarning,
                stacklevel=2,
            )
    _hand_over(fitted, search, scorer)
    return search


def _with_fixed_draws(search, y):
    """A copy that draws the same candidates and folds whenever it is cloned and fitted."""
    copied = copy(search)
    is_classifier = get_tags(search.estimator).estimator_type == "classifier"
    cv = copy(check_cv(search.cv, y, classifier=is_classifier))
    if getattr(cv, "random_state", 0) is None and getattr(cv, "shuffle", True):
        cv.random_state = int(np.random.default_rng().integers(2**31))
    copied.set_params(cv=cv)
    if search.get_params(deep=False).get("random_state", 0) is None:
        copied.set_params(random_state=int(np.random.default_rng().integers(2**31)))
    return copied


@contextmanager
def _results_folder(results):
    if results is None:
        with tempfile.TemporaryDirectory(prefix="skdigits-search-") as folder:
            yield Path(folder)
        return
    yield make_folder(results, "results")


def _hand_over(fitted, search, scorer):
    """Move the fitted attributes into the user's search, without any trace of the recording."""
    if hasattr(fitted, "best_estimator_"):
        fitted.best_estimator_ = fitted.best_estimator_.trained()
        if hasattr(fitted.best_estimator_, "feature_names_in_"):
            fitted.feature_names_in_ = fitted.best_estimator_.feature_names_in_
    fitted.scorer_ = getattr(scorer, "_scorers", scorer)
    params = fitted.get_params(deep=False)
    for name in [name for name in vars(search) if name.endswith("_")]:  # of an earlier fit
        delattr(search, name)
    vars(search).update({k: v for k, v in vars(fitted).items() if k not in params})
