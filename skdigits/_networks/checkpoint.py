"""The state of a fit after each epoch, in a file from which the same fit can resume.

    SHA-256 of what follows, as 64 hex digits | new line | NPZ, uncompressed and without pickles

The NPZ holds, in this order: everything that is not an array, as JSON; every variable of the
training network; the best weights so far. Shuffling needs no state: its order follows from the
seed and the number of the epoch.
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
    """The file of this fit, named by a hash of everything that the result depends on.

    Parameters
    ----------
    folder : path-like
        Created if missing.
    spec : NetworkSpec
    objective : Objective
    plan : Plan
    *arrays
        Rows, labels and weights, possibly nested.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    OSError
        If the folder cannot be created or written to.
    ValueError
        If a function among the parameters has no name by which another process could import it.
    """
    folder = make_folder(folder, "checkpoint_dir")
    plan = replace(plan, n_threads=None, verbose=0, checkpoint_dir=None)
    versions = FORMAT, __version__, keras.__version__, keras.backend.backend()
    try:
        key = joblib.hash([versions, spec, objective, plan, arrays])
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            "checkpoint_dir identifies an architecture or callback by its name, and one here has "
            f"none ({error}). Define it in a module, or use functools.partial."
        ) from error
    return folder / f"{key}{SUFFIX}"


class Journal(keras.callbacks.Callback):
    """Record the history of a fit, and save its state after each epoch if a path is given.

    Must be the last of the callbacks, to see what the others have done.

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

    def restore(self, network):
        """Set network and monitor to the last complete epoch in the file, if there is one."""
        if self.path is None or not self.path.exists():
            return
        try:
            about, arrays = self._read(network)
        except Exception as error:  # damaged bytes may raise anything
            warnings.warn(
                f"The checkpoint {self.path} is damaged ({error}); the fit starts from scratch.",
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
        """Remove the file of a fit that has ended."""
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
                f"No checkpoint after epoch {self.monitor.n_epochs}: {error} The fit continues.",
                CheckpointWarning,
                stacklevel=2,
            )

    def _read(self, network):
        """What `_write` wrote, checked against the network; raises on anything else."""
        state = [tuple(variable.shape) for variable in network.state]
        best = [tuple(weight.shape) for weight in network.core.weights]
        digest, _, body = _read_bytes(self.path).partition(b"\n")
        if digest.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
            raise ValueError("its checksum does not match")
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(part.file_size for part in packed.infolist()) > len(body):
                raise ValueError("it is compressed")
        with np.load(io.BytesIO(body), allow_pickle=False) as parts:
            text, *arrays = [parts[f"arr_{i}"] for i in range(len(parts.files))]
        about = json.loads(text.tobytes())
        if about.keys() != self._about().keys():
            raise ValueError("its description is incomplete")
        if about["key"] != self.path.name:
            raise ValueError("it belongs to another fit")
        if [array.shape for array in arrays] not in (state, state + best):
            raise ValueError("its arrays do not have the shapes of the network")
        return about, arrays


def _read_bytes(path):
    limit = 2**31  # far more than any network for small pictures
    with Path(path).open("rb") as file:
        content = file.read(limit)
    if len(content) == limit:
        raise ValueError(f"it has {limit:,} bytes or more")
    return content
