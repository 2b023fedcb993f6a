"""The pickle-free model file: what it keeps, and what it cannot hold."""

import json
import subprocess
import sys
import warnings
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitNormalizer,
    PixelScaler,
    SelectiveClassifier,
    load_pipeline,
    load_pretrained,
    make_digit_pipeline,
    save_pipeline,
)
from skdigits._networks.architectures import weight_shapes
from skdigits.datasets import load_bundled_digits

SAMPLES = Path(__file__).parents[1] / "model_files"
SAMPLE = SAMPLES / "format1.skdigits"
FAST = {"width": 0.2, "epochs": 1, "random_state": 0}


def selective(estimator, **options):
    return SelectiveClassifier(estimator, target_error=0.5, random_state=0, **options)


def in_steps(*steps):
    return Pipeline([(f"step{i}", step) for i, step in enumerate(steps)])


MADE = {
    "digit pipeline": lambda: make_digit_pipeline(**FAST),
    "novelty, early stopping": lambda: make_digit_pipeline(
        **FAST, novelty=True, early_stopping=True, class_weight={0: 2.0, 1: 1.0}
    ),
    "classic": lambda: make_pipeline(
        PixelScaler(), DigitCNNClassifier("classic", **{**FAST, "width": 0.1}, batch_norm=True)
    ),
    "ensemble": lambda: make_digit_pipeline(**FAST, n_estimators=2, tta=1),
    "normalizer": lambda: in_steps(
        DigitNormalizer(on_empty="zeros", stroke_width=None),
        PixelScaler(),
        DigitCNNClassifier(**FAST),
    ),
    "selective around": lambda: selective(make_digit_pipeline(**FAST), reject_label=-1),
    "selective inside": lambda: in_steps(
        PixelScaler(), selective(DigitCNNClassifier(**FAST, novelty=True), reject_label="?")
    ),
    "selective ensemble": lambda: in_steps(
        PixelScaler(),
        selective(DigitEnsembleClassifier([DigitCNNClassifier(**FAST)], n_estimators=2)),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_the_same_bits_and_the_same_state_after_the_round_trip(name, few_rows, tmp_path):
    X, y = few_rows
    fitted = MADE[name]().fit(X, y)
    path = save_pipeline(fitted, tmp_path / "model.skdigits")
    loaded = load_pipeline(path)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert hasattr(loaded, "score_samples") == hasattr(fitted, "score_samples")
    if hasattr(fitted, "score_samples"):
        np.testing.assert_array_equal(loaded.score_samples(X), fitted.score_samples(X))
    assert loaded.classes_.dtype == fitted.classes_.dtype
    assert repr(loaded) == repr(fitted)
    assert_same_attributes(loaded, fitted)
    again = save_pipeline(loaded, tmp_path / "again.skdigits")
    assert again.read_bytes() == path.read_bytes()


def assert_same_attributes(loaded, fitted):
    assert vars(loaded).keys() == vars(fitted).keys()
    for name, value in vars(fitted).items():
        if hasattr(value, "get_params"):
            assert type(getattr(loaded, name)) is type(value)
            assert_same_attributes(getattr(loaded, name), value)
        elif name == "steps":
            for (_, a), (_, b) in zip(loaded.steps, value, strict=True):
                assert_same_attributes(a, b)
        elif name == "training_rows_":
            np.testing.assert_array_equal(getattr(loaded, name), value)
        elif name not in ("weights_", "digits_", "classes_", "estimators_", "estimator"):
            assert getattr(loaded, name) == value, name


@pytest.mark.slow
def test_a_loaded_pipeline_goes_on(few_rows, tmp_path):
    X, y = few_rows
    fitted = make_digit_pipeline(**FAST, early_stopping=True).fit(X, y)
    loaded = load_pipeline(save_pipeline(fitted, tmp_path / "model.skdigits"))
    assert loaded[-1].validation_scores_ == fitted[-1].history_["val_accuracy"]
    assert clone(loaded).get_params().keys() == fitted.get_params().keys()
    proba = fitted.predict_proba(X)
    np.testing.assert_array_equal(clone(loaded).fit(X, y).predict_proba(X), proba)
    loaded.set_params(digitcnnclassifier__tta=1).predict(X)
    loaded[-1].partial_fit(loaded[:-1].transform(X), y)
    assert loaded[-1].n_iter_ == fitted[-1].n_iter_ + 1
    np.testing.assert_array_equal(loaded.fit(X, y)[-1].classes_, fitted.classes_)


@pytest.mark.parametrize("labels", [list("abcdefghij"), [f"{i}.5" for i in range(10)]])
@pytest.mark.parametrize("dtype", [object, str])
def test_labels_of_text(labels, dtype, few_rows, tmp_path):
    X, y = few_rows
    y = np.array(labels, dtype=dtype)[y]
    fitted = make_digit_pipeline(**FAST).fit(X, y)
    loaded = load_pipeline(save_pipeline(fitted, tmp_path / "model.skdigits"))
    assert loaded.classes_.tolist() == labels
    assert loaded.classes_.dtype == fitted.classes_.dtype


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "float64", "bool"])
def test_labels_of_numbers_and_columns_of_a_frame(dtype, few_rows, tmp_path):
    import pandas as pd

    X, y = few_rows
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(784)])
    fitted = make_digit_pipeline(**FAST).fit(frame, (y % 2).astype(dtype))
    loaded = load_pipeline(save_pipeline(fitted, tmp_path / "model.skdigits"))
    assert loaded.classes_.dtype == dtype
    assert loaded.feature_names_in_.tolist() == list(frame)
    np.testing.assert_array_equal(loaded.predict(frame), fitted.predict(frame))


def test_a_frozen_estimator_keeps_one_copy_of_its_weights(few_rows, tmp_path):
    X, y = few_rows
    fitted = make_digit_pipeline(**FAST).fit(X, y)
    reader = selective(FrozenEstimator(fitted)).fit(X, y)
    path = save_pipeline(reader, tmp_path / "model.skdigits")
    assert path.stat().st_size < 1.2 * 4 * fitted[-1].n_parameters_ + 20_000
    np.testing.assert_array_equal(load_pipeline(path).predict_proba(X), reader.predict_proba(X))


def test_nothing_accepted_is_infinity(few_rows, tmp_path):
    X, y = few_rows
    fitted = make_digit_pipeline(**FAST).fit(X, y)
    reader = selective(FrozenEstimator(fitted), reject_label=np.int64(-1)).fit(X, y)
    reader.threshold_ = np.inf
    loaded = load_pipeline(save_pipeline(reader, tmp_path / "model.skdigits"))
    assert loaded.threshold_ == np.inf
    assert type(loaded.reject_label) is np.int64


def test_equal_pipelines_make_equal_files(few_rows, tmp_path):
    X, y = few_rows
    a, b = (
        save_pipeline(MADE["novelty, early stopping"]().fit(X, y), tmp_path / f"{name}.skdigits")
        for name in "ab"
    )
    assert a.read_bytes() == b.read_bytes()


def test_other_tools_read_it():
    with zipfile.ZipFile(SAMPLE) as file:
        assert file.testzip() is None
        model = json.loads(file.read("model.json"))
    assert model["kind"] == "DigitPipeline"
    with np.load(SAMPLE, allow_pickle=False) as arrays:
        assert arrays["arrays/0"].shape == (3, 3, 1, 3)


@pytest.mark.parametrize("name", ["format1.skdigits", "format1.joblib"])
def test_files_of_every_released_format(name):
    # A joblib file is promised for the versions that pyproject.toml allows, and no others.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        loaded = load_pipeline(SAMPLES / name, trusted=name.endswith(".joblib"))
    expected = json.loads((SAMPLES / f"{name}.json").read_text())
    X = load_bundled_digits(return_X_y=True)[0][:20]
    assert loaded.predict(X).tolist() == expected["predict"]
    np.testing.assert_allclose(loaded.predict_proba(X), expected["predict_proba"], atol=1e-5)
    np.testing.assert_allclose(loaded.score_samples(X), expected["score_samples"], atol=1e-2)


@pytest.mark.slow
def test_loading_needs_neither_tensorflow_nor_pickle():
    code = (
        "import sys, pickle, joblib, skdigits\n"
        "def fail(*_, **__): raise AssertionError('unpickled')\n"
        "pickle.load = pickle.loads = pickle.Unpickler = joblib.load = fail\n"
        "assert skdigits.load_pretrained(trainable=True).classes_.tolist() == list(range(10))\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_skops_takes_a_fitted_pipeline():
    fitted = load_pretrained(trainable=True)
    data = skops.io.dumps(fitted)
    types = [
        "skdigits._estimators.classifier.DigitCNNClassifier",
        "skdigits._estimators.pipeline.DigitPipeline",
        "skdigits._estimators.scaling.PixelScaler",
        "skdigits._estimators.selective.SelectiveClassifier",
    ]
    assert skops.io.get_untrusted_types(data=data) == types
    loaded = skops.io.loads(data, trusted=types)
    X = load_bundled_digits(return_X_y=True)[0][:50]
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.slow
def test_weight_shapes_are_those_of_keras():
    from skdigits._networks.spec import NetworkSpec

    shapes = [(28, 28), (8, 8), (24, 31), (23, 40)]
    for name, shape, width, batch_norm in product(
        ["compact", "deep", "classic"], shapes, [0.1, 1.3], [None, True, False]
    ):
        weights = NetworkSpec(name, shape, 7, width=width, batch_norm=batch_norm).build().weights
        expected = [(w.path.split("/")[-1].removeprefix("moving_"), w.shape) for w in weights]
        assert weight_shapes(name, shape, 7, width=width, batch_norm=batch_norm) == expected


# What cannot be saved


def set_weight(pipeline, value):
    pipeline[-1].weights_[0].flat[0] = value


NOT_SAVED = {
    "architecture": (lambda p: p[-1].set_params(architecture=print), TypeError, "architecture of"),
    "callbacks": (lambda p: p[-1].set_params(callbacks=[print]), TypeError, "callbacks of"),
    "random_state": (
        lambda p: p[-1].set_params(random_state=np.random.RandomState(0)),
        TypeError,
        "random_state of.*RandomState",
    ),
    "attribute": (lambda p: setattr(p[-1], "mine", 1), TypeError, "has mine"),
    "step": (lambda p: p.steps.insert(0, ("x", "passthrough")), ValueError, "cannot follow"),
    "foreign": (
        lambda p: p.steps.insert(0, ("x", LogisticRegression())),
        TypeError,
        "LogisticRegression",
    ),
    "NaN": (lambda p: set_weight(p, np.nan), ValueError, "NaN or infinite"),
    "infinity": (lambda p: set_weight(p, np.inf), ValueError, "NaN or infinite"),
}


def test_folders_stay_behind(tmp_path):
    fitted = load_pipeline(SAMPLE)
    fitted.set_params(memory="kept")
    fitted[-1].estimator_.set_params(checkpoint_dir=tmp_path)
    loaded = load_pipeline(save_pipeline(fitted, tmp_path / "model.skdigits"))
    assert loaded.memory is None
    assert loaded[-1].estimator_.checkpoint_dir is None


@pytest.mark.parametrize("name", NOT_SAVED)
def test_what_a_file_cannot_hold_is_refused_when_saving(name, tmp_path):
    change, error, message = NOT_SAVED[name]
    fitted = in_steps(PixelScaler(), load_pipeline(SAMPLE)[-1].estimator_)
    fitted[0].n_features_in_ = 784
    change(fitted)
    with pytest.raises(error, match=rf"(?s){message}.*joblib"):
        save_pipeline(fitted, tmp_path / "model.skdigits")
    assert list(tmp_path.iterdir()) == []
