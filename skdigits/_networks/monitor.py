"""What happens at the end of each epoch: validation, best weights, early stopping, progress."""

from dataclasses import dataclass

import keras
import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score

from skdigits._networks.compute import as_arrays


@dataclass
class ValidationData:
    """Rows held out of training, and how to predict them.

    `predict_logits` is called with the current weights and the images.
    """

    images: np.ndarray
    codes: np.ndarray
    sample_weight: np.ndarray | None
    predict_logits: object

    def score(self, weights):
        """Accuracy and log loss under these weights."""
        logits = self.predict_logits(weights, self.images).astype(float)
        with np.errstate(invalid="ignore"):  # training may have diverged
            log_proba = log_softmax(logits, axis=1)
        accuracy = accuracy_score(
            self.codes, log_proba.argmax(axis=1), sample_weight=self.sample_weight
        )
        chosen = log_proba[np.arange(len(self.codes)), self.codes]
        return float(accuracy), float(-np.average(chosen, weights=self.sample_weight))


class Monitor(keras.callbacks.Callback):
    """Score the held-out rows after each epoch, and keep the best weights.

    Parameters
    ----------
    validation : ValidationData or None
        None scores nothing, and takes the last epoch for the best.
    n_iter_no_change : int or None
        End the fit after this many epochs without improvement; None never does.
    """

    def __init__(self, validation=None, n_iter_no_change=None):
        super().__init__()
        self.validation = validation
        self.n_iter_no_change = n_iter_no_change
        self.best_epoch = 0
        self.best_score = (-np.inf, -np.inf)
        self.best_weights = None
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1
        weights = as_arrays(self.model.core.weights) if self.validation else None
        if weights is not None:
            accuracy, loss = self.validation.score(weights)
            logs.update(val_accuracy=accuracy, val_loss=loss)
        if not np.isfinite(logs["loss"]):  # training has diverged
            self.model.stop_training = True
        elif weights is None:
            self.best_epoch = self.n_epochs
        elif (accuracy, -loss) > self.best_score:
            self.best_score = accuracy, -loss
            self.best_epoch, self.best_weights = self.n_epochs, weights
        elif self.n_iter_no_change and self.n_epochs - self.best_epoch >= self.n_iter_no_change:
            self.model.stop_training = True


def make_callback(make):
    """Call what the user gave for a callback.

    Raises
    ------
    TypeError
        If it is a callback already, which would carry its state from one fit to the next, or if it
        returns something else.
    """
    name = type(make).__name__
    if isinstance(make, keras.callbacks.Callback):
        raise TypeError(
            f"callbacks has an instance of {name}, but each fit needs a new one. Give the class "
            f"{name}, or functools.partial({name}, ...) with its arguments."
        )
    callback = make() if callable(make) else make
    if not isinstance(callback, keras.callbacks.Callback):
        raise TypeError(
            f"callbacks has {make!r}, which does not return a keras.callbacks.Callback (got "
            f"{callback!r}). Give a callback class, or functools.partial of one."
        )
    return callback


class AugmentationFade(keras.callbacks.Callback):
    """Halve the distortion in the last epoch, so that the fit ends on more natural images."""

    def on_epoch_begin(self, epoch, logs=None):
        is_last = epoch == self.params["epochs"] - 1 and epoch > 0
        self.model.distortion.strength.assign(0.5 if is_last else 1.0)


class ProgressBar(keras.callbacks.Callback):
    """A bar over all batches, with the time left and the latest scores."""

    def on_train_begin(self, logs=None):
        from tqdm.auto import tqdm  # imported late: it warns in a notebook without ipywidgets

        total = self.params["epochs"] * self.params["steps"]
        self.bar = tqdm(total=total, desc="fit", unit="batch", dynamic_ncols=True, smoothing=0)
        self.scores, self.has_begun = {}, False

    def on_epoch_begin(self, epoch, logs=None):
        if not self.has_begun:
            self.bar.initial = self.bar.n = epoch * self.params["steps"]  # restored epochs
        self.bar.set_description(f"epoch {epoch + 1}/{self.params['epochs']}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        if not self.has_begun:  # the first batch compiles the network: it tells no time
            self.bar.unpause()
            self.has_begun = True
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.scores = {name: f"{value:.4f}" for name, value in logs.items() if value is not None}
        self.bar.set_postfix(self.scores)

    def on_train_end(self, logs=None):
        self.bar.close()
