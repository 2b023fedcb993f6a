"""
What kill -9 at random moments leaves
=====================================

A script that trains with ``checkpoint_dir``, saves, tunes with kept results and writes a submission
is killed again and again, at moments drawn at random from each of these phases, and started again
until it is done. After each kill every file must be whole or not there; at the end all files must
equal those of a run that nobody disturbed::

    python examples/benchmarks/kill_at_random.py --kills 50
"""

import hashlib
import json
import os
import random
import signal
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import psutil
from _shared import finish, make_parser

PHASES = ["train", "save", "tune", "submit"]
FILES = ["model.joblib", "scores.json", "submission.csv"]


def work(folder, n_rows):
    """The script that is killed; it says on stdout what it does."""
    import numpy as np
    from sklearn.model_selection import GridSearchCV

    from skdigits import load_pipeline, make_digit_pipeline, save_pipeline
    from skdigits._utils.atomic import replacing
    from skdigits.datasets import load_bundled_digits
    from skdigits.kaggle import write_submission
    from skdigits.tuning import fit_search

    X, y = load_bundled_digits(return_X_y=True)
    X, y = X[:n_rows], y[:n_rows]
    model = folder / "model.joblib"
    if not model.exists():
        print("train", flush=True)
        pipeline = make_digit_pipeline(
            epochs=6,
            dropout=0.2,
            validation_fraction=0.2,
            checkpoint_dir=folder / "checkpoints",
            n_threads=1,
            random_state=0,
        ).fit(X, y)
        pipeline.set_params(digitcnnclassifier__checkpoint_dir=None)
        print("save", flush=True)
        save_pipeline(pipeline, model)
    print("tune", flush=True)
    pipeline = make_digit_pipeline(
        epochs=1, n_threads=1, checkpoint_dir=folder / "checkpoints", random_state=0
    )
    grid = {"digitcnnclassifier__learning_rate": [0.003, 0.01]}
    search = GridSearchCV(pipeline, grid, cv=2)
    fit_search(search, X, y, results=folder / "results", progress=False)
    print("submit", flush=True)
    with replacing(folder / "scores.json") as file:
        file.write(json.dumps(np.ravel(search.cv_results_["mean_test_score"]).tolist()).encode())
    write_submission(folder / "submission.csv", load_pipeline(model).predict(X))


class Run:
    """One process that works in `folder`, forked from this one so that TensorFlow is imported."""

    def __init__(self, folder, n_rows):
        ours, theirs = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(ours)
            os.dup2(theirs, 1)
            with (folder / "stderr.txt").open("ab") as stderr:
                os.dup2(stderr.fileno(), 2)
            try:
                work(folder, n_rows)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        os.close(theirs)
        self.lines = open(ours)  # noqa: SIM115  closed by `end`

    def until(self, phase):
        """Wait for a phase, or a later one where it is skipped; whether any came."""
        for line in self.lines:
            self.phase = line.strip()
            if PHASES.index(self.phase) >= PHASES.index(phase):
                return True
        return False

    def end(self):
        """Let it come to its end, and give its exit code: -9 where it was killed."""
        with self.lines:
            for line in self.lines:
                self.phase = line.strip()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def undisturbed(folder, n_rows):
    """CPU seconds of each phase, in a run that nobody kills; wall time would hang on the load."""
    run, ends = Run(folder, n_rows), []
    for phase in PHASES:
        if not run.until(phase):
            raise RuntimeError((folder / "stderr.txt").read_text())
        ends.append(cpu_seconds(run.pid))
    while (now := cpu_seconds(run.pid)) is not None:
        last = now
        time.sleep(0.002)
    run.end()
    ends.append(last)
    return {phase: ends[i + 1] - ends[i] for i, phase in enumerate(PHASES)}


def cpu_seconds(pid):
    """Of a process so far; None where it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return sum(process.cpu_times()[:2])
    except psutil.Error:
        return None


def run_once(run, seconds, phase, draw):
    """Kill at a moment drawn from a phase, or from a later one if that is over; the exit code."""
    if phase and run.until(phase):
        start, wanted = cpu_seconds(run.pid), draw.uniform(0, seconds[run.phase])
        while (now := cpu_seconds(run.pid)) is not None and now - (start or 0) < wanted:
            time.sleep(0.002)
        os.kill(run.pid, signal.SIGKILL)
    return run.end()


def check_whole(folder):
    """Every file is whole or not there; gives the number of parts left beside them."""
    from skdigits import load_pipeline
    from skdigits.kaggle import check_submission
    from skdigits.tuning import read_results

    if (folder / "model.joblib").exists():
        load_pipeline(folder / "model.joblib", trusted=True)
    if (folder / "submission.csv").exists():
        check_submission(folder / "submission.csv")
    if (folder / "scores.json").exists():
        json.loads((folder / "scores.json").read_text())
    if (folder / "results").exists():
        read_results(folder / "results")
    return len(list(folder.rglob("*.part")))


def digests(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def same_answers(one, other):
    """Whether two models give the same bits."""
    from skdigits import load_pipeline

    first, second = (
        load_pipeline(folder / "model.joblib", trusted=True)[-1] for folder in (one, other)
    )
    return first.history_ == second.history_ and all(
        (a == b).all() for a, b in zip(first.weights_, second.weights_, strict=True)
    )


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --kills 4 --rows 200")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--kills-per-run", type=int, default=10, help="then it may finish")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    import skdigits._networks.training  # noqa: F401  imported, but not started: forks may use it

    draw, killed, rounds, n_parts = random.Random(options.seed), Counter(), [], 0
    with tempfile.TemporaryDirectory() as top:
        reference = Path(top, "undisturbed")
        reference.mkdir()
        seconds = undisturbed(reference, options.rows)
        print("undisturbed:", ", ".join(f"{p} {s:.2f} s" for p, s in seconds.items()), flush=True)
        while killed.total() < options.kills:
            folder = Path(top, f"round{len(rounds)}")
            folder.mkdir()
            n_kills, exit_code = 0, None
            n_planned = min(options.kills_per_run, options.kills - killed.total())
            plan = sorted(draw.choices(PHASES, k=n_planned), key=PHASES.index)
            while exit_code != 0:
                run = Run(folder, options.rows)
                exit_code = run_once(run, seconds, plan.pop(0) if plan else None, draw)
                if exit_code == -signal.SIGKILL:
                    killed[run.phase] += 1
                    n_kills += 1
                    check_whole(folder)
                elif exit_code:
                    raise RuntimeError((folder / "stderr.txt").read_text())
            expected, got = digests(reference), digests(folder)
            n_parts += check_whole(folder)
            rounds.append(
                {
                    "kills": n_kills,
                    "equal bytes": [name for name in FILES if got[name] == expected[name]],
                    "same answers": same_answers(folder, reference),
                    "checkpoints left": len(list((folder / "checkpoints").iterdir())),
                }
            )
            print(f"round {len(rounds)}: {n_kills} kills, {rounds[-1]}", flush=True)
    n_rounds = len(rounds)
    print("\n| phase | CPU s undisturbed | kills |\n| --- | --- | --- |")
    for phase in PHASES:
        print(f"| {phase} | {seconds[phase]:.2f} | {killed[phase]} |")
    print(f"\n| file | equal bytes, of {n_rounds} runs |\n| --- | --- |")
    for name in FILES:
        print(f"| {name} | {sum(name in r['equal bytes'] for r in rounds)} |")
    print(
        f"\nsame weights and history: {sum(r['same answers'] for r in rounds)} of {n_rounds} runs"
    )
    print(f"half files in place: 0; parts left beside them: {n_parts}")
    finish(options, {"seconds": seconds, "killed": dict(killed), "rounds": rounds})


if __name__ == "__main__":
    main()
