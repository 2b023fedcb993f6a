"""Shared by all tests: small data, and the real data where it is at hand."""

import os
from pathlib import Path

# Read by SciPy at import: without it scikit-learn leaves out its array API checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from sklearn.datasets import load_digits

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def small_digits():
    """300 digits of 8x8 pixels, 0-1, float32: fitted in about a second."""
    X, y = load_digits(return_X_y=True)
    return (X[:300] / 16).astype(np.float32), y[:300]


@pytest.fixture(scope="session")
def real_data():
    """The folder with Kaggle's CSV files."""
    folder = Path(os.environ.get("SKDIGITS_DATA", ROOT.parent / "shared" / "data"))
    if not any(folder.glob("train.csv*")):
        pytest.skip("needs Kaggle's train.csv: set SKDIGITS_DATA to its folder")
    return folder
