"""``skdigits adapt``."""

from pathlib import Path

from skdigits.cli._parts.inputs import add_model_option, load_model, read_written

HELP = "teach a model the hand of a few corrected digits"
EXAMPLE = "example: skdigits adapt corrections.csv --output mine.skdigits"


def add_options(parser):
    """Add the options of the command."""
    parser.add_argument(
        "rows",
        metavar="CSV",
        help="rows as in train.csv: label, 784 pixels and, if you like, a last column `writer`; "
        "ten of each digit are a good start",
    )
    add_model_option(parser)
    parser.add_argument(
        "--output", metavar="FILE", type=Path, required=True, help="where to save the new model"
    )
    parser.add_argument("--seed", type=int, default=0, help="random state")


def run(options):
    """Learn from the rows, say what it brought, and save the model."""
    from skdigits import adapt, save_pipeline

    X, y, writers = read_written(options.rows)
    adapted = adapt(load_model(options.model), X, y, groups=writers, random_state=options.seed)
    print(adapted)
    save_pipeline(adapted.pipeline, options.output)
    print(f"wrote {options.output}")
