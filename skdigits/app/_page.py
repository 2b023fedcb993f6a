"""The page, and how Gradio serves it."""

from pathlib import Path
from typing import Any

try:
    import gradio as gr
except ImportError as error:
    raise ImportError(
        'The page needs Gradio, which is not installed: pip install "skdigits[demo]"'
    ) from error
from starlette.middleware import Middleware

from skdigits.app._answers import DRAW, GIVE, Handlers, say, show_row
from skdigits.app._guard import MAX_UPLOAD, Guard, check_hosts
from skdigits.app._pad import PAD_CSS, make_pad
from skdigits.app._review import review_tab

_MAX_QUEUE = 300  # requests that may wait
_MAX_SESSIONS = 200  # sessions whose state is kept
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}

_CSS = """
.gradio-container {max-width: 880px !important; width: 100% !important; margin: 0 auto !important;}
#review-picture img {max-height: 40vh; min-height: 60px;}
:is(#pad, #seen, #said, #kept, #picture-said, #boxes, #digits) :is(&, .html-container) {padding: 0;}
#clear {max-width: 420px; width: 100%; margin: 0 auto;}
#answer {min-height: 210px;}
.said {margin: 0; font-size: 1.15em; font-weight: 600; overflow-wrap: anywhere;}
#seen figure {margin: 0; text-align: center; font-size: 0.9em;}
img.pixels {width: 168px; height: 168px; image-rendering: pixelated; margin: 0 auto 4px;}
img.wide {max-width: 100%; height: auto; margin: 0 auto;}
.scrolls {overflow-x: auto; margin-bottom: 6px;}
table.digits {border-collapse: collapse;}
table.digits, table.digits :is(tr, th, td) {border: 0 solid #8888 !important;}
table.digits :is(th, td) {padding: 4px 8px; text-align: left; border-bottom-width: 1px !important;}
a.rows {padding: 0; font-weight: 600; text-decoration: underline;}
:is(button, a, input, textarea, [tabindex]):focus-visible {
  outline: 3px solid #0072b2 !important; outline-offset: 2px;
}
"""


def build_app(
    pipeline: Any,
    *,
    min_confidence: float | None = None,
    embed_in: Any = (),
    review: Any = None,
) -> gr.Blocks:
    """Build the page around a fitted pipeline.

    Parameters
    ----------
    pipeline : classifier
        Fitted on MNIST rows (n, 784) from 0 to 255, with `predict_proba` and `classes_`, such as
        :func:`skdigits.load_pretrained` returns. It predicts once here, so that the first stroke
        does not wait for it to start.
    min_confidence : float, default=None
        Answers with a lower confidence are shown as "not sure"; None as in
        :class:`~skdigits.DigitReader`.
    embed_in : str or sequence of str, default=()
        Hosts whose pages may show this one in a frame, such as ``"https://lms.example.org"``, in
        addition to this computer.
    review : str or path, default=None
        Folder of results of :func:`skdigits.forms.read_forms`: a tab shows what is in doubt there,
        to accept or correct by keyboard. Whoever may see the page may do so.

    Returns
    -------
    page : gradio.Blocks
        ``page.launch()`` serves it, on this computer only. It takes the options of
        :meth:`gradio.Blocks.launch`, such as ``auth`` or ``root_path``; by default nothing is
        shared, tracked or requested from other computers, and requests are limited to 32 MB.
        Uploaded pictures are deleted after a quarter of an hour.

    Raises
    ------
    TypeError
        If the pipeline has no `predict_proba`.
    ValueError
        If `embed_in` holds something that is not the address of a host, or no field is in doubt in
        `review`.

    See Also
    --------
    mount_page : Make it part of a FastAPI app.

    Examples
    --------
    >>> from skdigits import make_digit_pipeline
    >>> from skdigits.app import build_app
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> page = build_app(make_digit_pipeline(epochs=1).fit(X, y))
    >>> page.launch()  # doctest: +SKIP
    """
    embed_in = [embed_in] if isinstance(embed_in, str) else list(embed_in)
    check_hosts(embed_in)
    handlers = Handlers(pipeline, min_confidence)
    page = _Page(
        embed_in, title="Handwritten digits", analytics_enabled=False, delete_cache=(300, 900)
    )
    with page:
        gr.Markdown("# Handwritten digits\nDraw one, or give a picture of many.")
        if review is not None:
            with gr.Tab("Review"):
                review_tab(review)
        with gr.Tab("Draw"):
            _draw_tab(handlers)
        with gr.Tab("Upload or camera"):
            _picture_tab(handlers)
        for component in page.blocks.values():
            if isinstance(component, gr.components.Component):
                _fetch_nothing(component)
    return page.queue(max_size=_MAX_QUEUE)


def _draw_tab(handlers):
    kept = gr.State([])
    with gr.Row():
        with gr.Column(min_width=300):
            pad = make_pad()
            clear = gr.Button("Clear", elem_id="clear")
        with gr.Column(min_width=300):
            said = gr.HTML(say(DRAW), elem_id="said")
            label = gr.Label(label="Most likely", num_top_classes=3, elem_id="answer")
            seen = gr.HTML(show_row(None), elem_id="seen")
    with gr.Accordion("Wrong? Keep it with the right digit", open=False):
        gr.Markdown("Kept drawings become rows of `train.csv`, to train on next time.")
        right = gr.Radio(handlers.labels, label="The right digit is", elem_id="right")
        keep = gr.Button("Keep this drawing", elem_id="keep")
        message = gr.HTML(say(""), elem_id="kept")
    # The pad changes many times a second: only its latest state needs an answer.
    pad.change(handlers.draw, pad, [said, label, seen], trigger_mode="always_last", **_QUIET)
    clear.click(None, None, pad, js="() => ''")
    keep.click(handlers.keep, [pad, right, kept], [kept, message], **_QUIET)


def _picture_tab(handlers):
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
            said = gr.HTML(say(GIVE), elem_id="picture-said")
            text = gr.Textbox(
                label="Text", max_lines=12, interactive=False, buttons=["copy"], elem_id="text"
            )
            boxes = gr.HTML(elem_id="boxes")
            table = gr.HTML(elem_id="digits")
    picture.change(
        handlers.read,
        picture,
        [said, text, boxes, table],
        trigger_mode="always_last",
        show_progress="minimal",
        show_progress_on=said,
        api_visibility="private",
    )


def mount_page(app: Any, page: Any, path: str, **options: Any) -> Any:
    """Make the page part of a FastAPI app.

    Parameters
    ----------
    app : fastapi.FastAPI
        Your app.
    page : gradio.Blocks
        From :func:`build_app`.
    path : str
        Path of the page in the app, such as "/digits".
    **options
        Passed to :func:`gradio.mount_gradio_app`, such as ``auth`` or ``auth_dependency``. `css`
        and `app_kwargs` are added to the page's own.

    Returns
    -------
    app : fastapi.FastAPI
        The same app, with the page in it.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> from skdigits import load_pretrained
    >>> from skdigits.app import build_app, mount_page
    >>> page = build_app(load_pretrained())
    >>> app = mount_page(FastAPI(), page, "/digits")  # doctest: +SKIP
    """
    page.mounts_guarded = True
    page.state_session_capacity = _MAX_SESSIONS
    return gr.mount_gradio_app(app, page, path, **page.complete(options))


class _Page(gr.Blocks):
    """Blocks that are served privately by default, and never without their guard."""

    mounts_guarded = False
    _mount_path = None

    def __init__(self, embed_in, **options):
        self._embed_in = embed_in
        super().__init__(**options)

    @property
    def custom_mount_path(self):
        """Where Gradio mounts the page; Gradio sets this before anything is served."""
        return self._mount_path

    @custom_mount_path.setter
    def custom_mount_path(self, path):
        if path is not None and not self.mounts_guarded:
            raise RuntimeError(
                "gr.mount_gradio_app would leave out the style and the guard of the page. Write "
                f"skdigits.app.mount_page(app, page, {path!r}) instead."
            )
        self._mount_path = path

    def complete(self, options):
        """Options for Gradio, with the defaults that keep the page private and its style."""
        # System fonts, so that none are fetched.
        fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
        defaults = {
            "theme": gr.themes.Default(primary_hue="blue", **fonts),
            "footer_links": [],
            "run_history": False,
            "enable_monitoring": False,
            "mcp_server": False,
            "ssr_mode": False,
            "show_error": False,
            "max_file_size": MAX_UPLOAD,
        }
        app = {"docs_url": None, "redoc_url": None} | (options.get("app_kwargs") or {})
        app["middleware"] = [Middleware(Guard, self._embed_in), *(app.get("middleware") or [])]
        css = PAD_CSS + _CSS + (options.get("css") or "")
        return defaults | options | {"css": css, "app_kwargs": app}

    def launch(self, **options):
        """Serve the page, by default on this computer only."""
        defaults = {
            "server_name": "127.0.0.1",
            "share": False,
            "quiet": True,
            "state_session_capacity": _MAX_SESSIONS,
        }
        return super().launch(**defaults | self.complete(options))


def _fetch_nothing(component):
    """Let a component take only uploaded files.

    A visitor could give any component a URL, which Gradio would fetch. The method is replaced on
    the instance, because Gradio writes an interface file beside the source of each subclass of a
    component.
    """
    move = component.async_move_resource_to_block_cache

    async def move_files_only(source):
        if not Path(str(source)).is_file():
            raise gr.Error("Upload a file.")
        return await move(source)

    component.async_move_resource_to_block_cache = move_files_only


def _take_bytes(image):
    """Let an image component pass on the bytes of its file, for the reader to open and check."""
    image.preprocess = lambda upload: None if upload is None else Path(upload.path).read_bytes()
