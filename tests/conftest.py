"""Shared by all tests: small data, and the real data where it is at hand."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

# Read by SciPy at import: without it scikit-learn leaves out its array API checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits, make_page

# A shell ignores Ctrl-C for its background jobs; commands that tests start are to notice it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent
# A busy machine is slow at drawing examples, too.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config):
    """Give TensorFlow one thread in each worker of the quick tests: a fifth less time.

    The slow ones, some of which compare numbers of threads, have as many as users have.
    """
    if hasattr(config, "workerinput") and config.option.markexpr == "not slow":
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def small_digits():
    """300 digits of 8x8 pixels, 0-1, float32: fitted in about a second."""
    X, y = load_digits(return_X_y=True)
    return (X[:300] / 16).astype(np.float32), y[:300]


@pytest.fixture(scope="session")
def rows():
    """All bundled digits as rows (n, 784) of 0-255, and their labels."""
    return load_bundled_digits(return_X_y=True)


@pytest.fixture(scope="session")
def few_rows(rows):
    """The first 300 of them."""
    X, y = rows
    return X[:300], y[:300]


@pytest.fixture(scope="session")
def exam_sheet(rows):
    """Makes a small exam, with a comb of four boxes and two marks, from what is easily read."""
    X, y = rows
    shares = load_pretrained().predict_proba(X)
    legible = shares[np.arange(len(y)), y] > 0.995
    form = {"kind": "exam", "shape": (300, 500), "n_rows": 2, "n_columns": 4, "tilt": 0}

    def make(*numbers, seed=1):
        digits = X[legible], y[legible]
        return make_page(**form, numbers=numbers, digits=digits, random_state=seed).image

    return make


@pytest.fixture(scope="session")
def weak():
    """A weak classifier of 8x8 pixels 0-16, and rows that it has not seen: (classifier, X, y)."""
    X, y = load_digits(return_X_y=True)
    return GaussianNB().fit(X[:900], y[:900]), X[900:], y[900:]


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, which asks nothing of other computers by itself."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason='needs Playwright: pip install "skdigits[test]"'
    )
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=CHROMIUM_OPTIONS, timeout=120_000
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_data():
    """The folder with Kaggle's CSV files."""
    folder = Path(os.environ.get("SKDIGITS_DATA", ROOT.parent / "shared" / "data"))
    if not any(folder.glob("train.csv*")):
        pytest.skip("needs Kaggle's train.csv: set SKDIGITS_DATA to its folder")
    return folder


@contextmanager
def _served(**environment):
    """The process that serves the drawing page, and the page's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, ROOT / "examples" / "gradio_demo.py", "--port", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )
    try:
        line = process.stdout.readline()
        assert "Open http://127.0.0.1:" in line, line
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture
def serve_page():
    """A context manager of a page of one's own: its process and address, for an environment."""
    return _served


@pytest.fixture(scope="session")
def server():
    """The address of the drawing page, as ``examples/gradio_demo.py`` serves it."""
    with _served() as (_, address):
        yield address
