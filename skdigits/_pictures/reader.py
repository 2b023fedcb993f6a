"""Read every digit of a picture with a fitted classifier."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skdigits._pictures.crops import (
    UNNOTICED,
    best_in_box,
    cut_around,
    cut_digit,
    cut_main_digit,
    in_box,
    whole_box,
)
from skdigits._pictures.fields import ReadField, Rules, choose, one_line
from skdigits._pictures.finder import BELIEVED, CANDIDATE, SIGNS, find
from skdigits._pictures.layout import lay_out
from skdigits._pictures.opening import MAX_SIDE, read_grey
from skdigits._pictures.placement import normalize
from skdigits._pictures.results import ReadDigit, ReadPicture
from skdigits._pictures.sources import MAX_PIXELS, count_pages, keep
from skdigits._runtime.model import load_shipped
from skdigits._utils.images import named_rows
from skdigits._utils.scores import least_score
from skdigits.exceptions import PictureError

if TYPE_CHECKING:
    from skdigits._pictures.normalizer import DigitNormalizer

# The last ones are not read: each of them gets its error, and none is left out in silence.
_SUFFIXES = {
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".webp", ".avif"),
    *(".gif", ".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".heic", ".heif", ".hif", ".jxl", ".jp2", ".pdf"),
}
_WEAK = 0.6  # probability of a digit that the classifier may refuse
_SURE = 0.6  # score from which something is a digit, or a sign, beyond doubt
_SAY = 0.3  # of the finder in which digit it is; the rest is the classifier's
_COMPANY = 4  # sure digits in whose company what the classifier refuses is only in doubt


class DigitReader:
    """Read the digits of pictures: find them, normalize them, classify them.

    Parameters
    ----------
    pipeline : classifier, default=None
        Fitted on MNIST rows (n, 784) from 0 to 255, with ``predict_proba`` and ``classes_``. None
        takes the weights that ship with the package, on onnxruntime: neither TensorFlow nor
        scikit-learn is imported.

    normalizer : DigitNormalizer, default=None
        Turns ink into rows; None does as one with default parameters.

    min_confidence : float, default=None
        Digits whose most probable class has less are marked ``unsure``. None takes the threshold of
        a :class:`SelectiveClassifier` (also at the end of a pipeline), else 0.5.

    one_digit : bool, default=False
        Whether every picture holds exactly one digit: then all its ink, but for specks and what
        runs along the picture's edge, is read as that one.

    refuse_others : bool, default=True
        Whether what does not look like a digit is put among the result's ``others`` rather than
        its ``digits``. It takes a classifier with ``score_samples`` and an ``offset_``, the least
        score of what it takes for a digit, such as the one of
        :func:`load_pretrained`; any other reads everything as a digit.

    marks : bool, default=False
        Whether decimal points, commas and minus signs are read, too: "-3.5" and "110.000" rather
        than "3 5" and "110 000". Each is the `mark` of the digit that follows it.

    See Also
    --------
    DigitNormalizer : The rows alone, for pictures of one digit each.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> from skdigits import DigitReader
    >>> paper = Image.new("L", (200, 200), 240)
    >>> ImageDraw.Draw(paper).line([(50, 40), (150, 40), (90, 170)], fill=30, width=14)
    >>> DigitReader().read(paper).text
    '7'
    """

    def __init__(
        self,
        pipeline: Any = None,
        *,
        normalizer: DigitNormalizer | None = None,
        min_confidence: float | None = None,
        one_digit: bool = False,
        refuse_others: bool = True,
        marks: bool = False,
    ) -> None:
        if pipeline is None:
            pipeline = load_shipped()
        elif not hasattr(pipeline, "predict_proba"):
            raise TypeError(
                f"DigitReader needs a classifier with predict_proba; got "
                f"{type(pipeline).__name__}. Give a fitted make_digit_pipeline()."
            )
        if min_confidence is None:
            last = pipeline[-1] if hasattr(pipeline, "steps") else pipeline
            min_confidence = getattr(last, "threshold_", 0.5)
        elif not 0 <= min_confidence <= 1:
            raise ValueError(f"min_confidence is a probability, 0 to 1; got {min_confidence}.")
        self.pipeline = pipeline
        self.normalizer = normalizer
        self.min_confidence = min_confidence
        self.one_digit = one_digit
        self.refuse_others = refuse_others
        self.marks = marks

    def read(self, picture: Any, *, page: int | None = None) -> ReadPicture:
        """Read one picture.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image, ndarray or dict
            A string is a path or a data URL, a file anything with ``read``: an open file, a
            response, an upload. An array is ``(h, w)``, ``(h, w, 1)``, ``(h, w, 3)`` or
            ``(h, w, 4)``: bool, integer, or float from 0 to 1 or 0 to 255. A dict is a drawing
            pad's ``background``, ``layers`` and ``composite``; its ink is the alpha of the layers.
        page : int, default=None
            Page of a PDF or TIFF that has several, 1 for the first. None reads the first, and
            warns of the others. A PDF's pages are seen at 200 dots per inch.

        Returns
        -------
        result : ReadPicture
            Its text, numbers, lines, table and boxes: see :class:`ReadPicture`. Without digits if
            the picture holds none.

        Raises
        ------
        PictureError
            If the picture cannot be opened.

        Warns
        -----
        PagesWarning
            If there are more pages than the one that was read.
        """
        picture = keep(picture)
        result = None if self.one_digit else self._read_page(picture, page)
        return self._read_one(picture, page) if result is None else result

    def read_field(
        self,
        picture: Any,
        *,
        box: tuple[float, float, float, float] | Sequence[Sequence[float]] | None = None,
        length: int | None = None,
        candidates: Iterable[Any] | None = None,
        between: tuple[int, int] | None = None,
        pattern: str | None = None,
        check: Callable[[str], bool] | str | None = None,
        blank: bool = False,
        page: int | None = None,
    ) -> ReadField:
        """Read one number of which more is known than the picture shows.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image or ndarray
            As for :meth:`read`.
        box : tuple of (float, float, float, float) or list of them, default=None
            Left, top, right and bottom, in pixels of the upright picture: digits count whose
            middle is within. A list of boxes is a comb, with one digit in each. None takes the
            whole picture.
        length : int, default=None
            Number of digits.
        candidates : iterable of str or int, default=None
            The numbers of which one is written, such as those of a class list; "" for none.
        between : tuple of (int, int), default=None
            Least and greatest number.
        pattern : str, default=None
            Regular expression that the whole number must match, such as ``"20[0-9]{2}"``.
        check : callable or {"luhn", "mod97", "ean13"}, default=None
            Is called with a string of digits and tells whether it is valid. A name takes the check
            digits of python-stdnum.
        blank : bool, default=False
            Whether nothing may be written, which is "", whatever the other rules say.
        page : int, default=None
            As for :meth:`read`.

        Returns
        -------
        read : ReadField
            The most probable number of those that all rules allow, with its probability among
            them, and the next ones.

        Raises
        ------
        PictureError
            If the picture cannot be opened, or the box holds nothing of it.
        ValueError
            If a rule is none.

        Examples
        --------
        >>> from skdigits import DigitReader
        >>> from skdigits.datasets import make_page
        >>> sheet = make_page("form", n_rows=1, n_columns=4, tilt=0, random_state=2)
        >>> read = DigitReader().read_field(sheet.image, length=4)
        >>> read.text, sheet.rows
        ('6282', [['6282']])
        """
        rules = Rules.of(length, candidates, between, pattern, check, blank)
        if box is None:
            return choose(one_line(self._places(picture, page)), rules, self.min_confidence)
        boxes = _check_boxes(box)
        grey, size, inverted = read_grey(picture, page=page, max_pixels=self._max_pixels)
        scale = np.tile(np.divide(grey.shape[::-1], size), 2)
        cut, places_of = cut_around(255 - grey if inverted else grey, boxes * scale)
        places = self._places(cut, None)
        if len(boxes) == 1 and np.ndim(box) == 1:
            chosen = in_box(places, places_of[0])
        else:
            read = self._read_only_digit
            chosen = [d for place in places_of for d in best_in_box(places, cut, place, read)]
        bounds = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
        return choose(one_line(chosen), rules, self.min_confidence, whole_box(bounds, size))

    def _places(self, picture, page):
        """All places of a picture where a digit may be."""
        result = self._read_page(picture, page, CANDIDATE)
        if result is None:
            digits = self._read_one(picture, page).digits
            return tuple(replace(digit, score=UNNOTICED) for digit in digits)
        return (*result.digits, *result.others)

    def _read_only_digit(self, picture):
        return next(iter(self._read_one(picture, None).digits), None)

    def _read_page(self, picture, page, least=BELIEVED):
        """Read all digits of a picture; None if none is found."""
        grey, size, inverted = read_grey(picture, page=page, max_pixels=self._max_pixels)
        seen = find(grey, inverted=inverted, least=least)
        found = seen.digits
        if not len(found.scores):
            return None
        grey = np.rot90(255 - grey if seen.inverted else grey, seen.turns)
        inks, boxes = zip(*(cut_digit(grey, box) for box in found.boxes), strict=True)
        rows = np.stack([self._row(ink) for ink in inks])
        probabilities, is_doubtful, is_other = self._second_opinion(rows, found)
        digits, others = np.flatnonzero(~is_other), np.flatnonzero(is_other)
        signs = seen.signs.take(seen.signs.scores > _WEAK)
        names = [SIGNS[best] for best in signs.kinds[:, -len(SIGNS) :].argmax(axis=1)]
        signs = list(zip(names, signs.boxes, strict=True))
        layout = lay_out(found.boxes[digits], signs, grey=grey, marks=self.marks)

        def read(i, line=0, number=0, mark=""):
            return self._digit(
                _upright(boxes[i], seen.turns, grey.shape, size),
                rows[i],
                probabilities[i],
                float(found.scores[i]),
                line=int(line),
                number=int(number),
                mark=mark,
                is_doubtful=bool(is_doubtful[i]),
            )

        order = digits[layout.order]
        places = zip(order, layout.lines, layout.numbers, layout.marks, strict=True)
        return ReadPicture(
            tuple(read(*place) for place in places),
            picture,
            tuple(read(i) for i in others),
            page=page or 1,
            columns=layout.columns,
        )

    def _read_one(self, picture, page):
        """Read all ink of a picture as one digit."""
        limits = {"max_side": MAX_SIDE, "max_pixels": self._max_pixels}
        digit = cut_main_digit(picture, page=page, **limits)
        if digit is None:
            return ReadPicture((), picture, page=page or 1)
        rows = self._row(digit.ink)[None]
        probabilities, scores = self._ask(rows)
        read = self._digit(
            digit.box,
            rows[0],
            probabilities[0],
            None if scores is None else float(scores[0]),
        )
        least = least_score(self.pipeline) if self.refuse_others else None
        if least is not None and read.score < least:
            return ReadPicture((), picture, (read,), page=page or 1)
        return ReadPicture((read,), picture, page=page or 1)

    @property
    def _max_pixels(self):
        return MAX_PIXELS if self.normalizer is None else self.normalizer.max_pixels

    def _row(self, ink):
        place = normalize if self.normalizer is None else self.normalizer.normalize
        return place(ink).ravel()

    def _second_opinion(self, rows, found):
        """Probabilities of classifier and finder together; which rows are in doubt, or no digit."""
        probabilities, scores = self._ask(rows)
        is_doubtful, is_other = found.scores < _SURE, np.zeros(len(rows), bool)
        least = least_score(self.pipeline)
        if least is not None:
            is_strange = np.asarray(scores) < least
            is_doubtful |= is_strange
            if self.refuse_others and np.sum(~is_doubtful) < _COMPANY:
                is_other = is_strange & (found.digit_scores < _WEAK)
        labels = [str(label) for label in self.pipeline.classes_]
        if sorted(labels) != list("0123456789"):
            return probabilities, is_doubtful, is_other
        first = found.kinds[:, [int(label) for label in labels]]
        is_doubtful |= probabilities.argmax(axis=1) != first.argmax(axis=1)
        both = np.maximum(first, 1e-6) ** _SAY * np.maximum(probabilities, 1e-6) ** (1 - _SAY)
        return both / both.sum(axis=1, keepdims=True), is_doubtful, is_other

    def _ask(self, rows):
        """Probabilities of rows, and their scores or None; a network of skdigits runs once."""
        rows = named_rows(self.pipeline, rows)
        if hasattr(self.pipeline, "_predict_both"):
            log_proba, scores = self.pipeline._predict_both(rows)
            return np.exp(log_proba), scores
        has_scores = hasattr(self.pipeline, "score_samples")
        scores = self.pipeline.score_samples(rows) if has_scores else None
        return self.pipeline.predict_proba(rows), scores

    def read_many(self, pictures: Any, *, progress: Any = False) -> Iterator[ReadPicture]:
        """Read many pictures; one that cannot be opened does not end the run.

        Parameters
        ----------
        pictures : iterable of pictures, or path of a folder
            A folder's pictures are read in the order of their names.
        progress : bool or callable, default=False
            True shows a progress bar; a callable is called with ``(done, total)`` after each
            picture, where total is None for a generator.

        Returns
        -------
        results : iterator of ReadPicture
            One for each picture, in order, with its ``error`` set where it could not be opened;
            of a PDF or TIFF of several pages one for each ``page``.
        """
        if isinstance(pictures, (str, os.PathLike)):
            pictures = list_pictures(pictures)
        return self._read_many(pictures, progress)

    def _read_many(self, pictures: Iterable, progress):
        total = len(pictures) if isinstance(pictures, Sized) else None
        if progress is True:
            from tqdm.auto import tqdm

            pictures = tqdm(pictures, total=total, unit="picture")
        for done, picture in enumerate(pictures, start=1):
            yield from self._read_pages(picture)
            if callable(progress):
                progress(done, total)

    def _read_pages(self, picture):
        try:
            picture = keep(picture)
            n_pages = count_pages(picture)
        except PictureError as error:
            yield ReadPicture((), picture, error=str(error))
            return
        for page in range(1, n_pages + 1):
            try:
                result = self.read(picture, page=page)
            except PictureError as error:
                result = ReadPicture((), picture, error=str(error), page=page)
            yield result

    def _digit(
        self, box, row, probabilities, score, *, line=0, number=0, mark="", is_doubtful=False
    ):
        classes = self.pipeline.classes_
        best = int(np.argmax(probabilities))
        confidence = float(probabilities[best])
        return ReadDigit(
            label=classes[best].item() if hasattr(classes[best], "item") else classes[best],
            confidence=confidence,
            probabilities=dict(zip(classes.tolist(), map(float, probabilities), strict=True)),
            box=box,
            line=line,
            unsure=is_doubtful or confidence < self.min_confidence,
            score=score,
            row=row,
            number=number,
            mark=mark,
        )


def _check_boxes(box):
    boxes = np.atleast_2d(np.asarray(box, float))
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(f"box is (left, top, right, bottom), or a list of such; got {box!r}.")
    return boxes


def _upright(box, turns, shape, size):
    """A box on the turned page of this shape, in pixels of the picture of this size."""
    left, top, right, bottom = box
    height, width = shape
    for _ in range(turns):  # back, a quarter turn with the clock each time
        left, top, right, bottom = height - bottom, left, height - top, right
        height, width = width, height
    scale = np.array([size[0] / width, size[1] / height] * 2)
    return whole_box(np.array([left, top, right, bottom]) * scale, size)


def list_pictures(folder):
    """Paths of a folder's pictures, in the order of their names."""
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"'{folder}' is not a folder. For one picture, use read().")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
