"""`repeat_over_seeds`: a score and its spread over seeds and splits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import Labels, Rows

if TYPE_CHECKING:
    import pandas as pd


_SHARES = {None, "accuracy", "balanced_accuracy", "top_k_accuracy"}


@dataclass(frozen=True, eq=False)
class SeedScores:
    """The result of :func:`repeat_over_seeds`. ``str()`` gives mean, standard deviation and n.

    Attributes
    ----------
    scores : ndarray of shape (n,)
        Score of each seed.
    seeds : tuple of int
        The seeds.
    fit_cpu_seconds : ndarray of shape (n,)
        CPU seconds of each fit, in the process that fitted; processes that the estimator itself
        starts are not included. The first fit in a process includes loading TensorFlow.
    n_train, n_test : int
        Rows of each split.
    in_percent : bool
        Whether the text shows the scores as percentages.
    """

    scores: np.ndarray
    seeds: tuple[int, ...]
    fit_cpu_seconds: np.ndarray
    n_train: int
    n_test: int
    in_percent: bool

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.scores)

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """Sample standard deviation of the scores; nan for a single one."""
        return float(np.std(self.scores, ddof=1)) if self.n > 1 else float("nan")

    def __str__(self):
        scale, form, unit = (100, ".3f", " %") if self.in_percent else (1, ".4g", "")
        spread = f" +- {scale * self.std:{form}}" if self.n > 1 else ""
        return f"{scale * self.mean:{form}}{spread}{unit} (n={self.n})"

    def to_frame(self) -> pd.DataFrame:
        """Score and time of each seed.

        Returns
        -------
        frame : pandas.DataFrame of shape (n, 2)
            Columns "score" and "fit_cpu_seconds"; the index holds the seeds.
        """
        import pandas as pd

        columns = {"score": self.scores, "fit_cpu_seconds": self.fit_cpu_seconds}
        return pd.DataFrame(columns, index=pd.Index(self.seeds, name="seed"))


def repeat_over_seeds(
    estimator: Any,
    X: Rows,
    y: Labels,
    *,
    seeds: int | Sequence[int] = 3,
    test_size: float | int = 0.25,
    train_size: float | int | None = None,
    scoring: Any = None,
    n_jobs: int | None = None,
) -> SeedScores:
    """Fit and score once for each seed, each with its own split.

    A single accuracy says little: another seed gives another one. Each seed makes its own split,
    stratified by label, and sets every `random_state` of the estimator, including those of its
    steps.

    Parameters
    ----------
    estimator : estimator object
        Cloned for each seed; stays as it is.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
        What the estimator is fitted on.
    y : array-like of shape (n_samples,)
        Labels.
    seeds : int or iterable of int, default=3
        A number n stands for the seeds 0 to n - 1.
    test_size : int or float, default=0.25
        Number or share of rows to score on.
    train_size : int or float, default=None
        Rows to fit on; None takes all others.
    scoring : str, callable or None, default=None
        As in scikit-learn; None is the estimator's own ``score``: accuracy for classifiers.
    n_jobs : int, default=None
        Number of fits at the same time, in separate processes; None fits one after the other in
        this process.

    Returns
    -------
    scores : SeedScores
        Print it, or take its ``to_frame()``.

    Raises
    ------
    ValueError
        If there are no seeds, or a class is too small to be split.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdigits.evaluation import repeat_over_seeds
    >>> X, y = load_digits(return_X_y=True)
    >>> scores = repeat_over_seeds(DecisionTreeClassifier(), X, y, seeds=5, test_size=500)
    >>> print(scores)
    8... +- ... % (n=5)
    """
    seeds = tuple(seeds) if isinstance(seeds, Iterable) else tuple(range(seeds))
    if not seeds:
        raise ValueError("seeds is empty; give a number of at least 1, or a list of seeds.")
    scorer = check_scoring(estimator, scoring=scoring)
    sizes = {"test_size": test_size, "train_size": train_size}
    runs = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_score)(estimator, X, y, seed, sizes, scorer) for seed in seeds
    )
    scores, cpu_seconds, n_train, n_test = zip(*runs, strict=True)
    in_percent = is_classifier(estimator) and isinstance(scoring, str | None) and scoring in _SHARES
    return SeedScores(
        np.array(scores), seeds, np.array(cpu_seconds), n_train[0], n_test[0], in_percent
    )


def _fit_and_score(estimator, X, y, seed, sizes, scorer):
    estimator = clone(estimator)
    names = [k for k in estimator.get_params() if k.split("__")[-1] == "random_state"]
    drawn = draw_seeds(seed, ["split", *sorted(names)])
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, **sizes, stratify=y, random_state=drawn.pop("split")
    )
    estimator.set_params(**drawn)
    start = time.process_time()
    estimator.fit(X_train, y_train)
    cpu_seconds = time.process_time() - start
    return float(scorer(estimator, X_test, y_test)), cpu_seconds, len(y_train), len(y_test)
