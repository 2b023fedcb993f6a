"""`Review`: the fields in doubt of a folder of results, one after the other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from skdigits._pictures.fields import ReadField
from skdigits._utils.atomic import replacing
from skdigits.datasets._digits_csv import LABEL, PIXELS
from skdigits.forms._form import from_record

CORRECTIONS = "corrections.csv"
BLANK = "-"  # what to type for a field that is left blank
_WRITTEN = 0.4  # score from which a place holds a digit
_LONGEST = 100  # digits of an answer


class Doubt(NamedTuple):
    """A field that is to be looked at.

    Attributes
    ----------
    path : Path
        The record of its form.
    scan : str
        The form's picture, and its page.
    name : str
        Of the field.
    read : ReadField
        What was read.
    picture : PIL.Image.Image
        What is written.
    answer : str or None
        What somebody said that it is; None if nobody has looked yet.
    """

    path: Path
    scan: str
    name: str
    read: ReadField
    picture: Image.Image
    answer: str | None


class Review:
    """The doubts of a folder that :func:`skdigits.forms.read_forms` wrote, to be decided.

    Each decision is written to its form's record, so that reading the stack again takes it, and
    the digits that were decided on become rows of ``corrections.csv`` in the same folder.

    Parameters
    ----------
    folder : str or path

    Raises
    ------
    ValueError
        If there is no such folder, or no field of it is in doubt.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise ValueError(f"There is no folder {folder}; skdigits forms makes it.")
        self.doubts = [doubt for path in sorted(self.folder.glob("*.json")) for doubt in _of(path)]
        if not self.doubts:
            raise ValueError(f"No field is in doubt in {folder}.")

    @property
    def n_done(self) -> int:
        """How many were decided."""
        return sum(doubt.answer is not None for doubt in self.doubts)

    def next_open(self, start: int = 0) -> int:
        """The first that is not decided, from a place on; their number if there is none."""
        later = [i for i, doubt in enumerate(self.doubts) if doubt.answer is None and i >= start]
        earlier = [i for i, doubt in enumerate(self.doubts) if doubt.answer is None]
        return (later or earlier or [len(self.doubts)])[0]

    def decide(self, place: int, typed: str) -> str:
        """Take an answer for a doubt, and save it.

        Parameters
        ----------
        place : int
        typed : str
            Digits; "" accepts what was read, "-" says that the field is blank.

        Returns
        -------
        answer : str

        Raises
        ------
        ValueError
            If it is something else.
        """
        doubt, typed = self.doubts[place], typed.strip()
        if not re.fullmatch("[0-9]*|-", typed, re.ASCII) or len(typed) > _LONGEST:
            raise ValueError("Type digits, or - for a blank field; Enter alone accepts.")
        answer = "" if typed == BLANK else typed or doubt.read.text
        record = json.loads(doubt.path.read_bytes())
        record["fields"][doubt.name]["answer"] = answer
        with replacing(doubt.path) as file:
            file.write(json.dumps(record).encode())
        self.doubts[place] = doubt._replace(answer=answer)
        self._write_corrections()
        return answer

    def _write_corrections(self):
        lines = [",".join([LABEL, *PIXELS, "writer"])]
        for doubt in self.doubts:
            lines += [",".join([*map(str, row), doubt.scan]) for row in _rows_of(doubt)]
        with replacing(self.folder / CORRECTIONS) as file:
            file.write("\n".join([*lines, ""]).encode())


def _of(path) -> list[Doubt]:
    """Doubts of one record, decided or not."""
    try:
        record = json.loads(path.read_bytes())
        form = from_record(record, reviewed=False)
    except (OSError, AttributeError, KeyError, TypeError, ValueError):
        return []  # no record, or a damaged one
    name = re.sub("[^\\w.-]", "_", Path(str(form.source)).name)  # a cell of a CSV file
    scan = f"{name} page {form.page}" if form.page > 1 else name
    return [
        Doubt(path, scan, name, form.fields[name], form.cut_outs[name], _answer(record, name))
        for name in form.unsure
    ]


def _answer(record: dict[str, Any], name: str) -> str | None:
    answer = record["fields"][name].get("answer")
    return answer if isinstance(answer, str) else None


def _rows_of(doubt):
    """Rows of the digits, if it is clear which is which."""
    digits = [d for d in doubt.read.digits if d.score is not None and d.score >= _WRITTEN]
    if not doubt.answer or len(digits) != len(doubt.answer):
        return
    for label, digit in zip(doubt.answer, digits, strict=True):
        if digit.row.size == len(PIXELS):
            yield [label, *digit.row.tolist()]
