"""What commands read: models, CSV files of digits, pictures, folders of them, standard input."""

import contextlib
import io
import sys
from pathlib import Path

from skdigits.cli._parts.outcome import CommandError

_MAX_STDIN = 2**29  # all of MNIST as CSV has 130 MB
_TABLE_SUFFIXES = (".csv", ".csv.gz", ".csv.zip")
_TABLES = (b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")  # gzip, zip, UTF-16
_COMMAS = b",;\t"
_START = 64


class StandardInput:
    """The content of standard input, with those methods of a path that readers of CSV files use."""

    name = "stdin.csv"

    def __init__(self):
        self.content = sys.stdin.buffer.read(_MAX_STDIN + 1)
        if len(self.content) > _MAX_STDIN:
            raise CommandError(
                f"standard input has more than {_MAX_STDIN:,} bytes: give the name of a file"
            )
        if not self.content:
            raise CommandError("standard input is empty: pipe a picture or a CSV file into it")

    def __str__(self):
        return "standard input"

    def open(self, mode):
        return io.BytesIO(self.content)

    @property
    def is_table(self):
        """Whether it looks like a CSV file: compressed, or text with commas or other separators."""
        start = self.content[:_START]
        is_text = all(byte >= 32 or byte in b"\t\r\n" for byte in start)
        return start.startswith(_TABLES) or (is_text and any(c in start for c in _COMMAS))


def expand(name):
    """The files that an argument stands for, or the argument itself if there are none."""
    if name == "-":
        return [StandardInput()]
    path = Path(name)
    if path.is_dir():
        from skdigits._pictures.reader import list_pictures

        with contextlib.suppress(PermissionError):
            return list_pictures(path) or [path]
    return [path]


def is_table(path):
    """Whether a path has the suffix of a CSV file, plain or compressed."""
    return path.name.lower().endswith(_TABLE_SUFFIXES)


def read_table(source, labels):
    """Read rows, and labels or None, from a path or standard input.

    Parameters
    ----------
    source : pathlib.Path or StandardInput
    labels : bool or "auto"
        As in :func:`skdigits.datasets.read_digits_csv`.

    Returns
    -------
    X : ndarray of shape (n, 784), uint8
    y : ndarray of shape (n,), int64, or None
    """
    from skdigits.datasets._digits_csv import read_rows

    return read_rows(source, labels)


def read_written(name):
    """Rows, labels, and the writers of a last column ``writer``, or None, from a CSV file.

    Parameters
    ----------
    name : str
        Path, or ``-`` for standard input.

    Returns
    -------
    X : ndarray of shape (n, 784), uint8
    y : ndarray of shape (n,), int64
    writers : list of str, or None
    """
    source = StandardInput() if name == "-" else Path(name)
    if isinstance(source, Path) and not source.is_file():
        raise CommandError(f"there is no file {source}: check the name")
    with source.open("rb") as file:
        lines = [line.strip() for line in file.read().decode("utf-8-sig").splitlines()]
    rows = [line.rpartition(",") for line in lines if line]
    if not rows or rows[0][2].strip().lower() != "writer":
        return *read_table(source, labels=True), None
    return *read_table(_Lines(row for row, *_ in rows), labels=True), [w for *_, w in rows[1:]]


class _Lines:
    """Lines of a CSV file, with those methods of a path that readers of CSV files use."""

    name = "rows.csv"

    def __init__(self, lines):
        self._content = "\n".join(lines).encode()

    def __str__(self):
        return "the file"

    def open(self, mode):
        return io.BytesIO(self._content)


def read_labelled(name):
    """Rows and labels from a CSV file, a folder's train.csv, ``-``, or the bundled digits."""
    from skdigits.datasets import load_bundled_digits, load_competition

    if name is None:
        return load_bundled_digits(return_X_y=True)
    if name == "-":
        return read_table(StandardInput(), labels=True)
    path = Path(name)
    if path.is_dir():
        return load_competition(path, return_X_y=True)
    return read_table(path, labels=True)


def add_model_option(parser, default="the weights that come with skdigits"):
    """Add ``--model``; `default` is what the help says about leaving it out."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a fitted pipeline, as written by skdigits train or skdigits.save_pipeline, or an "
        ".onnx file; a .joblib file can run code, so give only one that you trust (default: "
        f"{default})",
    )


def load_model(path=None, *, trainable=True):
    """Load a model from a file, or the one that ships with the package.

    Parameters
    ----------
    path : str or path-like, default=None
        A file of :func:`skdigits.save_pipeline` or :func:`skdigits.export_onnx`. None loads the
        weights that ship.
    trainable : bool, default=True
        False takes these in the form that starts without TensorFlow.

    Returns
    -------
    model : classifier
        With `predict_proba` and `classes_`.
    """
    from skdigits import load_pipeline, load_pretrained

    return load_pretrained(trainable=trainable) if path is None else load_pipeline(path)


def load_light_model(path=None):
    """Load a model to read with: without scikit-learn, where onnxruntime can compute it.

    Parameters
    ----------
    path : str or path-like, default=None
        As in :func:`load_model`.

    Returns
    -------
    model : classifier
        With `predict_proba` and `classes_`.
    """
    from skdigits._runtime.model import OnnxModel, load_shipped

    if path is None:
        return load_shipped()
    return OnnxModel.load(path) if str(path).lower().endswith(".onnx") else load_model(path)
