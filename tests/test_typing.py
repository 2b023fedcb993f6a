"""Users' code is checked against the package's own types."""

from pathlib import Path

import pytest
from mypy import api

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent

CODE = """
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import skdigits
from skdigits import DigitReader, SelectiveClassifier, load_pretrained, make_digit_pipeline
from skdigits.datasets import load_bundled_digits
from skdigits.evaluation import report
from skdigits.kaggle import write_submission
from skdigits.plotting import ReliabilityDisplay


def learn(folder: Path) -> NDArray[np.floating]:
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = make_digit_pipeline("fast", epochs=1, random_state=0)
    doubting = SelectiveClassifier(pipeline, target_error=0.01, reject_label=-1).fit(X, y)
    accuracy: float = report(doubting, X, y).accuracy
    print(accuracy, doubting.accepts(X[:5]).sum())
    path: Path = skdigits.save_pipeline(doubting, folder / "model.skdigits")
    written: Path = write_submission(folder / "submission.csv", load_pretrained().predict(X))
    print(path.name, written.name, DigitReader(doubting).read("photo.jpg").text)
    ReliabilityDisplay.from_estimator(doubting, X, y, name="mine").plot()
    return load_pretrained().predict_proba(X)
"""


# Their sources are large, and what they give is checked by nobody's types but their own.
SKIPPED = ["keras", "tensorflow", "sklearn", "scipy", "pandas", "matplotlib", "joblib", "PIL"]
SKIPPED += ["scikeras", "gradio", "onnx", "onnxruntime", "tqdm"]
SETTINGS = f"""
[mypy]
strict = true
ignore_missing_imports = true
follow_imports = silent
[mypy-{",".join(f"{name}.*" for name in SKIPPED)}]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """What mypy says of a user's file, one line for each error."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "mypy.ini").write_text(SETTINGS)

    def checked(code):
        (folder / "user.py").write_text(code)
        options = ["--config-file", str(folder / "mypy.ini"), "--cache-dir", str(folder)]
        said, problem, _ = api.run([*options, "--no-error-summary", str(folder / "user.py")])
        assert not problem
        return [line for line in said.splitlines() if ": error: " in line]

    return checked


def test_code_that_is_right_passes(check):
    assert check(CODE) == []


def test_code_that_is_wrong_is_told(check):
    wrong = CODE.replace("target_error=0.01", 'target_error="low"')
    wrong = wrong.replace("report(doubting, X, y)", "report(doubting, X, y, bins=3)")
    first, second = check(wrong)
    assert '"target_error"' in first
    assert '"bins"' in second


@pytest.mark.release
def test_the_package_agrees_with_its_own_types(tmp_path):
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path)]
    said, problem, code = api.run([*settings, str(ROOT / "skdigits")])
    assert code == 0, said + problem
