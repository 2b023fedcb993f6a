"""``skdigits demo``."""

import atexit
import os
import shutil
import signal
import tempfile
import threading

from skdigits.cli._parts.inputs import add_model_option, load_model
from skdigits.cli._parts.outcome import CommandError
from skdigits.cli._parts.parsing import whole_number

HELP = "serve a page that reads drawn and photographed digits"
EXAMPLE = """\
example: skdigits demo
         skdigits demo --model mine.skdigits --port 8000
         skdigits demo --review marks.results"""


def add_options(parser):
    """Add the options of the command."""
    add_model_option(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets everyone in your network use the page, from a "
        "phone for example; the default is for this computer only",
    )
    parser.add_argument(
        "--review",
        metavar="DIR",
        help="results of skdigits forms: a tab shows what is in doubt, to accept or correct",
    )
    parser.add_argument("--port", type=whole_number(1), default=7860, help="port to listen on")
    parser.add_argument(
        "--embed-in",
        nargs="+",
        default=[],
        metavar="HOST",
        help="hosts whose pages may show this one in a frame, such as https://lms.example.org",
    )
    parser.add_argument(
        "--root-path",
        default="",
        metavar="PATH",
        help="path under which a proxy serves the page, if it strips that path from requests",
    )


def run(options):
    """Serve until interrupted."""
    serve(
        load_model(options.model, trainable=False),
        options.host,
        options.port,
        embed_in=options.embed_in,
        root_path=options.root_path,
        review=options.review,
    )


def serve(pipeline, host="127.0.0.1", port=7860, *, embed_in=(), root_path="", review=None):
    """Serve the page of :func:`skdigits.app.build_app` until interrupted or terminated.

    Parameters
    ----------
    pipeline : classifier
        As from :func:`load_model`.
    host : str
        Address to listen on.
    port : int
        Port to listen on.
    embed_in : sequence of str
        Hosts whose pages may show this one in a frame.
    root_path : str
        Path under which a proxy serves the page.
    review : str or None
        Folder of results of ``skdigits forms``.

    Raises
    ------
    CommandError
        If the address or port cannot be used.
    """
    # Gradio keeps uploaded pictures in files: this puts them into a folder that is deleted when
    # the process ends. Gradio reads the variables when it is imported.
    folder = tempfile.mkdtemp(prefix="skdigits-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Treat SIGTERM (systemd, docker, kill) like Ctrl-C, or the folder would not be deleted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["GRADIO_TEMP_DIR"] = folder
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from skdigits.app import build_app

    page = build_app(pipeline, embed_in=embed_in, review=review)
    try:
        page.launch(
            server_name=host, server_port=port, root_path=root_path, prevent_thread_lock=True
        )
    except (OSError, ValueError, OverflowError) as error:
        raise CommandError(
            f"cannot listen on {host}:{port}: another program may use that port, or this computer "
            "does not have that address. Give another --port or --host."
        ) from error
    print(f"Open {page.local_url} in a browser; stop with Ctrl+C.", flush=True)
    try:
        while not threading.Event().wait(3600):  # without a timeout Windows ignores Ctrl-C
            pass
    finally:
        page.close(verbose=False)
