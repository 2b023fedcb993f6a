"""Pipelines written to ONNX."""

import numpy as np
import onnx
import pytest
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    PixelScaler,
    SelectiveClassifier,
    export_onnx,
    load_onnx,
    load_pretrained,
)
from skdigits.datasets import load_bundled_digits

TINY = {"epochs": 1, "random_state": 0, "width": 0.5}


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
    pipeline = load_pretrained(trainable=True)
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


@pytest.mark.slow
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
