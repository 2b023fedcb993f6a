"""``skdigits export``."""

from pathlib import Path

from skdigits.cli._parts.inputs import add_model_option, load_model

HELP = "write a model as an ONNX file, which predicts without TensorFlow"
EXAMPLE = """\
example: skdigits export --output digits.onnx
         skdigits export --model mine.skdigits --output mine.onnx"""


def add_options(parser):
    """Add the options of the command."""
    add_model_option(parser)
    parser.add_argument(
        "--output", metavar="FILE", type=Path, default=Path("model.onnx"), help="where to write"
    )


def run(options):
    """Load, write, and say how to use the file."""
    from skdigits import export_onnx

    model = load_model(options.model)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    path = export_onnx(model, options.output)
    print(f"wrote {path}, {path.stat().st_size:,} bytes; checked on 1,000 rows against the model")
    print(f"use it: skdigits predict photo.jpg --model {path}, or skdigits.load_onnx")
