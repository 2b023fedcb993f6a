"""The results of a search, in a small file for each fit; recorded fits are not trained again.

`RecordedFit` and `RecordedScorer` replace the estimator and the scorer of any search of
scikit-learn, whose own code draws the candidates, cuts the folds and ranks the scores. They
communicate through files, as they may run in different workers of joblib or Dask, or in a later
run.
"""

from __future__ import annotations

import json
import os
import re
import time
import warnings
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import joblib
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from skdigits import __version__
from skdigits._utils.atomic import replacing
from skdigits._utils.parameters import WITHOUT_EFFECT, cloned_without, parameters_called
from skdigits._utils.typing import PathLike

if TYPE_CHECKING:
    import pandas as pd


SUFFIX = ".fit.json"
_THIS_PROCESS = uuid4().hex


class StandIn(BaseEstimator):
    """Replaces `estimator` in a search: same parameters, same tags."""

    def __init__(self, estimator):
        self.estimator = estimator
        self.candidate = {}

    def get_params(self, deep=True):
        return self.estimator.get_params(deep)

    def set_params(self, **params):
        self.candidate = self.candidate | params
        self.estimator.set_params(**params)
        return self

    def __sklearn_clone__(self):
        twin = copy(self)
        twin.estimator = clone(self.estimator)
        return twin

    def __sklearn_tags__(self):
        return get_tags(self.estimator)


class RecordedFit(StandIn):
    """An estimator that trains only if there is no record of the fit in `folder`.

    Parameters
    ----------
    estimator : estimator
    folder : pathlib.Path
        Absolute. If it does not exist (on a machine of a cluster that does not share it), fits are
        not recorded.
    n_threads : int
        Upper limit of `n_threads` in processes other than the one that made this object.
    """

    def __init__(self, estimator, folder, n_threads):
        super().__init__(estimator)
        self.folder = folder
        self.n_threads = n_threads
        self.home = _THIS_PROCESS

    def fit(self, X, y=None, **fit_params):
        anonymous = cloned_without(self.estimator, *WITHOUT_EFFECT)
        self.rows = joblib.hash([X, y])
        self.path = self.folder / f"{joblib.hash([__version__, anonymous, self.rows, fit_params])}"
        self.path = self.path.with_suffix(SUFFIX)
        self.training = X, y, fit_params
        self.is_trained = False
        self.record = read_record(self.path)
        if self.record is None:
            self.trained()
        return self

    def trained(self):
        """The estimator itself; trained now if only its record was used so far."""
        if not self.is_trained:
            X, y, fit_params = self.training
            if self.home != _THIS_PROCESS:
                self._share_threads()
            start = time.perf_counter()
            self.estimator.fit(X, y, **fit_params)
            self.record = {
                "params": self.candidate,
                "n_rows": len(X),
                "fit_seconds": round(time.perf_counter() - start, 3),
                "n_threads": max(
                    filter(None, parameters_called(self.estimator, "n_threads").values()),
                    default=None,
                ),
                "scores": (self.record or {}).get("scores", {}),
                "scorings": (self.record or {}).get("scorings", {}),
            }
            self.is_trained = True
        return self.estimator

    def _share_threads(self):
        wanted = parameters_called(self.estimator, "n_threads")
        limit = self.n_threads
        self.estimator.set_params(**{k: min(v or limit, limit) for k, v in wanted.items()})


class RecordedScorer:
    """A scorer that reads the score of a `RecordedFit` from its record, or writes it there.

    Parameters
    ----------
    scorer : callable
    scoring : str, callable, list, tuple, dict or None
        As given by the user; part of the key of a score.
    """

    def __init__(self, scorer, scoring):
        self.scorer = scorer
        self.scoring = scoring

    def __getattr__(self, name):
        # Scikit-learn looks up attributes of a scorer, for example for sample weights.
        if name == "scorer" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.scorer, name)

    def __call__(self, fit, X, y=None, **params):
        rows = joblib.hash([X, y])
        part = "train" if rows == fit.rows else "test"
        key = f"{part} {joblib.hash([self.scoring, rows, params])}"
        if key in fit.record["scores"]:
            with suppress(OSError):
                os.utime(fit.path)  # shows the progress line that it was used
        else:
            score = self.scorer(fit.trained(), X, y, **params)
            fit.record["scores"][key] = _plain(score)
            fit.record.setdefault("scorings", {})[key] = scoring_name(self.scoring)
            write_record(fit.path, fit.record)
        return fit.record["scores"][key]


def _plain(value):
    """Numbers and strings as in JSON; anything else as its `repr`."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)


def read_record(path):
    """The record of a fit as a dict, or None if there is none that can be read."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if record.keys() >= {"params", "n_rows", "fit_seconds", "n_threads", "scores"}:
            return record
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError):
        pass
    warnings.warn(
        f"The result {path} is damaged or cannot be read; the fit is repeated.",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


def write_record(path, record):
    """Write a record atomically; readers see the old one or the new one.

    If it cannot be written, the search continues without it: the score is in memory.
    """
    if not path.parent.is_dir():
        return
    try:
        with replacing(path) as file:
            file.write(json.dumps(_plain(record), indent=1).encode())
    except OSError as error:
        warnings.warn(f"A result was not saved: {error}", RuntimeWarning, stacklevel=2)


def by_time(folder):
    """The records in a folder as (modification time in ns, path), the oldest first."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # another process may delete files
            found.append((path.stat().st_mtime_ns, path))
    return sorted(found)


def scoring_name(scoring):
    """A short name for a `scoring`."""
    if scoring is None:
        return "score"  # the estimator's own
    if isinstance(scoring, (list, tuple, set, dict)):
        return ", ".join(map(str, scoring))
    # The address in a repr differs between processes.
    return getattr(scoring, "__name__", re.sub(" at 0x[0-9a-f]+", "", str(scoring)))


def _test_scores(record):
    """For each scoring the last score on the test fold, or on the training rows if they are it.

    Several searches that need the same fit share its record.
    """
    scores, scorings = record["scores"], record.get("scorings", {})
    keys = [key for key in scores if key.startswith("test")] or list(scores)
    return {scorings.get(key): scores[key] for key in keys}


def fold_score(record, scoring, metric=None):
    """The score on the test fold, or None; of several that of `metric`, by default the first."""
    score = _test_scores(record).get(scoring_name(scoring))
    return score.get(metric, next(iter(score.values()))) if isinstance(score, dict) else score


def read_results(folder: PathLike) -> pd.DataFrame:
    """Read the results of a search so far, also of one that is running or was killed.

    Parameters
    ----------
    folder : path-like
        The `results` of :func:`fit_search`.

    Returns
    -------
    results : pandas.DataFrame
        One row for each fit and each `scoring` that was computed for it, in the order in which they
        ended: the searched parameters, "scoring" ("score" is the estimator's own), "score" (on the
        test fold; a column "score_<name>" for each of several), "fit_seconds", "n_rows" trained on,
        and "n_threads" (missing if it was left to TensorFlow).

    Raises
    ------
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdigits.datasets import load_bundled_digits
    >>> from skdigits.tuning import fit_search, read_results
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> search = GridSearchCV(GaussianNB(), {"var_smoothing": [0.1, 0.01]}, cv=3)
    >>> with TemporaryDirectory() as folder:
    ...     search = fit_search(search, X, y, results=folder, progress=False)
    ...     results = read_results(folder)
    >>> results.shape[0], "var_smoothing" in results
    (6, True)
    """
    import pandas as pd

    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}; give the `results` of a search.")
    lines = []
    for _, path in by_time(folder):
        record = read_record(path)
        for scoring, score in _test_scores(record).items() if record else []:
            named = {f"score_{k}": v for k, v in score.items()} if isinstance(score, dict) else {}
            rest = {name: record[name] for name in ("fit_seconds", "n_rows", "n_threads")}
            scores = {"scoring": scoring} | (named or {"score": score})
            lines.append(record["params"] | scores | rest)
    return pd.DataFrame(lines)
