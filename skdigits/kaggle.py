"""Submission files of Kaggle's "Digit Recognizer": write, read and check them.

The file has a header and one line per test row, in the order of the test file::

    ImageId,Label
    1,2
    2,0
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skdigits._utils.atomic import replacing
from skdigits._utils.typing import Labels, PathLike
from skdigits.datasets import read_digits_csv

__all__ = ["check_submission", "read_submission", "write_submission"]

_HEADER = "ImageId,Label"
_IMAGE_ID = "0|[1-9][0-9]{0,8}"
_LINE = re.compile(f"({_IMAGE_ID}),([0-9])")
_MAX_BYTES = 2**26  # 28,000 lines are 0.2 MB; a file of 64 MB is something else
_SHOWN = 5


def write_submission(path: PathLike, labels: Labels, *, n_rows: int | None = None) -> Path:
    """Write predicted labels as a submission file.

    The file is written beside its destination and then moved over it, so that after a crash an
    existing file of that name is still whole.

    Parameters
    ----------
    path : str or path-like
        The file to write, such as ``mnist_submission.csv``. Its folder must exist.
    labels : array-like of shape (n,)
        The digit of each test row, in the order of the test file: integers 0-9, floats that are
        integers, or the strings ``"0"`` to ``"9"``.
    n_rows : int, default=None
        How many labels there must be (28,000 for Kaggle's test file); any number if None.

    Returns
    -------
    path : pathlib.Path
        The file written.

    Raises
    ------
    ValueError
        If a label is not a digit, or their number is not `n_rows`. No file is written then.
    FileNotFoundError
        If the folder does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits.kaggle import read_submission, write_submission
    >>> with TemporaryDirectory() as folder:
    ...     path = write_submission(Path(folder, "mine.csv"), [2, 0, 9])
    ...     path.read_text(), read_submission(path)
    ('ImageId,Label\\n1,2\\n2,0\\n3,9\\n', array([2, 0, 9]))
    """
    digits = _as_digits(labels)
    if n_rows is not None and len(digits) != n_rows:
        raise ValueError(
            f"Got {len(digits):,} labels, expected {n_rows:,}: one for each row of the test file, "
            "in its order. Predict all of those, and nothing else."
        )
    lines = [_HEADER, *(f"{image},{digit}" for image, digit in enumerate(digits, start=1))]
    with replacing(path) as file:
        file.write(("\n".join(lines) + "\n").encode("ascii"))
    return Path(path)


def read_submission(path: PathLike) -> NDArray[np.int64]:
    """Read the labels of a submission file, and check every line.

    Parameters
    ----------
    path : str or path-like
        A file with the header ``ImageId,Label``, and ``ImageId`` counting 1, 2, 3, ... A byte order
        mark, Windows line ends and blank lines at the end are accepted.

    Returns
    -------
    labels : ndarray of shape (n,), int64
        The label of each test row, in order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file has no rows or is not a submission: another header, a gap or a repetition in
        ``ImageId``, a label that is not an integer from 0 to 9. The message names the file and the
        first of these lines.

    See Also
    --------
    check_submission : Checks the number of rows, too.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits.kaggle import read_submission
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("ImageId,Label\\n1,2\\n2,0\\n")
    ...     read_submission(path)
    array([2, 0])
    """
    path = Path(path)
    lines = re.split("\r\n|\r|\n", _read_text(path))
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ValueError(f"{path} is empty; write it with write_submission.")
    if lines[0] != _HEADER:
        raise ValueError(
            f"{path}, line 1: got {_short(lines[0])}, expected the header {_HEADER!r}. "
            "Write the file with write_submission."
        )
    if len(lines) == 1:
        raise ValueError(f"{path} has a header but no rows; predict every row of the test file.")
    labels, problems, expected = [], [], 1
    for number, line in enumerate(lines[1:], start=2):
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append(f"line {number}: got {_short(line)}, {_judge_line(line)}")
        else:
            image = int(match[1])
            if image != expected:
                problems.append(f"line {number}: got ImageId {image}, expected {expected}")
                expected = image  # count on from here: one gap is one problem
            labels.append(int(match[2]))
        expected += 1
    if problems:
        raise _sum_up(path, problems)
    return np.array(labels, dtype=np.int64)


def check_submission(
    path: PathLike, *, n_rows: int | None = None, test_file: PathLike | None = None
) -> NDArray[np.int64]:
    """Check that a submission file is complete and well-formed.

    Parameters
    ----------
    path : str or path-like
        The submission file.
    n_rows : int, default=None
        How many rows the test file has (28,000 for Kaggle's).
    test_file : str or path-like, default=None
        The test file itself, ``test.csv``, plain or compressed, whose rows are counted. Give this
        or `n_rows`; with neither, only the format is checked.

    Returns
    -------
    labels : ndarray of shape (n,), int64
        The labels, if everything is right.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If :func:`read_submission` would raise one, or the number of rows is not that of the test
        file. The message lists the first problems.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits.kaggle import check_submission, write_submission
    >>> with TemporaryDirectory() as folder:
    ...     path = write_submission(Path(folder, "mine.csv"), [2, 0, 9])
    ...     check_submission(path, n_rows=3)
    array([2, 0, 9])
    """
    if n_rows is not None and test_file is not None:
        raise ValueError("Give n_rows or test_file, not both.")
    labels = read_submission(path)
    if test_file is not None:
        n_rows = len(read_digits_csv(test_file, labels=False).data)
    if n_rows is not None and len(labels) != n_rows:
        source = "" if test_file is None else f" as {test_file} has"
        raise ValueError(
            f"{path} has {len(labels):,} rows, expected {n_rows:,}{source}. "
            "Predict every row of the test file, once."
        )
    return labels


def _as_digits(labels):
    """Labels as a list of ints 0-9; raises a ValueError that names the first that is not one."""
    array = np.asarray(labels)
    if array.ndim != 1:
        hint = " These look like probabilities: take predict(), or classes_[argmax]."
        raise ValueError(
            f"labels must have shape (n,); got shape {array.shape}."
            + (hint if array.ndim == 2 and array.shape[1] == 10 else "")
        )
    if len(array) == 0:
        raise ValueError("Got no labels; a submission has one for each row of the test file.")
    # Python objects, so that 3, 3.0, np.int8(3) and "3" are treated alike in lists that mix them.
    digits = [_as_digit(value) for value in array.tolist()]
    if None in digits:
        at = digits.index(None)
        raise ValueError(
            f"labels[{at}] (ImageId {at + 1}) is {_short(array.tolist()[at])}; expected an integer "
            "from 0 to 9, or the string of one."
        )
    return digits


def _as_digit(value):
    if isinstance(value, str):
        return int(value) if re.fullmatch("[0-9]", value) else None
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return int(value) if value in range(10) else None
    return None


def _read_text(path):
    if not path.is_file():
        what = "a folder, not a submission file" if path.is_dir() else "not there"
        raise FileNotFoundError(f"{path} is {what}. Give the path of a file to check.")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{path} has more than {_MAX_BYTES:,} bytes: it is not a submission file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text ({error.reason}); is it compressed?") from error


def _judge_line(line):
    """Why a line is not ``ImageId,Label``."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != 2:
        return f"expected 2 values, got {0 if not line.strip() else len(cells)}"
    if not re.fullmatch(_IMAGE_ID, cells[0]):
        return "ImageId must be an integer, counting 1, 2, 3, ..."
    if re.fullmatch("[0-9]", cells[1]):
        return "expected no spaces"
    return "Label must be an integer from 0 to 9, written without a point"


def _sum_up(path, problems):
    more = len(problems) - _SHOWN
    shown = "\n  ".join(problems[:_SHOWN]) + (f"\n  and {more:,} more" if more > 0 else "")
    return ValueError(
        f"{path} is not a valid submission:\n  {shown}\n"
        "Write it with write_submission, labels in the order of the test file."
    )


def _short(value):
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."
