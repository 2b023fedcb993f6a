"""The drawing pad: a canvas in the browser, and how to open the drawings that it sends.

The canvas itself is in ``_pad.html``, ``_pad.js`` and ``_pad.css``.
"""

import base64
import binascii
from importlib.resources import files

import gradio as gr
import numpy as np
from PIL import Image

from skdigits._pictures.opening import open_picture
from skdigits.exceptions import PictureError

MAX_PAD = 1_000_000  # characters of a drawing; a full one has about 40,000


def _read(name):
    return (files("skdigits.app") / name).read_text("utf-8")


PAD_CSS = _read("_pad.css")


def make_pad():
    """The pad as a component, `#pad`; its value is a data URL, or empty."""
    return gr.HTML(
        value="",
        html_template=_read("_pad.html"),
        js_on_load=_read("_pad.js"),
        apply_default_css=False,
        elem_id="pad",
    )


def open_pad(pad):
    """A pad's value as a picture for `DigitNormalizer`; None for an empty pad."""
    if isinstance(pad, dict):
        parts = [pad.get("background"), pad.get("composite"), *(pad.get("layers") or [])]
        parts = [part for part in parts if part is not None]
        # No paths: a visitor could name any file on the server.
        if any(not isinstance(part, (np.ndarray, Image.Image)) for part in parts):
            raise PictureError("A drawing pad's value holds arrays or PIL images.")
        return pad if parts else None
    if pad is None or pad == "":
        return None
    if not isinstance(pad, str):
        raise PictureError(f"A drawing is a data URL; got {type(pad).__name__}.")
    if len(pad) > MAX_PAD:
        raise PictureError("The drawing is too large. Clear the pad and draw again.")
    head, _, code = pad.partition(";base64,")
    if head != "data:image/png":
        raise PictureError("The pad sent no drawing. Reload the page.")
    try:
        content = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("The drawing arrived damaged. Reload the page.") from error
    layer, _ = open_picture(content, max_pixels=1_000_000)
    return {"layers": [layer if layer.mode == "RGBA" else layer.convert("RGBA")]}
