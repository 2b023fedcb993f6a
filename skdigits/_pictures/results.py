"""What a picture was read as: digits, the numbers they make, and the table these stand in."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skdigits._pictures.opening import MAX_PIXELS, open_picture
from skdigits._utils.labels import label_text
from skdigits.exceptions import PictureError

if TYPE_CHECKING:
    import pandas as pd

_SURE, _UNSURE, _OTHER = "#0072b2", "#d55e00", "#767676"  # told apart by colour-blind readers, too
_N_ALTERNATIVES = 3


@dataclass(frozen=True)
class ReadDigit:
    """One digit of a picture.

    Attributes
    ----------
    label : object
        The most probable class, one of the classifier's ``classes_``.
    confidence : float
        Its probability.
    probabilities : dict
        Probability of every class.
    box : tuple of (int, int, int, int)
        Left, top, right and bottom in pixels of the upright picture; right and bottom exclusive.
    line : int
        Line of writing it stands in, 0 at the top.
    unsure : bool
        Whether the label or the digit itself is in doubt.
    score : float or None
        How much it looks like a digit at all; None if that cannot be told.
    row : ndarray of shape (784,), uint8
        What the classifier saw.
    number : int
        Number it belongs to, counted in reading order from 0.
    mark : str
        The minus, point or comma before it, where the reader was asked for marks.
    """

    label: Any
    confidence: float
    probabilities: dict = field(hash=False)
    box: tuple[int, int, int, int]
    line: int
    unsure: bool
    score: float | None
    row: np.ndarray = field(repr=False, compare=False)
    number: int = 0
    mark: str = ""


@dataclass(frozen=True)
class ReadNumber:
    """Digits that stand together.

    Attributes
    ----------
    digits : tuple of ReadDigit
        From left to right.
    """

    digits: tuple[ReadDigit, ...]

    @property
    def text(self) -> str:
        """The labels, one after the other, each with the mark before it."""
        return "".join(digit.mark + label_text(digit.label) for digit in self.digits)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of all its digits."""
        left, top, right, bottom = zip(*(digit.box for digit in self.digits), strict=True)
        return min(left), min(top), max(right), max(bottom)

    @property
    def line(self) -> int:
        """Line of writing it stands in, 0 at the top."""
        return self.digits[0].line

    @property
    def confidence(self) -> float:
        """Probability that all labels are right, if they err independently of each other."""
        return float(np.prod([digit.confidence for digit in self.digits]))

    @property
    def unsure(self) -> bool:
        """Whether any of its digits is unsure."""
        return any(digit.unsure for digit in self.digits)

    @property
    def alternatives(self) -> list[tuple[str, float]]:
        """The next most probable texts and their probabilities, the best first."""
        ways = [("", 1.0)]
        for digit in self.digits:
            longer = (
                (text + digit.mark + label_text(label), p * q)
                for text, p in ways
                for label, q in digit.probabilities.items()
            )
            ways = heapq.nlargest(_N_ALTERNATIVES + 1, longer, key=lambda way: way[1])
        return ways[1:]


@dataclass(frozen=True)
class ReadTable:
    """Numbers in rows and columns.

    Attributes
    ----------
    cells : tuple of tuple of (ReadNumber or None)
        Row by row; None where a cell is blank.
    """

    cells: tuple[tuple[ReadNumber | None, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return len(self.cells), len(self.cells[0])

    def to_frame(self) -> pd.DataFrame:
        """The texts of the cells.

        Returns
        -------
        frame : pandas.DataFrame
            Rows and columns as in `cells`; blank cells are empty strings.
        """
        import pandas as pd

        return pd.DataFrame([["" if c is None else c.text for c in row] for row in self.cells])


@dataclass(frozen=True)
class ReadPicture:
    """What was read in a picture.

    Attributes
    ----------
    digits : tuple of ReadDigit
        In reading order.
    source : object
        The picture that was read: as it was given, or the bytes of a stream, or a copy of the
        frame at which a PIL image of several frames stood.
    others : tuple of ReadDigit
        What does not look like a digit, with the digit that it resembles most.
    error : str or None
        Why the picture could not be read.
    page : int
        Page of its file, 1 for the first.
    columns : tuple of int or None
        Column of each number, where the numbers stand in rows and columns.
    """

    digits: tuple[ReadDigit, ...]
    source: Any = field(repr=False, compare=False)
    others: tuple[ReadDigit, ...] = ()
    error: str | None = None
    page: int = 1
    columns: tuple[int, ...] | None = field(default=None, repr=False)

    @cached_property
    def numbers(self) -> tuple[ReadNumber, ...]:
        """Digits that stand together, in reading order."""
        groups = groupby(self.digits, key=lambda digit: digit.number)
        return tuple(ReadNumber(tuple(digits)) for _, digits in groups)

    @property
    def lines(self) -> tuple[tuple[ReadNumber, ...], ...]:
        """The numbers of each line of writing."""
        return tuple(tuple(group) for _, group in groupby(self.numbers, key=lambda n: n.line))

    @property
    def table(self) -> ReadTable | None:
        """The numbers in rows and columns; None if they do not stand so."""
        if self.columns is None:
            return None
        n_columns = max(self.columns) + 1
        rows: dict[int, list[ReadNumber | None]] = {}
        for number, column in zip(self.numbers, self.columns, strict=True):
            rows.setdefault(number.line, [None] * n_columns)[column] = number
        return ReadTable(tuple(tuple(row) for row in rows.values()))

    @property
    def text(self) -> str:
        """The labels: a space between numbers, a new line for each line of writing."""
        return "\n".join(" ".join(number.text for number in line) for line in self.lines)

    @property
    def unsure(self) -> bool:
        """Whether any digit is unsure."""
        return any(digit.unsure for digit in self.digits)

    def __str__(self) -> str:
        return self.error or self.text or "no digit"

    def draw(self, *, max_side: int = 1600, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """Draw the picture with boxes and labels.

        Parameters
        ----------
        max_side : int, default=1600
            Larger pictures are drawn reduced to this many pixels on the longer side.
        max_pixels : int, default=80_000_000
            Larger pictures are refused; give what the reader's normalizer was given.

        Returns
        -------
        image : PIL.Image.Image
            RGB. Unsure digits are orange with a question mark, the sure ones blue; what is no
            digit has a grey box.

        Raises
        ------
        PictureError
            If the picture cannot be opened (any more).
        """
        source = self.source
        if isinstance(source, dict):
            source = source.get("composite")
            if source is None:
                raise PictureError("The drawing pad's value holds no composite to draw on.")
        image, size = open_picture(source, page=self.page, max_side=max_side, max_pixels=max_pixels)
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB")
        scale = image.width / size[0], image.height / size[1]
        pen = ImageDraw.Draw(image)
        thickness = max(1, round(max(image.size) / 400))
        for digit in (*self.digits, *self.others):
            is_other = digit in self.others
            colour = _OTHER if is_other else _UNSURE if digit.unsure else _SURE
            box = [round(v * scale[i % 2]) for i, v in enumerate(digit.box)]
            box[2], box[3] = max(box[0], box[2] - 1), max(box[1], box[3] - 1)
            pen.rectangle(box, outline=colour, width=thickness)
            font = ImageFont.load_default(max(10, round(0.3 * (box[3] - box[1]))))
            text = "" if is_other else f"{label_text(digit.label)}{'?' if digit.unsure else ''}"
            above = box[1] - 2 * thickness  # clear of the box's line
            pen.text((box[0], above), text, fill=colour, font=font, anchor="lb")
        return image
