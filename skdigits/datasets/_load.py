"""Loaders: Kaggle's files, scikit-learn's bundled digits, MNIST."""

import os
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from skdigits._pictures.placement import place
from skdigits._utils.typing import PathLike
from skdigits.datasets._digits_csv import LABEL, PIXELS, read_rows

_SIDE = 28
_SUFFIXES = ("", ".gz", ".zip")
# Where Kaggle's notebooks have the competition's files: the former and the current place.
_KAGGLE_FOLDERS = [
    Path("/kaggle/input/digit-recognizer"),
    Path("/kaggle/input/competitions/digit-recognizer"),
]


def load_competition(
    folder: PathLike,
    *,
    with_test: bool | Literal["auto"] = "auto",
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Load the files of Kaggle's "Digit Recognizer" competition.

    Parameters
    ----------
    folder : str or path-like
        Folder with ``train.csv`` and, if wanted, ``test.csv``. Each may also be compressed:
        ``train.csv.gz``, ``train.csv.zip``. If several exist, the first of ``.csv``, ``.csv.gz``,
        ``.csv.zip`` is read.
    with_test : {"auto"} or bool, default="auto"
        Whether to read the test file: ``True`` requires it, ``False`` ignores it, ``"auto"`` reads
        it if it exists and `return_X_y` is false.
    return_X_y : bool, default=False
        If true, return ``(data, target)`` of the training file instead of a Bunch.
    as_frame : bool, default=False
        If true, rows are pandas DataFrames with the columns ``pixel0`` ... ``pixel783`` and the
        target is a Series named ``label``.

    Returns
    -------
    competition : :class:`~sklearn.utils.Bunch`
        A dict whose keys are attributes, too.

        data : ndarray or DataFrame of shape (n_train, 784), uint8
            The training rows, 0-255.
        target : ndarray or Series of shape (n_train,), int64
            The digits 0-9.
        test_data : ndarray or DataFrame of shape (n_test, 784), uint8, or None
            The rows to predict, in the order of the file; None if no test file was read.
        frame : DataFrame of shape (n_train, 785) or None
            `data` and `target` together; only with ``as_frame=True``.
        images : ndarray of shape (n_train, 28, 28), uint8
            The training rows as pictures (a view of the same memory).
        feature_names : list of str
            The names of the columns.
        target_names : ndarray of shape (10,)
            The digits.
        filename, test_filename : str or None
            The files that were read.
        DESCR : str
            A description of the data.

    (data, target) : tuple
        If ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError
        If the folder, the training file, or a required test file is missing.
    ValueError
        If a file is not in Kaggle's format; see :func:`read_digits_csv`.

    Examples
    --------
    >>> from skdigits.datasets import load_competition
    >>> load_competition("no/such/folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no folder no/such/folder. Give the folder that holds train.csv...
    """
    if not (with_test == "auto" or isinstance(with_test, (bool, np.bool_))):
        raise ValueError(f"with_test must be 'auto', True or False; got {with_test!r}.")
    folder = Path(folder)
    train = find_csv(folder, "train")
    # Look for the test file before reading the training file, so that a missing one fails at once.
    test = None
    if with_test == "auto":
        test = None if return_X_y else find_csv(folder, "test", required=False)
    elif with_test:
        test = find_csv(folder, "test")
    rows, target = read_rows(train, labels=True)
    test_rows = None if test is None else read_rows(test, labels=False)[0]
    return _as_dataset(
        rows,
        target,
        return_X_y=return_X_y,
        as_frame=as_frame,
        test_data=_as_frame(test_rows) if as_frame and test is not None else test_rows,
        filename=str(train),
        test_filename=None if test is None else str(test),
        DESCR="Kaggle 'Digit Recognizer': MNIST pictures of 28x28 pixels, ink 255 on 0.",
    )


def read_digits_csv(
    path: PathLike,
    *,
    labels: bool | Literal["auto"] = "auto",
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Read one CSV file of digits, and check every cell.

    The header is ``label,pixel0,...,pixel783``, or the same without ``label``, as in Kaggle's
    files. Other well-known forms are accepted, too: pixels named ``pixel1`` to ``pixel784`` or
    ``1x1`` to ``28x28``, the label last or named ``class``, no header (785 numbers are a label and
    the pixels, 784 the pixels), semicolons or tabs instead of commas. Pixels are integers from 0 to
    255, labels integers from 0 to 9; ``12.0`` and ``"12"`` count as 12. Blank lines are skipped.

    Parameters
    ----------
    path : str or path-like
        A CSV file in UTF-8 or UTF-16, plain, gzip- or zip-compressed (recognised by its content,
        not its name). A zip archive must hold one CSV file, or one with the name of the archive.
    labels : {"auto"} or bool, default="auto"
        Whether the file must have a label column (``True``), must not (``False``), or may.
    return_X_y : bool, default=False
        If true, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If true, return a pandas DataFrame and Series.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        `data` (n, 784) uint8; `target` (n,) int64, or None without a label column; and `frame`,
        `images`, `feature_names`, `target_names`, `filename`, `DESCR` as in
        :func:`load_competition`.
    (data, target) : tuple
        If ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, damaged or not text; if columns are missing, unknown, duplicated or
        out of order; if a row is too short or too long; if a value is missing, not an integer or
        out of range. The message names the file, the line (the header is line 1) and the column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits.datasets import read_digits_csv
    >>> header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text(header + "\\n" + "7" + ",255" * 784 + "\\n")
    ...     digits = read_digits_csv(path)
    >>> digits.data.shape, digits.target
    ((1, 784), array([7]))
    """
    if not (labels == "auto" or isinstance(labels, (bool, np.bool_))):
        raise ValueError(f"labels must be 'auto', True or False; got {labels!r}.")
    labels = labels if labels == "auto" else bool(labels)
    path = Path(path)
    rows, target = read_rows(path, labels)
    return _as_dataset(
        rows,
        target,
        return_X_y=return_X_y,
        as_frame=as_frame,
        filename=str(path),
        DESCR=f"Digits of 28x28 pixels, ink 255 on 0, read from {path.name}.",
    )


def load_bundled_digits(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Load scikit-learn's 1,797 digits as 28x28 pictures placed as in MNIST; works offline.

    The 8x8 pictures of :func:`sklearn.datasets.load_digits` are enlarged by cubic interpolation,
    sharpened into strokes, cropped to their ink and scaled so that its longest side is 20 pixels;
    the barycentre of the ink is placed near the middle by MNIST's rule, and the highest pixel is
    255. They are coarser than MNIST: good for trying out code, not for measuring it.

    Parameters
    ----------
    return_X_y : bool, default=False
        If true, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If true, return a pandas DataFrame and Series.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        `data` (1797, 784) uint8, `target` (1797,) int64, and `frame`, `images`, `feature_names`,
        `target_names`, `DESCR` as in :func:`load_competition`.
    (data, target) : tuple
        If ``return_X_y=True``.

    Examples
    --------
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> X.shape, X.dtype, y[:5]
    ((1797, 784), dtype('uint8'), array([0, 1, 2, 3, 4]))
    """
    digits = load_digits()
    return _as_dataset(
        _place_like_mnist(digits.images / 16).reshape(-1, _SIDE * _SIDE),
        digits.target.astype(np.int64),
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR="scikit-learn's digits, redrawn as 28x28 pixels placed as in MNIST.\n\n"
        + digits.DESCR,
    )


def load_available(folder: PathLike | None = None) -> Bunch:
    """Load Kaggle's files if they are available, and the bundled digits otherwise.

    Parameters
    ----------
    folder : str or path-like, default=None
        Folder with ``train.csv``, which must exist. None looks in the folder named by the
        environment variable ``SKDIGITS_DATA``, then in the current one, then where Kaggle's
        notebooks have the competition, and falls back to the bundled digits.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        As from :func:`load_competition`. For the bundled digits a stratified fifth, always the
        same, is `test_data`, and `filename` is None.

    Examples
    --------
    >>> from skdigits.datasets import load_available
    >>> digits = load_available()
    >>> digits.data.shape[1], digits.test_data.shape[1]
    (784, 784)
    """
    folder = find_folder(folder)
    if folder is not None:
        return load_competition(folder)
    digits = load_bundled_digits()
    train, test = train_test_split(
        np.arange(len(digits.data)), test_size=0.2, stratify=digits.target, random_state=0
    )
    return _as_dataset(
        digits.data[train],
        digits.target[train],
        return_X_y=False,
        as_frame=False,
        test_data=digits.data[test],
        filename=None,
        test_filename=None,
        DESCR=digits.DESCR,
    )


def fetch_mnist(
    *,
    data_home: PathLike | None = None,
    cache: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Fetch the 70,000 pictures of MNIST from OpenML.

    .. warning::
        The test pictures of Kaggle's "Digit Recognizer" are among these 70,000. Training on them
        makes a submission worthless: use :func:`load_competition` for one.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Where downloads are kept; by default scikit-learn's data folder.
    cache : bool, default=True
        Whether to keep the download.
    return_X_y : bool, default=False
        If true, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If true, return a pandas DataFrame and Series.

    Returns
    -------
    mnist : :class:`~sklearn.utils.Bunch`
        `data` (70000, 784) uint8, the first 60,000 rows being MNIST's training part; `target`
        (70000,) int64; and `frame`, `images`, `feature_names`, `target_names`, `DESCR` as in
        :func:`load_competition`.
    (data, target) : tuple
        If ``return_X_y=True``.

    Raises
    ------
    ConnectionError
        If OpenML cannot be reached and nothing is cached.

    Examples
    --------
    >>> from skdigits.datasets import fetch_mnist
    >>> X, y = fetch_mnist(return_X_y=True)  # doctest: +SKIP
    """
    try:
        mnist = fetch_openml(
            "mnist_784", version=1, as_frame=False, data_home=data_home, cache=cache
        )
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        raise ConnectionError(
            f"OpenML could not be reached ({error}). Offline, use load_bundled_digits() "
            "for 1,797 small digits, or load_competition(folder) with train.csv from "
            "https://www.kaggle.com/c/digit-recognizer/data; or give data_home=, a folder where "
            "an earlier fetch_mnist() left its files."
        ) from error
    return _as_dataset(
        np.asarray(mnist.data).astype(np.uint8),
        np.asarray(mnist.target).astype(np.int64),
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=mnist.get("DESCR", "MNIST"),
    )


def _as_dataset(rows, target, *, return_X_y, as_frame, **more):
    """Return rows and target in the form of scikit-learn's loaders."""
    images = rows.reshape(-1, _SIDE, _SIDE)
    frame = None
    if as_frame:
        rows = frame = _as_frame(rows)
        if target is not None:
            frame = rows.assign(**{LABEL: target})
            target = frame[LABEL]
    if return_X_y:
        return rows, target
    return Bunch(
        data=rows,
        target=target,
        frame=frame,
        images=images,
        feature_names=list(PIXELS),
        target_names=np.arange(10),
        **more,
    )


def _as_frame(rows):
    import pandas as pd  # imported late: only frames need it

    return pd.DataFrame(rows, columns=PIXELS)


def _place_like_mnist(images):
    """Redraw square pictures (n, side, side), ink 1 on 0, as MNIST would: (n, 28, 28) uint8.

    Resampling is a product of matrices, done for all pictures at once.
    """
    side = images.shape[1]
    # Eight times finer, by cubic interpolation: linear, so it is enough to enlarge the identity.
    grow = zoom(np.eye(side), (8, 1), order=3, mode="grid-constant", grid_mode=True)
    fine = grow @ images @ grow.T
    # Sharpens the blur into strokes. With these limits the mean ink of a picture is that of MNIST:
    # 102 full pixels.
    fine = np.clip((fine - 0.3) / 0.6, 0, 1)

    inked = fine > 0.1
    spans = [(a.argmax(1), a.shape[1] - a[:, ::-1].argmax(1)) for a in (inked.any(2), inked.any(1))]
    longest = np.max([stop - start for start, stop in spans], axis=0)
    rows, columns = (
        _averaging((start + stop - longest) / 2, longest, 8 * side) for start, stop in spans
    )
    patch = rows @ fine @ columns.transpose(0, 2, 1)

    placed = np.stack([place(one) for one in patch])
    return np.rint(placed * (255 / placed.max((1, 2), keepdims=True))).astype(np.uint8)


def _averaging(start, length, size):
    """Matrices (n, 20, size) that average ``start`` to ``start + length`` into 20 equal cells."""
    edges = start[:, None] + length[:, None] / 20 * np.arange(21)
    pixel = np.arange(size)
    overlap = np.minimum(edges[:, 1:, None], pixel + 1) - np.maximum(edges[:, :-1, None], pixel)
    return overlap.clip(0) * (20 / length)[:, None, None]


def find_folder(folder=None, stem="train"):
    """The given folder, else SKDIGITS_DATA, else one that has ``stem.csv``; None if none does."""
    if folder is None:
        folder = os.environ.get("SKDIGITS_DATA")
    if folder is None:
        near = [Path(), *filter(Path.is_dir, _KAGGLE_FOLDERS)]
        folder = next((place for place in near if find_csv(place, stem, required=False)), None)
    return folder


def find_csv(folder, stem, required=True):
    """Path of ``stem.csv``, plain or compressed; None if it is missing and not required."""
    if not folder.exists():
        raise FileNotFoundError(
            f"There is no folder {folder}. Give the folder that holds train.csv and test.csv of "
            "https://www.kaggle.com/c/digit-recognizer/data."
        )
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is a file; load_competition takes the folder that contains it. "
            "To read one file, use read_digits_csv."
        )
    for suffix in _SUFFIXES:
        path = folder / f"{stem}.csv{suffix}"
        if path.is_file():
            return path
    if not required:
        return None
    names = sorted(p.name for p in folder.iterdir())
    held = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    raise FileNotFoundError(
        f"{folder} has no file {stem}.csv, {stem}.csv.gz or {stem}.csv.zip; it holds "
        f"{held or 'nothing'}. Put {stem}.csv of "
        "https://www.kaggle.com/c/digit-recognizer/data there (unzip digit-recognizer.zip)."
    )
