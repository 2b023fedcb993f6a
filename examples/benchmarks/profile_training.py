"""
Where the time of a training step goes
======================================

Trains a preset for one epoch under TensorFlow's profiler and adds up the time of each kind of
operation, over all threads::

    python examples/benchmarks/profile_training.py --data folder --rows 6400
"""

import tempfile
from collections import Counter
from pathlib import Path

import tensorflow as tf
from _shared import finish, load_rows, make_parser
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from skdigits import PRESETS, make_digit_pipeline

# Not operations of the network, but what calls them or waits for them.
_FRAMES = ("Iterator", "MakeIterator", "__inference")


def profile(pipeline, X, y):
    """Milliseconds of each kind of operation while the pipeline is fitted."""
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        pipeline.fit(X, y)
        tf.profiler.experimental.stop()
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace()
        space.ParseFromString(path.read_bytes())
    milliseconds = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                operation = (
                    name.partition(":")[2].split("#")[0].strip()
                )  # after the node's own name
                if operation and "::" not in name and not operation.startswith(_FRAMES):
                    milliseconds[operation] += event.duration_ps / 1e9
    return milliseconds


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --preset accurate --rows 3200")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--preset", choices=PRESETS, default="balanced")
    parser.add_argument("--rows", type=int, default=6400)
    parser.add_argument("--top", type=int, default=12, help="lines of the table")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args()
    X, y = load_rows(options.data, options.rows)
    pipeline = make_digit_pipeline(
        options.preset, epochs=1, random_state=0, n_threads=options.threads
    )
    pipeline.fit(X, y)  # built and traced outside of the profile
    milliseconds = profile(pipeline, X, y)
    total = sum(milliseconds.values())
    print(f"\n{options.preset}, {len(X):,} rows: {total / len(X):.3f} ms an image in operations")
    for operation, value in milliseconds.most_common(options.top):
        print(f"{operation:>36} {value / len(X):7.4f} ms an image {value / total:6.1%}")
    finish(options, {name: value / len(X) for name, value in milliseconds.items()})


if __name__ == "__main__":
    main()
