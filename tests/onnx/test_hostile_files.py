"""ONNX files that are damaged, hostile, or written by other tools."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

from skdigits import (
    load_onnx,
)
from skdigits.exceptions import ModelFileError


def refused(content, tmp_path, message):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(ModelFileError, match=message) as error:
        load_onnx(path)
    assert str(path) in str(error.value)
    assert len(str(error.value)) < 1000


def spoil_metadata(model, **changes):
    about = json.loads(model.metadata_props[0].value)
    model.metadata_props[0].value = json.dumps({**about, **changes})


def change(name):
    def spoil(change_model):
        CHANGES[name] = change_model
        return change_model

    return spoil


CHANGES = {}


@change("field 13 of a tensor")
def _(model):
    tensor = next(t for t in model.graph.initializer if t.data_type == 1)
    onnx.external_data_helper.set_external_data(tensor, "/etc/passwd")


@change("operator Loop")
def _(model):
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["x"]))


@change("field 6 of a attribute")
def _(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node[0].attribute.append(helper.make_attribute("body", body))


@change("field 7 of a node")
def _(model):
    model.graph.node[0].domain = "com.example"


@change("field 25 of a model")
def _(model):
    model.functions.add()


@change("a tensor of 1,000,000,000,000")
def _(model):
    model.graph.initializer[0].dims[:] = [10**12]


@change("weights that are not numbers")
def _(model):
    tensor = next(t for t in model.graph.initializer if t.data_type == 1)
    values = numpy_helper.to_array(tensor) * np.float32(np.nan)
    tensor.raw_data = values.tobytes()


@change("too many parts")
def _(model):
    model.graph.node.extend([helper.make_node("Exp", ["a"], ["b"])] * 20_000)


@change("damaged one .'nowhere'")
def _(model):
    model.graph.node[2].input[0] = "nowhere"


@change("onnxruntime cannot use this model")
def _(model):
    model.opset_import[0].version = 10**6


@change("values and .* products for one row")
def _(model):
    """Joined to itself thirty times."""
    name = model.graph.input[0].name
    for i in range(30):
        model.graph.node.append(helper.make_node("Concat", [name] * 2, [f"w{i}"], axis=1))
        name = f"w{i}"


@change("damaged one .[0-9,]* values")
def _(model):
    """Two constants whose sum takes 40 GB."""
    for i, shape in enumerate([(100_000, 1), (1, 100_000)]):
        values = np.zeros(shape, np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, f"c{i}"))
    model.graph.node.append(helper.make_node("Add", ["c0", "c1"], ["huge"]))


@change("values and")
def _(model):
    """A kernel of many channels, for pictures that are mostly rim."""
    kernel = numpy_helper.from_array(np.zeros((90_000, 48, 1, 1), np.float32), "k")
    model.graph.initializer.append(kernel)
    image = next(node for node in model.graph.node if node.op_type == "Relu").output[0]
    model.graph.node.append(
        helper.make_node("Conv", [image, "k"], ["many"], group=1, pads=[90] * 4, strides=[1, 1])
    )


@change("metadata of the ONNX model cannot be used .versions")
def _(model):
    spoil_metadata(model, versions=None)


@change("two tensors 'constant_0'")
def _(model):
    model.graph.initializer.append(model.graph.initializer[0])


@change("a reshape to")
def _(model):
    shape = next(t for t in model.graph.initializer if t.data_type == 7)
    shape.raw_data = np.array([-1, -1, 28, 28]).tobytes()


@change("The ONNX model maps")
def _(model):
    model.graph.output.pop(0)


@change("does not name its classes")
def _(model):
    model.metadata_props.pop()


@change("has format 99, written by skdigits .*Upgrade skdigits")
def _(model):
    spoil_metadata(model, format=99)


@change("3 classes for 10 columns")
def _(model):
    spoil_metadata(model, classes=[1, 2, 3])


@change("classes that are no numbers")
def _(model):
    spoil_metadata(model, classes=list("0123456789"))


@change("metadata of the ONNX model cannot be used")
def _(model):
    spoil_metadata(model, classes_dtype="<U1000000000")


@change("threshold is nan")
def _(model):
    spoil_metadata(model, threshold="nan")


@change("reject_label")
def _(model):
    spoil_metadata(model, reject_label=[1])


@change(r"metadata of the ONNX model cannot be used \(")
def _(model):
    model.metadata_props[0].value = "[" * 100_000


@change("metadata of the ONNX model cannot be used .Expecting value")
def _(model):
    model.metadata_props[0].value = "no JSON"


@pytest.mark.parametrize("message", CHANGES)
def test_hostile_files(message, file, tmp_path):
    model = onnx.load(file)
    CHANGES[message](model)
    refused(model, tmp_path, message)


def as_int8(content):
    """What onnxruntime's quantisation makes of it."""
    with TemporaryDirectory() as folder:
        plain, small = Path(folder, "plain.onnx"), Path(folder, "small.onnx")
        plain.write_bytes(content)
        quantize_dynamic(plain, small)
        return onnx.load(small)


def as_float16(content):
    model = onnx.load_from_string(content)
    for tensor in model.graph.initializer:
        if tensor.data_type == 1:
            halves = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(halves, tensor.name))
    return model


def as_optimised(content):
    """As onnxruntime writes what it has optimised: other domains, its own operators."""
    model = onnx.load_from_string(content)
    model.opset_import.append(helper.make_opsetid("com.microsoft.nchwc", 1))
    model.graph.node[1].domain = "com.microsoft.nchwc"
    return model


def with_weights_beside(content):
    model = onnx.load_from_string(content)
    tensor = next(t for t in model.graph.initializer if t.data_type == 1)
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    return model


def of_another_tool(content):
    model = onnx.load_from_string(content)
    model.producer_name = "skl2onnx"
    model.doc_string = "a model"
    return model


@pytest.mark.parametrize(
    ("change_model", "what"),
    [
        (as_int8, "by onnx.quantize, with numbers of int8"),
        (as_float16, "with numbers of float16"),
        (as_optimised, r"with operators of com\.microsoft\.nchwc"),
        (with_weights_beside, "with weights in other files"),
        (of_another_tool, "by skl2onnx"),
    ],
)
def test_what_other_tools_wrote_is_called_so(change_model, what, file, tmp_path):
    path = tmp_path / "changed.onnx"
    onnx.save(change_model(file.read_bytes()), path)
    with pytest.raises(ModelFileError, match=f"{what}.*onnxruntime.InferenceSession") as error:
        load_onnx(path)
    assert "damaged" not in str(error.value)
    assert len(str(error.value)) < 600


def test_damaged_files(file, tmp_path, monkeypatch):
    content = file.read_bytes()
    refused(content + content, tmp_path, "field 1 of a model twice")
    refused(b"", tmp_path, "is empty")
    refused(b"PK\x03\x04" + bytes(1000), tmp_path, "is no ONNX file")
    refused(b"\xff" * 100, tmp_path, "an endless number")
    refused(content[:-1000], tmp_path, "it is cut off")
    refused(content.replace(b"Relu_", b"Rel\xff_"), tmp_path, "can't decode")
    monkeypatch.setattr("skdigits._runtime.checks.MAX_BYTES", 1000)
    refused(content, tmp_path, "at most 1,000 are read")


@pytest.mark.slow
def test_changed_bytes_never_crash(file, tmp_path):
    """Where a change is accepted, it is to weights or names: answers are still probabilities."""
    content = bytearray(file.read_bytes())
    random = np.random.default_rng(0)
    # Most of the file is weights: the start, the ends and the names are where structure is.
    places = np.concatenate([random.integers(0, 12_000, 60), random.integers(0, len(content), 40)])
    path = tmp_path / "changed.onnx"
    for place in places:
        changed = content.copy()
        changed[place] ^= 1 << random.integers(8)
        path.write_bytes(changed)
        try:
            reader = load_onnx(path)
        except ModelFileError:
            continue
        assert reader.predict_proba(np.zeros((1, reader.n_features_in_))).shape == (1, 10)
