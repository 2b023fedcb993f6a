"""Columns of frames: noticed by an ONNX file as by the pipeline, and no cause of warnings."""

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdigits import (
    DigitCNNClassifier,
    DigitReader,
    PixelScaler,
    SelectiveClassifier,
    export_onnx,
    load_onnx,
    load_pretrained,
    save_pipeline,
)
from skdigits.cli import main
from skdigits.datasets import load_bundled_digits
from skdigits.exceptions import ModelFileError, UntrustedFileWarning

PIXELS = [f"pixel{i}" for i in range(784)]


@pytest.fixture(scope="module")
def frame(small_digits):
    """64 whole numbers from 0 to 16 a row, as a frame, and labels."""
    X, y = small_digits
    return pd.DataFrame((X * 16).astype(np.int64), columns=[f"ink{i}" for i in range(64)]), y


@pytest.fixture(scope="module")
def pipeline(frame):
    network = DigitCNNClassifier(epochs=1, width=0.5, novelty=True, random_state=0)
    return make_pipeline(PixelScaler(16), SelectiveClassifier(network)).fit(*frame)


@pytest.fixture(scope="module")
def path(pipeline, tmp_path_factory):
    """A file of a pipeline that was fitted on a frame; writing it warns of nothing."""
    return export_onnx(pipeline, tmp_path_factory.mktemp("onnx") / "digits.onnx")


@pytest.fixture(scope="module")
def written(path):
    return load_onnx(path)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The weights that ship, which were fitted on an array."""
    return load_onnx(
        export_onnx(load_pretrained(trainable=True), tmp_path_factory.mktemp("onnx") / "d.onnx")
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X[X.columns[::-1]],
        lambda X: X[["ink1", "ink0", *X.columns[2:]]],
        lambda X: X.rename(columns={"ink7": "paper7"}),
        lambda X: X.drop(columns="ink63"),
        lambda X: X.assign(label=1),
        lambda X: X.rename(columns={"ink7": "ink8"}),
    ],
    ids=["reversed", "two swapped", "renamed", "one less", "label left in", "one twice"],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "accepts", "score_samples"])
def test_other_columns_are_refused_where_the_pipeline_refuses_them(
    method, change, frame, pipeline, written
):
    X = change(frame[0])
    with pytest.raises(ValueError, match=r"feature names should match|unique column names"):
        pipeline.predict(X)
    with pytest.raises(ValueError, match=r"X has the columns .*fitted on.*feature_names_in_"):
        getattr(written, method)(X)


@pytest.mark.parametrize(
    "give",
    [
        lambda X: X,
        lambda X: X.to_numpy(),
        lambda X: X.astype("Int64"),
        lambda X: X.astype("Float32"),
        lambda X: X.astype("UInt8"),
        lambda X: X.astype(object),
        lambda X: X.astype("category"),
        lambda X: X.astype({"ink0": "Int64", "ink1": float}),
        lambda X: X.astype(pd.SparseDtype(np.int64)),
    ],
    ids=["ints", "array", "Int64", "Float32", "UInt8", "object", "category", "mixed", "sparse"],
)
def test_frames_of_every_kind_of_number(give, frame, pipeline, written):
    X = give(frame[0][:50])
    np.testing.assert_allclose(
        written.predict_proba(X), pipeline.predict_proba(frame[0][:50]), rtol=0, atol=1e-5
    )


def test_polars(frame, written):
    polars = pytest.importorskip("polars")
    X = polars.DataFrame(frame[0].to_dict("list"))
    np.testing.assert_array_equal(written.predict_proba(X), written.predict_proba(frame[0]))
    with pytest.raises(ValueError, match="X has the columns"):
        written.predict(X[:, ::-1])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.astype("Int64").replace(16, pd.NA), "is not a number.*missing values"),
        (lambda X: X.astype(object).replace(16, None), "NaN or infinity"),
        (lambda X: X.astype(float).replace(16, np.nan), "NaN or infinity"),
        (lambda X: X.astype(object).replace(16, "ink"), "is not a number .*'ink'"),
    ],
    ids=["NA", "None", "NaN", "text"],
)
def test_cells_that_are_no_numbers(spoil, message, frame, written):
    with pytest.raises(ValueError, match=message):
        written.predict(spoil(frame[0]))


def test_names_are_in_the_file(frame, pipeline, written, shipped):
    assert written.feature_names_in_.tolist() == list(frame[0].columns)
    assert not hasattr(shipped, "feature_names_in_")


def test_pixels_in_another_order_are_noticed_without_names_in_the_file(shipped):
    X = load_bundled_digits().data[:20]
    expected = shipped.predict(X)
    frame = pd.DataFrame(X, columns=PIXELS)
    assert shipped.predict(frame).tolist() == expected.tolist()
    assert shipped.predict(pd.DataFrame(X)).tolist() == expected.tolist()
    with pytest.raises(ValueError, match=r"X has the columns .*'pixel783'.*pixel0"):
        shipped.predict(frame[PIXELS[::-1]])
    by_text = sorted(PIXELS)  # pixel0, pixel1, pixel10, ...
    with pytest.raises(ValueError, match="X has the columns"):
        shipped.predict(frame[by_text])


def test_labels_that_do_not_go_with_the_rows(frame, written):
    X, y = frame
    accuracy = written.score(X, y)
    assert written.score(X, pd.Series(y, dtype="Int64")) == accuracy
    assert written.score(X, y[:, None]) == accuracy
    assert written.score(X, pd.DataFrame({"label": y})) == accuracy
    for wrong in (y[:1], y[:-1], np.eye(10)[y]):
        with pytest.raises(ValueError, match="y has shape"):
            written.score(X, wrong)


@pytest.mark.parametrize(
    "columns", ["ink", ["a"] * 64, ["a"], [1] * 64, [None] * 64, {"a": 1}], ids=str
)
def test_hostile_names(columns, path, tmp_path):
    model = onnx.load(path)
    about = json.loads(model.metadata_props[0].value)
    model.metadata_props[0].value = json.dumps({**about, "columns": columns})
    onnx.save(model, tmp_path / "bad.onnx")
    with pytest.raises(ModelFileError, match=r"metadata.*cannot be used .columns"):
        load_onnx(tmp_path / "bad.onnx")


# What makes rows itself gives them the names of the fit; a warning would fail these tests.


class Scored(LogisticRegression):
    """A classifier that minds names in `score_samples`, too."""

    def score_samples(self, X):
        return self.decision_function(X).max(axis=1) + 1000


@pytest.fixture(scope="module")
def of_frame():
    X, y = load_bundled_digits(return_X_y=True)
    X, y = pd.DataFrame(X[:200], columns=[f"p{i}" for i in range(784)]), y[:200]
    return Scored(max_iter=300, tol=0.1).fit(X / 255, y)


@pytest.fixture
def picture(tmp_path):
    X, y = load_bundled_digits(return_X_y=True)
    page = Image.new("L", (120, 120), 255)
    page.paste(Image.fromarray(255 - X[y == 7][0].reshape(28, 28)).resize((84, 84)), (18, 18))
    page.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


def test_the_reader_gives_names(of_frame, picture):
    (digit,) = DigitReader(of_frame).read(picture).digits
    assert digit.score > 0


def test_the_page_gives_names(of_frame, picture):
    from skdigits.app._answers import Handlers

    answers = Handlers(of_frame, None)
    row = load_bundled_digits().data[0]
    assert answers._is_digit(row)
    assert sum(answers._rate(row).values()) == pytest.approx(1)


@pytest.mark.filterwarnings("default::skdigits.exceptions.UntrustedFileWarning")
def test_commands_give_names(of_frame, picture, tmp_path, capsys):
    assert UntrustedFileWarning
    X, y = load_bundled_digits(return_X_y=True)
    header = ",".join(PIXELS)
    rows = np.column_stack([y, X])[:30]
    for name, table, first in [("train", rows, f"label,{header}"), ("test", rows[:, 1:], header)]:
        np.savetxt(tmp_path / f"{name}.csv", table, "%d", ",", header=first, comments="")
    model = str(save_pipeline(of_frame, tmp_path / "m.joblib"))
    table = str(tmp_path / "test.csv")
    for line in (
        ["predict", str(picture), table],
        ["evaluate", str(tmp_path / "train.csv")],
        ["submit", "--data", str(tmp_path), "--output", str(tmp_path / "s.csv")],
    ):
        assert main([*line, "--model", model]) == 0
        assert "feature names" not in capsys.readouterr().err
