"""
How long reading the Kaggle files takes
=======================================

Times :func:`skdigits.datasets.load_competition`, which checks every cell, against plain
:func:`pandas.read_csv` of the same two files, in turn, after one unmeasured round. CPU seconds tell
more than wall seconds on a machine that others use too.

Run it with ``python examples/benchmarks/read_csv.py --data FOLDER``.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import pandas as pd

from skdigits.datasets import load_competition


def measure(function):
    """CPU and wall seconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    function()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def summarize(runs, clock):
    seconds = [run[clock] for run in runs]
    return {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Time load_competition against pandas.read_csv of the same files."
    )
    parser.add_argument(
        "--data", required=True, help="folder with train.csv and test.csv (or .csv.gz, .csv.zip)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds to measure (default: 5)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    return arguments


def main():
    arguments = parse_arguments()
    # The first, unmeasured round names the files and warms the disk cache for both.
    competition = load_competition(arguments.data, with_test=True)
    files = [competition.filename, competition.test_filename]
    rows = [len(competition.data), len(competition.test_data)]
    del competition

    ways = {
        "load_competition": lambda: load_competition(arguments.data, with_test=True),
        "pandas.read_csv": lambda: [pd.read_csv(file) for file in files],
    }
    runs = {name: [] for name in ways}
    for _ in range(arguments.repeats):
        for name, function in ways.items():
            runs[name].append(measure(function))

    figures = {"files": files, "rows": rows, "repeats": arguments.repeats}
    print(f"{rows[0]:,} + {rows[1]:,} rows, {arguments.repeats} rounds, seconds\n")
    print(f"{'':<18}{'CPU median':>12}{'min-max':>14}{'wall median':>14}{'min-max':>14}")
    for name in ways:
        cpu, wall = summarize(runs[name], "cpu"), summarize(runs[name], "wall")
        figures[name] = {"cpu": cpu, "wall": wall}
        spreads = [f"{clock['min']:.2f}-{clock['max']:.2f}" for clock in (cpu, wall)]
        print(
            f"{name:<18}{cpu['median']:>12.2f}{spreads[0]:>14}"
            f"{wall['median']:>14.2f}{spreads[1]:>14}"
        )
    for clock in ("cpu", "wall"):
        ours, plain = (figures[name][clock]["median"] for name in ways)
        figures[f"ratio_{clock}"] = ours / plain
    print(
        f"\nload_competition takes {figures['ratio_cpu']:.2f}x the CPU time of pandas.read_csv, "
        f"{figures['ratio_wall']:.2f}x the wall time."
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
