"""Handwritten-digit recognition as a scikit-learn estimator.

Importing :mod:`skdigits` is cheap: every public name is loaded on first use (:pep:`562`), so that
TensorFlow, Gradio, Matplotlib and pandas are only imported by the code that needs them.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "DigitCNNClassifier": "_estimators.classifier",
    "DigitEnsembleClassifier": "_estimators.ensemble",
    "DigitNormalizer": "_pictures.normalizer",
    "DigitReader": "_pictures.reader",
    "OnnxDigitClassifier": "_onnx.classifier",
    "PRESETS": "_estimators.presets",
    "PixelScaler": "_estimators.scaling",
    "SelectiveClassifier": "_estimators.selective",
    "export_onnx": "_onnx.export",
    "load_onnx": "_onnx.classifier",
    "load_pipeline": "_files.persistence",
    "load_pretrained": "_files.pretrained",
    "make_digit_pipeline": "_estimators.pipeline",
    "model_card": "_files.model_card",
    "save_pipeline": "_files.persistence",
    "show_versions": "_utils.about",
}
_MODULES = ["app", "datasets", "evaluation", "exceptions", "kaggle", "plotting", "tuning"]

__all__ = [*sorted(_HOMES), *_MODULES, "__version__"]


def __getattr__(name):
    if name in _HOMES:
        value = getattr(import_module(f"skdigits.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"skdigits.{name}")
    else:
        raise AttributeError(f"module 'skdigits' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(__all__))
