"""The state of a fit after each epoch, in a file from which the same fit goes on.

    SHA-256 of what follows, as 64 hex digits | new line | NPZ, uncompressed and without pickles

The NPZ holds every variable of the training network in order, then the best weights so far, and
before them as JSON what is no array. Shuffling needs no state: its order is that of the epoch.
"""

import hashlib
import io
import json
import pickle
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import joblib
import keras
import numpy as np

from skdigits import __version__
from skdigits._networks.compute import as_arrays
from skdigits._utils.atomic import make_folder, replacing
from skdigits.exceptions import CheckpointWarning

FORMAT = 3
SUFFIX = ".checkpoint"


def checkpoint_path(folder, spec, objective, plan, *arrays):
    """The file of this fit and no other: named after all that its bits depend on.

    Parameters
    ----------
    folder : path-like
        Made where it does not exist.
    spec : NetworkSpec
    objective : Objective
    plan : Plan
    *arrays
        Rows, labels and weights, nested as may be.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    ValueError
        If a function among the parameters has no name that another process could find it by.
    """
    folder = make_folder(folder, "checkpoint_dir")
    plan = replace(plan, n_threads=None, verbose=0, checkpoint_dir=None)
    versions = FORMAT, __version__, keras.__version__, keras.backend.backend()
    try:
        key = joblib.hash([versions, spec, objective, plan, arrays])
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            "checkpoint_dir tells fits apart by the names of their functions; an architecture or "
            f"callback here has none ({error}). Put it into a module, or use functools.partial."
        ) from error
    return folder / f"{key}{SUFFIX}"


class Journal(keras.callbacks.Callback):
    """What a fit has gone through: its history, and its state in a file where one is given.

    Comes last of the callbacks, to see what the others have done.

    Parameters
    ----------
    monitor : Monitor
    path : pathlib.Path or None
        None writes nothing.
    """

    def __init__(self, monitor, path=None):
        super().__init__()
        self.monitor, self.path = monitor, path
        self.history = {}
        self.is_over = False

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.is_over = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self.path is not None:
            self._write()

    def go_on(self, network):
        """Set network and monitor to the last complete epoch on file, if there is one."""
        if self.path is None or not self.path.exists():
            return
        try:
            about, arrays = self._read(network)
        except Exception as error:  # damaged bytes lead anywhere
            warnings.warn(
                f"The checkpoint {self.path} is damaged ({error}); the fit starts anew.",
                CheckpointWarning,
                stacklevel=5,
            )
            return
        n_variables = len(network.state)
        for variable, value in zip(network.state, arrays[:n_variables], strict=True):
            variable.assign(value)
        self.history, self.is_over = about["history"], about["is_over"]
        self.monitor.n_epochs, self.monitor.best_epoch = about["n_epochs"], about["best_epoch"]
        self.monitor.best_score = tuple(about["best_score"])
        self.monitor.best_weights = arrays[n_variables:] or None

    def remove(self):
        """Nothing is left to be done: remove the file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _about(self):
        return {
            "key": self.path.name,
            "n_epochs": self.monitor.n_epochs,
            "best_epoch": self.monitor.best_epoch,
            "best_score": self.monitor.best_score,
            "history": self.history,
            "is_over": self.is_over,
        }

    def _write(self):
        state = as_arrays(self.model.state)
        content = io.BytesIO()
        text = np.frombuffer(json.dumps(self._about()).encode(), np.uint8)
        np.savez(content, text, *state, *(self.monitor.best_weights or ()))
        body = content.getbuffer()
        try:
            with replacing(self.path) as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n")
                file.write(body)
        except OSError as error:  # a trained network is worth more than its checkpoint
            warnings.warn(
                f"No checkpoint after epoch {self.monitor.n_epochs}: {error} The fit goes on.",
                CheckpointWarning,
                stacklevel=2,
            )

    def _read(self, network):
        """What `_write` has written, checked against the network; raises if it is anything else."""
        state = [tuple(variable.shape) for variable in network.state]
        best = [tuple(weight.shape) for weight in network.core.weights]
        digest, _, body = _read_bytes(self.path).partition(b"\n")
        if digest.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            raise ValueError("its bytes are not those that were written")
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(part.file_size for part in packed.infolist()) > len(body):
                raise ValueError("it is compressed")
        with np.load(io.BytesIO(body), allow_pickle=False) as parts:
            text, *arrays = [parts[f"arr_{i}"] for i in range(len(parts.files))]
        about = json.loads(text.tobytes())
        if about.keys() != self._about().keys():
            raise ValueError("it does not say what it is")
        if about["key"] != self.path.name:
            raise ValueError("it is that of another fit")
        if [array.shape for array in arrays] not in (state, state + best):
            raise ValueError("its arrays have other shapes than the network")
        return about, arrays


def _read_bytes(path):
    limit = 2**31  # far more than any network for small pictures
    with Path(path).open("rb") as file:
        content = file.read(limit)
    if len(content) == limit:
        raise ValueError(f"it has {limit:,} bytes or more")
    return content
