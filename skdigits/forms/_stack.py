"""`read_forms`: a stack of scans, one form after the other."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skdigits._pictures.reader import DigitReader, list_pictures
from skdigits._pictures.sources import count_pages, keep
from skdigits._utils.atomic import replacing
from skdigits._utils.images import named_rows
from skdigits.exceptions import PictureError
from skdigits.forms._form import ReadForm, from_record, to_record
from skdigits.forms._match import match
from skdigits.forms._template import Template

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 8  # scans for a process


def read_forms(
    pictures: Any,
    template: Template,
    reader: DigitReader | None = None,
    *,
    results: str | Path | None = None,
    n_jobs: int = 1,
    progress: Any = False,
) -> Iterator[ReadForm]:
    """Read many scans of one form; one that cannot be read does not end the run.

    Parameters
    ----------
    pictures : iterable of pictures, or path of a folder
        A folder's pictures are read in the order of their names; of a PDF or TIFF every page.
    template : Template
        Where the fields are.
    reader : DigitReader, default=None
        None takes the weights that ship.
    results : str or path, default=None
        Folder for what was read: a file for each scan that is itself a file, written as soon as it
        is read. Called again after it was cut off, the function takes what is there. What changed
        (scan, template or model) is read anew.
    n_jobs : int, default=1
        Processes that read; -1 takes as many as there are cores. Starting one takes a few seconds.
    progress : bool or callable, default=False
        True shows a progress bar; a callable is called with ``(done, total)`` after each picture.

    Returns
    -------
    forms : iterator of ReadForm
        One for each page, with its ``error`` set where it could not be read.

    Raises
    ------
    ValueError
        If the folder holds no picture.

    Examples
    --------
    >>> from skdigits.datasets import make_page
    >>> from skdigits.forms import Template, read_forms, to_frame
    >>> exam = {"kind": "exam", "n_rows": 2, "n_columns": 4, "tilt": 0}
    >>> template = Template.from_picture(make_page(**exam, numbers=[""] * 3, random_state=0).image)
    >>> sheets = [make_page(**exam, random_state=seed).image for seed in (2, 3)]
    >>> forms = list(read_forms(sheets, template))
    >>> to_frame(forms, template).shape
    (2, 10)
    """
    if isinstance(pictures, (str, os.PathLike)):
        folder, pictures = pictures, list_pictures(pictures)
        if not pictures:
            raise ValueError(f"There are no pictures in the folder {folder}.")
    reader = DigitReader() if reader is None else reader
    store = None if results is None else _Store(results, template, reader)
    return _read_all(pictures, (template, reader, store), n_jobs, progress)


def match_forms(
    forms: Sequence[ReadForm], template: Template, *, min_confidence: float = 0.99
) -> list[ReadForm]:
    """Give each form the candidate that is its own, in fields whose candidates are unique.

    Parameters
    ----------
    forms : list of ReadForm
        All of a stack.
    template : Template
        That they were read by.
    min_confidence : float, default=0.99
        See :func:`match`.

    Returns
    -------
    forms : list of ReadForm
        The fields that are unique hold the candidate that :func:`match` found.

    Raises
    ------
    ValueError
        If there are more forms than candidates.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from skdigits.datasets import make_page
    >>> from skdigits.forms import Template, match_forms, read_forms
    >>> exam = {"kind": "exam", "n_rows": 1, "n_columns": 4, "tilt": 0}
    >>> template = Template.from_picture(make_page(**exam, numbers=["", ""], random_state=0).image)
    >>> number, mark = template.fields
    >>> number = replace(number, candidates=("4207", "3160"), unique=True)
    >>> template = replace(template, fields=[number, mark])
    >>> written = ["3160", "15"], ["4207", "8"]
    >>> sheets = [make_page(**exam, numbers=pair, random_state=3).image for pair in written]
    >>> forms = match_forms(list(read_forms(sheets, template)), template)
    >>> [form.fields["field 1"].text for form in forms]
    ['3160', '4207']
    """
    forms = list(forms)
    places = [i for i, form in enumerate(forms) if not form.error]
    for field in template.fields:
        if not field.unique:
            continue
        fields = [forms[i].fields[field.name] for i in places]
        found = match(fields, field.candidates or (), min_confidence=min_confidence)
        for i, read, own in zip(places, fields, found, strict=True):
            changed = replace(
                read,
                text=own.candidate,
                unsure=own.unsure,
                problem="another number is nearly as probable" if own.unsure else None,
            )
            forms[i] = replace(forms[i], fields={**forms[i].fields, field.name: changed})
    return forms


def to_frame(forms: Iterable[ReadForm], template: Template) -> pd.DataFrame:
    """A row for each form, and for each field a column, its confidence, and what is in doubt.

    Parameters
    ----------
    forms : iterable of ReadForm
        In the order of the rows.
    template : Template
        That they were read by.

    Returns
    -------
    frame : pandas.DataFrame
        Columns ``scan``, ``page``, the fields as strings, ``<field> confidence``, ``unsure`` (names
        of fields) and ``error``.

    Examples
    --------
    >>> from skdigits.datasets import make_page
    >>> from skdigits.forms import Template, read_forms, to_frame
    >>> exam = {"kind": "exam", "n_rows": 1, "n_columns": 4, "tilt": 0}
    >>> template = Template.from_picture(make_page(**exam, numbers=["", ""], random_state=0).image)
    >>> sheet = make_page(**exam, numbers=["3160", "15"], random_state=3).image
    >>> to_frame(read_forms([sheet], template), template)[["field 1", "field 2"]]
      field 1 field 2
    0    3160      15
    """
    import pandas as pd

    names = [field.name for field in template.fields]
    rows = []
    for form in forms:
        row = {"scan": _name(form.source), "page": form.page}
        row |= {name: form.fields[name].text if name in form.fields else None for name in names}
        for name in names:
            read = form.fields.get(name)
            row[f"{name} confidence"] = None if read is None else read.confidence
        rows.append(row | {"unsure": ", ".join(form.unsure), "error": form.error or ""})
    confidences = [f"{name} confidence" for name in names]
    return pd.DataFrame(rows, columns=["scan", "page", *names, *confidences, "unsure", "error"])


def _name(source):
    return str(source) if isinstance(source, (str, os.PathLike)) else f"<{type(source).__name__}>"


def _read_all(pictures, means, n_jobs, progress):
    total = len(pictures) if isinstance(pictures, Sequence) else None
    if n_jobs == 1:
        read = (_read_pages(picture, *means) for picture in pictures)
    else:
        from joblib import Parallel, delayed

        # A reader is sent to a process with several pictures at once, as it takes time to wake up.
        options = {"batch_size": _AT_ONCE, "pre_dispatch": f"{2 * _AT_ONCE} * n_jobs"}
        read = Parallel(n_jobs, return_as="generator", **options)(
            delayed(_read_list)(picture, *means) for picture in pictures
        )
    if progress is True:
        from tqdm.auto import tqdm

        read = tqdm(read, total=total, unit="scan")
    for done, forms in enumerate(read, start=1):
        yield from forms
        if callable(progress):
            progress(done, total)


def _read_list(*arguments):
    return list(_read_pages(*arguments))


def _read_pages(picture, template, reader, store):
    try:
        kept = keep(picture)
        n_pages = count_pages(kept)
    except PictureError as error:
        yield ReadForm({}, source=picture, error=str(error))
        return
    for page in range(1, n_pages + 1):
        form = None if store is None else store.find(picture, page)
        if form is None:
            try:
                form = template.read(kept, reader, page=page)
                form = replace(form, source=picture)
            except PictureError as error:
                form = ReadForm({}, source=picture, page=page, error=str(error))
            if store is not None:
                form = store.save(form)
        yield form


class _Store:
    """A folder with a file for each page of a scan: what was read there, and by what."""

    def __init__(self, folder, template, reader):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._template = _digest(asdict(template))
        self._reader = _digest([reader.min_confidence, _answers_of(reader.pipeline)])

    def find(self, picture, page):
        """The form of a page, if it was read before by the same template and model."""
        record = self._load(picture, page)
        if (record.get("template"), record.get("reader")) != (self._template, self._reader):
            return None
        try:
            return replace(from_record(record), source=picture)
        except (OSError, AttributeError, KeyError, TypeError, ValueError):  # damaged
            return None

    def save(self, form):
        """Write a form, and give it with what somebody said of it by the same template."""
        path = self._path(form.source, form.page)
        if path is None:
            return form
        before = self._load(form.source, form.page)
        record = to_record(form) | {"template": self._template, "reader": self._reader}
        if before.get("template") == self._template:
            for name, entry in record["fields"].items():
                answer = before["fields"].get(name, {}).get("answer")
                entry |= {} if answer is None else {"answer": answer}
        with replacing(path) as file:
            file.write(json.dumps(record).encode())
        return replace(from_record(record), source=form.source)

    def _load(self, picture, page):
        path = self._path(picture, page)
        try:
            record = json.loads(path.read_bytes()) if path else {}
        except (OSError, ValueError):  # not there, or damaged
            return {}
        return record if isinstance(record, dict) else {}

    def _path(self, picture, page):
        """Named by the scan's name and content; None for what is no file."""
        if not isinstance(picture, (str, os.PathLike)):
            return None
        try:
            content = hashlib.sha256(Path(picture).read_bytes()).hexdigest()
        except OSError:
            return None
        digest = _digest([content, Path(picture).name, page])
        return self._folder / f"{Path(picture).stem}-{page}-{digest}.json"


def _digest(value):
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:24]


def _answers_of(pipeline):
    """What a classifier says of a few rows, by which it can be told from another."""
    rows = np.random.default_rng(0).integers(0, 256, (4, 784), dtype=np.uint8)
    return np.round(pipeline.predict_proba(named_rows(pipeline, rows)), 5).tolist()
