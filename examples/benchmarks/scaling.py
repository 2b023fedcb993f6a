"""
How cost grows with rows and threads
====================================

One epoch and one prediction for each number of rows and threads, each in a process of its own,
since TensorFlow fixes its threads at the start; also the highest resident memory::

    python examples/benchmarks/scaling.py --data folder --rows 1000 5000 20000 42000 --threads 1 2
"""

import argparse
import json
import resource
import subprocess
import sys

import numpy as np
from _shared import clock, finish, load_rows, make_parser


def measure(folder, n_rows, n_threads, predict_rows):
    from skdigits import make_digit_pipeline

    X, y = load_rows(folder, n_rows)
    pipeline = make_digit_pipeline(epochs=1, n_threads=n_threads, random_state=0)
    pipeline.fit(X[:500], y[:500])
    with clock() as fit:
        pipeline.fit(X, y)
    rows = np.resize(X, (predict_rows or n_rows, 784))
    pipeline.predict_proba(rows[:300])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with clock() as predict:
        pipeline.predict_proba(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": n_rows,
        "threads": n_threads,
        "fit_wall": fit["wall"],
        "fit_cpu": fit["cpu"],
        "predict_wall": predict["wall"],
        "predict_cpu": predict["cpu"],
        "peak_mb_after_fit": before,
        "mb_added_by_predicting": peak - before,
    }


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --rows 1000 --threads 1")
    parser.add_argument("--data", metavar="DIR", help="folder with train.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 5000, 20000, 42000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--predict-rows", type=int, help="rows to predict, 1000000 say (default: those fitted)"
    )
    parser.add_argument("--single", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.single:
        taken = measure(options.data, options.rows[0], options.threads[0], options.predict_rows)
        print(json.dumps(taken))
        return
    results = []
    for n_threads in options.threads:
        for n_rows in options.rows:
            command = [sys.executable, __file__, "--single"]
            command += ["--rows", str(n_rows), "--threads", str(n_threads)]
            command += ["--data", options.data] if options.data else []
            if options.predict_rows:
                command += ["--predict-rows", str(options.predict_rows)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
            print({name: round(value, 2) for name, value in results[-1].items()}, flush=True)
    finish(options, results)


if __name__ == "__main__":
    main()
