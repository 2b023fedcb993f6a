"""`ReadForm`: what was read on one scan, and how it is kept in a file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from skdigits._pictures.fields import ReadField
from skdigits._pictures.results import ReadDigit

_FIELD = ("text", "confidence", "alternatives", "unsure", "problem", "box")
_DIGIT = ("label", "confidence", "box", "score")
_SIDE = 2000  # pixels; the cut-out of a field is not larger


@dataclass(frozen=True)
class ReadForm:
    """What was read on one scan.

    Attributes
    ----------
    fields : dict of str to ReadField
        By name, in the order of the template; empty if the scan could not be read. Their boxes are
        those on the straightened scan.
    cut_outs : dict of str to PIL.Image.Image
        A picture of each field.
    source : object
        The picture that was read.
    page : int
        Page of its file, 1 for the first.
    error : str or None
        Why it could not be read.
    """

    fields: Mapping[str, ReadField]
    cut_outs: Mapping[str, Image.Image] = field(default_factory=dict, repr=False, compare=False)
    source: Any = field(default=None, repr=False, compare=False)
    page: int = 1
    error: str | None = None

    @property
    def unsure(self) -> list[str]:
        """Names of the fields that are in doubt."""
        return [name for name, read in self.fields.items() if read.unsure]


def to_record(form: ReadForm) -> dict[str, Any]:
    """A form as what JSON can hold."""
    return {
        "source": str(form.source),
        "page": form.page,
        "error": form.error,
        "fields": {name: _field_record(read) for name, read in form.fields.items()},
        "cut_outs": {name: _encode_image(image) for name, image in form.cut_outs.items()},
    }


def from_record(record: Mapping[str, Any], *, reviewed: bool = True) -> ReadForm:
    """The form of a record.

    Parameters
    ----------
    record : dict
        As of :func:`to_record`, with an ``answer`` in fields that somebody has decided on.
    reviewed : bool, default=True
        Whether these answers replace what was read.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError, OSError
        If it is none.
    """
    fields = {name: _read_field(entry) for name, entry in record["fields"].items()}
    for name, entry in record["fields"].items():
        if reviewed and isinstance(answer := entry.get("answer"), str):
            fields[name] = _decided(answer, fields[name].box)
    cut_outs = {name: _decode_image(data) for name, data in record["cut_outs"].items()}
    if set(fields) != set(cut_outs):
        raise ValueError("there are not as many cut-outs as fields")
    return ReadForm(fields, cut_outs, record["source"], int(record["page"]), record["error"])


def _field_record(read):
    digits = [
        {
            **{name: getattr(digit, name) for name in _DIGIT},
            "probabilities": list(digit.probabilities.items()),
            "row": base64.b64encode(np.asarray(digit.row, np.uint8).tobytes()).decode(),
        }
        for digit in read.digits
    ]
    return {**{name: getattr(read, name) for name in _FIELD}, "digits": digits}


def _read_field(entry):
    digits = tuple(
        ReadDigit(
            label=digit["label"],
            confidence=float(digit["confidence"]),
            probabilities={label: float(share) for label, share in digit["probabilities"]},
            box=tuple(digit["box"]),
            line=0,
            unsure=False,
            score=digit["score"],
            row=np.frombuffer(base64.b64decode(digit["row"], validate=True), np.uint8),
        )
        for digit in entry["digits"]
    )
    values = {name: entry[name] for name in _FIELD}
    values["alternatives"] = [tuple(way) for way in values["alternatives"]]
    values["box"] = None if values["box"] is None else tuple(values["box"])
    return ReadField(**values, digits=digits)


def _decided(answer, box):
    """A field of which somebody has said what it is."""
    row = np.zeros(0, np.uint8)
    digits = tuple(
        ReadDigit(int(d), 1.0, {k: float(k == int(d)) for k in range(10)}, box, 0, False, 1.0, row)
        for d in answer
    )
    return ReadField(answer, 1.0, [], False, None, box, digits)


def _encode_image(image):
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def _decode_image(data):
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)), formats=["PNG"])
    if max(image.size) > _SIDE:
        raise ValueError(f"a cut-out of {image.width}x{image.height} pixels")
    return image.convert("L")
