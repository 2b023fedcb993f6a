"""`DigitEnsembleClassifier`: several networks with averaged probabilities."""

from numbers import Integral
from typing import Any, Self

import joblib
import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from skdigits import __version__
from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.fitting import all_or_nothing
from skdigits._estimators.predicting import NetworksMixin
from skdigits._estimators.training_rows import remember_rows
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.images import flatten_images, warn_of_unscaled_rows
from skdigits._utils.labels import plain_labels
from skdigits._utils.parallel import retry_lost_workers, share_threads
from skdigits._utils.parameters import WITHOUT_EFFECT, cloned_without, parameters_called
from skdigits._utils.random import draw_seeds, refuse_lost_checkpoints
from skdigits._utils.typing import Labels, RandomState, Rows

# Parameters of a member that do not change its training, except for the last bits.
_NOT_OF_TRAINING = ("tta", *WITHOUT_EFFECT)


class DigitEnsembleClassifier(NetworksMixin, DocLinkMixin, BaseEstimator):
    """Several :class:`DigitCNNClassifier`, each with its own seed, with averaged probabilities.

    Members are trained through joblib: one after the other, on several cores, or on a Dask cluster
    with ``joblib.parallel_config(backend="dask")``. They predict together in one compiled function.

    Parameters
    ----------
    estimator : DigitCNNClassifier or list of DigitCNNClassifier, default=None
        What to clone for each member; a list is cycled through. None takes the defaults. With
        ``validation_fraction=0.1`` each member is trained on its own stratified 90 %.

    n_estimators : int, default=5
        Number of members.

    tta : int, default=None
        Test-time augmentation as in :class:`DigitCNNClassifier`; None uses that of `estimator`, or
        of the first in a list.

    memory : str or object with the joblib.Memory interface, default=None
        Where to cache each member as soon as it is trained. An interrupted fit resumes from there
        when it is called again with the same data, parameters and int `random_state`. Functions
        among the parameters are identified by name: clear the cache after changing one.

    n_jobs : int, default=None
        Number of members to train at the same time. They share the cores, unless the estimator sets
        `n_threads`.

    random_state : int, RandomState instance or None, default=None
        Seeds the members; the same int gives the same bits for a given number of threads.

    verbose : int, default=0
        1 shows a progress bar over the members.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list of DigitCNNClassifier
        The fitted members.
    offset_ : float
        0: lower scores mean "not a digit"; only with `score_samples`.
    training_rows_ : ndarray of uint32
        Hashes of the rows given to `fit`, which :func:`skdigits.evaluation.report` looks up.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`, when X was a frame with string columns.

    See Also
    --------
    make_digit_pipeline : Its ``n_estimators`` makes a pipeline that ends in such an ensemble.

    Examples
    --------
    >>> from skdigits import DigitCNNClassifier, DigitEnsembleClassifier
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> member = DigitCNNClassifier(epochs=5)
    >>> ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0).fit(X / 16, y)
    >>> [round(e.score(X / 16, y)) for e in ensemble.estimators_]
    [1, 1]
    """

    _parameter_constraints = {
        "estimator": [None, HasMethods(["fit", "predict_proba"]), list],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "tta": [None, Interval(Integral, 0, None, closed="left")],
        "memory": [None, str, HasMethods(["cache"])],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        tta: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.tta = tta
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @all_or_nothing
    def fit(self, X: Rows, y: Labels, sample_weight: ArrayLike | None = None) -> Self:
        """Train all members.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures with pixels from about 0 to 1, ink high.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; None weights them equally.

        Returns
        -------
        self : DigitEnsembleClassifier
            The same estimator, fitted.

        Raises
        ------
        WorkerLostError
            If workers died three times in a row without finishing a member in between.
        """
        self._validate_params()
        X, y = validate_data(self, flatten_images(X), plain_labels(y), dtype=np.float32)
        check_classification_targets(y)
        members = self._make_members()
        self.estimators_ = [
            fitted.set_params(**parameters_called(member, *_NOT_OF_TRAINING))
            for fitted, member in zip(
                self._fit_members(members, X, y, sample_weight), members, strict=True
            )
        ]
        self.classes_ = self.estimators_[0].classes_
        remember_rows(self, X, inside=self.estimators_)
        return self

    @property
    def other_label(self) -> Any:
        """The `other_label` of the members."""
        return self._prototypes()[0].other_label

    @available_if(lambda self: all(p._has_score() for p in self._prototypes()))
    def score_samples(self, X: Rows) -> NDArray[np.float32]:
        """How much pictures look like digits at all: the mean score of the members.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures scaled as in `fit`.

        Returns
        -------
        score : ndarray of shape (n_samples,)
            As in :meth:`DigitCNNClassifier.score_samples`, which needs ``novelty=True`` or an
            ``other_label``.
        """
        check_is_fitted(self)
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        warn_of_unscaled_rows(X)
        n_threads = self._prediction_options()["n_threads"]
        return np.mean([member._score_rows(X, n_threads) for member in self.estimators_], axis=0)

    @property
    def offset_(self) -> float:
        """Lower scores mean that a picture is taken for something other than a digit."""
        check_is_fitted(self)
        return self.estimators_[0].offset_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")

    def _fit_members(self, members, X, y, sample_weight):
        """Train the members; those already trained are kept when a worker is lost."""
        from tqdm.auto import tqdm

        fit_member = check_memory(self.memory).cache(
            _fit_member, ignore=["member", "X", "y", "sample_weight"]
        )
        rows = joblib.hash([__version__, X, y, sample_weight]) if self.memory else None
        ready = {}

        def fit_missing():
            fits = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")(
                delayed(_numbered)(
                    i, fit_member, self._key(member, rows), member, X, y, sample_weight
                )
                for i, member in enumerate(members)
                if i not in ready
            )
            for i, fitted in fits:
                ready[i] = fitted
                bar.update()

        with tqdm(total=len(members), desc="fit", unit="network", disable=not self.verbose) as bar:
            retry_lost_workers(
                fit_missing,
                lambda: len(ready),
                n_jobs=self.n_jobs,
                what="fit",
                unit="networks",
                keeper="memory",
            )
        return [ready[i] for i in range(len(members))]

    def _key(self, member, rows):
        """The key under which `memory` finds a trained member again."""
        if rows is None:
            return None
        return rows, joblib.hash(cloned_without(member, *_NOT_OF_TRAINING))

    def _prototypes(self):
        if self.estimator is None:
            return [DigitCNNClassifier()]
        prototypes = self.estimator if isinstance(self.estimator, list) else [self.estimator]
        strange = [type(p).__name__ for p in prototypes if not isinstance(p, DigitCNNClassifier)]
        if strange or not prototypes:
            raise TypeError(
                f"estimator must be a DigitCNNClassifier or a list of them, got {strange or []}. "
                "To scale pixels, put a PixelScaler before the ensemble in a Pipeline."
            )
        others = [p.other_label for p in prototypes]
        if any(label != others[0] for label in others):
            raise ValueError(f"other_label must be the same for all members, got {others}.")
        return prototypes

    def _make_members(self):
        prototypes = self._prototypes()
        for prototype in prototypes:  # the members' seeds hide that random_state is None
            refuse_lost_checkpoints(prototype.checkpoint_dir, self.random_state)
        n_workers = min(effective_n_jobs(self.n_jobs), self.n_estimators)
        seeds = draw_seeds(self.random_state, range(self.n_estimators))
        members = []
        for i, seed in seeds.items():
            member = clone(prototypes[i % len(prototypes)]).set_params(random_state=seed)
            if member.n_threads is None and n_workers > 1:
                member.set_params(n_threads=share_threads(n_workers))
            members.append(member)
        return members

    def _fitted_networks(self):
        return [(member.network_, member.weights_) for member in self.estimators_]

    def _prediction_options(self):
        first = self._prototypes()[0]
        return {
            "n_views": first.tta if self.tta is None else self.tta,
            "n_threads": first.n_threads,
        }


def _numbered(i, function, *args):
    """A result and its number: workers finish in any order."""
    return i, function(*args)


def _fit_member(key, member, X, y, sample_weight):
    return member.fit(X, y, sample_weight)
