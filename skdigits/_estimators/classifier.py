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
from skdigits._estimators.training_rows import prepare_rows
from skdigits._networks.architectures import ARCHITECTURES
from skdigits._networks.schedules import SCHEDULES
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.images import find_image_shape, flatten_images, warn_of_unscaled_rows
from skdigits._utils.labels import plain_labels
from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import Labels, RandomState, Rows

# What a `partial_fit` does not do.
_PARTIAL = {
    "epochs": 1,
    "learning_rate_schedule": "constant",
    "early_stopping": False,
    "validation_fraction": 0,
    "checkpoint_dir": None,
}


class DigitCNNClassifier(NoveltyMixin, NetworksMixin, DocLinkMixin, OlderFilesMixin, BaseEstimator):
    """Convolutional network for small pictures of digits.

    A compact Keras network with augmentation, trained through SciKeras, that behaves as any other
    scikit-learn classifier. It expects pixels of about 0 to 1: put a :class:`PixelScaler` before
    it, or use :func:`make_digit_pipeline`.

    Parameters
    ----------
    architecture : {"compact", "deep", "classic"} or callable, default="compact"
        "compact" is a small batch-normalised network, "deep" a larger one; "classic" is that of the
        well-known Kaggle notebooks. A function with the arguments ``(image_shape, n_classes, *,
        width, dropout, batch_norm)`` returns an untrained `keras.Model` that ends in logits; it
        need only name the keywords that it uses, and must live in a module to be pickled.

    width : float, default=1.0
        Multiplies the number of channels of each layer.

    dropout : float, default=None
        Rate before the last layer (and half of it after each pooling of "classic"). None takes the
        architecture's own.

    batch_norm : bool, default=None
        Whether to normalise after each convolution. None takes the architecture's own.

    optimizer : {"adamw", "adam", "rmsprop", "sgd"}, default="adamw"
        "sgd" has Nesterov momentum 0.9.

    learning_rate : float, default=0.01
        Highest learning rate of the schedule.

    learning_rate_schedule : {"one_cycle", "cosine", "exponential", "constant"}, \
            default="one_cycle"
        How the learning rate runs over the fit, batch by batch.

    weight_decay : float, default=0.02
        Decoupled weight decay, times the learning rate; biases and normalisation are left out.

    label_smoothing : float, default=0.05
        Share of each target spread evenly over all classes.

    epochs : int, default=8
        Passes over the training rows.

    batch_size : int, default=64
        Rows in a training step, about: batches are evened out, so that none is much smaller, and a
        small set is cut into at least eight.

    augmentation : float, dict or None, default=0.7
        Random distortion of the training rows. 1.0 is rotation of up to 12 degrees, zoom of 10 %,
        shear of 0.15 and shift of 7 % of the side (2 pixels of 28); other strengths scale these. A
        dict gives the parts one by one: "rotation" in degrees, "zoom", "shear", "shift" and
        "elastic" as fractions; and for half of the rows "thickness", "lines", "blur", "contrast",
        "brightness" and "noise", from 0 to 1. Never flips. The last epoch has half the strength.

    tta : int, default=0
        Test-time augmentation: `predict` and its kind average the probabilities of each picture and
        of so many fixed views of it, shifted by a pixel of 28 and turned by a few degrees. Each
        view costs as much time as the picture itself; may be set after `fit`.

    early_stopping : bool, default=False
        End the fit when the validation accuracy has not improved for `n_iter_no_change` epochs.

    validation_fraction : float, default=None
        Share of the training rows held out, stratified and drawn with `random_state`, to be scored
        after each epoch. None is 0.1 with `early_stopping`, and nothing without.

    n_iter_no_change : int, default=5
        Epochs without improvement that end the fit, when `early_stopping`.

    restore_best : bool, default=True
        Whether to keep the weights of the epoch of best validation accuracy (of equal ones that of
        lower loss) rather than the last. Without validation rows the last epoch is the best.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, as in scikit-learn; multiplied with `sample_weight`.

    other_label : object, default=None
        Label of rows in `y` that are examples of what is no digit. They are of no class, and
        neither predicted nor scored: :meth:`score_samples` learns from them what to refuse.

    novelty : bool, default=False
        Whether `fit`, or the first `partial_fit`, also learns what digits look like, for
        :meth:`score_samples` to tell them from anything else; so it does with `other_label`. It
        holds for the network as it was then: after a `partial_fit` that changes much, fit again.

    image_shape : "auto", (int, int) or (int, int, 1), default="auto"
        Height and width of the pictures in X. "auto" takes a square.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit. A network without `other_label` may
        go on with it.

    callbacks : list of callable, default=None
        Functions without arguments that return a new `keras.callbacks.Callback` for each fit.

    checkpoint_dir : path-like, default=None
        Folder in which `fit` keeps its state after each epoch, made where it does not exist. A fit
        that was killed goes on from there when it is called again with the same data and
        parameters, and ends with the same bits as if it had never been. Needs a `random_state`
        that draws the same again. Many fits may share the folder; each removes its file when it
        ends. Callbacks see the epochs that are left; functions go by their names.

    n_threads : int, default=None
        CPU threads of TensorFlow, which are fixed by the first operation of a process. None leaves
        TensorFlow's own choice. Results are reproducible for a given number of threads.

    random_state : int, RandomState instance or None, default=None
        Seeds the validation rows, the weights, the order of rows, dropout and augmentation. The
        same int gives the same bits.

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
        where rows were held out.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int
        Epoch whose weights were kept, counted from 1.
    validation_scores_ : list of float or None
        Validation accuracy of each epoch.
    n_parameters_ : int
        Number of weights, normalisation statistics included.
    weights_ : list of ndarray
        The weights, in Keras' order.
    network_ : dict
        What the network was built from.
    digits_ : dict
        What was learned for `score_samples`, with `novelty` or `other_label`.
    offset_ : float
        0: below lie the scores of what is taken for no digit; only with `score_samples`.
    model_ : keras.Model
        A new Keras model with these weights; it maps images of shape (n, h, w, 1) to logits, of
        which the last is that of `other_label`, if any.

    See Also
    --------
    make_digit_pipeline : This classifier behind a :class:`PixelScaler`.

    Notes
    -----
    Equal rows with equal labels are merged into one of their summed weight, and rows are put in an
    order of their own before they are shuffled with `random_state`; so a row of weight 2 counts as
    that row given twice, and the order of the rows does not matter.

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
            Pictures of about 0 to 1, ink high.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; None weighs all alike.

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
        """Train one more epoch, at a constant learning rate and without validation rows.

        Each call starts the optimizer anew: give it as many rows at a time as you can.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures of about 0 to 1, ink high.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come, but for `other_label`; needed in the first call.
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
        """Number of weights, normalisation statistics included."""
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
        if goes_on:  # another epoch needs other draws
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
        self._keep(result, goes_on)
        if self._has_score() and not (goes_on and hasattr(self, "digits_")):
            images, codes, _ = training
            digits = np.flatnonzero(codes < len(self.classes_))[:MAX_ROWS]
            self._learn_digits(flatten_images(images[digits]), codes[digits])
        result.journal.remove()

    def _keep(self, result, goes_on):
        """Take over what the training gave; a `partial_fit` appends to what was there."""
        n_before = self.n_iter_ if goes_on else 0
        before = self.history_ if goes_on else {}
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
