"""
Watch a training
================

Follow the loss and the learning rate, batch by batch.

``callbacks`` of :class:`~skdigits.DigitCNNClassifier` takes functions that make Keras callbacks.
Every fit calls them anew: nothing leaks from one fold of a search into the next, and the classifier
can be cloned, saved and sent to other processes.
"""

# %%
# A callback of our own. It writes to a file what it sees, because what a callback keeps in memory
# is lost with the fit, and lies in another process under a parallel search.

import tempfile
from pathlib import Path

import keras


class StepLog(keras.callbacks.Callback):
    """Writes the loss and the learning rate of each step to a CSV file."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_begin(self, logs=None):
        Path(self.path).write_text("loss,learning_rate\n")

    def on_train_batch_end(self, batch, logs=None):
        with open(self.path, "a") as file:
            file.write(f"{logs['loss']:.6g},{float(self.model.optimizer.learning_rate):.6g}\n")


# %%
# ``functools.partial`` makes a function of a class and its arguments; unlike a ``lambda`` it can be
# pickled. TensorBoard, where it is installed, comes in by the same door; ``tensorboard --logdir``
# with its folder shows it in a browser.

from functools import partial
from importlib.util import find_spec

folder = Path(tempfile.mkdtemp())
callbacks = [partial(StepLog, folder / "steps.csv")]
if find_spec("tensorboard"):  # pip install tensorboard
    callbacks.append(partial(keras.callbacks.TensorBoard, log_dir=folder / "tensorboard"))

# %%
# The fit itself is as ever.

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits

X, y = load_bundled_digits(return_X_y=True)
pipeline = make_digit_pipeline("fast", epochs=5, callbacks=callbacks, random_state=0)
pipeline.fit(X[:800], y[:800])

# %%
# The learning rate rises to its highest value and falls to nothing, step by step; the loss is the
# mean of the epoch so far, and so it jumps where an epoch starts.

import matplotlib.pyplot as plt
import pandas as pd

steps = pd.read_csv(folder / "steps.csv")
figure, (loss_ax, rate_ax) = plt.subplots(2, 1, sharex=True, layout="constrained")
loss_ax.plot(steps["loss"], color="#0072B2")
loss_ax.set(ylabel="loss")
rate_ax.plot(steps["learning_rate"], "--", color="#D55E00")
rate_ax.set(xlabel="step", ylabel="learning rate")
plt.show()
