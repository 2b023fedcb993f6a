"""
Draw digits on a page
=====================

Serves a page on which a digit is drawn with mouse or finger, and the answer follows while it is
drawn; a second tab reads pictures with many digits, uploaded or from the camera::

    pip install "skdigits[demo]"
    python examples/gradio_demo.py                        # with the weights that skdigits ships
    python examples/gradio_demo.py --model model.joblib   # with your own
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile

import skdigits


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="Serve a page that reads drawn and photographed digits.",
        epilog="example: python examples/train_and_submit.py && "
        "python examples/gradio_demo.py --model model.joblib",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="fitted pipeline, as examples/train_and_submit.py and skdigits.save_pipeline write "
        "it; a .joblib file can run code, so give only one that you trust (default: the weights "
        "that come with skdigits)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets everyone in your network use the page, a phone "
        "for example (default: %(default)s, this computer only)",
    )
    parser.add_argument("--port", type=int, default=7860, help="default: %(default)s")
    return parser.parse_args(arguments)


def load_model(path):
    if path is not None:
        return skdigits.load_pipeline(path, trusted=True)
    return skdigits.load_pretrained()


def give_up(reason):
    print("gradio_demo.py:", " ".join(str(reason).split()), file=sys.stderr)
    return 2


def main(arguments=None):
    options = parse_arguments(arguments)

    # %%
    # Gradio keeps uploaded pictures in files: here in a folder of this run alone, which goes with
    # it. The variables are read while Gradio is imported.
    folder = tempfile.mkdtemp(prefix="skdigits-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = folder
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

    # %%
    # What can go wrong before the page is up is told in one line.
    try:
        from skdigits.app import build_app

        page = build_app(load_model(options.model))
    except (ImportError, OSError, ValueError, TypeError, AttributeError) as error:
        return give_up(error)
    try:
        page.launch(server_name=options.host, server_port=options.port, prevent_thread_lock=True)
    except OSError:
        return give_up(
            f"{options.host}:{options.port} cannot be listened on: another program may use that "
            "port, or it is no address of this computer. Give another --port or --host."
        )
    print(f"Open {page.local_url} in a browser; Ctrl+C ends.", flush=True)
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
