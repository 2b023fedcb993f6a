"""How the estimators fit in with what stands around scikit-learn."""

import pickle
import subprocess
import sys
import tomllib
from email.message import Message
from functools import partial
from importlib import resources
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

import skdigits
from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitNormalizer,
    PixelScaler,
    SelectiveClassifier,
    make_digit_pipeline,
)
from skdigits._utils import about

ROOT = Path(__file__).parents[2]

NAMES = [f"pixel{i}" for i in range(64)]
FAST = {"epochs": 1, "n_threads": 1, "random_state": 0}


@pytest.fixture(scope="module")
def digits(small_digits):
    X, y = small_digits
    return np.rint(255 * X[:120]).astype(np.uint8), y[:120]


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


# Versions, types, links


def test_show_versions_names_every_dependency(capsys):
    skdigits.show_versions()
    said = capsys.readouterr().out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["plot"] + extras["demo"] + extras["scale"]
    for need in wanted:
        assert f" {need.split('>')[0]}: " in said
    assert f"skdigits: {skdigits.__version__}" in said
    assert "System:" in said


@pytest.mark.slow
def test_show_versions_starts_no_tensorflow():
    code = "import skdigits, sys; skdigits.show_versions(); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_package_says_that_it_is_typed():
    assert resources.files("skdigits").joinpath("py.typed").is_file()


ESTIMATORS = [
    DigitCNNClassifier(),
    DigitEnsembleClassifier(),
    DigitNormalizer(),
    PixelScaler(),
    SelectiveClassifier(),
    make_digit_pipeline(),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_html_links_to_the_documentation(estimator, monkeypatch):
    monkeypatch.setattr(about, "documentation_site", lambda: "https://docs.example")
    name = type(estimator).__name__
    page = f"https://docs.example/generated/skdigits.{name}.html"
    assert f'href="{page}"' in estimator._repr_html_()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_html_without_a_site_has_no_link(estimator, monkeypatch):
    monkeypatch.setattr(about, "documentation_site", lambda: "")
    html = estimator._repr_html_()
    assert type(estimator).__name__ in html
    assert "generated/skdigits" not in html
    assert 'href=""' not in html


def test_site_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project.get("urls", {}).get("Documentation", "")
    assert about.documentation_site() == named.rstrip("/")


@pytest.mark.parametrize(
    ("urls", "site"),
    [
        ([], ""),
        (["Source, https://code.example"], ""),
        (
            ["Source, https://code.example", "Documentation, https://docs.example/"],
            "https://docs.example",
        ),
    ],
)
def test_site_is_read_from_the_metadata(urls, site, monkeypatch):
    found = Message()
    for url in urls:
        found["Project-URL"] = url
    monkeypatch.setattr(about, "metadata", lambda package: found)
    assert about.documentation_site.__wrapped__() == site


# Frames


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_in(digits, frame):
    X, y = digits
    table = frame(dict(zip(NAMES, X.T, strict=True)))
    pipeline = make_digit_pipeline("fast", **FAST).fit(table, y)
    plain = make_digit_pipeline("fast", **FAST).fit(X, y)
    np.testing.assert_array_equal(pipeline.predict_proba(table), plain.predict_proba(X))
    assert pipeline.feature_names_in_.tolist() == NAMES
    with pytest.raises(ValueError, match="feature names should match"):
        pipeline.predict(table[NAMES[::-1]])


def test_polars_predicts_in_blocks(digits):
    X, y = digits
    table = pl.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    pipeline = make_digit_pipeline("fast", **FAST).fit(table, y)
    whole = pipeline.predict_proba(table)
    pipeline._BLOCK = 50
    np.testing.assert_array_equal(pipeline.predict_proba(table), whole)


@pytest.mark.parametrize(
    ("container", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
def test_set_output(digits, container, frame):
    X, _ = digits
    named = frame(dict(zip(NAMES, X.T, strict=True)))
    scaled = PixelScaler().set_output(transform=container).fit_transform(named)
    assert isinstance(scaled, frame)
    assert list(scaled.columns) == NAMES
    np.testing.assert_array_equal(scaled.to_numpy(), X / np.float32(255))
    images = 8 * X.reshape(-1, 8, 8)[:3]
    normalizer = DigitNormalizer().set_output(transform=container)
    rows = normalizer.fit_transform(list(images))
    assert isinstance(rows, frame)
    assert list(rows.columns) == [f"pixel{i}" for i in range(784)]
    np.testing.assert_array_equal(rows.to_numpy(), DigitNormalizer().fit_transform(list(images)))


def test_frames_between_the_steps(digits):
    X, y = digits
    pipeline = make_digit_pipeline("fast", **FAST).set_output(transform="polars").fit(X, y)
    plain = make_digit_pipeline("fast", **FAST).fit(X, y)
    np.testing.assert_array_equal(pipeline.predict_proba(X), plain.predict_proba(X))


# Weights by metadata routing


def weights_of(y):
    """Such that fits with and without them differ."""
    return np.where(y < 3, 5.0, 0.5)


@pytest.mark.slow
def test_weights_through_a_pipeline(digits, routing):
    X, y = digits
    weight = weights_of(y)
    asking = DigitCNNClassifier(**FAST).set_fit_request(sample_weight=True)
    through = make_pipeline(PixelScaler(), asking).fit(X, y, sample_weight=weight)
    alone = DigitCNNClassifier(**FAST).fit(X / np.float32(255), y, sample_weight=weight)
    without = DigitCNNClassifier(**FAST).fit(X / np.float32(255), y)
    found = through.predict_proba(X)
    np.testing.assert_array_equal(found, alone.predict_proba(X / np.float32(255)))
    assert np.abs(found - without.predict_proba(X / np.float32(255))).max() > 1e-3


def test_weights_through_a_digit_pipeline_of_an_ensemble(digits, routing):
    X, y = digits
    weight = weights_of(y)
    pipeline = make_digit_pipeline("fast", n_estimators=2, **FAST)
    with pytest.raises(UnsetMetadataPassedError):
        pipeline.fit(X, y, sample_weight=weight)
    pipeline[-1].set_fit_request(sample_weight=True)
    found = pipeline.fit(X, y, sample_weight=weight).predict_proba(X)
    scaled = PixelScaler().fit_transform(X)
    alone = make_digit_pipeline("fast", n_estimators=2, **FAST)[-1]
    np.testing.assert_array_equal(
        found, alone.fit(scaled, y, sample_weight=weight).predict_proba(scaled)
    )


def test_weights_through_a_search(digits, routing):
    X, y = digits
    weight = weights_of(y)
    pipeline = make_digit_pipeline("fast", **FAST)
    pipeline[-1].set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(pipeline, {"digitcnnclassifier__learning_rate": [0.01]}, cv=2)
    search.fit(X, y, sample_weight=weight)
    train, test = next(StratifiedKFold(2).split(X, y))
    again = make_digit_pipeline("fast", learning_rate=0.01, **FAST)
    again[-1].set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    again.fit(X[train], y[train], sample_weight=weight[train])
    score = again.score(X[test], y[test], sample_weight=weight[test])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(score)


def test_weights_through_the_selective_classifier(digits, routing):
    X, y = digits
    weight = weights_of(y)
    pipeline = make_digit_pipeline("fast", **FAST)
    with pytest.raises(UnsetMetadataPassedError):
        SelectiveClassifier(pipeline, random_state=0).fit(X, y, sample_weight=weight)
    pipeline[-1].set_fit_request(sample_weight=True)
    routed = SelectiveClassifier(pipeline, random_state=0).fit(X, y, sample_weight=weight)
    with config_context(enable_metadata_routing=False):
        old = SelectiveClassifier(make_digit_pipeline("fast", **FAST), random_state=0)
        old.fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(routed.predict_proba(X), old.predict_proba(X))


@pytest.mark.parametrize("asks", [True, False])
def test_the_selective_classifier_hands_weights_to_who_asks(digits, routing, asks):
    X, y = digits
    weight = weights_of(y)
    inner = LogisticRegression(C=1e-3).set_fit_request(sample_weight=asks)
    selective = SelectiveClassifier(inner, random_state=0).set_fit_request(sample_weight=True)
    through = make_pipeline(PixelScaler(), selective).fit(X, y, sample_weight=weight)
    before_calibration = through[-1].estimator_.predict_proba(X / np.float32(255))
    share = before_calibration[:, :3].sum(axis=1).mean()
    assert (share > 0.5) == asks


def test_the_default_of_the_selective_classifier_takes_weights(routing):
    routes = SelectiveClassifier().get_metadata_routing()
    assert "sample_weight" in routes.consumes("fit", {"sample_weight"})


# Callbacks


@pytest.mark.slow
def test_callbacks_are_cloned_pickled_and_made_anew(digits, tmp_path):
    X, y = digits
    log = tmp_path / "epochs.csv"
    pipeline = make_digit_pipeline(
        "fast", callbacks=[partial(keras.callbacks.CSVLogger, str(log), append=True)], **FAST
    )
    pickled = pickle.loads(pickle.dumps(clone(pipeline)))
    GridSearchCV(pickled, {"digitcnnclassifier__dropout": [0.1]}, cv=2, refit=False).fit(X, y)
    pipeline.fit(X, y)
    again = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(again.predict_proba(X), pipeline.predict_proba(X))
    table = pd.read_csv(log)
    assert table["epoch"].tolist() == [0, 0, 0]
    assert table["loss"].iloc[-1] == pytest.approx(pipeline[-1].history_["loss"][0])
