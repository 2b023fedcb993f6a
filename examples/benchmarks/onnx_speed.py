"""
Answers with and without TensorFlow
===================================

The shipped weights, or a pipeline of your own, as they are and as an ONNX file: from a fresh
process to the first answer, one image, all rows of Kaggle's ``test.csv``, and whether both say the
same. The fresh processes take turns, and so do the calls with one image; the medians count::

    python examples/benchmarks/onnx_speed.py --data FOLDER
"""

import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from _shared import clock, finish, make_parser

# The peak of this process alone: getrusage would count what forked it, too.
COLD = """
import sys, time
import numpy as np
import skdigits
{load}
model.predict_proba(np.zeros((1, 784), np.uint8))
answered = time.time()
try:
    lines = open("/proc/self/status").read().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(answered, time.process_time(), peak / 1024)
"""
LOAD_PIPELINE = "model = skdigits.load_pipeline(sys.argv[1], trusted=True)"
LOAD_SHIPPED = "model = skdigits.load_pretrained(trainable=True)"
LOAD_ONNX = "model = skdigits.load_onnx(sys.argv[1])"
EXPORT = "{load}; skdigits.export_onnx(model, sys.argv[2])"


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def start_cold(load, path):
    """Wall and CPU seconds to the first answer of a fresh process, and its peak in MB."""
    start = time.time()
    answered, cpu, peak = map(float, run(COLD.format(load=load), path).split()[-3:])
    return {"wall_s": answered - start, "cpu_s": cpu, "peak_mb": peak}


def read_rows(folder):
    from skdigits.datasets import load_bundled_digits, read_digits_csv

    if folder is None:
        return load_bundled_digits().data
    paths = sorted(Path(folder).glob("test.csv*"))
    if not paths:
        raise SystemExit(f"There is no test.csv in {folder}.")
    return read_digits_csv(paths[0]).data


def time_one_image(ways, X, n_calls):
    """Median wall and CPU milliseconds of one image, the ways taking turns."""
    took = {name: [] for name in ways}
    for i in range(n_calls + 1):
        for name, model in ways.items():
            with clock() as one:
                model.predict_proba(X[i % len(X)][None])
            took[name].append(one)
    return {
        name: {kind: 1e3 * median(t[kind] for t in times[1:]) for kind in ("wall", "cpu")}
        for name, times in took.items()
    }


def compare(ways, X):
    """Seconds for all rows, and how far the answers lie apart."""
    answers, took = {}, {}
    for name, model in ways.items():
        with clock() as took[name]:
            proba = model.predict_proba(X)
        answers[name] = proba, model.predict(X)
    (proba, labels), (other, other_labels) = answers.values()
    return took, {
        "rows": len(X),
        "labels that differ": int((labels != other_labels).sum()),
        "largest difference of a probability": float(np.abs(proba - other).max()),
    }


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --data FOLDER --rounds 5")
    parser.add_argument("--data", metavar="DIR", help="folder with test.csv, else bundled digits")
    parser.add_argument("--model", metavar="FILE", help="fitted pipeline, else the shipped one")
    parser.add_argument("--rounds", type=int, default=5, help="fresh processes of each way")
    parser.add_argument("--calls", type=int, default=200, help="calls with one image")
    options = parser.parse_args()
    load = LOAD_PIPELINE if options.model else LOAD_SHIPPED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.onnx"
        run(f"import sys, skdigits\n{EXPORT.format(load=load)}", options.model or "", path)
        size_mb = path.stat().st_size / 1e6
        cold = {"TensorFlow": [], "ONNX": []}
        for _ in range(options.rounds):
            cold["TensorFlow"].append(start_cold(load, options.model or ""))
            cold["ONNX"].append(start_cold(LOAD_ONNX, path))
        from skdigits import load_onnx, load_pipeline, load_pretrained

        own = (
            load_pipeline(options.model, trusted=True)
            if options.model
            else load_pretrained(trainable=True)
        )
        ways = {"TensorFlow": own, "ONNX": load_onnx(path)}
        X = read_rows(options.data)
        one = time_one_image(ways, X, options.calls)
        all_rows, same = compare(ways, X)

    cold = {
        name: {kind: median(run[kind] for run in runs) for kind in runs[0]}
        for name, runs in cold.items()
    }
    table = {
        "first answer, wall s": [cold[name]["wall_s"] for name in ways],
        "first answer, CPU s": [cold[name]["cpu_s"] for name in ways],
        "peak memory, MB": [cold[name]["peak_mb"] for name in ways],
        "one image, wall ms": [one[name]["wall"] for name in ways],
        "one image, CPU ms": [one[name]["cpu"] for name in ways],
        "all rows, wall s": [all_rows[name]["wall"] for name in ways],
        "all rows, CPU s": [all_rows[name]["cpu"] for name in ways],
    }
    print(f"\n{'':>22} {'TensorFlow':>11} {'ONNX':>9} {'ratio':>7}")
    for name, (tensorflow, onnx) in table.items():
        print(f"{name:>22} {tensorflow:11.3f} {onnx:9.3f} {onnx / tensorflow:7.3f}")
    print(f"file: {size_mb:.2f} MB; " + "; ".join(f"{k}: {v}" for k, v in same.items()))
    same["onnxruntime"] = version("onnxruntime")
    results = {"cold": cold, "one_image_ms": one, "all_rows_s": all_rows, "file_mb": size_mb}
    finish(options, results | same)


if __name__ == "__main__":
    main()
