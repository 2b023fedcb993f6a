"""
From the shell to the first answer
==================================

Wall seconds and peak memory of a fresh process that reads one picture, in turn with one that only
imports what such a process cannot do without; then milliseconds for one row, in turn with
`keras.Model.predict` on the same network::

    python examples/benchmarks/first_answer.py photo.jpg --repeats 9
"""

import os
import subprocess
import sys
import time
from statistics import median

import numpy as np
from _shared import finish, make_parser

BASE = "import numpy, PIL.Image, scipy.ndimage, onnxruntime"
READER = "import sys; from skdigits import DigitReader; DigitReader().read(sys.argv[1])"


def measure(command):
    """Wall seconds and peak MB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return seconds, usage.ru_maxrss / 1024


def time_rows(repeats):
    """Milliseconds for one row: of the weights that ship, and of `keras.Model.predict`."""
    from skdigits import load_pretrained
    from skdigits.datasets import load_bundled_digits

    row = load_bundled_digits().data[:1]
    light, network = load_pretrained(), load_pretrained(trainable=True)[-1].estimator_.model_
    image = (row / 255).reshape(1, 28, 28, 1).astype(np.float32)
    ways = {
        "load_pretrained()": lambda: light.predict_proba(row),
        "keras.Model.predict": lambda: network.predict(image, verbose=0),
    }
    taken = {name: [] for name in ways}
    for _ in range(repeats):
        for name, answer in ways.items():
            start = time.perf_counter()
            answer()
            taken[name].append(1000 * (time.perf_counter() - start))
    return {name: median(times) for name, times in taken.items()}


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: photo.jpg --repeats 3")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("--repeats", type=int, default=9, help="processes of each kind")
    parser.add_argument("--rows", type=int, default=200, help="calls of each kind with one row")
    options = parser.parse_args()
    commands = {"imports alone": [sys.executable, "-c", BASE]}
    for picture in options.pictures:
        commands |= {
            f"DigitReader().read({picture!r})": [sys.executable, "-c", READER, picture],
            f"skdigits predict {picture}": [sys.executable, "-m", "skdigits", "predict", picture],
        }
    runs = {name: [] for name in commands}
    for _ in range(options.repeats):
        for name, command in commands.items():
            runs[name].append(measure(command))
    results = {}
    for name, measured in runs.items():
        seconds, megabytes = (median(column) for column in zip(*measured, strict=True))
        results[name] = {"seconds": seconds, "peak_mb": megabytes}
        times = seconds / results["imports alone"]["seconds"]
        print(f"{seconds:6.2f} s {times:5.2f} times {megabytes:5.0f} MB  {name}")
    results["rows"] = time_rows(options.rows)
    for name, milliseconds in results["rows"].items():
        print(f"{milliseconds:8.3f} ms for one row  {name}")
    finish(options, results)


if __name__ == "__main__":
    main()
