"""Pipelines written to ONNX, and the classifier that answers from the file."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitReader,
    OnnxDigitClassifier,
    PixelScaler,
    SelectiveClassifier,
    export_onnx,
    load_onnx,
    load_pipeline,
    load_pretrained,
)
from skdigits.datasets import load_bundled_digits
from skdigits.exceptions import ModelFileError

TINY = {"epochs": 1, "random_state": 0, "width": 0.5}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The shipped weights as a file."""
    return export_onnx(load_pretrained(), tmp_path_factory.mktemp("onnx") / "digits.onnx")


def assert_same(pipeline, path, X):
    written = load_onnx(path)
    assert np.abs(written.predict_proba(X) - pipeline.predict_proba(X)).max() < 1e-5
    onnx.checker.check_model(path, full_check=True)
    confidence = pipeline.predict_proba(X).max(axis=1)
    # The threshold is the confidence of a row that it was learned from: that one lies on the edge.
    is_clear = np.abs(confidence - getattr(written, "threshold_", -1)) > 1e-5
    assert is_clear.mean() > 0.9
    assert written.predict(X)[is_clear].tolist() == pipeline.predict(X)[is_clear].tolist()
    assert written.predict(X).dtype == pipeline.predict(X).dtype
    assert written.classes_.tolist() == pipeline.classes_.tolist()
    assert written.classes_.dtype == pipeline.classes_.dtype
    assert hasattr(written, "score_samples") == hasattr(pipeline, "score_samples")
    if hasattr(pipeline, "score_samples"):
        np.testing.assert_allclose(
            written.score_samples(X), pipeline.score_samples(X), rtol=1e-3, atol=1e-3
        )
    return written


def with_random_weights(clf, seed=0):
    """The classifier as a long and strange training could leave it, negative scales included."""
    random = np.random.default_rng(seed)
    names = [weight.path for weight in clf.model_.weights]
    clf.weights_ = [
        random.uniform(0.5, 2, w.shape).astype(np.float32)
        if "variance" in name
        else random.normal(0, 1 if w.ndim == 1 else 1 / np.sqrt(w[..., 0].size), w.shape).astype(
            np.float32
        )
        for name, w in zip(names, clf.weights_, strict=True)
    ]
    return clf


def strange(image_shape, n_classes):
    """Strides, dilation, groups, uneven padding, activations inside, a last normalisation."""
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((*image_shape, 1)),
            layers.Conv2D(6, (4, 3), strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(scale=False),
            layers.Conv2D(8, 2, dilation_rate=2, groups=2, padding="same"),
            layers.BatchNormalization(center=False),
            layers.MaxPooling2D(3, strides=1, padding="same"),
            layers.MaxPooling2D((2, 1), padding="valid"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(9, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(n_classes),
            layers.BatchNormalization(),
        ]
    )


def linear(image_shape, n_classes):
    from keras import Sequential, layers

    return Sequential([layers.Input((*image_shape, 1)), layers.Flatten(), layers.Dense(n_classes)])


def test_the_shipped_weights(file):
    X = load_bundled_digits().data[:300]
    pipeline = load_pretrained()
    written = assert_same(pipeline, file, X)
    assert written.threshold_ == pipeline[-1].threshold_
    assert written.temperature_ == pipeline[-1].temperature_
    assert written.n_features_in_ == 784
    assert written.scale == 255
    np.testing.assert_allclose(written.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    assert written.accepts(X).tolist() == pipeline[-1].accepts(pipeline[0].transform(X)).tolist()
    assert written.score(X, written.predict(X)) == 1
    assert is_classifier(written)
    onnx.checker.check_model(file, full_check=True)


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [None, True, False])
@pytest.mark.parametrize("architecture", ["compact", "deep", "classic", strange, linear])
def test_every_layer(architecture, batch_norm, small_digits, tmp_path):
    X, y = small_digits
    clf = DigitCNNClassifier(architecture, batch_norm=batch_norm, novelty=True, **TINY).fit(X, y)
    with_random_weights(clf)
    clf._learn_digits(X, np.searchsorted(clf.classes_, y))
    assert_same(clf, export_onnx(clf, tmp_path / "m.onnx"), X)


@pytest.mark.slow
def test_large_pictures_lose_their_rim(tmp_path):
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = make_pipeline(PixelScaler(), DigitCNNClassifier("deep", **TINY)).fit(
        X[:200], y[:200]
    )
    with_random_weights(pipeline[-1])
    assert_same(pipeline, export_onnx(pipeline, tmp_path / "m.onnx"), X[:300])


@pytest.mark.slow
def test_labels_of_other_kinds(small_digits, tmp_path):
    X, y = small_digits
    names = np.array([f"digit {label}" for label in range(10)])
    for labels in (names[y], names[y].astype(object), y % 2 == 0, y.astype(np.uint8)):
        clf = DigitCNNClassifier(**TINY).fit(X, labels)
        assert_same(clf, export_onnx(clf, tmp_path / "m.onnx"), X)


def test_doubt_inside_and_outside(small_digits, tmp_path):
    X, y = small_digits
    member = DigitCNNClassifier(novelty=True, **TINY)
    # 3 accepted rows can show an error of a third: some are accepted, some are not.
    doubt = SelectiveClassifier(member, target_error=0.3, reject_label="?", random_state=0)
    inside = make_pipeline(PixelScaler(scale=16), doubt).fit(16 * X, y)
    written = assert_same(inside, export_onnx(inside, tmp_path / "m.onnx"), 16 * X)
    answers = written.predict(16 * X).tolist()
    assert "?" in answers
    assert written.reject_label == "?"
    frozen = FrozenEstimator(make_pipeline(PixelScaler(scale=16), member).fit(16 * X, y))
    outside = SelectiveClassifier(frozen, target_error=0.3, reject_label=-1).fit(16 * X, y)
    assert_same(outside, export_onnx(outside, tmp_path / "m.onnx"), 16 * X)


def test_nothing_is_accepted(small_digits, tmp_path):
    X, y = small_digits
    clf = SelectiveClassifier(DigitCNNClassifier(**TINY), reject_label=-1, random_state=0).fit(X, y)
    clf.threshold_ = np.inf
    written = load_onnx(export_onnx(clf, tmp_path / "m.onnx"))
    assert set(written.predict(X)) == {-1}
    assert written.threshold_ == np.inf


@pytest.mark.slow
def test_several_networks(small_digits, tmp_path):
    X, y = small_digits
    members = [
        DigitCNNClassifier(novelty=True, **TINY),
        DigitCNNClassifier("deep", novelty=True, **TINY),
    ]
    ensemble = DigitEnsembleClassifier(members, 3, random_state=0).fit(X, y)
    assert_same(ensemble, export_onnx(ensemble, tmp_path / "m.onnx"), X)
    ensemble.tta = 2
    with pytest.raises(ValueError, match="tta=2 cannot be written to ONNX: set tta=0"):
        export_onnx(ensemble, tmp_path / "m.onnx")


@pytest.mark.slow
def test_a_search(small_digits, tmp_path):
    X, y = small_digits
    pipeline = make_pipeline(PixelScaler(scale=1), DigitCNNClassifier(**TINY))
    search = GridSearchCV(pipeline, {"digitcnnclassifier__width": [0.3]}, cv=2).fit(X, y)
    assert_same(search, export_onnx(search, tmp_path / "m.onnx"), X)


def test_columns_that_make_no_square(small_digits, tmp_path):
    X, y = small_digits
    with pytest.warns(UserWarning, match="60 columns"):
        clf = DigitCNNClassifier(**TINY).fit(X[:, :60], y)
    assert_same(clf, export_onnx(clf, tmp_path / "m.onnx"), X[:, :60])


def odd(image_shape, n_classes):
    from keras import Sequential, layers

    shape = (*image_shape, 1)
    parts = [layers.Flatten(), layers.LayerNormalization(name="odd_one"), layers.Dense(n_classes)]
    return Sequential([layers.Input(shape), *parts])


def forked(image_shape, n_classes):
    from keras import Input, Model, layers

    x = inputs = Input((*image_shape, 1))
    x = layers.Flatten()(x)
    first, _ = layers.Dense(n_classes)(x), layers.Dense(3)(x)
    second = layers.Dense(n_classes, name="second")(x)
    return Model(inputs, layers.Add(name="sum")([first, second]))


def curved(image_shape, n_classes):
    from keras import Sequential, layers

    shape = (*image_shape, 1)
    parts = [layers.Flatten(), layers.Dense(4, activation="gelu", name="bent")]
    return Sequential([layers.Input(shape), *parts, layers.Dense(n_classes)])


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (odd, "Layer 'odd_one' .LayerNormalization. is none of BatchNormalization, Conv2D"),
        (forked, "Layer 'second' .Dense. does not follow the layer before it in one chain"),
        (curved, "Layer 'bent' .Dense. has an activation other than relu"),
    ],
)
def test_unknown_networks_are_named(architecture, message, small_digits, tmp_path):
    clf = DigitCNNClassifier(architecture, **TINY).fit(*small_digits)
    with pytest.raises(ValueError, match=message):
        export_onnx(clf, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_estimators_are_named(small_digits, tmp_path):
    X, y = small_digits
    scaled = make_pipeline(StandardScaler(), DigitCNNClassifier(**TINY)).fit(X, y)
    with pytest.raises(TypeError, match=r"Step 'standardscaler' .* only PixelScaler can"):
        export_onnx(scaled, tmp_path / "m.onnx")
    with pytest.raises(TypeError, match="got LogisticRegression, expected a DigitCNNClassifier"):
        export_onnx(LogisticRegression().fit(X, y), tmp_path / "m.onnx")
    scaled = make_pipeline(PixelScaler(scale=1), SelectiveClassifier(DigitCNNClassifier(**TINY)))
    scaled.fit(X, y)[-1].reject_label = object()
    with pytest.raises(ValueError, match="reject_label cannot be written"):
        export_onnx(scaled, tmp_path / "m.onnx")


def test_a_graph_that_answers_otherwise_is_not_written(small_digits, tmp_path, monkeypatch):
    X, y = small_digits
    clf = DigitCNNClassifier(**TINY).fit(X, y)
    path = tmp_path / "m.onnx"
    path.write_bytes(b"older")
    monkeypatch.setattr(clf, "predict_proba", lambda X: np.eye(10)[np.zeros(len(X), int)])
    with pytest.raises(ValueError, match="The ONNX graph and the pipeline differ in"):
        export_onnx(clf, path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"older"]


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
assert not {"sklearn", "scipy", "pandas", "PIL"} & set(sys.modules)

from skdigits import DigitReader

paper = np.full((200, 200), 250, np.uint8)
paper[40:160, 90:108] = 20
result = DigitReader(classifier).read(paper)
assert result.text == "1", result
assert result.digits[0].score > 0
"""


def test_the_reader_needs_no_tensorflow(file):
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert DigitReader(load_onnx(file)).min_confidence == load_pretrained()[-1].threshold_


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


def test_the_extra_is_named(file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for use in (lambda: load_onnx(file), lambda: export_onnx(load_pretrained(), tmp_path / "x")):
        with pytest.raises(ImportError, match=r'pip install "skdigits\[onnx\]"'):
            use()


def test_load_pipeline_knows_the_file(file, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(file.read_bytes())
    assert isinstance(load_pipeline(path), OnnxDigitClassifier)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file"):
        load_onnx(tmp_path / "none.onnx")


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
    """What onnxruntime's quantisation leaves of it: whole numbers for weights, its name."""
    model = onnx.load_from_string(content)
    model.producer_name = "onnx.quantize"
    tensor = next(t for t in model.graph.initializer if t.data_type == 1)
    tensor.CopyFrom(
        numpy_helper.from_array(np.zeros(tuple(tensor.dims), np.uint8), f"{tensor.name}_quantized")
    )
    return model


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
        (as_int8, "by onnx.quantize, with numbers of uint8"),
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
    monkeypatch.setattr("skdigits._onnx.checks.MAX_BYTES", 1000)
    refused(content, tmp_path, "at most 1,000 are read")


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


LITERT = """
import sys, warnings
import numpy as np
import skdigits
from skdigits.datasets import load_bundled_digits

reader = skdigits.load_pretrained()
network = reader[-1].estimator_.model_
network.export(sys.argv[1], format="litert", verbose=False)
images = (load_bundled_digits().data[:20] / np.float32(255)).reshape(-1, 28, 28, 1)

import tensorflow as tf

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the interpreter moves to a package of its own
    interpreter = tf.lite.Interpreter(sys.argv[1])
source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
interpreter.resize_tensor_input(source["index"], images.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(source["index"], images)
interpreter.invoke()
np.testing.assert_allclose(
    interpreter.get_tensor(target["index"]), network(images).numpy(), atol=1e-4
)
"""


@pytest.mark.slow
def test_keras_exports_the_network_to_litert(tmp_path):
    command = [sys.executable, "-c", LITERT, tmp_path / "digits.tflite"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_is_cheap():
    code = "import skdigits, sys; assert not {'onnx', 'onnxruntime', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_spawned_process(file):
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(_answer, (load_onnx(file),)) == load_onnx(file).predict(BLANK)[0]


BLANK = np.zeros((1, 784), np.uint8)


def _answer(reader):
    return reader.predict(BLANK)[0]
