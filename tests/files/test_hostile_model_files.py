"""Model files that are damaged or hostile: each gets a clear error."""

import io
import os
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from skdigits import load_pipeline, save_pipeline
from skdigits._files.container import pack, read_parts, unpack, write_parts
from skdigits._files.plain_state import PlainWriter
from skdigits.exceptions import ModelFileError

SAMPLE = Path(__file__).parents[1] / "model_files" / "format1.skdigits"


def read_sample():
    """Its model, with the parameters that were added since, and its arrays."""
    writer = PlainWriter()
    return writer.write(load_pipeline(SAMPLE)), writer.arrays


def rewritten(change):
    """The sample with its model changed, and hashes that fit."""
    model, arrays = read_sample()
    selective = model["parameters"]["steps"][1]["items"][1]
    classifier = selective["fitted"]["estimator_"]
    arrays = change(model, selective, classifier, arrays) or arrays
    return b"".join(pack(write_parts(model, arrays, {})))


def with_array(i, array):
    return lambda model, selective, classifier, arrays: [*arrays[:i], array, *arrays[i + 1 :]]


def with_value(path, value):
    def change(model, selective, classifier, arrays):
        place = {"model": model, "selective": selective, "classifier": classifier}
        *keys, last = path.split("/")
        for key in keys:
            place = place[int(key) if key.isdigit() else key]
        place[int(last) if last.isdigit() else last] = value

    return change


def estimators(n):
    value = {"!": "estimator", "kind": "PixelScaler", "parameters": {"scale": 1}, "fitted": None}
    for _ in range(n):
        value = {**value, "kind": "FrozenEstimator", "parameters": {"estimator": value}}
    return value


def lists(n):
    value = []
    for _ in range(n):
        value = [value]
    return value


ARRAY = {"!": "array", "dtype": "<i8"}
CHANGED = {
    "kind": (with_value("classifier/kind", "os.system"), "unknown"),
    "kind of another type": (with_value("classifier/kind", ["a"]), "unknown"),
    "form": (with_value("classifier/parameters/width", {"!": "code", "x": 1}), "unknown form"),
    "parameter": (with_value("classifier/parameters/evil", 1), "unknown parameters.*evil"),
    "steps": (with_value("model/parameters/steps", 3), "steps"),
    "no steps": (with_value("model/parameters/steps", []), "steps"),
    "constraint": (with_value("classifier/parameters/epochs", -3), "'epochs' parameter"),
    "text for a number": (with_value("classifier/parameters/width", "9"), "'width' parameter"),
    "huge width": (with_value("classifier/parameters/width", 1e9), "width=1000000000.0"),
    "huge network": (with_value("classifier/fitted/network_/width", 1e9), "width=1000000000.0"),
    "wide network": (with_value("classifier/fitted/network_/width", 60), "not of the 'compact'"),
    "large image": (
        with_value("classifier/fitted/network_/image_shape", {"!": "tuple", "items": [9**9, 9**9]}),
        "image_shape",
    ),
    "other image": (
        with_value("classifier/fitted/network_/image_shape", {"!": "tuple", "items": [30, 30]}),
        r"images of \(30, 30\)",
    ),
    "many views": (with_value("classifier/parameters/tta", 10**9), "tta=1000000000"),
    "many threads": (with_value("classifier/parameters/n_threads", 10**9), "n_threads"),
    "cache folder": (with_value("model/parameters/memory", "/tmp/x"), "memory"),
    "checkpoint folder": (with_value("classifier/parameters/checkpoint_dir", "/x"), "folder"),
    "architecture": (with_value("classifier/fitted/network_/architecture", "resnet"), "arch"),
    "classes": (
        with_value("selective/fitted/classes_", {**ARRAY, "values": list(range(1, 11))}),
        "other classes_",
    ),
    "unsorted classes": (
        with_value("classifier/fitted/classes_", {**ARRAY, "values": list(range(10))[::-1]}),
        "not sorted",
    ),
    "fewer classes": (
        with_value("classifier/fitted/classes_", {**ARRAY, "values": [0, 1]}),
        "other numbers",
    ),
    "large number": (
        with_value("classifier/fitted/classes_", {**ARRAY, "values": [0, 2**64]}),
        "type '<i8'",
    ),
    "huge text": (
        with_value(
            "classifier/fitted/classes_", {"!": "array", "dtype": "<U99999", "values": ["a"] * 99}
        ),
        "too large",
    ),
    "object": (
        with_value(
            "classifier/fitted/classes_", {"!": "array", "dtype": "object", "values": [[], []]}
        ),
        "no numbers or texts",
    ),
    "columns": (with_value("classifier/fitted/n_features_in_", 783), "columns"),
    "many columns": (with_value("classifier/fitted/n_features_in_", 10**30), "n_features_in_"),
    "temperature": (with_value("selective/fitted/temperature_", -1.0), "temperature_"),
    "NaN threshold": (
        with_value("selective/fitted/threshold_", {"!": "float", "value": "nan"}),
        "threshold_",
    ),
    "history": (with_value("classifier/fitted/history_/loss", [1.0] * 99), "history_"),
    "attribute": (with_value("classifier/fitted/predict", 1), "fitted attributes"),
    "lost novelty": (lambda m, s, c, a: c["fitted"].pop("digits_") and None, "novelty"),
    "lost weights": (lambda m, s, c, a: c["fitted"].pop("weights_") and None, "weights_"),
    "array that is none": (
        with_value("classifier/fitted/weights_/0", {"!": "array", "position": 999}),
        "array 999",
    ),
    "array twice": (
        with_value("classifier/fitted/weights_/0", {"!": "array", "position": 1}),
        "not of the 'compact'",
    ),
    "array too many": (lambda m, s, c, a: [*a, np.ones(3)], "belong to nothing"),
    "other shape": (with_array(0, np.ones((3, 3, 1, 4), np.float32)), "not of the 'compact'"),
    "other dtype": (with_array(0, np.ones((3, 3, 1, 3))), "not of the 'compact'"),
    "NaN weights": (with_array(0, np.full((3, 3, 1, 3), np.nan, np.float32)), "NaN or inf"),
    "infinite weights": (with_array(0, np.full((3, 3, 1, 3), np.inf, np.float32)), "NaN or inf"),
    "huge weights": (with_array(0, np.full((3, 3, 1, 3), 1e30, np.float32)), "overflow"),
    "negative variance": (with_array(4, np.full(3, -1, np.float32)), "variance"),
    "whole numbers": (with_array(0, np.ones((3, 3, 1, 3), int)), "no floats or uint32"),
    "no estimator": (with_value("classifier/fitted/history_/loss", estimators(0)), "history_"),
    "deep estimators": (with_value("classifier/parameters/class_weight", estimators(9)), "inside"),
    "deep lists": (with_value("classifier/parameters/class_weight", lists(400)), "class_weight"),
    "many values": (with_value("classifier/parameters/class_weight", [0] * 10**6), "of JSON"),
    "transformer": (with_value("model/parameters/steps", []), "steps"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_model_with_fitting_hashes(name, tmp_path):
    change, message = CHANGED[name]
    path = tmp_path / "model.skdigits"
    path.write_bytes(rewritten(change))
    with pytest.raises(ModelFileError, match=rf"{path}.*{message}"):
        load_pipeline(path)


def with_parts(change):
    def make(data):
        parts = {name: bytes(content) for name, content in unpack(data).items()}
        return b"".join(pack(change(parts) or parts))

    return make


def zipped(compression=zipfile.ZIP_STORED, members=()):
    def make(data):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that come twice
            for name, content in [*unpack(data).items(), *members]:
                file.writestr(name, bytes(content))
        return buffer.getvalue()

    return make


def json_part(text):
    return with_parts(lambda parts: {**parts, "manifest.json": text})


BYTES = {
    "empty zip": (lambda data: b"PK\x05\x06" + bytes(18), "is no .skdigits file"),
    "two letters": (lambda data: b"PK", "is no .skdigits file"),
    "half": (lambda data: data[: len(data) // 2], "cut off"),
    "one byte less": (lambda data: data[:-1], "cut off"),
    "bytes after": (lambda data: data + b"\0", "after its end"),
    "twice": (lambda data: data + data, "after its end"),
    "local size": (lambda data: data[:18] + b"\xff" * 8 + data[26:], "cut off"),
    "zip bomb": (zipped(zipfile.ZIP_DEFLATED, members=[("bomb", bytes(10**7))]), "compressed"),
    "other zip": (zipped(), "damaged"),
    "duplicate": (zipped(members=[("model.json", b"{}")]), "twice"),
    "extra part": (with_parts(lambda parts: {**parts, "x": b""}), "not those of its manifest"),
    "path trick": (
        with_parts(lambda parts: {**parts, "../../evil": b"x"}),
        "not those of its manifest",
    ),
    "lost part": (
        with_parts(lambda parts: {k: v for k, v in parts.items() if k != "arrays/3.npy"}),
        "not those of its manifest",
    ),
    "other order": (
        with_parts(lambda parts: dict(reversed(parts.items()))),
        "not those of its manifest",
    ),
    "changed part": (
        with_parts(lambda parts: {**parts, "arrays/3.npy": parts["arrays/3.npy"][:-1] + b"?"}),
        "not those of its manifest",
    ),
    "deep JSON": (json_part(b"[" * 100_000 + b"]" * 100_000), "JSON"),
    "huge JSON": (json_part(b'"' + b"a" * 2_000_000 + b'"'), "of JSON"),
    "large number": (json_part(b"9" * 10_000), "JSON"),
    "NaN JSON": (json_part(b"NaN"), "JSON"),
    "key twice": (json_part(b'{"a":1,"a":1}'), "not in the form"),
    "no JSON": (json_part(b"\xff\xfe"), "JSON"),
    "no dict": (json_part(b"[]"), "no format"),
    "newer": (
        json_part(b'{"skdigits format":2,"versions":{"skdigits":"9.0"},"parts":{}}'),
        r"format 2, written by skdigits 9\.0.*Upgrade",
    ),
    "versions": (json_part(b'{"skdigits format":1,"versions":[],"parts":{}}'), "versions"),
}


@pytest.mark.parametrize("name", BYTES)
def test_hostile_bytes(name, tmp_path):
    change, message = BYTES[name]
    path = tmp_path / "model.joblib"  # what it is shows in its bytes
    path.write_bytes(change(SAMPLE.read_bytes()))
    with pytest.raises(ModelFileError, match=rf"(?s){path}.*{message}"):
        load_pipeline(path)


def test_a_pickle_named_as_a_plain_file_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "model.skdigits"
    joblib.dump(Trap(), path)
    with pytest.raises(ModelFileError, match=r"is no \.skdigits file"):
        load_pipeline(path, trusted=True)
    assert not (tmp_path / "ran").exists()


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "model.skdigits"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(2**27 + 1)  # sparse
    with pytest.raises(ModelFileError, match="more than 128 MiB"):
        load_pipeline(path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_changed_byte_is_taken(data, tmp_path):
    content = bytearray(SAMPLE.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "model.skdigits"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        load_pipeline(path)


def places(value, path=()):
    """Paths to all values inside a plain value."""
    if path:
        yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


PLACES = list(places(read_sample()[0]))
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["estimator", "tuple", "array", "DigitPipeline", "PixelScaler"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["!", "items", "dtype", "value", "kind"]), inner)
    ),
    max_leaves=6,
)


def assert_says(found, expected, key=None):
    """The same values of the same types; parameters that a file lacks have their defaults."""
    assert type(found) is type(expected)
    if isinstance(found, dict):
        is_older = key == "parameters" and found.keys() > expected.keys()
        assert is_older or found.keys() == expected.keys()
        for name in expected:
            assert_says(found[name], expected[name], name)
    elif isinstance(found, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_says(a, b)
    else:
        assert found == expected


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), value=PLAIN)
def test_any_value_anywhere_is_taken_as_it_is_or_refused(place, value, tmp_path):
    model, arrays = read_sample()
    inner = model
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path = tmp_path / "model.skdigits"
    path.write_bytes(b"".join(pack(write_parts(model, arrays, {}))))
    try:
        loaded = load_pipeline(path)
    except ModelFileError:
        return
    save_pipeline(loaded, path)
    assert_says(read_parts(path.read_bytes())[0], model)
