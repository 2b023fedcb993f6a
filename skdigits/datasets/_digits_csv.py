"""Read one CSV file of digits: bounded, at NumPy's speed, and exact about what is wrong."""

import csv
import gzip
import io
import zipfile
import zlib
from collections import Counter
from contextlib import contextmanager
from itertools import chain

import numpy as np

LABEL = "label"
PIXELS = [f"pixel{i}" for i in range(28 * 28)]
_MISSING = {"", "na", "n/a", "nan", "null", "none"}

# Real rows stay below 4 kB, floats written in full below 20 kB, and all of MNIST below 130 MB.
# Beyond these bounds a file is no digit CSV, and reading on could fill the memory (zip bombs).
_MAX_LINE = 2**16
_MAX_CHARACTERS = 2**31


def read_rows(path, labels):
    """Rows (n, 784) uint8 and labels (n,) int64 or None, every cell checked.

    NumPy's reader takes well-formed files at full speed and refuses anything else. Only then a
    slow pass looks at each cell, to find the fault and its place, or to take what is merely
    written another way (12.0, "12").
    """
    with _open_lines(path) as lines:
        columns = _read_header(lines, labels)
    with_label = columns[0] == LABEL
    try:
        table = _read_fast(path)
    except ValueError:
        table = None
    usable = table is not None and table.shape[1] == len(columns)
    if not usable or (with_label and table[:, 0].max() > 9):
        table = _read_with_care(path, columns)
    if not with_label:
        return table, None
    return np.ascontiguousarray(table[:, 1:]), table[:, 0].astype(np.int64)


def _read_fast(path):
    with _open_lines(path) as lines:
        next(lines)
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            return None
        return np.loadtxt(chain([first], lines), np.uint8, delimiter=",", comments=None, ndmin=2)


def _read_with_care(path, columns):
    with _open_lines(path) as lines:
        next(lines)
        rows = [_read_row(lines, line, columns) for line in lines if line.strip()]
    if not rows:
        raise ValueError(f"{path} has a header and no rows; download or copy it again.")
    return np.array(rows)


def _read_row(lines, line, columns):
    cells = lines.cells(line)
    if len(cells) != len(columns):
        raise lines.error(
            f"got {len(cells)} values for {len(columns)} columns",
            "the file may be cut off here: get it again"
            if len(cells) < len(columns)
            else "look for a comma too many",
        )
    tops = [9 if columns[0] == LABEL else 255] + [255] * (len(columns) - 1)
    try:
        row = np.array([float(cell) for cell in cells])
        sound = ((row >= 0) & (row <= tops) & (row == np.floor(row))).all()
    except ValueError:
        sound = False
    # Python's float takes more than CSV files mean: 1_000, digits of other scripts.
    if not sound or "_" in line or not line.isascii():
        _raise_first_fault(lines, columns, cells, tops)
    return row.astype(np.uint8)


def _raise_first_fault(lines, columns, cells, tops):
    for column, cell, top in zip(columns, cells, tops, strict=True):
        if fault := _find_fault(cell, top):
            advice = "correct the cell or drop the row"
            if top == 255 and fault == "not an integer":
                advice = "if pixels were scaled to 0-1, multiply them by 255 and round"
            raise lines.error(
                f"column {column!r}: got {_short(cell)} ({fault}), "
                f"expected an integer from 0 to {top}",
                advice,
            )


def _find_fault(cell, top):
    """What keeps a cell from being an integer from 0 to top; None if nothing does."""
    if cell.strip().lower() in _MISSING:
        return "missing value"
    try:
        number = float(cell)
    except ValueError:
        return "not a number"
    if "_" in cell or not cell.isascii():
        return "not a number"
    if not 0 <= number <= top:
        return "out of range"
    return None if number.is_integer() else "not an integer"


def _short(cell):
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _read_header(lines, labels):
    """The column names, if they are the ones wanted, in their order."""
    line = next(lines, "")
    if not line.strip():
        got = "a blank line" if line else "an empty file"
        raise ValueError(f"{lines.path} starts with {got}, not with a header; get it again.")
    names = [name.strip() for name in lines.cells(line)]
    with_label = LABEL in names if labels == "auto" else labels
    expected = [LABEL, *PIXELS] if with_label else PIXELS
    if names != expected:
        raise lines.error(*_judge_header(names, expected))
    return expected


def _judge_header(names, expected):
    """What is wrong with the column names, and what to do about it."""
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        return "columns are not separated by commas", "save the file again with commas"
    if all(_find_fault(name, 255) is None for name in names):
        return "got numbers, no header", f"put {expected[0]},{expected[1]},... before them"
    if LABEL in names and LABEL not in expected:
        return f"got a column {LABEL!r} in a file without labels", "is it the training file?"
    counts, wanted = Counter(names), set(expected)
    doubled = [name for name, count in counts.items() if count > 1]
    unknown = [name for name in names if name not in wanted]
    missing = [name for name in expected if name not in counts]
    for what, which, advice in (
        ("comes more than once", doubled, "drop the copies"),
        ("is missing", missing, f"a digit CSV has {expected[0]!r} to {expected[-1]!r}, in order"),
        ("is unknown", unknown, "drop it (an index? write with index=False)"),
    ):
        if which:
            more = f" (and {len(which) - 1} more)" if len(which) > 1 else ""
            return f"column {_short(which[0])}{more} {what}", advice
    at, name = next((i, n) for i, n in enumerate(names) if n != expected[i])
    advice = f"sort the columns: {expected[0]!r}, {expected[1]!r}, ... {expected[-1]!r}"
    return f"column {at + 1} is {name!r}, expected {expected[at]!r}", advice


class _Lines:
    """The lines of a text, counted and bounded."""

    def __init__(self, path, text):
        self.path, self.number = path, 0
        self._text, self._left = text, _MAX_CHARACTERS

    def __iter__(self):
        return self

    def __next__(self):
        line = self._text.readline(_MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self._left -= len(line)
        if len(line) >= _MAX_LINE:
            raise self.error(
                f"longer than {_MAX_LINE:,} characters", "a digit CSV has 785 short columns"
            )
        if self._left < 0:
            raise self.error(
                f"the file unpacks to more than {_MAX_CHARACTERS:,} characters",
                "split it, or check where it comes from",
            )
        return line

    def error(self, got, advice):
        return ValueError(f"{self.path}, line {self.number}: {got}; {advice}.")

    def cells(self, line):
        try:
            return next(csv.reader([line]))
        except csv.Error as error:
            raise self.error(f"no CSV ({error})", "check that this is the right file") from error


@contextmanager
def _open_lines(path):
    """Open a CSV file, compressed or not, as bounded lines; what is damaged is a ValueError."""
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            binary = raw
            if start.startswith(b"\x1f\x8b"):
                binary = gzip.GzipFile(fileobj=raw)
            elif start.startswith(b"PK"):
                binary = _open_member(raw, path)
            with io.TextIOWrapper(binary, encoding="utf-8-sig") as text:
                yield _Lines(path, text)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text ({error.reason}); give a CSV file, saved as UTF-8."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is damaged or cut off ({error}); download or copy it again."
        ) from error


def _open_member(raw, path):
    """Open the one CSV file that a zip archive is about."""
    archive = zipfile.ZipFile(raw)
    found = [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(".csv") and not member.filename.startswith("__MACOSX/")
    ]
    stem = path.name.split(".")[0]
    same_name = [m for m in found if m.filename.rpartition("/")[2] == f"{stem}.csv"]
    chosen = found if len(found) == 1 else same_name
    if len(chosen) != 1:
        names = ", ".join(m.filename[:60] for m in found[:5]) or "none"
        raise ValueError(
            f"{path} must hold one CSV file, or one named {stem}.csv; got {len(found)} ({names}). "
            "Unzip it and give the file you mean."
        )
    try:
        return archive.open(chosen[0])
    except RuntimeError as error:  # encrypted, or a compression method Python does not know
        raise ValueError(f"{path} cannot be unpacked here ({error}); unzip it first.") from error
