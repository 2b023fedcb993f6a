"""`DigitCNNClassifier`: a small Keras network as a scikit-learn classifier.

TensorFlow is imported by the first `fit` or `predict`, never by importing or constructing.
"""

from collections.abc import Callable
from numbers import Integral, Real
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skdigits._estimators.fitting import OlderFilesMixin, all_or_nothing, weights_to_continue
from skdigits._estimators.novelty import MAX_ROWS, NoveltyMixin
from skdigits._estimators.others import encode, encode_known, without_label
from skdigits._estimators.predicting import NetworksMixin
from skdigits._estimators.training_rows import prepare_rows, remember_rows
from skdigits._networks.architectures import ARCHITECTURES
from skdigits._networks.schedules import SCHEDULES
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.images import find_image_shape, flatten_images, warn_of_unscaled_rows
from skdigits._utils.labels import plain_labels
from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import Labels, RandomState, Rows

# Parameters that `partial_fit` overrides.
_PARTIAL = {
    "epochs": 1,
    "learning_rate_schedule": "constant",
    "early_stopping": False,
    "validation_fraction": 0,
    "checkpoint_dir": None,
}


class DigitCNNClassifier(NoveltyMixin, NetworksMixin, DocLinkMixin, OlderFilesMixin, BaseEstimator):
    """Convolutional network for small pictures of digits.

    A compact Keras network with augmentation, trained through SciKeras, that behaves like any other
    scikit-learn classifier. It expects pixels from about 0 to 1: put a :class:`PixelScaler` before
    it, or use :func:`make_digit_pipeline`.

    Parameters
    ----------
    architecture : {"compact", "deep", "classic"} or callable, default="compact"
        "compact" is a small batch-normalised network, "deep" a larger one, and "classic" the one
        from the well-known Kaggle notebooks. A callable takes ``(image_shape, n_classes, *, width,
        dropout, batch_norm)`` and returns an untrained `keras.Model` that outputs logits; it need
        only name the keywords it uses, and must be importable from a module to be pickled.

    width : float, default=1.0
        Multiplies the number of channels in each layer.

    dropout : float, default=None
        Rate before the last layer; "classic" also applies half of it after each pooling. None uses
        the architecture's default.

    batch_norm : bool, default=None
        Whether to normalise after each convolution. None uses the architecture's default.

    optimizer : {"adamw", "adam", "rmsprop", "sgd"}, default="adamw"
        "sgd" uses Nesterov momentum of 0.9.

    learning_rate : float, default=0.01
        Peak learning rate of the schedule.

    learning_rate_schedule : {"one_cycle", "cosine", "exponential", "constant"}, \
            default="one_cycle"
        How the learning rate changes over the fit, batch by batch.

    weight_decay : float, default=0.02
        Decoupled weight decay, scaled by the learning rate; biases and normalisation are exempt.

    label_smoothing : float, default=0.05
        Share of each target spread evenly over all classes.

    epochs : int, default=8
        Passes over the training rows.

    batch_size : int, default=64
        Approximate number of rows in a training step: batches are made nearly equal in size, and a
        small training set is split into at least eight.

    augmentation : float, dict or None, default=0.7
        Strength of the random distortion of the training rows. 1.0 is rotation by up to 12 degrees,
        zoom by 10 %, shear of 0.15 and shift by 7 % of the side (2 of 28 pixels); other values
        scale these. A dict sets each part: "rotation" in degrees; "zoom", "shear", "shift" and
        "elastic" as fractions; and, on half of the rows, "thickness", "lines", "blur", "contrast",
        "brightness" and "noise" from 0 to 1. Never flips. The last epoch uses half the strength.

    tta : int, default=0
        Test-time augmentation: the number of fixed views of each picture, shifted by 1/28 of the
        side and rotated by a few degrees, whose probabilities are averaged with its own. Each view
        takes as long to predict as the picture itself. May be set after `fit`.

    early_stopping : bool, default=False
        Whether to stop when validation accuracy has not improved for `n_iter_no_change` epochs.

    validation_fraction : float, default=None
        Share of the training rows to hold out and score after each epoch, stratified and drawn with
        `random_state`. None means 0.1 with `early_stopping` and 0 without.

    n_iter_no_change : int, default=5
        Epochs without improvement after which `early_stopping` ends the fit.

    restore_best : bool, default=True
        Whether to keep the weights of the epoch with the best validation accuracy (ties go to the
        lower loss) rather than the last. Without validation rows the last epoch is kept.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in scikit-learn; multiplied by `sample_weight`.

    other_label : object, default=None
        Label in `y` of rows that are examples of anything but digits. It is not a class, and is
        neither predicted nor scored: :meth:`score_samples` learns from these rows what to refuse.

    novelty : bool, default=False
        Whether `fit`, or the first `partial_fit`, also learns what digits look like, so that
        :meth:`score_samples` can tell them from anything else; `other_label` implies it. It is not
        updated by a later `partial_fit`: after one that changes much, fit again.

    image_shape : "auto", (int, int) or (int, int, 1), default="auto"
        Height and width of the pictures in X. "auto" assumes square ones.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last fit. `other_label` may be added to a
        network that was first fitted without it.

    callbacks : list of callable, default=None
        Callables without arguments, each of which returns a new `keras.callbacks.Callback`.

    checkpoint_dir : path-like, default=None
        Folder in which `fit` saves its state after each epoch; created if missing. A fit that was
        killed resumes from there when it is called again with the same data and parameters, and
        ends with the same bits as an uninterrupted one. Requires a fixed `random_state`. Fits may
        share the folder; each deletes its file at its end. Callbacks see only the remaining epochs.
        Functions are identified by name, so delete the files after changing what one does.

    n_threads : int, default=None
        CPU threads of TensorFlow, fixed by the first operation in a process. None leaves the choice
        to TensorFlow. Results are reproducible for a given number of threads.

    random_state : int, RandomState instance or None, default=None
        Seeds the choice of validation rows, the initial weights, the order of rows, dropout and
        augmentation. The same int gives the same bits.

    verbose : int, default=0
        1 shows a progress bar; 0 is silent.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, without `other_label`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`, when X was a frame with string columns.
    image_shape_ : (int, int)
        Height and width of the pictures.
    history_ : dict of str to list of float
        "loss" and "accuracy" of each epoch (on augmented rows), and "val_loss" and "val_accuracy"
        if rows were held out.
    n_iter_, best_epoch_ : int
        Epochs trained, and the one whose weights were kept, counted from 1.
    validation_scores_ : list of float or None
        Validation accuracy of each epoch.
    n_parameters_ : int
        Number of weights, including normalisation statistics.
    weights_ : list of ndarray
        The weights, in Keras' order.
    network_ : dict
        What the network was built from.
    training_rows_ : ndarray of uint32
        Hashes of the rows given to `fit`, which :func:`skdigits.evaluation.report` looks up.
    digits_ : dict
        What was learned for `score_samples`; only with `novelty` or `other_label`.
    offset_ : float
        0: lower scores mean "not a digit"; only with `score_samples`.
    model_ : keras.Model
        A new Keras model with these weights. It maps images of shape (n, h, w, 1) to logits, the
        last of which belongs to `other_label`, if set.

    See Also
    --------
    make_digit_pipeline : This classifier behind a :class:`PixelScaler`.

    Notes
    -----
    Identical rows with the same label are merged and their weights added up, and rows are sorted
    before they are shuffled with `random_state`; so a row of weight 2 counts as that row given
    twice, and the order in which rows are given does not matter.

    Examples
    --------
    >>> from skdigits import DigitCNNClassifier
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = DigitCNNClassifier(epochs=10, random_state=0).fit(X / 16, y)
    >>> clf.image_shape_
    (8, 8)
    >>> bool(clf.score(X / 16, y) > 0.95)
    True
    """

    _parameter_constraints = {
        "architecture": [StrOptions(set(ARCHITECTURES)), callable],
        "width": [Interval(Real, 0, None, closed="neither")],
        "dropout": [None, Interval(Real, 0, 1, closed="left")],
        "batch_norm": [None, "boolean"],
        "optimizer": [StrOptions({"adamw", "adam", "rmsprop", "sgd"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_schedule": [StrOptions(set(SCHEDULES))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "augmentation": [None, Interval(Real, 0, None, closed="left"), dict],
        "tta": [Interval(Integral, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [None, Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "restore_best": ["boolean"],
        "class_weight": [None, StrOptions({"balanced"}), dict],
        "other_label": "no_validation",
        "novelty": ["boolean"],
        "image_shape": [StrOptions({"auto"}), tuple, Hidden(list)],
        "warm_start": ["boolean"],
        "callbacks": [None, list, tuple],
        "checkpoint_dir": [None, str, PathLike],
        "n_threads": [None, Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        architecture: str | Callable[..., Any] = "compact",
        *,
        width: float = 1.0,
        dropout: float | None = None,
        batch_norm: bool | None = None,
        optimizer: Any = "adamw",
        learning_rate: float = 0.01,
        learning_rate_schedule: str = "one_cycle",
        weight_decay: float = 0.02,
        label_smoothing: float = 0.05,
        epochs: int = 8,
        batch_size: int = 64,
        augmentation: float | dict[str, float] | None = 0.7,
        tta: int = 0,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        n_iter_no_change: int = 5,
        restore_best: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        other_label: Any = None,
        novelty: bool = False,
        image_shape: Any = "auto",
        warm_start: bool = False,
        callbacks: Any = None,
        checkpoint_dir: PathLike | None = None,
        n_threads: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.architecture = architecture
        self.width = width
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.tta = tta
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.restore_best = restore_best
        self.class_weight = class_weight
        self.other_label = other_label
        self.novelty = novelty
        self.image_shape = image_shape
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.checkpoint_dir = checkpoint_dir
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    @all_or_nothing
    def fit(self, X: Rows, y: Labels, sample_weight: ArrayLike | None = None) -> Self:
        """Train the network.

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
        self : DigitCNNClassifier
            The same estimator, fitted.
        """
        self._validate_params()
        X, y, sample_weight = self._check_training_data(X, y, sample_weight, reset=True)
        classes, codes = encode(y, self.other_label)
        network = self._describe_network(X.shape[1], len(classes))
        start = weights_to_continue(self, classes, network) if self.warm_start else None
        self.__dict__.pop("digits_", None)
        self.classes_, self.network_ = classes, network
        self._train(X, codes, sample_weight, start)
        return self

    @all_or_nothing
    def partial_fit(
        self,
        X: Rows,
        y: Labels,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, at a constant learning rate and without validation rows.

        Each call resets the optimizer: pass as many rows at a time as you can.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures with pixels from about 0 to 1, ink high.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur, except `other_label`; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : DigitCNNClassifier
            The same estimator, fitted.
        """
        self._validate_params()
        is_first = not hasattr(self, "weights_")
        classes = without_label(classes, self.other_label)
        if not is_first and classes is None:
            classes = self.classes_
        X, y, sample_weight = self._check_training_data(X, y, sample_weight, reset=is_first)
        _check_partial_fit_first_call(self, classes)
        codes = encode_known(y, self.classes_, self.other_label)
        if is_first:
            self.network_ = self._describe_network(X.shape[1], len(self.classes_))
        self._train(X, codes, sample_weight, getattr(self, "weights_", None), is_partial=True)
        return self

    @property
    def model_(self) -> Any:
        """A new `keras.Model` with the fitted weights."""
        check_is_fitted(self)
        from skdigits._networks.spec import NetworkSpec, build_model

        return build_model(NetworkSpec(**self.network_), self.weights_)

    @property
    def image_shape_(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        check_is_fitted(self)
        return self.network_["image_shape"]

    @property
    def n_parameters_(self) -> int:
        """Number of weights, including normalisation statistics."""
        check_is_fitted(self)
        return sum(weight.size for weight in self.weights_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "weights_")

    def _check_training_data(self, X, y, sample_weight, reset):
        X, y = flatten_images(X), plain_labels(y)
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float32)
        warn_of_unscaled_rows(X)
        check_classification_targets(y)
        sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        return X, y, sample_weight

    def _describe_network(self, n_features, n_classes):
        return {
            "architecture": self.architecture,
            "image_shape": find_image_shape(n_features, self.image_shape),
            "n_classes": n_classes + (self.other_label is not None),
            "width": self.width,
            "dropout": self.dropout,
            "batch_norm": self.batch_norm,
        }

    def _train(self, X, codes, sample_weight, start, is_partial=False):
        from skdigits._networks.spec import NetworkSpec
        from skdigits._networks.training import Objective, Plan, train

        seeds = draw_seeds(self.random_state, ["split", "init", "order"])
        goes_on = is_partial and start is not None
        if goes_on:  # each epoch needs its own shuffling
            seeds["order"] = (seeds["order"] + self.n_iter_) % 2**31
        parameters = self.get_params(deep=False) | (_PARTIAL if is_partial else {})
        plan = Plan.of(parameters, seeds)
        objective = Objective.of(parameters)
        shape = self.network_["image_shape"]
        training, validation = prepare_rows(
            parameters, self.classes_, X, codes, sample_weight, shape, seeds["split"]
        )
        spec = NetworkSpec(**self.network_)
        result = train(spec, objective, plan, training, validation, weights=start)
        self._store(result, goes_on)
        if self._has_score() and not (goes_on and hasattr(self, "digits_")):
            images, codes, _ = training
            digits = np.flatnonzero(codes < len(self.classes_))[:MAX_ROWS]
            self._learn_digits(flatten_images(images[digits]), codes[digits])
        remember_rows(self, X, goes_on=start is not None)
        result.journal.remove()

    def _store(self, result, goes_on):
        """Set the fitted attributes; a `partial_fit` extends the history."""
        n_before, before = (self.n_iter_, self.history_) if goes_on else (0, {})
        self.weights_ = result.weights
        self.history_ = {
            name: before.get(name, []) + values for name, values in result.history.items()
        }
        self.n_iter_ = n_before + result.n_epochs
        self.best_epoch_ = n_before + result.best_epoch
        self.validation_scores_ = self.history_.get("val_accuracy")

    def _fitted_networks(self):
        return [(self.network_, self.weights_)]

    def _prediction_options(self):
        return {"n_views": self.tta, "n_threads": self.n_threads}
