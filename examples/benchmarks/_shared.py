"""What the benchmark scripts share: options, data, clocks, tables and JSON."""

import argparse
import json
import platform
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev


def make_parser(description, epilog):
    """A parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=epilog,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    return parser


def load_rows(folder, n_rows=None):
    """Rows (n, 784) uint8 and labels from Kaggle's train.csv, or from the bundled digits."""
    from skdigits.datasets import load_available

    digits = load_available(folder)
    print(f"data: {digits.filename or 'bundled digits'}")
    return digits.data[:n_rows], digits.target[:n_rows]


def digits_of(result):
    """The labels of a picture in reading order, without spaces and line breaks."""
    return "".join(str(digit.label) for digit in result.digits)


def edit_distance(first, second):
    """Levenshtein's distance of two strings."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        above, row[0] = row[:], i
        for j, b in enumerate(second, start=1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
    return row[-1]


@contextmanager
def clock():
    """Measure a block; the dict that it gives has wall and CPU seconds of this process after it."""
    took = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield took
    took["wall"], took["cpu"] = time.perf_counter() - wall, time.process_time() - cpu


def spread(values, form=".2f"):
    """Mean and standard deviation of repeated figures, as text."""
    if len(values) < 2:
        return f"{values[0]:{form}} (n=1)"
    return f"{mean(values):{form}} +- {stdev(values):{form}} (n={len(values)})"


def finish(options, results):
    """Write results, options and versions as JSON where asked to."""
    if options.json:
        packages = ["skdigits", "scikit-learn", "tensorflow", "keras", "scikeras", "numpy"]
        about = {
            "options": {k: str(v) for k, v in vars(options).items()},
            "versions": {name: version(name) for name in packages},
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
        }
        options.json.write_text(json.dumps(about | {"results": results}, indent=1))
        print(f"wrote {options.json}")
