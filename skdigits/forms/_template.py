"""`Template`: where the fields of a form are, and what they may hold."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skdigits._pictures.crops import cut_around, whole_box
from skdigits._pictures.fields import Rules, check_candidates
from skdigits._pictures.opening import read_grey
from skdigits._pictures.reader import DigitReader
from skdigits._utils.atomic import replacing
from skdigits.exceptions import PictureError
from skdigits.forms._boxes import erase, find_boxes, moved, place, straighten
from skdigits.forms._form import ReadForm

FORMAT = "skdigits form 1"
_RULES = ("length", "candidates", "between", "pattern", "check", "blank")
_MOST_BOXES = 2000  # of one form, and fields
_MOST_BYTES = 10_000_000  # of a template, and of a list of candidates
_PLACED = 0.6  # share of the boxes' sides that must lie on lines
_TOGETHER = 0.3  # of a box's height: how far boxes of one comb may stand apart
_SLENDER = 1.3  # heights that a box of one digit may be wide
_COLOUR = "#0072B2"


@dataclass(frozen=True)
class Field:
    """One number of a form.

    Attributes
    ----------
    name : str
        Its column in the table.
    boxes : tuple of int
        The boxes in which it is written, counted from 1. Several are a comb, with a digit in each.
    length, candidates, between, pattern, check, blank
        Rules, see :meth:`skdigits.DigitReader.read_field`.
    unique : bool
        Whether each candidate is written on one form at most: then all forms are matched at once,
        see :func:`match`.
    """

    name: str
    boxes: tuple[int, ...]
    length: int | None = None
    candidates: tuple[str, ...] | None = None
    between: tuple[int, int] | None = None
    pattern: str | None = None
    check: str | None = None
    blank: bool = False
    unique: bool = False

    @property
    def rules(self) -> dict[str, Any]:
        """Arguments of :meth:`skdigits.DigitReader.read_field`."""
        return {name: getattr(self, name) for name in _RULES}


@dataclass(frozen=True)
class Template:
    """Where the fields of a form are, and what they may hold.

    A scan of the form may be shifted, scaled and turned by a few degrees against the template: it
    is placed by the lines of the boxes.

    Parameters
    ----------
    size : tuple of (int, int)
        Width and height of the page on which the boxes are, in pixels.
    boxes : sequence of (left, top, right, bottom)
        The paper inside the lines, in pixels. All of them help to place a scan.
    fields : sequence of Field
        What is written in which boxes.

    See Also
    --------
    read_forms : Read a stack of scans.

    Examples
    --------
    >>> from skdigits.datasets import make_page
    >>> from skdigits.forms import Template
    >>> exam = {"kind": "exam", "n_rows": 2, "n_columns": 4, "tilt": 0}
    >>> blank = make_page(**exam, numbers=["", "", ""], random_state=0)
    >>> template = Template.from_picture(blank.image)
    >>> [(field.name, field.boxes) for field in template.fields]
    [('field 1', (1, 2, 3, 4)), ('field 2', (5,)), ('field 3', (6,))]
    >>> sheet = make_page(**exam, numbers=["4207", "15", "8"], random_state=3)
    >>> [read.text for read in template.read(sheet.image).fields.values()]
    ['4207', '15', '8']
    """

    size: tuple[int, int]
    boxes: Sequence[Sequence[float]]
    fields: Sequence[Field]

    def __post_init__(self):
        _check(self)
        for name in ("size", "boxes", "fields"):  # lists would make equal templates differ
            value = getattr(self, name)
            parts = (tuple(v) if name == "boxes" else v for v in value)
            object.__setattr__(self, name, tuple(parts))

    @classmethod
    def from_picture(cls, picture: Any, *, page: int | None = None) -> Template:
        """Start a template from a scan: find its boxes, and take combs for one field each.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image or ndarray
            A blank form is best: writing that crosses a line hides the box.
        page : int, default=None
            Page of a PDF or TIFF.

        Returns
        -------
        template : Template
            Its fields are called "field 1" and so on.

        Raises
        ------
        PictureError
            If the picture cannot be opened, or there is no box on it.
        """
        grey, lines = next(_ways_to_see(picture, page))
        boxes = np.round(find_boxes(lines)).astype(int)
        if not len(boxes):
            raise PictureError(
                "There are no boxes on this scan: a form needs fields with lines on all four sides."
            )
        fields = [
            Field(f"field {i}", group, length=len(group) if len(group) > 1 else None)
            for i, group in enumerate(_combs(boxes), start=1)
        ]
        return cls(grey.shape[::-1], [tuple(box) for box in boxes.tolist()], fields)

    @classmethod
    def load(cls, path: str | Path) -> Template:
        """Read a template from a JSON file.

        Parameters
        ----------
        path : str or path
            As :meth:`save` writes it. ``candidates`` may be the name of a text or CSV file beside
            it, whose first column holds a number on each line.

        Returns
        -------
        template : Template
            With all fields checked.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no template: the message says what is wrong in which field.
        """
        path = Path(path)
        try:
            data = json.loads(_read_text(path))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is no template: {error}.") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"{path} is no template: it has no 'format': {FORMAT!r}.")
        try:
            return cls(
                tuple(data["size"]),
                data["boxes"],
                [_make_field(entry, path.parent) for entry in data["fields"]],
            )
        except KeyError as error:
            raise ValueError(f"{path} is no template: it has no {error}.") from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write the template as a JSON file, to be edited and loaded again.

        Parameters
        ----------
        path : str or path
            Where to write it.
        """
        empty = asdict(Field("", (1,)))
        fields = [
            {k: v for k, v in asdict(f).items() if k in ("name", "boxes") or v != empty[k]}
            for f in self.fields
        ]
        data = {"format": FORMAT, "size": self.size}
        rows = ",\n  ".join(json.dumps(list(box)) for box in self.boxes)
        entries = ",\n  ".join(json.dumps(entry) for entry in fields)
        head = json.dumps(data, indent=1)[:-2]
        with replacing(path) as file:
            file.write(
                f'{head},\n "boxes": [\n  {rows}\n ],\n "fields": [\n  {entries}\n ]\n}}\n'.encode()
            )

    def draw(self, picture: Any, *, page: int | None = None) -> Image.Image:
        """Draw the boxes with their numbers, to see which are which.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image or ndarray
            The picture that the template was made from, or a scan of the form.
        page : int, default=None
            Page of a PDF or TIFF.

        Returns
        -------
        image : PIL.Image.Image
            The straightened page.
        """
        image, boxes, _ = self._place(picture, page)
        drawn = Image.fromarray(image).convert("RGB")
        pen = ImageDraw.Draw(drawn)
        for i, box in enumerate(boxes, start=1):
            pen.rectangle([float(v) for v in box], outline=_COLOUR, width=2)
            font = ImageFont.load_default(max(10, 0.4 * (box[3] - box[1])))
            pen.text((box[0] + 3, box[1] + 2), str(i), fill=_COLOUR, font=font)
        return drawn

    def read(
        self, picture: Any, reader: DigitReader | None = None, *, page: int | None = None
    ) -> ReadForm:
        """Read one scan of the form.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image or ndarray
            The scan.
        reader : DigitReader, default=None
            None takes the weights that ship.
        page : int, default=None
            Page of a PDF or TIFF.

        Returns
        -------
        form : ReadForm
            Each field with its picture.

        Raises
        ------
        PictureError
            If the scan cannot be opened, or does not show this form.
        """
        reader = DigitReader() if reader is None else reader
        grey, boxes, lines = self._place(picture, page)
        clean = erase(grey, lines, boxes)
        fields = {}
        for field_ in self.fields:
            own = boxes[np.array(field_.boxes) - 1]
            cut, inside = cut_around(clean, own)  # the whole page need not be judged each time
            box = inside if len(own) > 1 else inside[0]
            read = reader.read_field(cut, box=box, **field_.rules)
            bounds = *own[:, :2].min(axis=0), *own[:, 2:].max(axis=0)
            fields[field_.name] = replace(read, box=whole_box(bounds, grey.shape[::-1]))
        image = Image.fromarray(grey)
        cut_outs = {name: _cut_out(image, read.box) for name, read in fields.items()}
        return ReadForm(fields, cut_outs, picture, page or 1)

    def _place(self, picture, page):
        """The straight page, the boxes on it, and its lines."""
        best = 0.0
        for grey, lines in _ways_to_see(picture, page):
            transform, share = place(np.array(self.boxes, float), self.size, lines)
            if share >= _PLACED:
                return grey, moved(self.boxes, transform), lines
            best = max(best, share)
        raise PictureError(
            f"The scan does not show this form: only {best:.0%} of the lines of its boxes are "
            "there. Is it another form, or a page of its own?"
        )


def _cut_out(image, box):
    """A field with some room around it, so that an eye sees where it stands."""
    left, top, right, bottom = box
    room = (bottom - top) // 3
    bounds = max(0, left - room), max(0, top - room), right + room, bottom + room
    return image.crop((*bounds[:2], min(image.width, bounds[2]), min(image.height, bounds[3])))


def _ways_to_see(picture, page):
    """A page straightened in each probable way, as dark ink on light paper and the reverse."""
    grey, _, inverted = read_grey(picture, page=page)
    for is_light in (inverted, not inverted):
        yield from straighten(255 - grey if is_light else grey)


def _combs(boxes) -> Iterator[tuple[int, ...]]:
    """Numbers of boxes that are one field: slender ones of one size, side by side."""
    group: list[int] = []
    for i, box in enumerate(boxes):
        if group and not _is_next(boxes[group[-1] - 1], box):
            yield tuple(group)
            group = []
        group.append(i + 1)
    yield tuple(group)


def _is_next(before, box):
    width, height = box[2] - box[0], box[3] - box[1]
    return (
        width < _SLENDER * height
        and abs(width - (before[2] - before[0])) < 0.2 * width
        and abs(box[1] - before[1]) < 0.2 * height
        and 0 <= box[0] - before[2] < _TOGETHER * height
    )


def _make_field(entry, folder):
    if not isinstance(entry, dict):
        raise ValueError(f"a field is an object with a name and boxes; got {entry!r}.")
    known = Field.__dataclass_fields__
    if unknown := sorted(set(entry) - set(known)):
        raise ValueError(f"a field has no {unknown[0]!r}; it may have {', '.join(known)}.")
    if missing := {"name", "boxes"} - set(entry):
        raise ValueError(f"a field has no {min(missing)!r}: {entry!r}.")
    values = dict(entry)
    for name in ("boxes", "between"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    candidates = values.get("candidates")
    if isinstance(candidates, str):
        rows = csv.reader(_read_text(folder / candidates).splitlines())
        candidates = [row[0].strip() for row in rows if row and row[0].strip()]
    if candidates is not None:
        values["candidates"] = tuple(map(str, candidates))
    return Field(**values)


def _read_text(path):
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{path} has more than {_MOST_BYTES:,} bytes")
    return data.decode("utf-8-sig")


def _check(template):
    boxes = np.asarray(template.boxes, float)
    size = np.asarray(template.size, float)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes) or not np.isfinite(boxes).all():
        raise ValueError("boxes is a list of [left, top, right, bottom], one at least.")
    if max(len(boxes), len(template.fields)) > _MOST_BOXES:
        raise ValueError(
            f"There are {len(boxes):,} boxes and {len(template.fields):,} fields; a form has at "
            f"most {_MOST_BOXES:,} of each."
        )
    if size.shape != (2,) or not (size >= 1).all() or (size > 65_535).any():
        raise ValueError(f"size is the width and height of the page; got {template.size!r}.")
    is_box = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) & (boxes[:, :2] >= 0).all(axis=1)
    is_box &= (boxes[:, 2:] <= size).all(axis=1)
    if not is_box.all():
        number = int(np.flatnonzero(~is_box)[0])
        raise ValueError(f"box {number + 1} is none, or not on the page: {template.boxes[number]}.")
    if not template.fields:
        raise ValueError("fields is empty: a form has one field at least.")
    seen = set()
    for field_ in template.fields:
        _check_field(field_, len(boxes))
        if field_.name in seen:
            raise ValueError(f"two fields have the name {field_.name!r}.")
        seen.add(field_.name)


def _check_field(field_, n_boxes):
    name, numbers = field_.name, field_.boxes
    if not isinstance(name, str) or not name:
        raise ValueError(f"the name of a field is a string; got {name!r}.")
    is_known = [isinstance(n, int) and 1 <= n <= n_boxes for n in numbers]
    if not numbers or not all(is_known):
        raise ValueError(f"field {name!r}: boxes are numbers from 1 to {n_boxes}; got {numbers!r}.")
    try:
        Rules.of(*(getattr(field_, rule) for rule in _RULES))
        if field_.unique:
            check_candidates(field_.candidates or ())
    except (TypeError, ValueError) as error:
        raise ValueError(f"field {name!r}: {error}") from error
