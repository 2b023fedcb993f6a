"""
Changed model files: what loading makes of them
===============================================

Changes .skdigits files in many ways, from flipped bits to values whose hashes fit again, and loads
each in a process of its own that has neither TensorFlow nor anything to lose::

    python examples/benchmarks/mutate_model_files.py --files 10000

A load is right when it ends in one of three ways:

refused
    with a `ModelFileError`;
unchanged
    the estimator is that of the file before: each parameter, fitted attribute and array has the
    same bits, so that its answers are the same;
as written
    only where the hashes were made to fit again: the estimator is what the changed file says, value
    for value (saved again it says the same), and gives finite probabilities for rows of digits.

Anything else is counted as wrong: another estimator, another exception, a crash, or no end in time.
"""

import json
import multiprocessing
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from _mutations import MUTATIONS
from _shared import finish, make_parser

MAX_SECONDS, MAX_MEGABYTES, PATIENCE = 2.0, 500, 60.0
RIGHT = ("refused", "unchanged", "as written")


def main(arguments=None):
    parser = make_parser(
        "Load changed model files and count what comes of it.",
        "example: python examples/benchmarks/mutate_model_files.py --files 300",
    )
    parser.add_argument("--files", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        results = run(Path(folder), options.files, options.seed)
    show(results)
    finish(options, results)
    return 0 if results["is_right"] else 1


def run(folder, n_files, seed):
    originals = make_originals(folder)
    draw = np.random.default_rng(seed)
    shares = np.array([share for _, share, _ in MUTATIONS.values()], float)
    kinds = draw.choice(list(MUTATIONS), n_files, p=shares / shares.sum())
    trap, path = folder / "trap", folder / "changed.skdigits"
    worker = Worker(load_files)
    judge = Worker(answer_files)
    counts: dict = {kind: Counter() for kind in MUTATIONS}
    seconds, cpu_seconds, wrong, peak = [], [], [], 0
    for number, kind in enumerate(kinds):
        change, _, may_fit = MUTATIONS[kind]
        data, other = (originals[i] for i in draw.integers(len(originals), size=2))
        path.write_bytes(
            change(data, draw, str(trap) if change.__name__ == "forged_array" else other)
        )
        said = worker.ask(str(path))
        if said["outcome"] == "accepted":
            said |= judge.ask((str(path), None if may_fit else data))
        if trap.exists():
            said["outcome"], said["why"] = "code run", "the trap sprang"
            trap.unlink()
        counts[kind][said["outcome"]] += 1
        seconds.append(said["seconds"])
        cpu_seconds.append(said.get("cpu", 0))
        peak = max(peak, said.get("peak", 0))
        if said["outcome"] not in RIGHT:
            wrong.append({"number": number, "kind": str(kind), **said})
            print(wrong[-1], flush=True)
    worker.end()
    judge.end()
    return {
        "n_files": n_files,
        "counts": counts,
        "slowest_s": max(seconds),
        "slowest_cpu_s": max(cpu_seconds),
        "median_s": float(np.median(seconds)),
        "peak_mb": peak,
        "wrong": wrong,
        "is_right": not wrong and max(seconds) <= MAX_SECONDS and peak <= MAX_MEGABYTES,
    }


def make_originals(folder):
    """Bytes of three files: the weights that ship, a small reader, and a small ensemble."""
    from skdigits import (
        DigitNormalizer,
        SelectiveClassifier,
        load_pretrained,
        make_digit_pipeline,
        save_pipeline,
    )
    from skdigits.datasets import load_bundled_digits

    X, y = load_bundled_digits(return_X_y=True)
    options = {"width": 0.2, "epochs": 1, "random_state": 0, "novelty": True}
    reader = SelectiveClassifier(make_digit_pipeline(**options), reject_label=-1, random_state=0)
    ensemble = make_digit_pipeline(**options, n_estimators=2, class_weight={"d0": 1.0, "d1": 2.0})
    ensemble.steps.insert(0, ("digitnormalizer", DigitNormalizer()))
    ensemble.set_params(digitensembleclassifier__estimator__class_weight=None)
    ensemble.fit(X[:500], np.char.add("d", y[:500].astype(str)))
    made = [load_pretrained(trainable=True), reader.fit(X[:500], y[:500]), ensemble]
    paths = [save_pipeline(p, folder / f"{i}.skdigits") for i, p in enumerate(made)]
    # Small files are met more often: they are all structure.
    return [paths[i].read_bytes() for i in (0, 1, 1, 2, 2)]


class Worker:
    """A process that answers one question after the other, and is replaced when it dies."""

    def __init__(self, work):
        self.work = work
        self.start()

    def start(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=self.work, args=(there,), daemon=True)
        self.process.start()
        there.close()
        self.pipe.recv()  # ready

    def ask(self, question):
        self.pipe.send(question)
        try:
            if self.pipe.poll(PATIENCE):
                return self.pipe.recv()
            outcome = "no end"
        except (EOFError, ConnectionError):
            outcome = "crash"
        self.end()
        self.start()
        return {"outcome": outcome, "seconds": PATIENCE}

    def end(self):
        self.process.kill()
        self.process.join()


def load_files(pipe):
    """Load each file that is named; say what came of it, and of the time and memory it took."""
    from skdigits import load_pipeline
    from skdigits.exceptions import ModelFileError

    warnings.simplefilter("error")
    pipe.send("ready")
    while True:
        path = pipe.recv()
        start, start_cpu = time.perf_counter(), time.process_time()
        outcome, why = "accepted", ""
        try:
            load_pipeline(path)
        except ModelFileError as error:
            outcome, why = "refused", str(error)[:300]
        except BaseException as error:
            outcome, why = "error", repr(error)[:300]
        took = {
            "seconds": time.perf_counter() - start,
            "cpu": time.process_time() - start_cpu,
            "peak": peak_megabytes(),
        }
        pipe.send({"outcome": outcome, "why": why, **took})


def peak_megabytes():
    """The most memory that this process has had; `getrusage` would count its parent's, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def judge_state(pipeline, path, original):
    """Whether an accepted estimator is that of the original, or else what the file says."""
    from skdigits._files.container import read_parts
    from skdigits._files.plain_state import PlainWriter

    writer = PlainWriter()
    model = writer.write(pipeline)
    said, arrays = read_parts(original or Path(path).read_bytes())
    same_arrays = len(arrays) == len(writer.arrays) and sorted(map(fingerprint, arrays)) == sorted(
        map(fingerprint, writer.arrays)
    )
    is_same = same_arrays and says(model, said, writer.arrays, arrays)
    if not is_same:
        return "another estimator"
    return "as written" if original is None else "unchanged"


def fingerprint(array):
    return array.dtype.str, array.shape, array.tobytes()


def says(found, expected, found_arrays, arrays, key=None):
    """Whether two models say the same; a parameter that the file lacks has its default."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, dict):
        if tuple(found) == ("!", "position") and tuple(expected) == tuple(found):
            pair = found_arrays[found["position"]], arrays[expected["position"]]
            return fingerprint(pair[0]) == fingerprint(pair[1])
        is_older = key == "parameters" and found.keys() > expected.keys()
        return (is_older or found.keys() == expected.keys()) and all(
            says(found[k], expected[k], found_arrays, arrays, k) for k in expected
        )
    if isinstance(found, list):
        return len(found) == len(expected) and all(
            says(a, b, found_arrays, arrays) for a, b in zip(found, expected, strict=True)
        )
    return json.dumps(found) == json.dumps(expected)


def answer_files(pipe):
    """Compare each estimator that was accepted with its file, and ask it for probabilities."""
    warnings.simplefilter("ignore")
    from skdigits import load_pipeline
    from skdigits.datasets import load_bundled_digits

    rows = load_bundled_digits(return_X_y=True)[0][:4]
    pipe.send("ready")
    while True:
        path, original = pipe.recv()
        pipeline = load_pipeline(path)
        outcome = judge_state(pipeline, path, original)
        if outcome != "as written":
            pipe.send({"outcome": outcome})
            continue
        try:
            proba = pipeline.predict_proba(rows_for(pipeline, rows))
            is_right = np.isfinite(proba).all() and np.allclose(proba.sum(axis=1), 1)
            why = "" if is_right else f"probabilities {proba[0].tolist()}"
        except Exception as error:
            is_right, why = False, repr(error)[:300]
        pipe.send({"outcome": "as written" if is_right else "no answers", "why": why})


def rows_for(pipeline, rows):
    """The rows on the scale that the pipeline begins with, if it does."""
    first = (getattr(pipeline, "steps", None) or pipeline.estimator_.steps)[0][1]
    scale = getattr(first, "scale", 255)
    return rows if scale == 255 else rows * (scale / 255)


def show(results):
    print(f"\n{'change':28} {'files':>6} {'refused':>8} {'unchanged':>10} {'as written':>11} wrong")
    for kind, counted in results["counts"].items():
        n = sum(counted.values())
        right = [counted[outcome] for outcome in RIGHT]
        print(f"{kind:28} {n:6} {right[0]:8} {right[1]:10} {right[2]:11} {n - sum(right):5}")
    print(f"\n{results['n_files']:,} files, wrong: {len(results['wrong'])}")
    print(
        f"slowest load {results['slowest_s']:.2f} s (limit {MAX_SECONDS:g} s), of it "
        f"{results['slowest_cpu_s']:.2f} s of CPU; median {1000 * results['median_s']:.1f} ms; "
        f"peak memory {results['peak_mb']:.0f} MB (limit {MAX_MEGABYTES} MB)"
    )


if __name__ == "__main__":
    raise SystemExit(main())
