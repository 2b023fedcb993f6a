"""The notebook for a course: in step with its script, without outputs, and right when it runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest
from PIL import Image

from skdigits import load_pipeline
from skdigits.datasets import load_bundled_digits
from skdigits.kaggle import read_submission

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(EXAMPLES / "mnist_kaggle.ipynb", as_version=4)


def cells_of(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_is_in_step_with_its_script(notebook):
    nbformat.validate(notebook)
    script = jupytext.read(EXAMPLES / "mnist_kaggle.py")
    assert cells_of(notebook) == cells_of(script), (
        "renew it: jupytext --update --to ipynb examples/mnist_kaggle.py"
    )


def test_has_no_outputs_and_explains_every_step(notebook):
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == kinds[-1] == "markdown"
    assert all(
        not c.outputs and c.execution_count is None for c in notebook.cells if c.cell_type == "code"
    )
    # Text stands between any two cells of code, and after the last.
    assert "code code" not in " ".join(kinds)


def shortened(notebook, n_epochs):
    """The notebook with fewer epochs on the bundled digits."""
    said = 'recipe["epochs"] = 30'
    (cell,) = (cell for cell in notebook.cells if said in cell.source)
    cell.source = cell.source.replace(said, f'recipe["epochs"] = {n_epochs}')
    return notebook


@pytest.mark.slow
@pytest.mark.release
def test_script_and_notebook_write_the_same(notebook, tmp_path, monkeypatch):
    monkeypatch.delenv("SKDIGITS_DATA", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    script = tmp_path / "script"
    script.mkdir()
    command = [sys.executable, EXAMPLES / "train_and_submit.py", "--quiet", "--epochs", "8"]
    done = subprocess.run(command, cwd=script, check=True, capture_output=True, text=True)
    assert "bundled digits" in done.stdout
    assert "validation accuracy: " in done.stdout
    X, y = load_bundled_digits(return_X_y=True)
    assert load_pipeline(script / "model.joblib", trusted=True).score(X, y) > 0.9
    for name in ("training_history.png", "sample_digits.png"):
        with Image.open(script / name) as picture:
            assert picture.width > 400

    client = nbclient.NotebookClient(
        shortened(notebook, 8), timeout=180, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "the digits that come with scikit-learn" in said
    assert "same answers: True" in said
    assert "read: 7" in said
    warned = "".join(o.text for o in outputs if o.get("name") == "stderr")
    # Gradio's tqdm asks for Jupyter's widgets, which are not installed here.
    lines = [x for x in re.split(r"[\r\n]+", warned) if x.strip() and "tqdm" not in x.lower()]
    assert lines
    assert [line for line in lines if "batch/s" not in line] == []
    shown = "".join(o.get("data", {}).get("text/html", "") for o in outputs)
    assert "Conv2D" in shown
    assert "<iframe" in shown
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 6

    labels = read_submission(tmp_path / "mnist_submission.csv")
    assert len(labels) == 360
    assert labels.tolist() == read_submission(script / "mnist_submission.csv").tolist()
    ours = load_pipeline(tmp_path / "model.skdigits")
    theirs = load_pipeline(script / "model.joblib", trusted=True)
    rows = [[0] * 784, [255] * 784]
    assert (ours.predict_proba(rows) == theirs.predict_proba(rows)).all()
