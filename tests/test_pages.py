"""The Python blocks of README and of the pages run, in order, page by page."""

import gc
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from skdigits import make_digit_pipeline
from skdigits.datasets import load_bundled_digits, make_page

ROOT = Path(__file__).parent.parent
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if "```python\n" in path.read_text()
]
# The pages speak of Kaggle's 42,000 rows, and here are 600.
SMALLER = {
    "test_size=6000": "test_size=200",
    "epochs=20": "epochs=2",
    "epochs=15": "epochs=2",
    "seeds=3": "seeds=2",
    "make_digit_pipeline(random_state=0)": "make_digit_pipeline('fast', random_state=0)",
    "target_error=0.001": "target_error=0.1",
    "threads_per_worker=1)": "threads_per_worker=1, processes=False, dashboard_address=None)",
    "cv=3, n_jobs=2": "cv=2, n_jobs=1",
    "n_workers=2": "n_workers=1",
    "n_candidates=18": "n_candidates=2",
    "max_resources=9": "max_resources=2",
    "10_000": "50",
    "[:1000]": "[:200]",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a reader has at hand: Kaggle's files, a collection, a photograph and a form."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "folder").mkdir()
    X, y = load_bundled_digits(return_X_y=True)
    table = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(784)])
    table[600:800].to_csv(folder / "folder" / "test.csv", index=False)
    table.insert(0, "label", y)
    table[:600].to_csv(folder / "folder" / "train.csv", index=False)
    photo = Image.new("L", (300, 200), 230)
    ImageDraw.Draw(photo).line([(80, 40), (200, 40), (120, 170)], fill=30, width=16)
    photo.save(folder / "photo.jpg")
    page = make_page("form", n_rows=2, digits=(X, y), random_state=0)
    Image.fromarray(page.image).save(folder / "form.jpg")
    images, writers = X[800:].reshape(-1, 28, 28), np.arange(len(X) - 800) // 50
    np.savez(folder / "folder" / "mine.npz", X=images, y=y[800:], writer=writers)
    return folder


@pytest.fixture(scope="module")
def at_hand():
    """The names that a page may use without saying where they come from."""
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = make_digit_pipeline("fast", epochs=2, novelty=True, random_state=0)
    pipeline.fit(X[:600], y[:600])
    return {"X": X[:600], "y": y[:600], "X_new": X[600:610], "pipeline": pipeline}


def test_pages_are_found():
    assert {"README", "tour", "evaluation", "tuning", "trust"} <= {page.stem for page in PAGES}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of Gradio, Dask
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page, folder, at_hand, tmp_path, monkeypatch):
    plt.switch_backend("agg")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S)
    code = "\n".join(blocks)
    for large, small in SMALLER.items():
        code = code.replace(large, small)
    exec(compile(code, page.name, "exec"), dict(at_hand))
    plt.close("all")
    gc.collect()
