"""Check that an estimator from a file is one that a fit could have made.

Called for each estimator after those inside it. Any violation is an error of the file, `Malformed`.
"""

from itertools import pairwise
from math import inf
from numbers import Integral

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.ensemble import DigitEnsembleClassifier
from skdigits._estimators.scaling import PixelScaler
from skdigits._estimators.selective import SelectiveClassifier
from skdigits._files.container import Malformed
from skdigits._networks.architectures import ARCHITECTURES, weight_shapes
from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.placement import SIDE

# Larger values would exhaust the memory or threads of whoever loads the file.
MOST = {
    "width": 64,
    "tta": 256,
    "n_threads": 1024,
    "n_estimators": 10_000,
    "n_jobs": 1024,
    "max_pixels": 10**9,
}
FOLDERS = ("memory", "checkpoint_dir")  # parameters that are never kept in a file
_MAX_WEIGHT = 1e12
_MAX_COLUMNS = 2**22


def check_parameters(estimator):
    """Check parameters against the estimator's own constraints and against limits on their cost.

    Raises
    ------
    Malformed
    """
    name, parameters = type(estimator).__name__, estimator.get_params(deep=False)
    if hasattr(type(estimator), "_parameter_constraints"):
        try:
            estimator._validate_params()
        except ValueError as error:
            raise Malformed(f"has a parameter that is not valid: {str(error)[:200]}") from error
    for key, most in MOST.items():
        value = parameters.get(key)
        if value is not None and not abs(value) <= most:
            raise Malformed(f"has {key}={str(value)[:20]} of {name}; at most {most:,} is loaded")
    for key in FOLDERS:
        _require(parameters.get(key) is None, f"has a folder as {key} of {name}")
    _require(not parameters.get("callbacks"), f"has callbacks for {name}")
    _require(not callable(parameters.get("architecture")), f"has a function for {name}")
    shape = parameters.get("image_shape", "auto")
    _require(shape == "auto" or _is_image_shape(tuple(shape)), f"has image_shape={shape!r:.40}")
    if isinstance(estimator, DigitNormalizer):
        _check_normalizer(estimator)
    if isinstance(estimator, FrozenEstimator):
        _require(hasattr(estimator.estimator, "predict_proba"), "has nothing that is frozen")


def check_estimator(estimator):
    """Check what was learned, and how the parts fit together.

    Raises
    ------
    Malformed
    """
    if isinstance(estimator, Pipeline):
        _check_pipeline(estimator)
    elif hasattr(estimator, "n_features_in_") and not isinstance(estimator, FrozenEstimator):
        _check_columns(estimator)
        if type(estimator) in _CHECKS:
            _CHECKS[type(estimator)](estimator)


def _require(is_right, otherwise):
    if not is_right:
        raise Malformed(otherwise)


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _is_whole(value, low, high=inf):
    return isinstance(value, Integral) and type(value) is not bool and low <= value <= high


def _is_number(value, low, high):
    return isinstance(value, float) and low <= value <= high  # False for NaN


def _is_image_shape(shape):
    return type(shape) is tuple and len(shape) == 2 and all(_is_whole(n, 1, 4096) for n in shape)


def _check_normalizer(normalizer):
    try:
        normalizer.fit()
    except (ValueError, TypeError) as error:
        raise Malformed(f"has a parameter that is not valid: {str(error)[:200]}") from error
    width = normalizer.stroke_width
    _require(
        width is None or all(type(w) in (int, float) and w <= SIDE for w in width),
        "has a stroke_width that is no number of pixels",
    )


def _check_columns(estimator):
    n_columns, names = estimator.n_features_in_, getattr(estimator, "feature_names_in_", None)
    _require(_is_whole(n_columns, 1, _MAX_COLUMNS), f"has n_features_in_={n_columns!r:.20}")
    if names is not None:
        is_right = isinstance(names, np.ndarray) and names.shape == (n_columns,)
        is_right = is_right and names.dtype == object and all(type(n) is str for n in names)
        _require(is_right, "has feature_names_in_ that do not name the columns")
    rows = getattr(estimator, "training_rows_", None)
    if rows is not None:
        is_right = isinstance(rows, np.ndarray) and rows.dtype == np.uint32 and rows.ndim == 1
        _require(is_right and (rows[:-1] < rows[1:]).all(), "has training_rows_ that are no hashes")


def _check_classes(classes):
    is_right = isinstance(classes, np.ndarray) and classes.ndim == 1 and len(classes) >= 2
    _require(is_right, "has classes_ that are no labels of two or more classes")
    values = classes.tolist()
    is_sorted = all(type(a) is type(b) and a < b for a, b in pairwise(values))
    _require(is_sorted, "has classes_ that are not sorted, or not all different")


def _check_classifier(classifier):
    _check_classes(classifier.classes_)
    network, weights = classifier.network_, classifier.weights_
    expected = {"architecture", "image_shape", "n_classes", "width", "dropout", "batch_norm"}
    _require(type(network) is dict and set(network) == expected, "has a network_ of other entries")
    shape = network["image_shape"]
    # The arguments that the network was built with are parameters, with the same constraints.
    check_parameters(DigitCNNClassifier(**{k: v for k, v in network.items() if k != "n_classes"}))
    is_known = type(network["architecture"]) is str and network["architecture"] in ARCHITECTURES
    _require(is_known, f"has an unknown architecture {str(network['architecture'])[:40]!r}")
    _require(_is_image_shape(shape), f"has image_shape={shape!r:.40}")
    side = shape[0] if shape[0] == shape[1] else 0
    n_columns, n_classes = classifier.n_features_in_, len(classifier.classes_)
    fits = n_columns == shape[0] * shape[1] or (side - 1) ** 2 < n_columns < side**2
    _require(fits, f"has images of {shape} for rows of {n_columns} columns")
    is_right = _is_whole(network["n_classes"], n_classes, n_classes + 1)
    _require(is_right, "has logits and classes_ of other numbers")
    has_other = network["n_classes"] > n_classes  # the last logit is that of non-digits
    kernels = _check_weights(weights, network)
    _check_history(classifier)
    if classifier._has_score() or hasattr(classifier, "digits_"):
        n_features = sum(kernel[-1] for kernel in kernels[:-1])
        digits = getattr(classifier, "digits_", None)
        _check_digits(digits, n_features, n_classes, n_parts=2 + has_other)


def _check_weights(weights, network):
    shapes = weight_shapes(
        network["architecture"],
        network["image_shape"],
        network["n_classes"],
        width=network["width"],
        batch_norm=network["batch_norm"],
    )
    _require(type(weights) is list, "has weights_ that are no list")
    is_right = len(weights) == len(shapes) and all(
        _is_array(weight, np.float32, shape)
        for weight, (_, shape) in zip(weights, shapes, strict=True)
    )
    _require(is_right, f"has weights_ that are not of the {network['architecture']!r} network")
    is_small = all(w.min() >= -_MAX_WEIGHT and w.max() <= _MAX_WEIGHT for w in weights)
    _require(is_small, f"has weights beyond {_MAX_WEIGHT:g}, which overflow")
    variances = [w for w, (name, _) in zip(weights, shapes, strict=True) if name == "variance"]
    _require(all((v >= 0).all() for v in variances), "has a variance below 0")
    return [shape for name, shape in shapes if name == "kernel"]


def _is_array(value, dtype, shape):
    return isinstance(value, np.ndarray) and value.dtype == dtype and value.shape == shape


def _check_history(classifier):
    history, n_iter = classifier.history_, classifier.n_iter_
    _require(_is_whole(n_iter, 1), f"has n_iter_={n_iter!r:.20}")
    _require(_is_whole(classifier.best_epoch_, 0, n_iter), "has a best_epoch_ after the last")
    _require(
        type(history) is dict
        and all(type(v) is list and len(v) <= n_iter for v in history.values())
        and all(type(number) is float for v in history.values() for number in v),
        "has a history_ that is no dict of numbers for each epoch",
    )
    classifier.validation_scores_ = history.get("val_accuracy")


def _check_digits(digits, n_features, n_classes, n_parts):
    names = {"centre", "scale", "axes", "means", "whiteners", "median", "spread", "offset"}
    _require(type(digits) is dict and set(digits) == names, "lacks what novelty=True learns")
    axes, means = digits["axes"], digits["means"]
    for array in (axes, means):
        _require(isinstance(array, np.ndarray) and array.ndim == 2, "has digits_ of other shapes")
    n_axes, n_known = axes.shape[1], len(means)
    _require(n_known <= n_classes, "has digits_ of more classes than classes_")
    expected = {
        "centre": (np.float32, (n_features,)),
        "scale": (np.float32, (n_features,)),
        "axes": (np.float16, (n_features, n_axes)),
        "means": (np.float32, (n_known, n_axes)),
        "whiteners": (np.float16, (n_known, n_axes, n_axes)),
        "median": (np.float64, (n_parts,)),
        "spread": (np.float64, (n_parts,)),
    }
    for name, (dtype, shape) in expected.items():
        _require(_is_array(digits[name], dtype, shape), f"has {name} of digits_ of another shape")
    is_spread = all((digits[name] > 0).all() for name in ("scale", "spread"))
    _require(is_spread, "has digits_ that do not spread")
    _require(_is_number(digits["offset"], -1e300, 1e300), "has an offset of digits_ of no number")


def _check_ensemble(ensemble):
    members = ensemble.estimators_
    _check_classes(ensemble.classes_)
    is_right = type(members) is list and members
    is_right = is_right and all(type(m) is DigitCNNClassifier and _is_fitted(m) for m in members)
    _require(is_right, "has an ensemble whose estimators_ are no fitted networks")
    first = members[0].network_
    for member in members:
        _check_same(ensemble, member)
        for name in ("image_shape", "n_classes"):
            _require(member.network_[name] == first[name], "has networks for other images")
    ensemble._prototypes()


def _check_selective(selective):
    inner = selective.estimator_
    _check_classes(selective.classes_)
    _require(hasattr(inner, "predict_proba") and _is_fitted(inner), "has an unfitted estimator_")
    _check_same(selective, inner)
    _require(_is_number(selective.temperature_, 1e-3, 1e3), "has a temperature_ of no use")
    threshold = selective.threshold_
    _require(_is_number(threshold, 0, 1 + 1e-9) or threshold == inf, "has a threshold_ of no use")
    floor = getattr(selective, "floor_", 0.0)
    _require(_is_number(floor, -1e3, 0), "has a floor_ that is no logarithm of a probability")
    _require(_is_whole(selective.n_held_out_, 1), "has n_held_out_ that counts no rows")
    for share in (selective.validation_score_, selective.coverage_):
        _require(_is_number(share, 0, 1 + 1e-9), "has a share that is not from 0 to 1")


def _check_same(outer, inner):
    """Check that both have the same labels and, if the inner one counts them, the same columns."""
    is_same = np.array_equal(outer.classes_, inner.classes_)
    _require(is_same, f"has other classes_ in {type(outer).__name__} than inside it")
    n_inside = getattr(inner, "n_features_in_", outer.n_features_in_)
    _require(n_inside == outer.n_features_in_, "has other columns inside than outside")


def _check_pipeline(pipeline):
    steps = pipeline.steps
    is_right = type(steps) is list and steps
    is_right = is_right and all(type(s) is tuple and len(s) == 2 for s in steps)
    _require(is_right, "has steps that are no pairs of name and estimator")
    names = [name for name, _ in steps]
    is_right = all(type(n) is str and n and "__" not in n for n in names)
    taken = [*names, *pipeline._get_param_names()]
    is_right = is_right and len(set(taken)) == len(taken)
    _require(is_right, f"has steps of names that no pipeline takes: {str(names)[:60]}")
    *transformers, last = [step for _, step in steps]
    is_right = all(type(step) in (PixelScaler, DigitNormalizer) for step in transformers)
    _require(is_right and hasattr(last, "fit"), "has steps that cannot follow each other")
    if not _is_fitted(last):
        return
    n_columns = None
    for step in (*transformers, last):
        _require(_is_fitted(step), "has a step that is not fitted")
        n_columns_in = getattr(step, "n_features_in_", n_columns)
        _require(n_columns in (None, n_columns_in), "has steps for other columns than come")
        n_columns = SIDE * SIDE if isinstance(step, DigitNormalizer) else n_columns_in


_CHECKS = {
    DigitCNNClassifier: _check_classifier,
    DigitEnsembleClassifier: _check_ensemble,
    SelectiveClassifier: _check_selective,
}
