"""Training: the only module that uses SciKeras.

Inputs and outputs are plain values: a `NetworkSpec` describes the network, NumPy arrays hold its
weights. Building and tracing a network takes longer than a small fit and leaks a little memory each
time, so one compiled network is kept for each specification and reset before each fit.
"""

import random
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning

from skdigits._networks.compute import as_arrays, limit_threads, make_batches
from skdigits._networks.prediction import Predictor
from skdigits._networks.schedules import SCHEDULES
from skdigits._networks.session import plain_keras, quietly, seeded_keras
from skdigits._networks.spec import MAX_KEPT, NetworkSpec, build_model
from skdigits._utils.fork import refuse_after_fork
from skdigits._utils.random import refuse_lost_checkpoints
from skdigits._utils.warn import warn

with quietly():
    import keras
    from scikeras.wrappers import KerasClassifier

    from skdigits._networks.checkpoint import Journal, checkpoint_path
    from skdigits._networks.layers import (
        RandomDistortion,
        distort_rows,
        of_keras_alone,
        resolve_augmentation,
    )
    from skdigits._networks.monitor import (
        AugmentationFade,
        Monitor,
        ProgressBar,
        ValidationData,
        make_callback,
    )

__all__ = ["Objective", "Plan", "TrainableNetwork", "distill", "resolve_augmentation", "train"]


@dataclass(frozen=True)
class Objective:
    """What is compiled into the training step."""

    optimizer: str = "adamw"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    augmentation: tuple | None = None

    @classmethod
    def of(cls, parameters):
        """From the parameters of a classifier, as a dict."""
        own = {field.name: parameters[field.name] for field in fields(cls)}
        return cls(**own | {"augmentation": resolve_augmentation(own["augmentation"])})


@dataclass
class Plan:
    """How long, how fast and in which order to train, and what happens after each epoch."""

    MIN_BATCHES = 8

    epochs: int
    batch_size: int
    learning_rate: float
    learning_rate_schedule: str
    init_seed: int
    order_seed: int
    n_iter_no_change: int | None = None
    restore_best: bool = True
    callbacks: tuple = ()
    n_threads: int | None = None
    verbose: int = 0
    checkpoint_dir: object = None

    @classmethod
    def of(cls, parameters, seeds):
        """From the parameters of a classifier, as a dict, with the seeds "init" and "order"."""
        refuse_lost_checkpoints(parameters["checkpoint_dir"], parameters["random_state"])
        own = {f.name: parameters[f.name] for f in fields(cls) if f.name in parameters}
        own["callbacks"] = tuple(own["callbacks"] or ())
        if not parameters["early_stopping"]:
            own["n_iter_no_change"] = None
        return cls(**own, init_seed=seeds["init"], order_seed=seeds["order"])

    def count_batches(self, n_rows):
        """Batches in an epoch, of nearly equal size so that no tiny last one disturbs the fit.

        A small set is split into at least `MIN_BATCHES`, or a fit would have too few steps.
        """
        fewest = min(self.MIN_BATCHES, max(1, n_rows // 4))
        return max(fewest, round(n_rows / self.batch_size))


class _PlannedRate:
    """A learning rate read from a table, so that one compiled step serves every schedule.

    Keras calls this object for the rate. When a callback assigns another one, the rest of the
    schedule is scaled by the same factor.
    """

    N_POINTS = 512

    def attach_to(self, optimizer):
        """Keep the table in variables of the optimizer, which the compiled step reads each time."""
        self.iterations = optimizer.iterations
        self.table = optimizer.add_variable((self.N_POINTS + 1,), dtype="float32", name="rates")
        self.n_steps = optimizer.add_variable((), "ones", dtype="float32", name="n_steps")
        self.factor = optimizer.add_variable((), "ones", dtype="float32", name="factor")

    def set(self, plan, n_steps):
        progress = np.linspace(0, 1, self.N_POINTS + 1)
        self.table.assign(plan.learning_rate * SCHEDULES[plan.learning_rate_schedule](progress))
        self.n_steps.assign(float(n_steps))
        self.factor.assign(1.0)

    def assign(self, rate):
        self.factor.assign(self.factor * rate / self())

    def __call__(self):
        # The middle of the step, or a fit of one step would train at one end of the schedule.
        step = keras.ops.cast(self.iterations, "float32") + 0.5
        progress = step / self.n_steps * self.N_POINTS
        progress = keras.ops.clip(progress, 0.0, self.N_POINTS - 1e-3)
        left = keras.ops.floor(progress)
        index = keras.ops.cast(left, "int32")
        low, high = keras.ops.take(self.table, index), keras.ops.take(self.table, index + 1)
        return (low + (high - low) * (progress - left)) * self.factor


def _make_optimizer(objective, rate):
    decay = objective.weight_decay or None
    if objective.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=objective.weight_decay)
    elif objective.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay)
    elif objective.optimizer == "rmsprop":
        optimizer = keras.optimizers.RMSprop(rate, weight_decay=decay)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
    rate.attach_to(optimizer)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer


def _initialize(model, spec, seed):
    """Initialise all variables again, with the initializers found in Keras' layers.

    Building a new model would do the same, but TensorFlow leaks 0.8 MB each time; that is done only
    if a layer keeps its initializers under names that do not match its variables.
    """
    draw = random.Random(seed)
    drawn = set()
    for layer in model._flatten_layers(include_self=False):
        for name, initializer in vars(layer).items():
            variable = getattr(layer, name.removesuffix("_initializer"), None)
            if not name.endswith("_initializer") or not isinstance(variable, keras.Variable):
                continue
            config = initializer.get_config()
            if "seed" in config:
                config["seed"] = draw.randrange(2**31)
            initializer = type(initializer).from_config(config)
            variable.assign(initializer(variable.shape, variable.dtype))
            drawn.add(id(variable))
    for variable in model.variables:
        if variable.path.endswith("seed_generator_state"):
            variable.assign([draw.randrange(2**31), 0])
            drawn.add(id(variable))
    if any(id(variable) not in drawn for variable in model.variables):
        for variable, fresh in zip(model.variables, spec.build(seed).variables, strict=True):
            variable.assign(fresh)


class TrainableNetwork(keras.Model):
    """A network with its augmentation in front, compiled once and trained many times."""

    @classmethod
    def compiled(cls, spec, objective):
        core = spec.build()
        with plain_keras(), seeded_keras(0):
            inputs = keras.Input(core.inputs[0].shape[1:])
            distortion = RandomDistortion(**dict(objective.augmentation or ()))
            network = cls(inputs, core(distortion(inputs) if objective.augmentation else inputs))
            network.core, network.distortion = core, distortion
            network.rate = _PlannedRate()
            network.compile(
                _make_optimizer(objective, network.rate),
                keras.losses.CategoricalCrossentropy(
                    from_logits=True, label_smoothing=objective.label_smoothing
                ),
                metrics=["accuracy"],
            )
            network.optimizer.build(network.trainable_variables)
            nothing = np.zeros((1, spec.n_classes), "float32")
            network.compute_metrics(None, nothing, nothing)  # builds them, in float32
        return network

    @property
    def state(self):
        """All variables that a fit changes."""
        return [*self.core.variables, self.distortion.generator.state, *self.optimizer.variables]

    def reset(self, spec, plan, n_steps, weights=None):
        """Set every variable back, as if the network had just been built with this seed."""
        _initialize(self.core, spec, plan.init_seed)
        if weights is not None:
            self.core.set_weights(weights)
        self.distortion.generator.state.assign([plan.order_seed, 0])
        for variable in self.optimizer.variables:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
        self.rate.set(plan, n_steps)
        self.stop_training = False
        self.plan = plan

    # Callbacks that save the model get the plain network, without distortion and optimizer.

    def save(self, *args, **kwargs):
        with plain_keras(), seeded_keras(0):
            of_keras_alone(self.core).save(*args, **kwargs)

    def save_weights(self, *args, **kwargs):
        self.core.save_weights(*args, **kwargs)

    def load_weights(self, *args, **kwargs):
        self.core.load_weights(*args, **kwargs)

    def fit(self, x, y, sample_weight=None, *, epochs, initial_epoch, callbacks, **_):
        """Train on arrays in the plan's own order; SciKeras' other arguments are ignored."""
        n_batches = self.plan.count_batches(len(x))
        columns = [column for column in (x, y, sample_weight) if column is not None]
        return super().fit(
            make_batches(columns, n_batches, (initial_epoch, epochs), self.plan.order_seed),
            steps_per_epoch=n_batches,
            epochs=epochs,
            initial_epoch=initial_epoch,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )


_networks: OrderedDict = OrderedDict()
_one_fit = threading.RLock()  # one fit at a time in a process, except fits inside a callback


@contextmanager
def _borrowed_network(spec, objective, is_own):
    """The compiled network of this specification, from those kept or newly built.

    It belongs to this fit alone until it ends, and is kept again only if it ends without an error.
    With `is_own` it is always built and never kept, so that callbacks may change it.
    """
    key = spec, objective
    network = None if is_own else _networks.pop(key, None)
    if network is None:
        network = TrainableNetwork.compiled(spec, objective)
    yield network
    if not is_own:
        _networks[key] = network
    while len(_networks) > MAX_KEPT:
        _networks.popitem(last=False)


@dataclass
class TrainingResult:
    """The outcome of a fit, as plain values."""

    weights: list
    history: dict
    n_epochs: int
    best_epoch: int
    journal: Journal


def train(spec, objective, plan, training, validation=None, *, weights=None):
    """Train a network through SciKeras.

    Parameters
    ----------
    spec : NetworkSpec
    objective : Objective
    plan : Plan
    training, validation : tuple of (images, codes, sample_weight)
        Images of shape (n_samples, height, width, 1), float32; integer codes below
        ``spec.n_classes``; weights or None. `validation` may be None.
    weights : list of ndarray, default=None
        Where to start; None starts from ``plan.init_seed``.

    Returns
    -------
    result : TrainingResult
        The caller removes its checkpoint, if ``plan.checkpoint_dir`` asked for one.
    """
    refuse_after_fork()
    made = [make_callback(make) for make in plan.callbacks]
    path = None
    if plan.checkpoint_dir is not None:
        path = checkpoint_path(
            plan.checkpoint_dir, spec, objective, plan, training, validation, weights
        )
    limit_threads(plan.n_threads)
    X, codes, sample_weight = training
    one_hot = np.eye(spec.n_classes, dtype=np.float32)[codes]
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight, dtype=np.float32)
    if validation is not None:
        validation = ValidationData(
            *validation, lambda w, images: Predictor([(spec, w)]).logits(images)[0]
        )
    monitor = Monitor(validation, plan.n_iter_no_change)
    journal = Journal(monitor, path)
    callbacks = [monitor, AugmentationFade(), *made]
    if plan.verbose:
        callbacks.append(ProgressBar())
    with _one_fit, _borrowed_network(spec, objective, is_own=bool(plan.callbacks)) as network:
        network.reset(spec, plan, plan.epochs * plan.count_batches(len(X)), weights)
        journal.restore(network)
        wrapper = KerasClassifier(
            model=lambda: network,
            epochs=plan.epochs - monitor.n_epochs,
            callbacks=[*callbacks, journal],
            verbose=0,
        )
        if not journal.is_over:
            wrapper.fit(X, one_hot, sample_weight=sample_weight, initial_epoch=monitor.n_epochs)
        last_weights = as_arrays(network.core.weights)
    is_best_kept = plan.restore_best and monitor.best_weights is not None
    result = TrainingResult(
        weights=monitor.best_weights if is_best_kept else last_weights,
        history=journal.history,
        n_epochs=monitor.n_epochs,
        best_epoch=monitor.best_epoch if is_best_kept else monitor.n_epochs,
        journal=journal,
    )
    _judge_divergence(result, plan)
    return result


def _judge_divergence(result, plan):
    """Raise if the weights are not finite; warn if only those of an earlier epoch are."""
    said = (
        f"Training diverged in epoch {result.n_epochs}, with learning_rate={plan.learning_rate:g}: "
        "its loss is {}. Lower learning_rate or weight_decay, and check that X has pixels from "
        "about 0 to 1.".format(result.history["loss"][-1])
    )
    if not all(np.isfinite(weight).all() for weight in result.weights):
        result.journal.remove()
        raise ValueError(said)
    if not np.isfinite(result.history["loss"][-1]):
        warn(f"{said} The weights of epoch {result.best_epoch} are kept.", ConvergenceWarning)


def distill(network, weights, known, new, codes, *, augmentation, copies, seed, n_threads=None):
    """Teach the dense layers of a network some rows, and its own answers to others.

    It learns from probabilities in place of labels, so that its own can stand among its lessons
    (G. Hinton et al., "Distilling the knowledge in a neural network", 2015).

    Parameters
    ----------
    network : dict
        Of :class:`NetworkSpec`.
    weights : list of ndarray
        Its weights, which are not changed.
    known : ndarray of shape (n_known, n_features)
        Rows of which the network's answers stay.
    new : ndarray of shape (n_new, n_features)
        Rows to learn.
    codes : ndarray of shape (n_new,)
        Their outputs, from 0.
    augmentation : None, float or dict
        As of the classifier; each copy of a row is distorted in another way.
    copies : (int, int)
        How often each known row, and each new one, is seen.
    seed : int
        Of the distortion and the order.
    n_threads : int, default=None
        As of the classifier.

    Returns
    -------
    weights : list of ndarray
        New ones in dense layers; convolutions and normalisations, which see strokes, keep theirs.
    """
    refuse_after_fork()
    limit_threads(n_threads)
    spec = NetworkSpec(**network)
    rows = [np.repeat(X, n, axis=0) for X, n in zip((known, new), copies, strict=True)]
    images = distort_rows(
        np.concatenate(rows),
        spec.image_shape,
        seed=seed,
        **dict(resolve_augmentation(augmentation) or ()),
    )
    n_known = len(rows[0])
    answers = softmax(Predictor([(spec, weights)]).logits(images[:n_known])[0], axis=1)
    labels = np.eye(spec.n_classes, dtype=np.float32)[np.repeat(codes, copies[1])]
    model = build_model(spec, weights)
    layers = [x for x in model._flatten_layers() if not isinstance(x, keras.Model)]
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    for layer in layers:
        layer.trainable = layer in (dense or layers)
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    n_batches = max(1, len(images) // 128)
    batches = make_batches([images, np.concatenate([answers, labels])], n_batches, (0, 1), seed)
    model.fit(batches, steps_per_epoch=n_batches, shuffle=False, verbose=0)
    return as_arrays(model.weights)
