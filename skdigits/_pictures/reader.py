"""Read every digit of a picture with a fitted classifier."""

import os
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.opening import MAX_PIXELS, open_picture, read_ink
from skdigits._pictures.segmentation import (
    cut_out,
    find_digits,
    main_digit,
    split_candidates,
    without_ruling,
)
from skdigits._pictures.sources import count_pages, keep
from skdigits._utils.labels import label_text
from skdigits._utils.scores import least_score
from skdigits.exceptions import PictureError

# The last ones are not read: each of them gets its error, and none is left out in silence.
_SUFFIXES = {
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".webp", ".avif"),
    *(".gif", ".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".heic", ".heif", ".hif", ".jxl", ".jp2", ".pdf"),
}
_SURE, _UNSURE, _OTHER = "#0072b2", "#d55e00", "#767676"  # told apart by colour-blind readers, too


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
        Whether the confidence is under the reader's ``min_confidence``.
    score : float or None
        How much it looks like a digit at all; None if the classifier cannot tell.
    row : ndarray of shape (784,), uint8
        What the classifier saw.
    """

    label: Any
    confidence: float
    probabilities: dict = field(hash=False)
    box: tuple[int, int, int, int]
    line: int
    unsure: bool
    score: float | None
    row: np.ndarray = field(repr=False, compare=False)


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
    """

    digits: tuple[ReadDigit, ...]
    source: Any = field(repr=False, compare=False)
    others: tuple[ReadDigit, ...] = ()
    error: str | None = None
    page: int = 1

    @property
    def text(self):
        """The labels, a line of text for each line of writing; empty if there is no digit."""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + label_text(digit.label)
        return "\n".join(lines.values())

    @property
    def unsure(self):
        """Whether any digit is unsure."""
        return any(digit.unsure for digit in self.digits)

    def __str__(self):
        return self.error or self.text or "no digit"

    def draw(self, *, max_side=1600, max_pixels=MAX_PIXELS):
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


class DigitReader:
    """Read the digits of pictures: find them, normalize them, classify them.

    Parameters
    ----------
    pipeline : classifier
        Fitted on MNIST rows (n, 784) from 0 to 255, with ``predict_proba`` and ``classes_``;
        that of :func:`load_onnx` needs no TensorFlow.

    normalizer : DigitNormalizer or None, default=None
        Turns ink into rows; None takes one with default parameters.

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

    See Also
    --------
    DigitNormalizer : The rows alone, for pictures of one digit each.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> from skdigits import DigitReader, load_pretrained
    >>> paper = Image.new("L", (200, 200), 240)
    >>> ImageDraw.Draw(paper).line([(50, 40), (150, 40), (90, 170)], fill=30, width=14)
    >>> DigitReader(load_pretrained()).read(paper).text
    '7'
    """

    def __init__(
        self,
        pipeline,
        *,
        normalizer=None,
        min_confidence=None,
        one_digit=False,
        refuse_others=True,
    ):
        if not hasattr(pipeline, "predict_proba"):
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
        self.normalizer = DigitNormalizer() if normalizer is None else normalizer
        self.min_confidence = min_confidence
        self.one_digit = one_digit
        self.refuse_others = refuse_others

    def read(self, picture, *, page=None):
        """Read one picture.

        Parameters
        ----------
        picture : str, path, bytes, file, PIL.Image.Image, ndarray or dict
            A string is a path or a data URL, a file anything with ``read``: an open file, a
            response, an upload. An array is ``(h, w)``, ``(h, w, 1)``, ``(h, w, 3)`` or
            ``(h, w, 4)``: bool, integer, or float from 0 to 1 or 0 to 255. A dict is a drawing
            pad's ``background``, ``layers`` and ``composite``; its ink is the alpha of the layers.
        page : int, default=None
            Page of a TIFF that has several, 1 for the first. None reads the first, and warns of
            the others.

        Returns
        -------
        ReadPicture
            Without digits if the picture holds none.

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
        ink = read_ink(picture, page=page, max_pixels=self.normalizer.max_pixels)
        page = 1 if page is None else page
        values = without_ruling(ink.values)
        if self.one_digit:
            digit = main_digit(values)
            ways = [] if digit is None else [[[digit]]]
        else:
            digits = find_digits(values)
            ways = [[[digit], *split_candidates(values, digit)] for digit in digits]
        if not ways:
            return ReadPicture((), picture, page=page)
        pieces = [piece for digit_ways in ways for way in digit_ways for piece in way]
        rows = np.stack(
            [self.normalizer.normalize(cut_out(values, piece)).ravel() for piece in pieces]
        )
        rated = zip(
            pieces, rows, self.pipeline.predict_proba(rows), self._scores(rows), strict=True
        )
        height = float(np.median([digit_ways[0][0].height for digit_ways in ways]))
        chosen = []
        for digit_ways in ways:
            chosen += _best_way([[next(rated) for _ in way] for way in digit_ways], height)
        read = [self._digit(ink, *piece) for piece in chosen]
        least = least_score(self.pipeline) if self.refuse_others else None
        others = [digit for digit in read if least is not None and digit.score < least]
        digits = tuple(digit for digit in read if digit not in others)
        return ReadPicture(digits, picture, tuple(others), page=page)

    def read_many(self, pictures, *, progress=False):
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
            of a TIFF of several pages one for each ``page``.
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

    def draw(self, result, **options):
        """Draw what was read; the same as ``result.draw()``.

        Parameters
        ----------
        result : ReadPicture
            As from :meth:`read`.
        **options
            Go on to ``result.draw``, such as ``max_side``.

        Returns
        -------
        image : PIL.Image.Image
            The picture with boxes and labels.
        """
        return result.draw(**options)

    def _scores(self, rows):
        if not hasattr(self.pipeline, "score_samples"):
            return [None] * len(rows)
        return self.pipeline.score_samples(rows).tolist()

    def _digit(self, ink, piece, row, probabilities, score):
        classes = self.pipeline.classes_
        best = int(np.argmax(probabilities))
        confidence = float(probabilities[best])
        x, y = ink.scale
        left, top, right, bottom = piece.box
        box = (
            int(left * x),
            int(top * y),
            min(ink.size[0], int(np.ceil(right * x))),
            min(ink.size[1], int(np.ceil(bottom * y))),
        )
        return ReadDigit(
            label=classes[best].item() if hasattr(classes[best], "item") else classes[best],
            confidence=confidence,
            probabilities=dict(zip(classes.tolist(), map(float, probabilities), strict=True)),
            box=box,
            line=piece.line,
            unsure=confidence < self.min_confidence,
            score=score,
            row=row,
        )


def list_pictures(folder):
    """Paths of a folder's pictures, in the order of their names."""
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"'{folder}' is not a folder. For one picture, use read().")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def _best_way(ways, height):
    """Choose between one digit and several touching ones, by confidence and shape.

    ``ways`` holds the uncut ink first; each is a list of ``(piece, row, probabilities, score)``.
    ``height`` is that of the picture's digits: a flat 2 among taller digits is not two of them.
    """
    whole = ways[0]
    if len(ways) == 1:
        return whole
    piece, _, probabilities, score = whole[0]
    aspect = piece.width / max(piece.height, height)
    best, most = whole, float(probabilities.max())
    for way in ways[1:]:
        if score is not None and min(part[3] for part in way) < score:
            continue  # what was cut off looks less like a digit than the whole does
        # Digits wider than tall are rare, and get rarer: the wider, the less a cut must win by.
        margin = 0.15 - (aspect - 0.6 * len(way))
        confidence = min(float(part[2].max()) for part in way) - margin
        if confidence > most:
            best, most = way, confidence
    return best
