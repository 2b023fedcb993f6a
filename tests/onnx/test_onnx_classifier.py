"""The classifier that answers from an ONNX file."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score

from skdigits import (
    DigitReader,
    OnnxDigitClassifier,
    export_onnx,
    load_onnx,
    load_pipeline,
    load_pretrained,
)
from skdigits.datasets import load_bundled_digits


def test_rows_are_checked(file):
    reader = load_onnx(file)
    X = np.zeros((2, 784), np.uint8)
    assert (reader.predict(X.reshape(2, 28, 28)) == reader.predict(X)).all()
    assert (reader.predict(X.reshape(2, 28, 28, 1)) == reader.predict(X.tolist())).all()
    wrong = {
        r"shape \(784,\), expected \(n_samples, 784\)": X[0],
        r"shape \(2, 785\)": np.zeros((2, 785)),
        r"shape \(0, 784\)": X[:0],
        "expected numbers": X.astype(str),
        "NaN or infinity": np.full((1, 784), np.nan),
        "from 0 to 256, expected 0 to 255": np.linspace(0, 256, 784)[None],
        "from -1 to 0": X.astype(int) - np.eye(2, 784, dtype=int),
    }
    for message, rows in wrong.items():
        with pytest.raises(ValueError, match=message):
            reader.predict_proba(rows)


def test_blocks_do_not_matter(file):
    X, _ = load_bundled_digits(return_X_y=True)
    reader = load_onnx(file, n_threads=2)
    together = reader.predict_proba(X[:300])
    one_by_one = np.vstack([reader.predict_proba(X[i : i + 1]) for i in range(0, 300, 10)])
    np.testing.assert_allclose(together[::10], one_by_one, atol=1e-6)


def test_threads_processes_and_pickle(file):
    X, _ = load_bundled_digits(return_X_y=True)
    reader = load_onnx(file)
    expected = reader.predict_proba(X[:100])
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(reader.predict_proba, [X[:100]] * 16):
            assert (got == expected).all()
    assert (pickle.loads(pickle.dumps(reader)).predict_proba(X[:100]) == expected).all()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork(file):
    code = (
        "import sys, os, numpy as np; from skdigits import load_onnx\n"
        "reader = load_onnx(sys.argv[1], n_threads=2)\n"
        "X = np.zeros((300, 784), np.uint8)\n"
        "expected = reader.predict_proba(X)\n"
        "if pid := os.fork():\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "os._exit(int((reader.predict_proba(X) != expected).any()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, file], timeout=60, check=False)
    assert done.returncode == 0


LIGHT = """
import sys

sys.modules.update(tensorflow=None, keras=None, scikeras=None, onnx=None)  # as if not installed
import numpy as np
from skdigits import load_onnx

classifier = load_onnx(sys.argv[1])
classifier.predict(np.zeros((1, 784), np.uint8))

from skdigits import DigitReader

paper = np.full((200, 200), 250, np.uint8)
paper[40:160, 90:108] = 20
result = DigitReader(classifier).read(paper)
assert result.text == "1", result
assert result.digits[0].score > 0
"""


@pytest.mark.slow
def test_the_reader_needs_no_tensorflow(file):
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (
        DigitReader(load_onnx(file)).min_confidence
        == load_pretrained(trainable=True)[-1].threshold_
    )


PAGE = """
import sys
from skdigits import load_onnx
from skdigits.app import build_app

assert build_app(load_onnx(sys.argv[1])).title == "Handwritten digits"
assert "tensorflow" not in sys.modules
"""


@pytest.mark.slow
def test_the_page_takes_it(file):
    pytest.importorskip("gradio", reason='needs Gradio: pip install "skdigits[demo]"')
    done = subprocess.run(
        [sys.executable, "-c", PAGE, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_must_be_installed_is_named(file, tmp_path, monkeypatch):
    pipeline = load_pretrained(trainable=True)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        load_onnx(file)
    with pytest.raises(ImportError, match=r'pip install "skdigits\[onnx\]"'):
        export_onnx(pipeline, tmp_path / "x")


def test_load_pipeline_knows_the_file(file, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(file.read_bytes())
    assert isinstance(load_pipeline(path), OnnxDigitClassifier)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file"):
        load_onnx(tmp_path / "none.onnx")


def test_importing_is_cheap():
    code = "import skdigits, sys; assert not {'onnx', 'onnxruntime', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_spawned_process(file):
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(_answer, (load_onnx(file),)) == load_onnx(file).predict(BLANK)[0]


BLANK = np.zeros((1, 784), np.uint8)


def _answer(reader):
    return reader.predict(BLANK)[0]


@pytest.mark.slow
def test_it_is_at_home_in_scikit_learn(file, rows):
    X, y = rows
    classifier = load_onnx(file)
    assert repr(classifier) == f"OnnxDigitClassifier(<{file.stat().st_size:,} bytes>, n_threads=1)"
    assert is_classifier(classifier)
    assert classifier.n_features_in_ == 784
    again = clone(classifier)
    np.testing.assert_array_equal(again.predict_proba(X[:50]), classifier.predict_proba(X[:50]))
    weight = np.where(classifier.predict(X) == y, 1, 3)
    expected = accuracy_score(y, classifier.predict(X), sample_weight=weight)
    assert classifier.score(X, y, weight) == pytest.approx(expected)
    scores = cross_val_score(FrozenEstimator(classifier), X, y, cv=2)
    assert scores.mean() == pytest.approx(classifier.score(X, y), abs=1e-3)
    assert "bytes" in classifier._repr_html_()
    with pytest.raises(TypeError, match=r"cannot be trained.*load_pretrained\(trainable=True\)"):
        classifier.fit(X, y)
