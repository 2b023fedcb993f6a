"""
What a newcomer waits for
=========================

Clones the repository for each path, pastes README's own command into the clone, and looks at the
clock until there is what was promised: a submission, the first answer of the drawing page, passing
tests. "notebook" runs the course's notebook and the script, and compares what they have written;
with ``--data`` on Kaggle's rows. pip takes wheels from its cache where it has them::

    python examples/benchmarks/newcomer.py --paths submission page
    python examples/benchmarks/newcomer.py --paths notebook --data folder
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from _shared import clock, finish, make_parser

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {"submission": "train_and_submit.py", "page": "gradio_demo.py", "tests": "pytest"}


def command_of(path):
    """The line of README that leads there."""
    lines = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    (line,) = (line for line in lines if PROMISED[path] in line)
    return line


@contextmanager
def clone():
    with tempfile.TemporaryDirectory(prefix="skdigits-") as folder:
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        yield Path(folder)


def pasted(command, folder, **options):
    """The command started in a shell, with no more of this environment than a newcomer has."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, text=True, **options
    )


def submission(options):
    with clone() as folder, clock() as took:
        code = pasted(command_of("submission"), folder, stdout=subprocess.DEVNULL).wait()
        rows = (folder / "mnist_submission.csv").read_text().count("\n") - 1
    return {"seconds": took["wall"], "is_well": code == 0, "found": f"a submission of {rows} rows"}


def page(options):
    import httpx
    from page_load import ask, drawing_event, states_of

    async def draw(address, index):
        async with httpx.AsyncClient(base_url=f"{address}/gradio_api", trust_env=False) as client:
            return await ask(client, index, states_of("7")[-1], "newcomer")

    start = time.perf_counter()
    with clone() as folder:
        server = pasted(command_of("page"), folder, stdout=subprocess.PIPE, start_new_session=True)
        try:
            address = re.search(r"http://[\w.:]+", server.stdout.readline())[0]
            said = asyncio.run(draw(address, drawing_event(address)))
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # the shell and the page
            server.wait()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "is_well": "a 7" in said, "found": "a drawn 7, read on the page"}


def tests(options):
    with clone() as folder, clock() as took:
        process = pasted(command_of("tests"), folder, stdout=subprocess.PIPE)
        lines = process.communicate()[0].splitlines()
    if process.returncode:
        print(*lines[-200:], sep="\n")
    return {
        "seconds": took["wall"],
        "is_well": process.returncode == 0,
        "found": lines[-1].strip("= "),
    }


def notebook(options):
    """Here and not in a fresh environment: Jupyter is none of README's paths."""
    import nbclient
    import nbformat

    from skdigits import load_pipeline
    from skdigits.kaggle import read_submission

    with tempfile.TemporaryDirectory(prefix="skdigits-") as folder:
        ours, theirs = Path(folder, "notebook"), Path(folder, "script")
        data = ["--data", str(Path(options.data).resolve())] if options.data else []
        for place in (ours, theirs):
            place.mkdir()
        if options.data:
            for file in Path(options.data).resolve().glob("t*.csv*"):
                (ours / file.name).symlink_to(file)
        content = nbformat.read(ROOT / "examples" / "mnist_kaggle.ipynb", as_version=4)
        with clock() as took:
            nbclient.NotebookClient(
                content, timeout=3600, resources={"metadata": {"path": str(ours)}}
            ).execute()
        script = [sys.executable, ROOT / "examples" / "train_and_submit.py", "--quiet", *data]
        subprocess.run(script, cwd=theirs, check=True, stdout=subprocess.DEVNULL)
        labels = [read_submission(place / "mnist_submission.csv") for place in (ours, theirs)]
        one = load_pipeline(ours / "model.skdigits")
        other = load_pipeline(theirs / "model.joblib", trusted=True)
    weights = zip(one[-1].weights_, other[-1].weights_, strict=True)
    is_same = (labels[0] == labels[1]).all() and all((a == b).all() for a, b in weights)
    found = f"{len(labels[0]):,} labels and the weights, those of the script: {bool(is_same)}"
    return {"seconds": took["wall"], "is_well": bool(is_same), "found": found}


PATHS = {path.__name__: path for path in (submission, page, tests, notebook)}


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --paths submission")
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=["submission", "page"])
    parser.add_argument("--data", metavar="DIR", help="folder with Kaggle's files (notebook)")
    options = parser.parse_args()
    results = []
    for path in options.paths:
        results.append({"path": path} | PATHS[path](options))
        is_well = "" if results[-1]["is_well"] else "FAILED: "
        print(f"{path:>11}: {results[-1]['seconds']:.0f} s, {is_well}{results[-1]['found']}")
    finish(options, results)
    return 0 if all(result["is_well"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
