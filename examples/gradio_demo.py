"""
Draw digits on a page
=====================

Serves a page on which a digit is drawn with mouse or finger, and the answer follows while it is
drawn; a second tab reads pictures with many digits, uploaded or from the camera::

    pip install "skdigits[demo]"
    python examples/gradio_demo.py                        # with the weights that skdigits ships
    python examples/gradio_demo.py --model model.joblib   # with your own

The command ``skdigits demo`` does the same.
"""

import sys

from skdigits.cli import Parser, demo, load_model, outcome_of


def parse_arguments(arguments=None):
    parser = Parser(
        description="Serve a page that reads drawn and photographed digits.",
        epilog="example: python examples/train_and_submit.py && "
        "python examples/gradio_demo.py --model model.joblib",
    )
    demo.add_options(parser)
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)

    # Any fitted pipeline will do: `skdigits.load_pretrained()`, or one in a file.
    pipeline = load_model(options.model, trainable=False)

    # The page itself is `skdigits.app.build_app(pipeline)`, which is Gradio's to `launch()`.
    # `serve` also keeps uploaded pictures in a folder that goes when the page does.
    demo.serve(pipeline, options.host, options.port)


if __name__ == "__main__":
    sys.exit(outcome_of(main))
