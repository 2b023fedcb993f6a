"""
What a checkpoint costs
=======================

The seconds that a fit with ``checkpoint_dir`` spends on writing its state after each epoch, and on
finding the name of its file, against those of the whole fit::

    python examples/benchmarks/checkpoint_cost.py --data FOLDER --rows 42000 --epochs 2
"""

import tempfile
from pathlib import Path

from _shared import clock, finish, load_rows, make_parser, spread

from skdigits import make_digit_pipeline
from skdigits._networks import training
from skdigits._networks.checkpoint import Journal


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --rows 1000")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    X, y = load_rows(options.data, options.rows)
    spent = {"write": [], "name": []}

    def timed(kind, function):
        def call(*args):
            with clock() as took:
                result = function(*args)
            spent[kind].append(took)
            return result

        return call

    Journal._write = timed("write", Journal._write)
    training.checkpoint_path = timed("name", training.checkpoint_path)
    make_digit_pipeline(epochs=1, random_state=0).fit(X[:500], y[:500])  # tracing is no part of it
    with tempfile.TemporaryDirectory() as folder:
        pipeline = make_digit_pipeline(
            epochs=options.epochs, random_state=0, checkpoint_dir=Path(folder)
        )
        with clock() as fit:
            pipeline.fit(X, y)
    epoch = fit["cpu"] / options.epochs
    print(f"an epoch of {len(X):,} rows: {epoch:.2f} CPU s")
    for kind, when in (("write", "each epoch"), ("name", "each fit")):
        cpu, wall = ([1000 * took[k] for took in spent[kind]] for k in ("cpu", "wall"))
        share = sum(cpu) / len(cpu) / 1000 / epoch
        print(
            f"{kind}, {when}: CPU ms {spread(cpu)}, wall ms {spread(wall)}, {share:.1%} of an epoch"
        )
    finish(options, {"fit": fit, "epochs": options.epochs, **spent})


if __name__ == "__main__":
    main()
