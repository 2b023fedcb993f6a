"""Read a CSV file of digits: bounded, at NumPy's speed, and precise about what is wrong."""

import csv
import gzip
import io
import zipfile
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from skdigits._utils.foreign import START, name_foreign

LABEL = "label"
PIXELS = [f"pixel{i}" for i in range(28 * 28)]
# The headers of Kaggle's competition, of OpenML, and of the file that many courses use.
_PIXEL_NAMES = [
    PIXELS,
    [f"pixel{i}" for i in range(1, 28 * 28 + 1)],
    [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],
]
_LABELS = {LABEL, "class"}
UTF_16_STARTS = (b"\xff\xfe", b"\xfe\xff")
_MISSING = {"", "na", "n/a", "nan", "null", "none"}

# Real rows stay below 4 kB, floats written in full below 20 kB, and all of MNIST below 130 MB.
# Beyond these bounds a file is not a digit CSV, and could fill the memory (zip bombs).
_MAX_LINE = 2**16
_MAX_CHARACTERS = 2**31


@dataclass
class _Layout:
    """The columns of a file, and how it separates them."""

    columns: list[str]
    label_at: int | None  # the first, the last, or none
    has_header: bool
    comma: str

    def skip_header(self, lines):
        lines.comma = self.comma
        if self.has_header:
            next(lines)


def read_rows(path, labels):
    """Read rows (n, 784) uint8 and labels (n,) int64 or None, and check every cell.

    NumPy's reader reads well-formed files at full speed and refuses anything else. Only then a slow
    pass looks at each cell, to locate the fault, or to accept what is merely written differently
    (12.0, "12").
    """
    if isinstance(path, Path) and not path.is_file():
        what = "a folder, not a CSV file" if path.is_dir() else "not there"
        raise FileNotFoundError(f"{path} is {what}. Give the path of one CSV file.")
    with _open_lines(path) as lines:
        layout = _read_header(lines, labels)
    at = layout.label_at
    try:
        table = _read_fast(path, layout)
    except ValueError:
        table = None
    usable = table is not None and table.shape[1] == len(layout.columns)
    if not usable or (at is not None and table[:, at].max() > 9):
        table = _read_with_care(path, layout)
    if at is None:
        return table, None
    rows = table[:, 1:] if at == 0 else table[:, :-1]
    return np.ascontiguousarray(rows), table[:, at].astype(np.int64)


def _read_fast(path, layout):
    with _open_lines(path) as lines:
        layout.skip_header(lines)
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            return None
        return np.loadtxt(
            chain([first], lines), np.uint8, delimiter=layout.comma, comments=None, ndmin=2
        )


def _read_with_care(path, layout):
    with _open_lines(path) as lines:
        layout.skip_header(lines)
        rows = [_read_row(lines, line, layout) for line in lines if line.strip()]
    if not rows:
        raise ValueError(f"{path} has a header but no rows; download or copy it again.")
    return np.array(rows)


def _read_row(lines, line, layout):
    columns, cells = layout.columns, lines.cells(line)
    if len(cells) != len(columns):
        raise lines.error(
            f"got {len(cells)} values for {len(columns)} columns",
            "the file may be truncated here: get it again"
            if len(cells) < len(columns)
            else "look for an extra comma",
        )
    tops = [255] * len(columns)
    if layout.label_at is not None:
        tops[layout.label_at] = 9
    try:
        row = np.array([float(cell) for cell in cells])
        sound = ((row >= 0) & (row <= tops) & (row == np.floor(row))).all()
    except ValueError:
        sound = False
    # Python's float accepts more than CSV files should have: 1_000, digits of other scripts.
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
    """The layout of a file; raises if it is unknown, or has labels against `labels`."""
    line = next(lines, "")
    if not line.strip():
        got = "a blank line" if line else "an empty file"
        raise ValueError(f"{lines.path} starts with {got}, not with a header; get it again.")
    lines.comma = next((comma for comma in ",;\t" if comma in line), ",")
    # Concatenated files have a second byte order mark, those of NumPy's savetxt start with #.
    names = [name.strip() for name in lines.cells(line.lstrip("\ufeff# "))]
    has_header = not _are_numbers(names)
    if not has_header and len(names) in (len(PIXELS), len(PIXELS) + 1):
        # As in the files that many courses use; errors will show in the cells.
        columns = [LABEL, *PIXELS][-len(names) :]
    else:
        columns = names
    label_at = _find_label(columns)
    is_unknown = label_at is not None and label_at not in (0, len(columns) - 1)
    with_label = label_at is not None if labels == "auto" else labels
    if is_unknown or with_label != (label_at is not None) or not _are_pixels(columns, label_at):
        raise lines.error(*_judge_header(columns, with_label))
    return _Layout(columns, label_at, has_header, lines.comma)


def _are_numbers(names):
    return all(_find_fault(name, 255) in (None, "out of range", "not an integer") for name in names)


def _find_label(columns):
    return next((i for i, name in enumerate(columns) if name.lower() in _LABELS), None)


def _are_pixels(columns, label_at):
    """Whether all columns except the label are the pixels in order."""
    pixels = [name.lower() for i, name in enumerate(columns) if i != label_at]
    return pixels in _PIXEL_NAMES


def _judge_header(names, with_label):
    """What is wrong with the column names, and what to do about it."""
    if len(names) == 1 and " " in names[0]:
        return "columns are not separated by commas", "save the file again with commas"
    if names[0].lower().startswith("sep="):
        return f"got {_short(names[0])}, which is for Excel", "delete the file's first line"
    if names == ["ImageId", "Label"]:
        return (
            "this is a submission, not rows of pixels",
            "give train.csv or test.csv; skdigits.kaggle.check_submission checks submissions",
        )
    if _are_numbers(names):
        return (
            f"got {len(names)} numbers, no header",
            f"a row has {len(PIXELS)} pixels, or a label and them: {len(PIXELS) + 1} numbers",
        )
    label_at = _find_label(names)
    if label_at is not None and not with_label:
        return (
            f"got a column {names[label_at]!r} in a file without labels",
            "is it the training file?",
        )
    return _judge_pixels(names, label_at, with_label)


def _judge_pixels(names, label_at, with_label):
    lowered = [LABEL if i == label_at else name.lower() for i, name in enumerate(names)]
    pixels = max(_PIXEL_NAMES, key=lambda known: len({*known} & {*lowered}))
    for at in (0, -1):
        if label_at is None and (lowered[1:] if at == 0 else lowered[:-1]) == pixels:
            name = names[at]
            return f"column {_short(name)} is unknown", (
                "if it holds the labels, name it 'label', else drop it (an index? write with "
                "index=False)"
            )
    expected = [LABEL, *pixels] if with_label else pixels
    if label_at == len(names) - 1:
        expected = [*pixels, LABEL]
    counts, wanted = Counter(lowered), set(expected)
    doubled = [name for name, count in counts.items() if count > 1]
    unknown = [name for name in lowered if name not in wanted]
    missing = [name for name in expected if name not in counts]
    for what, which, advice in (
        ("occurs more than once", doubled, "drop the copies"),
        ("is missing", missing, f"a digit CSV has {expected[0]!r} to {expected[-1]!r}, in order"),
        ("is unknown", unknown, "drop it (an index? write with index=False)"),
    ):
        if which:
            more = f" (and {len(which) - 1} more)" if len(which) > 1 else ""
            return f"column {_short(which[0])}{more} {what}", advice
    at, name = next((i, n) for i, n in enumerate(lowered) if n != expected[i])
    advice = f"sort the columns: {expected[0]!r}, {expected[1]!r}, ... {expected[-1]!r}"
    return f"column {at + 1} is {name!r}, expected {expected[at]!r}", advice


class _Lines:
    """The lines of a text, numbered and bounded."""

    def __init__(self, path, text):
        self.path, self.number, self.comma = path, 0, ","
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
            return next(csv.reader([line], delimiter=self.comma))
        except csv.Error as error:
            raise self.error(f"no CSV ({error})", "check that this is the right file") from error


@contextmanager
def _open_lines(path):
    """Open a CSV file, compressed or not, as bounded lines; damage raises a ValueError."""
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            binary = raw
            if start.startswith(b"\x1f\x8b"):
                binary = gzip.GzipFile(fileobj=raw)
            elif start.startswith(b"PK"):
                binary = _open_member(raw, path)
            binary = io.BufferedReader(binary)
            start = binary.peek(START)[:START]
            if what := _name_other(start):
                raise ValueError(f"{path} {what}.")
            encoding = "utf-16" if start.startswith(UTF_16_STARTS) else "utf-8-sig"
            with io.TextIOWrapper(binary, encoding=encoding) as text:
                yield _Lines(path, text)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text ({error.reason}); give a CSV file, saved as UTF-8."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is damaged or truncated ({error}); download or copy it again."
        ) from error


_OTHERS = {
    b"\x00\x00\x08": "is a file of MNIST in its own format, IDX: the same pictures come from "
    "skdigits.datasets.fetch_mnist()",
    b"\x93NUMPY": "is a NumPy array, no CSV: give np.load(path) to the functions that take arrays",
    b"PAR1": "is a Parquet file, no CSV: give pandas.read_parquet(path) to the functions that take "
    "frames",
}


def _name_other(start):
    """What a file is and what to do with it, if it is not CSV; None if it may be."""
    for magic, text in _OTHERS.items():
        if start.startswith(magic):
            return text
    is_text = start.lstrip(b'\xef\xbb\xbf"')[:1].isalnum() and not start.startswith(b"version")
    return None if is_text or not start else name_foreign(start)


def _open_member(raw, path):
    """Open the CSV file in a zip archive."""
    archive = zipfile.ZipFile(raw)
    if "xl/workbook.xml" in archive.namelist():
        raise ValueError(f"{path} is an Excel workbook: save its sheet as CSV.")
    if any(name.endswith(".npy") for name in archive.namelist()):
        raise ValueError(
            f"{path} is a NumPy archive, no CSV: give an array of np.load(path), such as "
            "np.load(path)['x_train'], to the functions that take arrays."
        )
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
