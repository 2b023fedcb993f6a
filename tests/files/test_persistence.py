"""Saving and loading."""

import gzip
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skdigits import (
    PixelScaler,
    export_onnx,
    load_onnx,
    load_pipeline,
    load_pretrained,
    make_digit_pipeline,
    save_pipeline,
)
from skdigits._files.persistence import MAGIC, describe_file
from skdigits.cli import main
from skdigits.exceptions import ModelFileError, UntrustedFileWarning


@pytest.fixture(scope="module")
def pipeline(few_rows):
    return make_digit_pipeline(epochs=2, random_state=0).fit(*few_rows)


@pytest.fixture
def path(pipeline, tmp_path):
    return save_pipeline(pipeline, tmp_path / "model.joblib")


@pytest.mark.slow
def test_the_same_answers_in_a_fresh_process_elsewhere(pipeline, few_rows, path, tmp_path):
    X, _ = few_rows
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np; from skdigits import load_pipeline;"
        "pipeline = load_pipeline(sys.argv[1], trusted=True);"
        "np.save('proba.npy', pipeline.predict_proba(np.load(sys.argv[2])))"
    )
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    arguments = [sys.executable, "-c", code, str(path), str(tmp_path / "X.npy")]
    subprocess.run(arguments, cwd=folder, check=True)
    got = np.load(folder / "proba.npy")
    np.testing.assert_allclose(got, pipeline.predict_proba(X), rtol=0, atol=1e-6)


def test_file_is_little_more_than_the_weights(pipeline, path):
    raw = 4 * pipeline[-1].n_parameters_
    assert path.stat().st_size <= 1.2 * raw + 50_000


def test_joblib_and_we_read_what_the_other_writes(pipeline, few_rows, path, tmp_path):
    X, _ = few_rows
    joblib.dump(pipeline, tmp_path / "plain.joblib", compress=3)
    for loaded in (joblib.load(path), load_pipeline(tmp_path / "plain.joblib", trusted=True)):
        np.testing.assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))


def test_a_loaded_pipeline_is_whole(pipeline, few_rows, path):
    loaded = load_pipeline(path, trusted=True)
    assert loaded[-1].history_ == pipeline[-1].history_
    assert loaded[-1].get_params() == pipeline[-1].get_params()
    loaded[-1].partial_fit(loaded[:-1].transform(few_rows[0]), few_rows[1])
    assert loaded[-1].n_iter_ == 3


def test_a_failed_save_leaves_the_old_file_whole(pipeline, path, monkeypatch):
    before = path.read_bytes()

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_pipeline(pipeline, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing half-written is left"


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1, -9, -60], ids=str)
def test_cut_off(path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(ModelFileError, match=r"cut off|damaged|is empty"):
        load_pipeline(path, trusted=True)


@pytest.mark.parametrize("position", [10, 0.5, -4, -12, -40], ids=str)
def test_a_changed_byte(path, position):
    data = bytearray(path.read_bytes())
    data[int(position * len(data)) if isinstance(position, float) else position] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"cut off|damaged"):
        load_pipeline(path, trusted=True)


@pytest.mark.parametrize("content", [b"hello", b"\x80\x05garbage", os.urandom(1000), MAGIC * 3])
def test_garbage(tmp_path, content):
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=str(path)):
        load_pipeline(path, trusted=True)


def test_newer_format(path):
    data = path.read_bytes()
    end = len(data) - len(MAGIC) - 8
    start = end - int.from_bytes(data[end : end + 8], "big")
    footer = json.loads(data[start:end])
    footer["skdigits format"] = 99
    footer["versions"]["skdigits"] = "9.0"
    footer = json.dumps(footer).encode()
    path.write_bytes(data[:start] + footer + len(footer).to_bytes(8, "big") + MAGIC)
    with pytest.raises(ModelFileError, match=r"format 99.*skdigits 9\.0.*Upgrade"):
        load_pipeline(path, trusted=True)


def test_no_pipeline(tmp_path):
    joblib.dump({"not": "a model"}, tmp_path / "dict.joblib")
    with pytest.raises(ModelFileError, match="holds a dict, expected a fitted pipeline"):
        load_pipeline(tmp_path / "dict.joblib", trusted=True)
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        load_pipeline(tmp_path / "missing.joblib", trusted=True)
    with pytest.raises(TypeError, match="got dict"):
        save_pipeline({}, tmp_path / "x.joblib")
    with pytest.raises(NotFittedError):
        save_pipeline(make_digit_pipeline(), tmp_path / "x.joblib")


def over_scales(**options):
    return GridSearchCV(
        make_pipeline(PixelScaler(), LogisticRegression(max_iter=2)),
        {"pixelscaler__scale": [255]},
        cv=2,
        **options,
    )


@pytest.fixture(scope="module")
def few(few_rows):
    return few_rows[0][:60], few_rows[1][:60]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (over_scales(), r"^the pipeline is a GridSearchCV.*Save its best_estimator_"),
        (make_pipeline(over_scales()), r"steps of Pipeline\[0\]\[1\] is a GridSearchCV.*best_"),
        (LogisticRegression(max_iter=2), "is a LogisticRegression, .*Save it as .joblib"),
        (make_pipeline(PCA(5), KNeighborsClassifier()), "is a PCA, which .*Save it as .joblib"),
        (
            VotingClassifier([("a", KNeighborsClassifier())]),
            "is a VotingClassifier, which .*Save it as .joblib",
        ),
        (
            CalibratedClassifierCV(KNeighborsClassifier(), cv=2),
            "is a CalibratedClassifierCV, which .*Save it as .joblib",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_to_save_instead_is_said_in_a_line(estimator, message, few, tmp_path):
    with pytest.raises(TypeError, match=message) as caught:
        save_pipeline(estimator.fit(*few), tmp_path / "model.skdigits")
    assert "\n" not in str(caught.value)
    assert "another value" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("suffix", [".skdigits", ".joblib"])
def test_what_can_never_be_saved_is_told_where_to_go(suffix, few, pipeline, tmp_path):
    path = tmp_path / f"model{suffix}"
    with pytest.raises(TypeError, match=r"fitted with refit=False.*refit=True"):
        save_pipeline(over_scales(refit=False).fit(*few), path)
    with pytest.raises(TypeError, match=r"got Functional, expected a fitted pipeline.*own save"):
        save_pipeline(pipeline[-1].model_, path)
    written = load_onnx(export_onnx(load_pretrained(trainable=True), tmp_path / "digits.onnx"))
    with pytest.raises(TypeError, match=r"got OnnxDigitClassifier.*Copy its \.onnx file"):
        save_pipeline(written, path)
    with pytest.raises(TypeError, match=r"load_pretrained\(trainable=True\)"):
        save_pipeline(load_pretrained(), path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("m.onnx", "export_onnx"),
        ("m.ONNX", "export_onnx"),
        ("m.keras", r"model_\.save"),
        ("m.h5", r"model_\.save"),
    ],
)
def test_no_joblib_file_under_the_name_of_another_format(name, advice, pipeline, tmp_path):
    with pytest.raises(ValueError, match=f"{name}.*{advice}"):
        save_pipeline(pipeline, tmp_path / name)
    assert not list(tmp_path.iterdir())


FOREIGN = {
    "a web page": (b"<!DOCTYPE html><html><body>Not found</body></html>", "is a web page"),
    "another web page": (b"\n\n<html>" + b"x" * 99, "is a web page"),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        "is a pointer of Git LFS.*git lfs pull",
    ),
    "gzip": (gzip.compress(b"x" * 99), "is packed with gzip: unpack it"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "is an HDF5 file.*keras.saving.load_model"),
    "Keras": (
        b"PK\x03\x04" + bytes(22) + b"\x0d\0\0\0metadata.json",
        "is a file of Keras.*keras.saving.load_model",
    ),
    "PyTorch": (b"PK\x03\x04" + bytes(22) + b"\x10\0\0\0archive/data.pkl", "of PyTorch"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture.*skdigits predict"),
    "a photo": (b"\xff\xd8\xff\xe0" + bytes(99), "is a picture"),
    "a table": (b"label,pixel0,pixel1\n1,2,3\n", "is a CSV file.*skdigits train"),
    "nothing": (b"", "is empty"),
    "an ORT file": (bytes(4) + b"ORTM" + bytes(99), "is an .ort file.*export_onnx"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_files_are_called_what_they_are(kind, tmp_path):
    content, message = FOREIGN[kind]
    for suffix in (".skdigits", ".joblib", ".onnx"):
        if (kind, suffix) == ("gzip", ".joblib"):  # joblib packs, too
            continue
        path = tmp_path / f"model{suffix}"
        path.write_bytes(content)
        for load in (load_pipeline, load_onnx, describe_file):
            with pytest.raises(ModelFileError, match=message) as caught:
                load(path)
            assert str(caught.value).startswith(f"{path} ")


def test_load_onnx_is_told_of_other_files_of_ours(pipeline, tmp_path):
    for suffix in (".skdigits", ".joblib"):
        with pytest.raises(ModelFileError, match=r"is no ONNX file.*load_pipeline"):
            load_onnx(save_pipeline(pipeline, tmp_path / f"model{suffix}"))


def test_no_folder_to_save_to(pipeline, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        save_pipeline(pipeline, tmp_path / "no" / "model.joblib")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save_pipeline(pipeline, tmp_path)


def test_every_joblib_file_is_said_to_run_code(path):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        load_pipeline(path, trusted=True)
        assert not said
        load_pipeline(path)
        load_pipeline(path)
    assert [w.category for w in said] == [UntrustedFileWarning] * 2
    assert {w.filename for w in said} == {__file__}


def test_a_line_that_loads_many_is_warned_of_once(path):
    """As Python does without filters: the same words from the same place are said once."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            load_pipeline(path)
    assert len(said) == 1


def load_ignored(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load_pipeline(path)


def load_warned(path):
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("once")
        load_pipeline(path)


def load_trusted(path):
    load_pipeline(path, trusted=True)


def load_in_a_thread(path):
    with ThreadPoolExecutor(1) as threads:
        threads.submit(load_ignored, path).result()


def load_by_the_command(path):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["info", str(path)]) == 0


@pytest.mark.parametrize(
    "before", [load_ignored, load_warned, load_trusted, load_in_a_thread, load_by_the_command]
)
def test_the_warning_as_an_error_comes_before_any_code_runs(before, path, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    joblib.dump(Trap(), tmp_path / "trap.joblib")
    before(path)
    for _ in range(2):  # not only the first time
        with pytest.raises(UntrustedFileWarning, match=r"runs code.*trusted=True"):
            load_pipeline(tmp_path / "trap.joblib")
    assert not (tmp_path / "ran").exists()
