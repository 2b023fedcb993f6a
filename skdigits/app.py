"""A page on which a person draws a digit or gives a picture, with Gradio: ``skdigits[demo]``.

The server writes no file but the pictures that are uploaded, and hands out none but those: what it
draws, and the rows to download, travel inside its answers.
"""

import base64
import functools
import html
import io
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

try:
    import gradio as gr
except ImportError as error:
    raise ImportError(
        'The page needs Gradio, which is not installed: pip install "skdigits[demo]"'
    ) from error
from starlette.middleware import Middleware

from skdigits._digits_csv import LABEL, PIXELS
from skdigits._guard import MAX_UPLOAD, Guard
from skdigits._normalizer import DigitNormalizer
from skdigits._pad import PAD_CSS, make_pad, open_pad
from skdigits._reader import DigitReader
from skdigits.exceptions import PictureError

__all__ = ["build_app"]

_MAX_KEPT = 200  # corrected rows of one browser session: 160 kB here, half a MB to download
_MAX_QUEUE = 300  # questions that may wait
_DRAW = "Draw a digit."
_GIVE = "Give a picture of one digit or many."
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}

_CSS = """
.gradio-container {max-width: 880px !important; width: 100% !important; margin: 0 auto !important;}
:is(#pad, #seen, #said, #kept, #picture-said, #boxes, #digits) :is(&, .html-container) {padding: 0;}
#clear {max-width: 420px; width: 100%; margin: 0 auto;}
#answer {min-height: 210px;}
.said {margin: 0; font-size: 1.15em; font-weight: 600; overflow-wrap: anywhere;}
#seen figure {margin: 0; text-align: center; font-size: 0.9em;}
img.pixels {width: 168px; height: 168px; image-rendering: pixelated; margin: 0 auto 4px;}
img.wide {max-width: 100%; height: auto; margin: 0 auto;}
table.digits {width: 100%; border-collapse: collapse;}
table.digits, table.digits :is(tr, th, td) {border: 0 solid #8888 !important;}
table.digits :is(th, td) {padding: 4px 8px; text-align: left; border-bottom-width: 1px !important;}
a.rows {padding: 0; font-weight: 600; text-decoration: underline;}
:is(button, a, input, textarea, [tabindex]):focus-visible {
  outline: 3px solid #0072b2 !important; outline-offset: 2px;
}
"""


def build_app(pipeline, *, min_confidence=None):
    """Build the page around a fitted pipeline.

    Parameters
    ----------
    pipeline : classifier
        Fitted on MNIST rows (n, 784) from 0 to 255, with `predict_proba` and `classes_`, such as
        :func:`skdigits.load_pretrained` gives. It is asked once here, so that the first stroke
        does not wait for it.
    min_confidence : float, default=None
        Answers with less are shown as "not sure"; None as in :class:`~skdigits.DigitReader`.

    Returns
    -------
    page : gradio.Blocks
        ``page.launch()`` serves it, on this computer only. The options of
        :meth:`gradio.Blocks.launch` can be given; without them nothing is shared, measured or
        asked of other computers, and requests are limited to 32 MB. Uploaded pictures are
        deleted after a quarter of an hour.

    Raises
    ------
    TypeError
        If the pipeline has no `predict_proba`.

    Examples
    --------
    >>> from skdigits import make_digit_pipeline
    >>> from skdigits.app import build_app
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> page = build_app(make_digit_pipeline(epochs=1).fit(X, y))
    >>> page.launch()  # doctest: +SKIP
    """
    answers = _Answers(pipeline, min_confidence)
    page = _Page(title="Handwritten digits", analytics_enabled=False, delete_cache=(300, 900))
    with page:
        gr.Markdown("# Handwritten digits\nDraw one, or give a picture of many.")
        with gr.Tab("Draw"):
            _draw_tab(answers)
        with gr.Tab("Upload or camera"):
            _picture_tab(answers)
        for component in page.blocks.values():
            if isinstance(component, gr.components.Component):
                _fetch_nothing(component)
    return page.queue(max_size=_MAX_QUEUE)


def _draw_tab(answers):
    kept = gr.State([])
    with gr.Row():
        with gr.Column(min_width=300):
            pad = make_pad()
            clear = gr.Button("Clear", elem_id="clear")
        with gr.Column(min_width=300):
            said = gr.HTML(_say(_DRAW), elem_id="said")
            label = gr.Label(label="Most likely", num_top_classes=3, elem_id="answer")
            seen = gr.HTML(_show_row(None), elem_id="seen")
    with gr.Accordion("Wrong? Keep it with the right digit", open=False):
        gr.Markdown("Kept drawings become rows of `train.csv`, to train on next time.")
        right = gr.Radio(answers.labels, label="The right digit is", elem_id="right")
        keep = gr.Button("Keep this drawing", elem_id="keep")
        message = gr.HTML(_say(""), elem_id="kept")
    # The pad changes many times a second: only its newest state is worth an answer.
    pad.change(answers.draw, pad, [said, label, seen], trigger_mode="always_last", **_QUIET)
    clear.click(None, None, pad, js="() => ''")
    keep.click(answers.keep, [pad, right, kept], [kept, message], **_QUIET)


def _picture_tab(answers):
    with gr.Row():
        with gr.Column(min_width=300):
            picture = gr.Image(
                label="Picture with one or more digits",
                type="filepath",
                sources=["upload", "webcam", "clipboard"],
                buttons=[],
                height=360,
                elem_id="picture",
            )
            _take_bytes(picture)
        with gr.Column(min_width=300):
            said = gr.HTML(_say(_GIVE), elem_id="picture-said")
            text = gr.Textbox(label="Text", max_lines=12, interactive=False, elem_id="text")
            boxes = gr.HTML(elem_id="boxes")
            table = gr.HTML(elem_id="digits")
    picture.change(
        answers.read,
        picture,
        [said, text, boxes, table],
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=said,
        api_visibility="private",
    )


def _in_turn(answer):
    """Have a method answer in the one thread of its object.

    Gradio calls from many threads. One network answers one of them at a time; and the C library
    keeps memory for each thread that ever held a picture.
    """

    @functools.wraps(answer)
    def wait_for(self, *given):
        return self._thread.submit(answer, self, *given).result()

    return wait_for


class _Answers:
    """What the page says: the functions behind its events, which give HTML."""

    def __init__(self, pipeline, min_confidence):
        self._reader = DigitReader(pipeline, min_confidence=min_confidence)
        self._normalizer = DigitNormalizer(on_empty="zeros")
        self._thread = ThreadPoolExecutor(1, "answers")
        self.labels = [str(label) for label in pipeline.classes_]
        blank = np.zeros(len(PIXELS), np.uint8)
        self._rate(blank), self._is_digit(blank)  # wakes TensorFlow

    @_in_turn
    def draw(self, pad):
        """A drawing's line of text, confidence for each label, and 28x28 picture.

        `pad` is a data URL, empty for an empty pad, or the value of a `gradio.Sketchpad`.
        """
        row, problem = self._row(pad)
        if row is None:
            return _say(problem), None, _show_row(None)
        confidences = self._rate(row)
        best, second = sorted(confidences, key=confidences.get, reverse=True)[:2]
        unsure = confidences[best] < self._reader.min_confidence
        line = f"Not sure: {best} or {second}?" if unsure else f"This is a {best}."
        if not self._is_digit(row):
            line = f"This does not look like a digit. It resembles a {best} most."
        return _say(line), confidences, _show_row(row, f"The network sees this {best}")

    @_in_turn
    def keep(self, pad, label, kept):
        """The rows to download with the drawing added, and the link to them.

        `kept` is a list of (label, 784 bytes); it is not changed.
        """
        kept = list(kept or [])
        row, line = self._row(pad)
        if row is None:
            line = "Draw a digit first, then keep it." if line == _DRAW else line
        elif label not in self.labels:
            line = "Choose the right digit first."
        elif len(kept) >= _MAX_KEPT:
            line = f"{_MAX_KEPT} rows are the most one page keeps: download them, then reload it."
        else:
            kept.append((label, row.tobytes()))
            line = f"Kept as {label}."
        return kept, _say(line) + _link_rows(kept)

    @_in_turn
    def read(self, picture):
        """What was found in a picture, as a line, its text, the picture with boxes, a table."""
        if picture is None:
            return _say(_GIVE), "", "", ""
        try:
            result = self._reader.read(picture)
            drawn = _show(result.draw(max_side=900), "The picture with a box around each digit")
        except PictureError as error:
            return _say(str(error)), "", "", ""
        except Exception:
            return _say(_log_failure()), "", "", ""
        if not result.digits:
            return _say("No digit was found in the picture."), "", drawn, ""
        line = "1 digit" if len(result.digits) == 1 else f"{len(result.digits)} digits"
        if n_unsure := sum(digit.unsure for digit in result.digits):
            line += f", {n_unsure} of them not sure"
        if result.others:
            line += f"; {len(result.others)} that do not look like digits left out"
        return _say(f"{line}."), result.text, drawn, _show_table(result.digits)

    def _is_digit(self, row):
        pipeline = self._reader.pipeline
        return not hasattr(pipeline, "score_samples") or pipeline.score_samples(row[None])[0] >= 0

    def _rate(self, row):
        probabilities = self._reader.pipeline.predict_proba(row[None])[0]
        return dict(zip(self.labels, map(float, probabilities), strict=True))

    def _row(self, pad):
        """The drawing as a row and "", or None and what to say instead."""
        try:
            pad = open_pad(pad)
            row = None if pad is None else self._normalizer.transform([pad])[0]
        except PictureError as error:
            return None, str(error).removeprefix("Picture 0: ")
        except Exception:
            return None, _log_failure()
        return (row, "") if row is not None and row.any() else (None, _DRAW)


def _log_failure():
    # Whatever a stranger's file leads to, the page goes on; the log tells the host what it was.
    logging.getLogger(__name__).exception("A picture could not be read")
    return "The picture could not be read."


class _Page(gr.Blocks):
    """Blocks that are served privately unless told otherwise."""

    def launch(self, **options):
        # Fonts of the visitor's own system: nothing is fetched for them.
        fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
        defaults = {
            "server_name": "127.0.0.1",
            "share": False,
            "quiet": True,
            "theme": gr.themes.Default(primary_hue="blue", **fonts),
            "css": PAD_CSS + _CSS,
            "footer_links": [],
            "run_history": False,
            "enable_monitoring": False,
            "mcp_server": False,
            "ssr_mode": False,
            "max_file_size": MAX_UPLOAD,
            "state_session_capacity": 200,
            "app_kwargs": {"middleware": [Middleware(Guard)], "docs_url": None, "redoc_url": None},
        }
        return super().launch(**defaults | options)


def _fetch_nothing(component):
    """Let a component take no file but an uploaded one.

    A stranger can give any component a file by its address in the web, which Gradio would fetch.
    Overridden on the instance: Gradio writes an interface file beside the source of each subclass
    of a component.
    """
    move = component.async_move_resource_to_block_cache

    async def move_files_only(source):
        if not Path(str(source)).is_file():
            raise gr.Error("Upload a file.")
        return await move(source)

    component.async_move_resource_to_block_cache = move_files_only


def _take_bytes(image):
    """Let an image component pass on its file undecoded: `read_ink` tells what is wrong with it."""
    image.preprocess = lambda upload: None if upload is None else Path(upload.path).read_bytes()


def _say(line):
    # A live region: screen readers speak the line when it changes.
    return f'<p class="said" role="status" aria-live="polite">{html.escape(line)}</p>'


def _show_row(row, description="What the network sees: nothing yet"):
    pixels = np.zeros(784, np.uint8) if row is None else row
    image = Image.fromarray(np.asarray(pixels, np.uint8).reshape(28, 28))
    return (
        f"<figure>{_show(image, description, 'pixels')}"
        "<figcaption>What the network sees: 28x28 pixels</figcaption></figure>"
    )


def _show(image, description, style="wide"):
    stream = io.BytesIO()
    kind = "png" if style == "pixels" else "jpeg"
    image.save(stream, kind)
    code = base64.b64encode(stream.getvalue()).decode()
    description = html.escape(description)
    return f'<img class="{style}" alt="{description}" src="data:image/{kind};base64,{code}">'


def _show_table(digits):
    rows = "".join(
        f"<tr><td>{index}</td><td>{digit.line + 1}</td><td><b>{html.escape(str(digit.label))}</b>"
        f"{' ?' if digit.unsure else ''}</td><td>{digit.confidence:.1%}</td></tr>"
        for index, digit in enumerate(digits, start=1)
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", "line", "digit", "confidence"))
    return f'<table class="digits"><tr>{head}</tr>{rows}</table>'


def _link_rows(kept):
    if not kept:
        return ""
    lines = [",".join([LABEL, *PIXELS])]
    lines += [",".join([label, *map(str, row)]) for label, row in kept]
    code = base64.b64encode(("\n".join(lines) + "\n").encode()).decode()
    rows = "1 row" if len(kept) == 1 else f"{len(kept)} rows"
    link = f'<a class="rows" download="train.csv" href="data:text/csv;base64,{code}">'
    return f"{link}Download {rows} as train.csv</a>"
