"""The functions behind the page's events, which return HTML."""

import base64
import functools
import html
import io
import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from skdigits._pictures.crops import cut_main_digit
from skdigits._pictures.placement import normalize
from skdigits._pictures.reader import DigitReader
from skdigits._pictures.sources import count_pages
from skdigits._utils.images import named_rows
from skdigits._utils.labels import label_text
from skdigits._utils.scores import least_score
from skdigits.app._pad import open_pad
from skdigits.datasets._digits_csv import LABEL, PIXELS
from skdigits.exceptions import PictureError

_MAX_KEPT = 200  # corrected rows of one browser session: 160 kB here, half a MB to download
_SURE = 0.7  # score that each of several digits in a drawing must have
DRAW = "Draw a digit."
GIVE = "Give a picture of one digit or many."


def _in_one_thread(answer):
    """Run a method in the single thread of its object.

    Gradio calls from many threads. The network serves one of them at a time anyway, and the C
    library keeps memory for each thread that ever held a picture.
    """

    @functools.wraps(answer)
    def wait_for(self, *given):
        return self._thread.submit(answer, self, *given).result()

    return wait_for


class Handlers:
    """The functions behind the page's events, which return HTML."""

    def __init__(self, pipeline, min_confidence):
        self._reader = DigitReader(pipeline, min_confidence=min_confidence)
        self._thread = ThreadPoolExecutor(1, "answers")
        self.labels = [label_text(label) for label in pipeline.classes_]
        blank = np.zeros(len(PIXELS), np.uint8)
        self._rate(blank), self._is_digit(blank)  # starts TensorFlow, if it is a Keras pipeline

    @_in_one_thread
    def draw(self, pad):
        """A drawing's line of text, confidence for each label, and 28x28 picture.

        `pad` is a data URL, empty for an empty pad, or the value of a `gradio.Sketchpad`.
        """
        drawing, row, problem = self._open(pad)
        if row is None:
            return say(problem), None, show_row(None)
        if number := self._number(drawing):
            return say(number), None, show_row(None)
        confidences = self._rate(row)
        best, second = sorted(confidences, key=confidences.get, reverse=True)[:2]
        unsure = confidences[best] < self._reader.min_confidence
        line = f"Not sure: {best} or {second}?" if unsure else f"This is a {best}."
        if not self._is_digit(row):
            line = f"This does not look like a digit. It resembles a {best} most."
        return say(line), confidences, show_row(row, f"The network sees this {best}")

    @_in_one_thread
    def keep(self, pad, label, kept):
        """The rows to download, with the drawing added, and the link to them.

        `kept` is a list of (label, 784 bytes); it is not changed.
        """
        kept = list(kept or [])
        _, row, line = self._open(pad)
        if row is None:
            line = "Draw a digit first, then keep it." if line == DRAW else line
        elif label not in self.labels:
            line = "Choose the right digit first."
        elif len(kept) >= _MAX_KEPT:
            line = f"This page keeps {_MAX_KEPT} rows at most: download them, then reload it."
        else:
            kept.append((label, row.tobytes()))
            line = f"Kept as {label}."
        return kept, say(line) + _link_rows(kept)

    @_in_one_thread
    def read(self, picture):
        """What was found in a picture: a summary, the text, the picture with boxes, and a table."""
        if picture is None:
            return say(GIVE), "", "", ""
        try:
            result = self._reader.read(picture, page=1)
            n_pages = count_pages(picture)
            drawn = show_image(
                result.draw(max_side=900), "The picture with a box around each digit"
            )
        except PictureError as error:
            return say(str(error)), "", "", ""
        except Exception:
            return say(_log_failure()), "", "", ""
        rest = "" if n_pages == 1 else f" This is page 1 of {n_pages}; give the others one by one."
        if not result.digits:
            return say(f"No digit was found in the picture.{rest}"), "", drawn, ""
        line = "1 digit" if len(result.digits) == 1 else f"{len(result.digits)} digits"
        if n_unsure := sum(digit.unsure for digit in result.digits):
            line += f", {n_unsure} of them not sure"
        if result.others:
            line += f"; {len(result.others)} left out that do not look like digits"
        return say(f"{line}.{rest}"), result.text, drawn, _show_numbers(result)

    def _number(self, drawing):
        """What to say about a drawing that surely holds several digits; "" about any other."""
        result = self._reader.read(drawing)
        if len(result.digits) < 2 or min(digit.score for digit in result.digits) < _SURE:
            return ""
        text = result.text.replace("\n", ", ")
        return f"Not sure: {text}?" if result.unsure else f"This is {text}."

    def _is_digit(self, row):
        pipeline = self._reader.pipeline
        least = least_score(pipeline)
        return least is None or pipeline.score_samples(named_rows(pipeline, row[None]))[0] >= least

    def _rate(self, row):
        pipeline = self._reader.pipeline
        probabilities = pipeline.predict_proba(named_rows(pipeline, row[None]))[0]
        return dict(zip(self.labels, map(float, probabilities), strict=True))

    def _open(self, pad):
        """The drawing, its row and ""; or None twice and the problem."""
        try:
            drawing = open_pad(pad)
            digit = None if drawing is None else cut_main_digit(drawing)
        except PictureError as error:
            return None, None, str(error)
        except Exception:
            return None, None, _log_failure()
        if digit is None:
            return None, None, DRAW
        return drawing, normalize(digit.ink).ravel(), ""


def _log_failure():
    # A visitor's file may raise anything: the page keeps running, and the log has the error.
    logging.getLogger(__name__).exception("A picture could not be read")
    return "The picture could not be read."


def say(line):
    # A live region: screen readers announce the line when it changes.
    return f'<p class="said" role="status" aria-live="polite">{html.escape(line)}</p>'


def show_row(row, description="What the network sees: nothing yet"):
    pixels = np.zeros(784, np.uint8) if row is None else row
    image = Image.fromarray(np.asarray(pixels, np.uint8).reshape(28, 28))
    return (
        f"<figure>{show_image(image, description, 'pixels')}"
        "<figcaption>What the network sees: 28x28 pixels</figcaption></figure>"
    )


def show_image(image, description, style="wide"):
    """A picture as HTML, within it."""
    stream = io.BytesIO()
    kind = "png" if style == "pixels" else "jpeg"
    image.save(stream, kind)
    code = base64.b64encode(stream.getvalue()).decode()
    description = html.escape(description)
    return f'<img class="{style}" alt="{description}" src="data:image/{kind};base64,{code}">'


def _show_numbers(result):
    """What was read as an HTML table that can be copied, and a link to it as a CSV file.

    It has the rows and columns of the picture's own table, else a row for each line of writing.
    """
    rows = result.lines if result.table is None else result.table.cells
    width = max(map(len, rows))
    cells = [[*row, *[None] * (width - len(row))] for row in rows]
    body = "".join(f"<tr>{''.join(map(_show_cell, row))}</tr>" for row in cells)
    lines = [",".join("" if cell is None else cell.text for cell in row) for row in cells]
    link = _link_csv(lines, "numbers.csv", "Download as numbers.csv")
    return f'<div class="scrolls"><table class="digits">{body}</table></div>{link}'


def _show_cell(number):
    if number is None:
        return "<td></td>"
    how = f"{number.confidence:.1%} sure"
    if number.unsure:
        others = ", ".join(text for text, _ in number.alternatives)
        how = f"not sure, {number.confidence:.1%}; or {others}"
    text = f"{html.escape(number.text)}{' ?' if number.unsure else ''}"
    return f'<td title="{html.escape(how)}">{text}</td>'


def _link_rows(kept):
    if not kept:
        return ""
    lines = [",".join([LABEL, *PIXELS])]
    lines += [",".join([label, *map(str, row)]) for label, row in kept]
    rows = "1 row" if len(kept) == 1 else f"{len(kept)} rows"
    return _link_csv(lines, "train.csv", f"Download {rows} as train.csv")


def _link_csv(lines, name, text):
    code = base64.b64encode(("\n".join(lines) + "\n").encode()).decode()
    return f'<a class="rows" download="{name}" href="data:text/csv;base64,{code}">{text}</a>'
