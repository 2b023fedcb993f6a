"""The file that carries settings from ``skdigits tune`` to ``skdigits train``."""

import json

import numpy as np

from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.presets import PRESETS
from skdigits._utils.atomic import replacing

_MAX_BYTES = 100_000
_NOT_SETTINGS = {"callbacks", "checkpoint_dir", "memory"}  # code to call, folders to write to


def write_settings(path, preset, parameters):
    """Write a preset and parameters of :class:`skdigits.DigitCNNClassifier` that differ from it.

    Parameters
    ----------
    path : pathlib.Path
        Where to write.
    preset : str
        A key of ``skdigits.PRESETS``.
    parameters : dict
        Names as in a search, with or without the prefix of the pipeline's step.
    """
    plain = {name.split("__", 1)[-1]: value for name, value in parameters.items()}
    with replacing(path) as file:
        file.write(json.dumps({"preset": preset, **plain}, indent=2, default=_plain).encode())


def read_settings(path):
    """Read a file of :func:`write_settings`.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    preset : str
    parameters : dict

    Raises
    ------
    ValueError
        If it is no such file.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    try:
        settings = json.loads(content) if len(content) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise ValueError(f"{path} is no file of settings: give settings.json of skdigits tune")
    preset = settings.pop("preset", "balanced")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ValueError(f"{path}: preset is {preset!r}; known are {', '.join(PRESETS)}")
    known = sorted(set(DigitCNNClassifier().get_params()) - _NOT_SETTINGS)
    if unknown := [name for name in settings if name not in known]:
        raise ValueError(f"{path}: no setting is called {unknown[0]!r}; known are {known}")
    return preset, settings


def _plain(value):
    """NumPy's numbers, of which `json` knows only float64."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be written as JSON.")
