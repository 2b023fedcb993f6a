"""Keras on JAX or PyTorch in place of TensorFlow: all of it works, in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdigits import load_pipeline, load_pretrained
from skdigits.datasets import load_bundled_digits

pytestmark = pytest.mark.slow

WORK = """
import sys
import joblib, keras, numpy as np
from pathlib import Path
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from skdigits import *
from skdigits.datasets import load_bundled_digits

folder = Path(sys.argv[1])
X, y = load_digits(return_X_y=True)
X, y, new = X[:300] / 16, y[:300], X[300:400] / 16
options = {"epochs": 3, "random_state": 0, "n_threads": 1}

first = DigitCNNClassifier(**options, novelty=True, validation_fraction=0.1).fit(X, y)
again = DigitCNNClassifier(**options, novelty=True, validation_fraction=0.1).fit(X, y)
proba = first.predict_proba(new)
scores = first.score_samples(new)
tta = first.set_params(tta=2).predict_proba(new)
first.set_params(tta=0)
ensemble = DigitEnsembleClassifier(first, n_estimators=2, random_state=0).fit(X, y)
pipeline = make_digit_pipeline("fast", **options).fit(X * 255, y)
doubting = SelectiveClassifier(FrozenEstimator(pipeline), target_error=0.2)
doubting.fit(X[200:] * 255, y[200:])
save_pipeline(pipeline, folder / "kept.skdigits")
joblib.dump(pipeline, folder / "kept.joblib")
digits = load_bundled_digits()
picture = np.pad(digits.data[0].reshape(28, 28).astype(np.uint8), 40)
reading = DigitReader(load_pretrained(trainable=True)).read(picture)
np.savez(
    folder / "told.npz",
    backend=keras.backend.backend(),
    are_same_bits=all(np.array_equal(a, b) for a, b in zip(first.weights_, again.weights_)),
    accuracy=first.score(X, y),
    proba=proba,
    alone=np.concatenate([first.predict_proba(new[i:i + 1]) for i in range(20)]),
    scores=scores,
    tta=tta,
    ensemble=ensemble.predict_proba(new),
    doubting=doubting.predict_proba(new * 255),
    pipeline=pipeline.predict_proba(new * 255),
    kept=load_pipeline(folder / "kept.skdigits").predict_proba(new * 255),
    pickled=joblib.load(folder / "kept.joblib").predict_proba(new * 255),
    pretrained=load_pretrained(trainable=True).predict_proba(digits.data),
    text=reading.text,
    truth=digits.target[0],
)
if "tensorflow" in sys.modules:  # SciKeras imports it
    # An error if TensorFlow has computed anything.
    sys.modules["tensorflow"].config.threading.set_intra_op_parallelism_threads(3)
"""


@pytest.fixture(scope="module", params=["jax", "torch"])
def told(request, tmp_path_factory):
    """What a process on this backend has computed, and where it put its files."""
    backend = request.param
    if find_spec(backend) is None:
        pytest.skip(f"needs {backend}: pip install {backend}")
    folder = tmp_path_factory.mktemp(backend)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", WORK, folder]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    told = dict(np.load(folder / "told.npz"))
    assert told["backend"] == backend
    return told | {"folder": folder}


def test_it_learns(told):
    assert told["accuracy"] > 0.8


def test_same_seed_gives_same_bits(told):
    assert told["are_same_bits"]


@pytest.mark.parametrize("name", ["proba", "tta", "ensemble", "doubting", "pipeline"])
def test_probabilities_sum_to_one(told, name):
    assert told[name].shape == (100, 10)
    np.testing.assert_allclose(told[name].sum(axis=1), 1, atol=1e-5)


def test_company_does_not_matter(told):
    np.testing.assert_allclose(told["alone"], told["proba"][:20], atol=1e-6)


def test_scores_are_finite(told):
    assert np.isfinite(told["scores"]).all()


def test_files_answer_the_same_on_every_backend(told):
    np.testing.assert_array_equal(told["kept"], told["pipeline"])
    np.testing.assert_array_equal(told["pickled"], told["pipeline"])
    X = load_digits().data[300:400] / 16 * 255
    here = load_pipeline(told["folder"] / "kept.skdigits").predict_proba(X)
    np.testing.assert_allclose(told["pipeline"], here, atol=1e-5)


def test_shipped_weights_answer_the_same_on_every_backend(told):
    here = load_pretrained(trainable=True).predict_proba(load_bundled_digits().data)
    np.testing.assert_allclose(told["pretrained"], here, atol=1e-4)


def test_a_picture_is_read(told):
    assert told["text"] == str(told["truth"])
