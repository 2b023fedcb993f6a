"""Write a fitted pipeline as a single ONNX graph: pixels in, probabilities out."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdigits import __version__
from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.ensemble import DigitEnsembleClassifier
from skdigits._estimators.novelty import has_odds, part_weights
from skdigits._estimators.scaling import PixelScaler
from skdigits._estimators.selective import SelectiveClassifier
from skdigits._onnx.classifier import OnnxDigitClassifier
from skdigits._onnx.network import read_network
from skdigits._runtime.checks import (
    FORMAT,
    INPUT,
    LOG_PROBABILITIES,
    METADATA,
    PROBABILITIES,
    SCORE,
)
from skdigits._utils.atomic import replacing
from skdigits._utils.images import named_rows
from skdigits._utils.typing import PathLike

_OPSET, _IR_VERSION = 18, 10  # of 2022 and 2024: every current runtime reads them
_N_CHECKED = 1000
_TOLERANCE = 1e-5  # of a probability
_SCORE_TOLERANCE = 1e-3  # of a score, in standard deviations of training rows


def export_onnx(pipeline: Any, path: PathLike) -> Path:
    """Write a fitted pipeline as an ONNX file, for :func:`load_onnx` and other runtimes.

    The graph takes pixels as the pipeline does, float32 of shape (n, n_features), and returns
    "probabilities" and "log_probabilities" (n, n_classes) and, with ``novelty=True``, the "score"
    (n,) of `score_samples`. It contains scaling, networks, averaging and temperature; classes,
    threshold and `reject_label` are in its metadata.

    Before the file is written, graph and pipeline predict 1,000 rows: the labels must be equal, and
    the probabilities agree to 1e-5.

    Parameters
    ----------
    pipeline : classifier
        Fitted :class:`DigitCNNClassifier`, :class:`DigitEnsembleClassifier` or
        :class:`SelectiveClassifier`, alone, in a pipeline after a :class:`PixelScaler`, or the best
        estimator of a search.
    path : path-like
        Where to write; ".onnx" is the usual suffix.

    Returns
    -------
    path : pathlib.Path
        The file that was written.

    Raises
    ------
    TypeError
        If it contains any other estimator.
    ValueError
        If a layer of a network or a parameter of the pipeline cannot be written to ONNX, or if the
        graph predicts something else than the pipeline. No file is written then.
    sklearn.exceptions.NotFittedError
        If the pipeline is not fitted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits import export_onnx, load_onnx, load_pretrained
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     path = export_onnx(load_pretrained(trainable=True), Path(folder) / "digits.onnx")
    ...     light = load_onnx(path)
    >>> bool((light.predict(X) == load_pretrained().predict(X)).all())
    True
    """
    check_is_fitted(pipeline)
    graph = _Graph()
    parts = list(_parts(pipeline))
    log_proba, score = _add_parts(parts, graph, INPUT)
    content = graph.as_model(pipeline, log_proba, score, _describe(pipeline, parts))
    _compare(pipeline, OnnxDigitClassifier(content))
    with replacing(path) as file:
        file.write(content)
    return Path(path)


class _Graph:
    """The nodes and constants of a graph under construction; values are referred to by name."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def add(self, kind, *inputs, output=None, **attributes):
        """Add a node, with arrays among its inputs as constants; return the name of its output."""
        helper = _import_onnx().helper
        names = [x if isinstance(x, str) else self._constant(x) for x in inputs]
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def _constant(self, value):
        value = np.asarray(value)
        value = value.astype(np.float32 if value.dtype.kind == "f" else np.int64)
        name = f"constant_{len(self.constants)}"
        self.constants.append(_import_onnx().numpy_helper.from_array(value, name))
        return name

    def as_model(self, pipeline, log_proba, score, metadata):
        """The complete model as bytes."""
        onnx = _import_onnx()
        n_classes = len(pipeline.classes_)
        self.add("Identity", log_proba, output=LOG_PROBABILITIES)
        self.add("Exp", LOG_PROBABILITIES, output=PROBABILITIES)
        outputs = {LOG_PROBABILITIES: ["n", n_classes], PROBABILITIES: ["n", n_classes]}
        if score is not None:
            self.add("Identity", score, output=SCORE)
            outputs[SCORE] = ["n"]

        def describe(name, shape):
            return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

        graph = onnx.helper.make_graph(
            self.nodes,
            "digits",
            [describe(INPUT, ["n", pipeline.n_features_in_])],
            [describe(*output) for output in outputs.items()],
            self.constants,
        )
        model = onnx.helper.make_model(
            graph,
            producer_name="skdigits",
            producer_version=__version__,
            ir_version=_IR_VERSION,
            opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        )
        onnx.helper.set_model_props(model, {METADATA: json.dumps(metadata, allow_nan=False)})
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()


def _parts(estimator):
    """The scalers, selective classifiers and networks of an estimator, from the outside in."""
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps[:-1]:
            if isinstance(step, PixelScaler):
                yield step
            elif step not in (None, "passthrough"):
                raise TypeError(
                    f"Step {name!r} ({type(step).__name__}) cannot be written to ONNX; before the "
                    "classifier only PixelScaler can."
                )
        yield from _parts(estimator.steps[-1][1])
    elif hasattr(estimator, "best_estimator_"):
        yield from _parts(estimator.best_estimator_)
    elif isinstance(estimator, FrozenEstimator):
        yield from _parts(estimator.estimator)
    elif isinstance(estimator, SelectiveClassifier):
        yield estimator
        yield from _parts(estimator.estimator_)
    elif isinstance(estimator, (DigitCNNClassifier, DigitEnsembleClassifier)):
        yield estimator
    else:
        raise TypeError(
            f"export_onnx got {type(estimator).__name__}, expected a DigitCNNClassifier, "
            "DigitEnsembleClassifier or SelectiveClassifier, alone or after a PixelScaler."
        )


def _add_parts(parts, graph, x):
    """Add all parts to the graph; return the names of log probabilities and score (or None)."""
    *others, classifier = parts
    for part in others:
        if isinstance(part, PixelScaler):
            x = graph.add("Div", x, np.float32(part.scale))
    log_proba, score = _add_classifier(classifier, graph, x)
    for part in reversed(others):
        if isinstance(part, SelectiveClassifier):
            tempered = graph.add("Div", log_proba, np.float32(part.temperature_))
            log_proba = graph.add("LogSoftmax", tempered, axis=1)
    return log_proba, score


def _add_classifier(classifier, graph, x):
    """Add the networks of a classifier, with averaged probabilities and scores."""
    members = getattr(classifier, "estimators_", [classifier])
    if n_views := classifier._prediction_options()["n_views"]:
        raise ValueError(
            f"tta={n_views} cannot be written to ONNX: set tta=0 on the fitted classifier first."
        )
    height, width = members[0].network_["image_shape"]
    if missing := height * width - members[0].n_features_in_:
        x = graph.add("Pad", x, np.array([0, 0, 0, missing]))
    images = graph.add("Reshape", x, np.array([-1, 1, height, width]))
    has_score = hasattr(classifier, "score_samples")
    log_probas, scores = [], []
    for member in members:
        network = read_network(member.model_)
        every_logit, features = network.add_to(graph, images, has_score)
        logits, other = _split_logits(graph, every_logit, member)
        log_probas.append(graph.add("LogSoftmax", logits, axis=1))
        if has_score:
            scores.append(_add_score(member.digits_, graph, logits, other, features))
    if len(members) == 1:
        return log_probas[0], scores[0] if has_score else None
    stacked = [graph.add("Unsqueeze", each, np.array([0])) for each in log_probas]
    stacked = graph.add("Concat", *stacked, axis=0)
    total = graph.add("ReduceLogSumExp", stacked, np.array([0]), keepdims=0)
    log_proba = graph.add("Sub", total, np.float32(np.log(len(members))))
    return log_proba, graph.add("Mean", *scores) if has_score else None


def _split_logits(graph, logits, member):
    """The logits of the classes, and that of non-digits or None."""
    n_logits, n_classes = member.network_["n_classes"], len(member.classes_)
    if n_logits == n_classes:
        return logits, None
    chosen = np.eye(n_logits)
    parts = chosen[:, :n_classes], chosen[:, n_classes:]
    return tuple(graph.add("MatMul", logits, part) for part in parts)


def _add_score(digits, graph, logits, other, features):
    """Add what :func:`skdigits._estimators.novelty.score_digits` computes."""
    axes, whiteners = digits["axes"].astype(float), digits["whiteners"].astype(float)
    n_classes, _, n_components = whiteners.shape
    centred = graph.add("Sub", features, digits["centre"])
    reduced = graph.add("MatMul", centred, axes / digits["scale"].astype(float)[:, None])
    means = np.einsum("ki,kij->kj", digits["means"].astype(float), whiteners)
    side_by_side = whiteners.transpose(1, 0, 2).reshape(n_components, -1)
    white = graph.add("Gemm", reduced, side_by_side, -means.ravel())
    white = graph.add("Reshape", white, np.array([-1, n_classes, n_components]))
    distances = graph.add("ReduceL2", white, np.array([2]), keepdims=0)
    distance = graph.add("ReduceMin", distances, np.array([1]), keepdims=0)
    energy = graph.add("ReduceLogSumExp", logits, np.array([1]), keepdims=0)
    weights = part_weights(digits)
    parts = [graph.add("Mul", distance, np.float32(-weights[0]))]
    parts.append(graph.add("Mul", energy, np.float32(weights[1])))
    if has_odds(digits):
        other = graph.add("Reshape", other, np.array([-1]))
        odds = graph.add("Sub", energy, other)
        parts.append(graph.add("Mul", odds, np.float32(weights[2])))
    score = np.float32(-weights @ digits["median"] - digits["offset"])
    for part in parts:
        score = graph.add("Add", part, score)
    return score


def _describe(pipeline, parts):
    """The metadata of a file, as values for JSON."""
    import keras

    classes = np.asarray(pipeline.classes_)
    names = getattr(pipeline, "feature_names_in_", None)
    kind = {"U": "str", "O": "object"}.get(classes.dtype.kind, classes.dtype.name)
    scaler = _find(parts, PixelScaler)
    selective = _find(parts, SelectiveClassifier)
    about = {
        "format": FORMAT,
        "classes": classes.tolist(),
        "classes_dtype": kind,
        "scale": None if scaler is None else float(scaler.scale),
        "columns": None if names is None else names.tolist(),
        "versions": {
            "skdigits": __version__,
            "onnx": _import_onnx().__version__,
            "keras": keras.__version__,
        },
    }
    if selective is not None:
        threshold, label = float(selective.threshold_), selective.reject_label
        # A threshold of infinity accepts nothing; it is written as a string, as JSON lacks it.
        about["threshold"] = threshold if np.isfinite(threshold) else "Infinity"
        about["reject_label"] = label.item() if isinstance(label, np.generic) else label
        about["temperature"] = float(selective.temperature_)
    rows = next((part.training_rows_ for part in parts if hasattr(part, "training_rows_")), None)
    if rows is not None:
        about["training_rows"] = base64.b64encode(rows.astype("<u4")).decode()
    try:
        if kind == "object" and not all(isinstance(label, str) for label in classes):
            raise ValueError("labels of mixed kinds")
        json.dumps(about, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The classes {classes.tolist()} or the reject_label cannot be written ({error}): use "
            "numbers or strings."
        ) from None
    return about


def _find(parts, kind):
    """The outermost part of a kind, or None."""
    return next((part for part in parts if isinstance(part, kind)), None)


def _compare(pipeline, written):
    """Raise if the written graph and the pipeline differ in their predictions."""
    X = named_rows(pipeline, _rows_to_check(written.n_features_in_, written.scale or 1))
    expected, got = pipeline.predict_proba(X), written.predict_proba(X)
    worst = float(np.abs(expected - got).max())
    best = expected.argmax(axis=1)
    # Two classes whose probabilities are equal within the tolerance may swap places.
    chosen = expected[np.arange(len(X)), got.argmax(axis=1)]
    n_other = int((expected.max(axis=1) - chosen > _TOLERANCE).sum())
    if not worst <= _TOLERANCE or n_other:
        raise ValueError(
            f"The ONNX graph and the pipeline differ in {n_other} of {len(best)} labels, and in "
            f"probabilities by up to {worst:.1e}. No file was written; please report this."
        )
    if hasattr(pipeline, "score_samples") != hasattr(written, "score_samples"):
        raise ValueError(
            "Only one of the ONNX graph and the pipeline has score_samples; please report this."
        )
    if hasattr(pipeline, "score_samples"):
        score = pipeline.score_samples(X)
        worst = float((np.abs(written.score_samples(X) - score) / (1 + np.abs(score))).max())
        if not worst <= _SCORE_TOLERANCE:
            raise ValueError(
                f"The ONNX graph and the pipeline differ in score_samples by up to {worst:.1e}. No "
                "file was written; please report this."
            )


def _rows_to_check(n_features, scale):
    if n_features == 784:
        from skdigits.datasets import load_bundled_digits

        return load_bundled_digits().data[:_N_CHECKED] * np.float32(scale / 255)
    random = np.random.default_rng(0).random((_N_CHECKED, n_features), dtype=np.float32)
    return random * np.float32(scale)


def _import_onnx():
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError:
        raise ImportError('ONNX is not installed: pip install "skdigits[onnx]"') from None
    return onnx
