"""`robustness`: the same rows again, corrupted with increasing severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from skdigits._measures.confidence import bin_confidence, check_predictions
from skdigits._utils.images import as_images, find_image_shape, flatten_images, rows_like
from skdigits._utils.random import draw_seeds
from skdigits._utils.typing import ImageShape, Labels, RandomState, Rows
from skdigits.evaluation._corruptions import CORRUPTIONS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_N_BINS = 15


@dataclass(frozen=True, eq=False)
class RobustnessReport:
    """The result of :func:`robustness`. ``str()`` gives the accuracies as a table.

    Attributes
    ----------
    n_samples : int
        Rows evaluated with each corruption.
    corruptions : tuple of str
        Names, in the order of the tables.
    levels : tuple of float
        Severities.
    clean : dict of str to float
        "accuracy", "log_loss" and "calibration_error" on the unchanged rows.
    accuracy, log_loss, calibration_error : ndarray of shape (n_corruptions, n_levels)
        The same measures on the corrupted rows.
    examples : ndarray of shape (n_corruptions, n_levels, height, width), uint8
        The first row, corrupted.
    """

    n_samples: int
    corruptions: tuple[str, ...]
    levels: tuple[float, ...]
    clean: dict[str, float]
    accuracy: np.ndarray
    log_loss: np.ndarray
    calibration_error: np.ndarray
    examples: np.ndarray

    @property
    def mean_accuracy(self) -> float:
        """Mean accuracy over all corruptions and levels."""
        return float(self.accuracy.mean())

    def __repr__(self):
        return (
            f"<RobustnessReport: {self.n_samples:,} rows, accuracy "
            f"{100 * self.clean['accuracy']:.2f} %, corrupted {100 * self.mean_accuracy:.2f} %>"
        )

    def __str__(self):
        width = max(9, *(len(name) for name in self.corruptions))
        head = "".join(f"{f'level {level:g}':>9}" for level in self.levels)
        lines = [
            f"accuracy in % of the same {self.n_samples:,} rows; as they are: "
            f"{100 * self.clean['accuracy']:.2f}",
            f"{'':{width}}{head}{'mean':>9}",
        ]
        for name, shares in zip(self.corruptions, self.accuracy, strict=True):
            cells = "".join(f"{100 * share:9.2f}" for share in [*shares, shares.mean()])
            lines.append(f"{name:{width}}{cells}")
        means = "".join(
            f"{100 * m:9.2f}" for m in [*self.accuracy.mean(axis=0), self.mean_accuracy]
        )
        return "\n".join([*lines, f"{'mean':{width}}{means}"])

    def to_frame(self) -> pd.DataFrame:
        """All measures, one line for each corruption and level.

        Returns
        -------
        frame : pandas.DataFrame
            Columns "corruption", "level", "accuracy", "log_loss" and "calibration_error"; the first
            line is for the unchanged rows: corruption "none", level 0.
        """
        import pandas as pd

        lines = [{"corruption": "none", "level": 0.0, **self.clean}]
        for i, name in enumerate(self.corruptions):
            for j, level in enumerate(self.levels):
                figures = {measure: float(getattr(self, measure)[i, j]) for measure in self.clean}
                lines.append({"corruption": name, "level": float(level), **figures})
        return pd.DataFrame(lines)

    def plot(self) -> Figure:
        """Draw one digit with every corruption, each with the accuracy on all rows.

        Returns
        -------
        figure : matplotlib Figure
            To show, or to save with ``savefig``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        from skdigits.plotting._overview import plot_robustness

        return plot_robustness(self)


def robustness(
    estimator: Any,
    X: Rows,
    y: Labels,
    *,
    corruptions: Any = None,
    levels: Sequence[float] = (1, 2, 3, 4, 5),
    scale: float = 255,
    image_shape: ImageShape = "auto",
    random_state: RandomState = None,
) -> RobustnessReport:
    """Score a fitted classifier on the same rows, corrupted in several ways and degrees.

    Parameters
    ----------
    estimator : object
        Fitted classifier or pipeline with ``predict_proba`` and ``classes_``.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
        Pixels of 0 to `scale`, ink high.
    y : array-like of shape (n_samples,)
        True labels.
    corruptions : list of str or dict of str to callable, default=None
        Names of built-in corruptions, or functions ``f(images, level, rng)`` of your own that take
        and return uint8 images of shape (n, h, w), 0-255. None takes all built-in ones: "shift",
        "scale", "rotation", "thicker", "thinner", "blur", "noise", "contrast", "brightness",
        "lines" and "occlusion".
    levels : sequence of float, default=(1, 2, 3, 4, 5)
        Severities; for the built-in ones 0 changes nothing and 5 is severe.
    scale : float, default=255
        Value of full ink in X.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures. "auto" assumes square ones.
    random_state : int, RandomState instance or None, default=None
        Seeds the random directions, noise and places. Each corruption has its own generator, which
        is reset for each level, so that its results depend neither on the other corruptions nor on
        the other levels.

    Returns
    -------
    report : RobustnessReport
        Print it, or take its ``to_frame()`` or ``plot()``.

    Raises
    ------
    ValueError
        If a corruption is unknown or changes the shape of the images, or if X is out of range.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skdigits.evaluation import robustness
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = KNeighborsClassifier().fit(X[:1000], y[:1000])
    >>> changed = robustness(
    ...     clf, X[1000:], y[1000:], corruptions=["shift"], levels=[1, 5], scale=16, random_state=0
    ... )
    >>> print(changed)
    accuracy in % of the same 797 rows; as they are: ...
               level 1  level 5     mean
    shift        ...
    mean         ...
    """
    corruptions = _choose(corruptions)
    levels = tuple(levels)
    if not levels:
        raise ValueError("levels is empty; give severities such as [1, 3, 5].")
    images = _to_images(X, scale, image_shape)
    seed = draw_seeds(random_state, ["robustness"])["robustness"]
    shape = (len(corruptions), len(levels))
    measured = {m: np.empty(shape) for m in ["accuracy", "log_loss", "calibration_error"]}
    examples = np.empty((*shape, *images.shape[1:]), dtype=np.uint8)
    for i, (name, corrupt) in enumerate(corruptions.items()):
        for j, level in enumerate(levels):
            changed = _corrupt(images, name, corrupt, level, seed)
            examples[i, j] = changed[0]
            figures = _measure(estimator, _to_rows_like(X, changed, scale), y)
            for measure, values in measured.items():
                values[i, j] = figures[measure]
    clean = _measure(estimator, X, y)
    return RobustnessReport(
        len(images), tuple(corruptions), levels, clean, **measured, examples=examples
    )


def _choose(corruptions):
    if isinstance(corruptions, Mapping):
        return dict(corruptions)
    names = list(CORRUPTIONS) if corruptions is None else list(corruptions)
    unknown = [name for name in names if name not in CORRUPTIONS]
    if unknown:
        raise ValueError(
            f"corruptions={names}: {unknown} are unknown; known are {list(CORRUPTIONS)}. Give your "
            "own functions as a dict."
        )
    if not names:
        raise ValueError(f"corruptions is empty; known are {list(CORRUPTIONS)}.")
    return {name: CORRUPTIONS[name] for name in names}


def _to_images(X, scale, image_shape):
    rows = np.asarray(flatten_images(X))
    low, high = rows.min(), rows.max()
    if low < 0 or high > scale or (scale == 255 and 0 < high <= 1):
        raise ValueError(
            f"X goes from {low:g} to {high:g}, expected 0 to {scale:g} with the ink high. Set "
            "`scale` to the value of full ink in your data."
        )
    if scale != 255:
        rows = rows * (255 / scale)
    shape = find_image_shape(rows.shape[1], image_shape)
    return np.rint(as_images(rows, shape)[..., 0]).astype(np.uint8)


def _corrupt(images, name, corrupt, level, seed):
    # A checksum of the name, because Python's hash of a string differs between processes.
    rng = np.random.default_rng([seed, crc32(name.encode())])
    changed = np.asarray(corrupt(images.copy(), level, rng))
    if changed.shape != images.shape or changed.dtype != np.uint8:
        raise ValueError(
            f"corruption {name!r} gave {changed.dtype} of shape {changed.shape}, expected uint8 of "
            f"shape {images.shape}."
        )
    return changed


def _to_rows_like(X, images, scale):
    return rows_like(X, images if scale == 255 else images * (scale / 255))


def _measure(estimator, X, y):
    found = check_predictions(y, estimator.predict_proba(X), estimator.classes_)
    return {
        "accuracy": float(found.is_correct.mean()),
        "log_loss": found.log_loss,
        "calibration_error": bin_confidence(found, _N_BINS).expected_error,
    }
