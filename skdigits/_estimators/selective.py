"""`SelectiveClassifier`: calibrated probabilities, and no answer when the risk is too high."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skdigits._estimators.calibration import at_temperature, calibrate, check_known, confidence_of
from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.fitting import OlderFilesMixin, all_or_nothing
from skdigits._estimators.folds import cut_folds
from skdigits._estimators.novelty import find_zero, movable_scores, move_zero
from skdigits._estimators.others import encode, is_other, other_label_of
from skdigits._estimators.predicting import (
    NO_FLOOR,
    ProbaFromLogMixin,
    find_floor,
    log_proba_of,
    predict_both,
    round_log_proba,
)
from skdigits._estimators.training_rows import remember_rows
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.images import flatten_images
from skdigits._utils.labels import plain_labels
from skdigits._utils.parameters import parameters_called
from skdigits._utils.random import draw_seeds
from skdigits._utils.rejection import check_reject_label, reject
from skdigits._utils.scores import least_score
from skdigits._utils.typing import Labels, RandomState, Rows


class SelectiveClassifier(
    ProbaFromLogMixin,
    ClassifierMixin,
    MetaEstimatorMixin,
    DocLinkMixin,
    OlderFilesMixin,
    BaseEstimator,
):
    """Calibrate a classifier's probabilities, and refuse to answer when it is too unsure.

    Part of the rows is held out of the fit; with `cv`, each part in turn. These rows serve to fit a
    temperature that makes confidence match accuracy, and to find the lowest confidence at which the
    accepted answers are wrong no more often than asked for. Rows labelled with the estimator's
    `other_label`, which are not digits, are used for training only.

    Rows that the estimator itself takes for something other than a digit are not accepted either:
    with ``novelty=True`` of :class:`DigitCNNClassifier`, or for any estimator whose
    ``score_samples`` falls below its ``offset_``.

    Parameters
    ----------
    estimator : classifier, default=None
        Must have ``predict_proba``; None is a :class:`DigitCNNClassifier`. To use one that is
        already fitted, wrap it in :class:`sklearn.frozen.FrozenEstimator`; all rows given to `fit`
        are then used to calibrate it, and must not be those that it was trained on.

    calibrate : bool, default=True
        Whether to divide the logarithms of the probabilities by a temperature, chosen for the
        lowest log loss on the held-out rows. The most probable class stays the same.

    target_error : float, default=None
        Share of wrong answers tolerated among the accepted ones, such as 0.001. None accepts all.

    reject_label : object, default=None
        What `predict` returns for rows that are not accepted, such as -1 or "?". None returns the
        most probable class for all rows; :meth:`accepts` tells which to trust.

    validation_fraction : float, default=0.1
        Share of the rows to hold out, stratified; with `groups`, whole groups of about that share.

    cv : int, cross-validation generator or iterable, default=None
        Number of folds, or a splitter, to use instead of `validation_fraction`: every row is held
        out once, and the estimator is finally trained on all rows. This takes ``cv + 1`` fits; the
        larger number of held-out rows makes temperature and threshold more reliable. The splitter
        may be one that takes `groups`, such as :class:`~sklearn.model_selection.GroupKFold`.

    refit : bool, default=False
        Whether to train again on all rows once temperature and threshold are known. This takes
        twice the time; with several folds it is always done.

    random_state : int, RandomState instance or None, default=None
        Draws the held-out rows, and seeds the default estimator; a given one has its own.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        The labels, without `reject_label`.
    temperature_ : float
        Above 1 if the estimator was overconfident.
    threshold_ : float
        Lowest confidence of an accepted answer.
    floor_ : float
        Logarithm used for a probability of 0, which no temperature could correct: that of 1/1000 at
        most, and below any other of the held-out rows.
    offset_ : float
        Rows with a lower `score_samples` are not accepted; only if the estimator has an `offset_`.
    n_held_out_ : int
        Rows that the temperature and the threshold were learned from.
    validation_score_ : float
        Accuracy on these rows, whether accepted or not.
    coverage_ : float
        Share of these rows whose confidence is high enough.
    training_rows_, n_features_in_, feature_names_in_ : ndarray, int, ndarray
        As of :class:`DigitCNNClassifier`.

    Notes
    -----
    The threshold is the lowest at which the accepted held-out rows are wrong no more often than
    `target_error`, and at least ``1 / target_error`` of them are accepted: fewer could not show it.
    On other rows the error scatters around `target_error`.

    The `score_samples` of a :class:`DigitCNNClassifier` or an ensemble are shifted such that two in
    a thousand held-out digits score below 0, if at least 500 digits are held out.

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Y. Geifman and
    R. El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.

    Examples
    --------
    >>> from skdigits import SelectiveClassifier, make_digit_pipeline
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> reader = SelectiveClassifier(
    ...     make_digit_pipeline(random_state=0), target_error=0.02, reject_label=-1, random_state=0
    ... ).fit(X[:1500], y[:1500])
    >>> answers = reader.predict(X[1500:])
    >>> accepted = answers != -1
    >>> bool(accepted.mean() > 0.7), bool((answers == y[1500:])[accepted].mean() > 0.95)
    (True, True)
    """

    _parameter_constraints = {
        "estimator": [None, HasMethods(["fit", "predict_proba"])],
        "calibrate": ["boolean"],
        "target_error": [None, Interval(Real, 0, 1, closed="neither")],
        "reject_label": "no_validation",
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "cv": ["cv_object"],
        "refit": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        calibrate: bool = True,
        target_error: float | None = None,
        reject_label: Any = None,
        validation_fraction: float = 0.1,
        cv: Any = None,
        refit: bool = False,
        random_state: RandomState = None,
    ) -> None:
        self.estimator = estimator
        self.calibrate = calibrate
        self.target_error = target_error
        self.reject_label = reject_label
        self.validation_fraction = validation_fraction
        self.cv = cv
        self.refit = refit
        self.random_state = random_state

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; `n_threads` also takes effect on the fitted estimator.

        Parameters
        ----------
        **params
            Names as in ``get_params()``, and their values.

        Returns
        -------
        self : SelectiveClassifier
            The same estimator.
        """
        super().set_params(**params)
        if hasattr(self, "estimator_"):
            known = parameters_called(self.estimator_, "n_threads")
            given = {name.removeprefix("estimator__"): value for name, value in params.items()}
            self.estimator_.set_params(**{k: v for k, v in given.items() if k in known})
        return self

    @all_or_nothing
    def fit(
        self,
        X: Rows,
        y: Labels,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the estimator on part of the rows; fit temperature and threshold on the rest.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures, as the estimator takes them.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; None weights them equally.
        groups : array-like of shape (n_samples,), default=None
            Who wrote each row. Groups are held out whole, so that temperature and threshold come
            from writers that the estimator has not seen.

        Returns
        -------
        self : SelectiveClassifier
            The same estimator, fitted.
        """
        self._validate_params()
        X, y = validate_data(self, flatten_images(X), plain_labels(y), dtype="numeric")
        check_classification_targets(y)
        other_label = other_label_of(self.estimator)
        check_reject_label(self.reject_label, encode(y, other_label)[0])
        is_digit = ~is_other(y, other_label)
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        seeds = draw_seeds(self.random_state, ["split", "fit"])
        estimator = self.estimator
        if estimator is None:
            estimator = DigitCNNClassifier(random_state=seeds["fit"])
        used = np.flatnonzero(weight > 0)
        passed, splitting = self._route(
            estimator, sample_weight=None if sample_weight is None else weight, groups=groups
        )
        is_frozen = isinstance(estimator, FrozenEstimator)
        how = self.cv, self.validation_fraction, seeds["split"], splitting
        folds = [([], used)] if is_frozen else cut_folds(X, y, used, *how)

        def fit_on(rows):
            params = {name: values[rows] for name, values in passed.items()}
            return clone(estimator).fit(X[rows], y[rows], **params)

        folds = [(rest, held_out[is_digit[held_out]]) for rest, held_out in folds]
        found, scores = [], []
        for rest, held_out in folds:
            fitted = clone(estimator) if is_frozen else fit_on(rest)
            check_known(y[held_out], fitted.classes_)
            rows = self._as_fitted(fitted, X[held_out])
            found.append(log_proba_of(fitted, rows))
            scores.append(movable_scores(fitted, rows))
        self.classes_ = fitted.classes_
        held_out = np.concatenate([held_out for _, held_out in folds])
        codes = np.searchsorted(self.classes_, y[held_out])
        log_proba = np.concatenate(found).astype(np.float64)
        self.floor_ = find_floor(log_proba)
        self.n_held_out_ = len(codes)
        self.temperature_, self.threshold_, self.validation_score_, self.coverage_ = calibrate(
            np.maximum(log_proba, self.floor_),
            codes,
            weight[held_out],
            with_temperature=self.calibrate,
            target_error=self.target_error,
        )
        is_to_refit = not is_frozen and (self.refit or len(folds) > 1)
        self.estimator_ = fit_on(used) if is_to_refit else fitted
        if not is_frozen:  # a frozen estimator stays as it is
            move_zero(self.estimator_, find_zero(np.concatenate(scores), weight[held_out]))
        remember_rows(self, X, inside=[self.estimator_])
        return self

    def _route(self, estimator, **given):
        """Arguments for the estimator's `fit` and for the splitter, under their names for them."""
        given = {name: values for name, values in given.items() if values is not None}
        if given and get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **given)
            return routed.estimator.fit, routed.splitter.split
        step = f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""
        groups = {"groups": given.pop("groups")} if "groups" in given else {}
        return {step + name: values for name, values in given.items()}, groups

    def get_metadata_routing(self) -> Any:
        """Route metadata, see :ref:`scikit-learn's guide <metadata_routing>`.

        The weights given to `fit` are used here, and passed on to an estimator that requests them
        with ``set_fit_request(sample_weight=True)``; the groups are passed to the splitter.

        Returns
        -------
        routing : MetadataRouter
            What the estimator and the splitter request.
        """
        default = DigitCNNClassifier().set_fit_request(sample_weight=True)
        estimator = default if self.estimator is None else self.estimator
        fit = MethodMapping().add(caller="fit", callee="fit")
        split = MethodMapping().add(caller="fit", callee="split")
        splitter = self.cv if hasattr(self.cv, "split") else StratifiedGroupKFold()
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=splitter, method_mapping=split)
        return router.add(estimator=estimator, method_mapping=fit)

    def predict(self, X: Rows) -> NDArray[Any]:
        """Labels of pictures, with `reject_label` (unless None) for those that are not accepted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A label for each row.
        """
        if self.reject_label is None:
            best = self._log_proba(X).argmax(axis=1)
            return self.classes_[best]
        log_proba, score = self._log_proba_and_score(X)
        check_reject_label(self.reject_label, self.classes_)
        labels = self.classes_[log_proba.argmax(axis=1)]
        return reject(labels, self._accepts(log_proba, score), self.reject_label)

    def predict_log_proba(self, X: Rows) -> NDArray[np.floating[Any]]:
        """Natural logarithms of the calibrated probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`; of the estimator's dtype.
        """
        log_proba = self._log_proba(X)
        return round_log_proba(at_temperature(log_proba, self.temperature_), log_proba.dtype)

    def _log_proba(self, X):
        X = self._checked(X)  # first: it tells of a missing fit
        return self._floored(log_proba_of(self.estimator_, X))

    def _log_proba_and_score(self, X):
        """Logarithms of the estimator's own probabilities, and its score or None."""
        X = self._checked(X)
        log_proba, score = predict_both(self.estimator_, X)
        return self._floored(log_proba), score

    def _checked(self, X):
        check_is_fitted(self)
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        return self._as_fitted(self.estimator_, X)

    def _floored(self, log_proba):
        return np.maximum(log_proba, getattr(self, "floor_", NO_FLOOR))  # older files have none

    def _predict_both(self, X):
        """`predict_log_proba`, and `score_samples` or None, from one run of each network."""
        log_proba, score = self._log_proba_and_score(X)
        return round_log_proba(at_temperature(log_proba, self.temperature_), log_proba.dtype), score

    def score(self, X: Rows, y: Labels, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of the most probable class, whether accepted or not.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.
        y : array-like of shape (n_samples,)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            Share of right answers, 0 to 1.
        """
        best = self._log_proba(X).argmax(axis=1)
        return accuracy_score(y, self.classes_[best], sample_weight=sample_weight)

    def accepts(self, X: Rows) -> NDArray[np.bool_]:
        """Whether each picture looks like a digit, and the answer meets `target_error`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        is_accepted : ndarray of shape (n_samples,), bool
            Whether the answer for each row is accepted.
        """
        return self._accepts(*self._log_proba_and_score(X))

    def _accepts(self, log_proba, score):
        is_accepted = confidence_of(at_temperature(log_proba, self.temperature_)) >= self.threshold_
        least = least_score(self.estimator_)
        return is_accepted if least is None else is_accepted & (score >= least)

    @property
    def offset_(self) -> float:
        """Rows with a lower `score_samples` are not accepted."""
        least = least_score(getattr(self, "estimator_", None))
        if least is None:
            raise AttributeError("The estimator has no offset_, so none of its scores is refused.")
        return least

    @available_if(lambda self: hasattr(getattr(self, "estimator_", None), "score_samples"))
    def score_samples(self, X: Rows) -> NDArray[np.floating[Any]]:
        """How much pictures look like digits at all; only if the estimator can tell.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures.

        Returns
        -------
        score : ndarray of shape (n_samples,)
            As in :meth:`DigitCNNClassifier.score_samples`.
        """
        return self.estimator_.score_samples(self._checked(X))

    def _as_fitted(self, estimator, X):
        """The rows as a frame, if a frozen estimator was fitted on one."""
        if hasattr(self, "feature_names_in_") and hasattr(estimator, "feature_names_in_"):
            import pandas as pd

            return pd.DataFrame(X, columns=self.feature_names_in_)
        return X

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags
