"""`leakage`: rows of one set that are in another, exactly or almost."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_array

from skdigits._utils.images import as_images, find_image_shape, flatten_images
from skdigits._utils.typing import ImageShape, Rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_N_DIRECTIONS = 64
_BLOCK_CELLS = 2**24  # pairs whose bounds are computed at once: 64 MB
_ROUNDING = 1e-5  # tolerance for float32, so that no pair is missed


@dataclass(frozen=True, eq=False)
class LeakageReport:
    """The result of :func:`leakage`. ``str()`` gives the numbers and lists the first pairs.

    Attributes
    ----------
    n_train, n_test : int
        Rows compared.
    test_indices, train_indices : ndarray of shape (n_pairs,)
        Each row of the test set that is in the training set, and the most similar training row.
        Exact copies come first, then near ones by falling similarity.
    similarity : ndarray of shape (n_pairs,)
        Cosine of the angle between the two rows, after the shift.
    shifts : ndarray of shape (n_pairs, 2)
        Pixels down and to the right by which the test row was moved to meet the training row.
    is_exact : ndarray of shape (n_pairs,), bool
        Whether all pixels are equal.
    min_similarity : float
        The similarity from which a row counted as a near copy.
    max_shift : int
        The largest shift tried.
    train_rows, test_rows : ndarray of shape (n_shown, n_features)
        Pixels of the first pairs.
    image_shape : (int, int)
        Height and width of the pictures.
    """

    n_train: int
    n_test: int
    test_indices: np.ndarray
    train_indices: np.ndarray
    similarity: np.ndarray
    shifts: np.ndarray
    is_exact: np.ndarray
    min_similarity: float
    max_shift: int
    train_rows: np.ndarray
    test_rows: np.ndarray
    image_shape: tuple[int, int]

    @property
    def n_exact(self) -> int:
        """Rows of the test set with an exact copy in the training set."""
        return int(self.is_exact.sum())

    @property
    def n_near(self) -> int:
        """Rows of the test set with a near copy only."""
        return int((~self.is_exact).sum())

    def __repr__(self):
        return (
            f"<LeakageReport: of {self.n_test:,} rows {self.n_exact:,} are exact copies, "
            f"{self.n_near:,} near copies>"
        )

    def __str__(self):
        lines = [
            f"{self.n_test:,} rows looked up among {self.n_train:,}",
            f"exact copies  {self.n_exact:,}",
            f"near copies   {self.n_near:,}  (similarity of at least {self.min_similarity:g}, "
            f"shifted by up to {self.max_shift} pixels)",
        ]
        if len(self.similarity):
            lines += ["", "    test     train  similarity  shift"]
        for test, train, alike, (down, right) in zip(
            self.test_indices[:10],
            self.train_indices[:10],
            self.similarity,
            self.shifts,
            strict=False,
        ):
            lines.append(f"{test:8}  {train:8}  {alike:10.4f}  {down:+d} {right:+d}")
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """All pairs.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_pairs, 6)
            Columns "test", "train", "is_exact", "similarity", "shift_down" and "shift_right".
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "test": self.test_indices,
                "train": self.train_indices,
                "is_exact": self.is_exact,
                "similarity": self.similarity,
                "shift_down": self.shifts[:, 0],
                "shift_right": self.shifts[:, 1],
            }
        )

    def plot(self) -> Figure:
        """Draw the first pairs, each with the test row above the training row.

        Returns
        -------
        figure : matplotlib Figure
            To show, or to save with ``savefig``.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        ValueError
            If there are no pairs.
        """
        from skdigits.plotting._overview import plot_leakage

        return plot_leakage(self)


def leakage(
    X_train: Rows,
    X_test: Rows,
    *,
    min_similarity: float = 0.99,
    max_shift: int = 1,
    image_shape: ImageShape = "auto",
    n_shown: int = 10,
) -> LeakageReport:
    """Find the rows of a test set that are in the training set, exactly or almost.

    A score on such rows says nothing about new ones.

    Parameters
    ----------
    X_train, X_test : array-like of shape (n_samples, n_features), or images
        Pixels, ink high, on the same scale.
    min_similarity : float, default=0.99
        Cosine of the angle between two rows from which they count as near copies, above 0 and up to
        1. It does not depend on brightness.
    max_shift : int, default=1
        Near copies are searched at all shifts of up to this many pixels down and across.
    image_shape : "auto" or (int, int), default="auto"
        Height and width of the pictures. "auto" assumes square ones.
    n_shown : int, default=10
        Number of pairs to keep with their pixels, for :meth:`LeakageReport.plot`.

    Returns
    -------
    report : LeakageReport
        Print it, or take its ``to_frame()`` or ``plot()``.

    Raises
    ------
    ValueError
        If the two sets differ in columns, or a parameter is out of range.

    Notes
    -----
    Exact copies are found by hashing. For near copies all rows are compared, not a sample, at first
    in a few dimensions: rows are scaled to unit length and split into a part along the main
    directions of the training rows and a rest; their cosine is at most the product of the parts
    plus the product of the lengths of the rests (Cauchy-Schwarz). Only pairs whose bound reaches
    `min_similarity` are compared pixel by pixel, so that nothing is missed. This takes the memory
    of the training rows in float32 plus that of a block of pairs of fixed size.

    Near copies are candidates to look at: plain shapes, above all a straight 1, can be as similar
    from two different writers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skdigits.evaluation import leakage
    >>> X = load_digits().data
    >>> found = leakage(X[:1000], np.vstack([X[1000:1500], X[:3]]), max_shift=0)
    >>> found.n_exact, found.train_indices[:3].tolist()
    (3, [0, 1, 2])
    """
    train, test = (
        check_array(flatten_images(X), dtype="numeric", input_name=name)
        for X, name in [(X_train, "X_train"), (X_test, "X_test")]
    )
    if train.shape[1] != test.shape[1]:
        raise ValueError(
            f"X_train has {train.shape[1]} columns and X_test {test.shape[1]}; expected the same "
            "pixels in both. If the label column is still in, drop it."
        )
    if not 0 < min_similarity <= 1 or max_shift < 0:
        raise ValueError(
            f"min_similarity={min_similarity}, max_shift={max_shift}; expected a similarity above "
            "0 and up to 1, and no negative shift."
        )
    shape = find_image_shape(train.shape[1], image_shape)
    if max_shift > min(shape):
        raise ValueError(
            f"max_shift={max_shift} is more than the {shape[0]}x{shape[1]} pixels of a picture: "
            "nothing would be left of it. 1 or 2 are usual."
        )
    exact = _find_exact(train, test)
    near, alike, shifts = _find_near(
        train, test, np.flatnonzero(exact < 0), min_similarity, max_shift, shape
    )
    copied = np.flatnonzero(exact >= 0)
    nearly = np.flatnonzero(near >= 0)
    nearly = nearly[np.argsort(-alike[nearly], kind="stable")]
    test_indices = np.append(copied, nearly)
    train_indices = np.append(exact[copied], near[nearly])
    return LeakageReport(
        n_train=len(train),
        n_test=len(test),
        test_indices=test_indices,
        train_indices=train_indices,
        similarity=np.append(np.ones(len(copied)), alike[nearly]),
        shifts=np.vstack([np.zeros((len(copied), 2), dtype=int), shifts[nearly]]),
        is_exact=np.arange(len(test_indices)) < len(copied),
        min_similarity=min_similarity,
        max_shift=max_shift,
        train_rows=train[train_indices[:n_shown]],
        test_rows=test[test_indices[:n_shown]],
        image_shape=shape,
    )


def _find_exact(train, test):
    """For each test row the first identical training row, or -1."""
    dtype = np.result_type(train, test)

    def digests(rows):
        for row in rows:
            yield blake2b(np.ascontiguousarray(row, dtype=dtype), digest_size=16).digest()

    first = {}
    for i, digest in enumerate(digests(train)):
        first.setdefault(digest, i)
    return np.array([first.get(digest, -1) for digest in digests(test)])


def _find_near(train, test, wanted, min_similarity, max_shift, image_shape):
    """For each wanted test row the most similar training row at any shift, or -1."""
    nearest = np.full(len(test), -1)
    alike = np.full(len(test), min_similarity - _ROUNDING)
    shifts = np.zeros((len(test), 2), dtype=int)
    train = _to_unit_rows(train)
    directions = _main_directions(train)
    train_sketch = _sketch(train, directions)
    block = max(1, _BLOCK_CELLS // len(train))
    for start in range(0, len(wanted), block):
        rows = wanted[start : start + block]
        images = as_images(test[rows], image_shape)[..., 0]
        for shift in _shifts(max_shift):
            moved = _to_unit_rows(_move(images, *shift)[:, : train.shape[1]])
            bound = _sketch(moved, directions) @ train_sketch.T
            for i in np.flatnonzero(bound.max(axis=1) > alike[rows] - _ROUNDING):
                row = rows[i]
                candidates = np.flatnonzero(bound[i] > alike[row] - _ROUNDING)
                cosines = train[candidates] @ moved[i]
                best = cosines.argmax()
                if cosines[best] > alike[row]:
                    nearest[row], alike[row] = candidates[best], min(cosines[best], 1)
                    shifts[row] = shift
    return nearest, alike, shifts


def _shifts(max_shift):
    """All shifts down and to the right, the shortest first, which wins ties."""
    steps = range(-max_shift, max_shift + 1)
    return sorted(product(steps, steps), key=lambda shift: shift[0] ** 2 + shift[1] ** 2)


def _move(images, down, right):
    """Images moved by whole pixels, as rows; ink that leaves the picture is lost."""
    height, width = images.shape[1:]
    moved = np.zeros_like(images)
    moved[:, max(down, 0) : height + down, max(right, 0) : width + right] = images[
        :, max(-down, 0) : height - down, max(-right, 0) : width - right
    ]
    return moved.reshape(len(images), -1)


def _to_unit_rows(rows):
    """Rows of length 1 in float32; blank ones stay 0, and are similar to none."""
    rows = rows.astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.where(length == 0, 1, length)[:, np.newaxis]
    return rows


def _main_directions(unit_rows):
    """Orthonormal columns along which the rows are longest."""
    _, directions = np.linalg.eigh(unit_rows.T @ unit_rows)
    return directions[:, -_N_DIRECTIONS:]


def _sketch(unit_rows, directions):
    """The part of each row along the directions, and the length of the rest as a last column."""
    part = unit_rows @ directions
    rest = 1 - np.einsum("ij,ij->i", part, part)
    return np.column_stack([part, np.sqrt(rest.clip(0))])
