"""Handwritten-digit recognition as a scikit-learn estimator.

Importing :mod:`skdigits` is cheap: every public name is loaded on first use (:pep:`562`), so that
TensorFlow, Gradio, Matplotlib and pandas are only imported by the code that needs them.
"""

from typing import TYPE_CHECKING

from skdigits._utils.lazy import attach

if TYPE_CHECKING:  # for type checkers, what `__getattr__` does
    from skdigits import (
        app as app,
        datasets as datasets,
        evaluation as evaluation,
        exceptions as exceptions,
        forms as forms,
        kaggle as kaggle,
        plotting as plotting,
        tuning as tuning,
    )
    from skdigits._estimators.adapting import adapt as adapt
    from skdigits._estimators.classifier import DigitCNNClassifier as DigitCNNClassifier
    from skdigits._estimators.ensemble import DigitEnsembleClassifier as DigitEnsembleClassifier
    from skdigits._estimators.pipeline import make_digit_pipeline as make_digit_pipeline
    from skdigits._estimators.presets import PRESETS as PRESETS
    from skdigits._estimators.scaling import PixelScaler as PixelScaler
    from skdigits._estimators.selective import SelectiveClassifier as SelectiveClassifier
    from skdigits._files.model_card import model_card as model_card
    from skdigits._files.persistence import (
        load_pipeline as load_pipeline,
        save_pipeline as save_pipeline,
    )
    from skdigits._files.pretrained import load_pretrained as load_pretrained
    from skdigits._onnx.classifier import (
        OnnxDigitClassifier as OnnxDigitClassifier,
        load_onnx as load_onnx,
    )
    from skdigits._onnx.export import export_onnx as export_onnx
    from skdigits._pictures.normalizer import DigitNormalizer as DigitNormalizer
    from skdigits._pictures.reader import DigitReader as DigitReader
    from skdigits._pictures.results import (
        ReadDigit as ReadDigit,
        ReadNumber as ReadNumber,
        ReadPicture as ReadPicture,
        ReadTable as ReadTable,
    )
    from skdigits._utils.about import show_versions as show_versions

__version__ = "0.1.0"

_HOMES = {
    "adapt": "_estimators.adapting",
    "DigitCNNClassifier": "_estimators.classifier",
    "DigitEnsembleClassifier": "_estimators.ensemble",
    "DigitNormalizer": "_pictures.normalizer",
    "DigitReader": "_pictures.reader",
    "OnnxDigitClassifier": "_onnx.classifier",
    "PRESETS": "_estimators.presets",
    "PixelScaler": "_estimators.scaling",
    "ReadDigit": "_pictures.results",
    "ReadNumber": "_pictures.results",
    "ReadPicture": "_pictures.results",
    "ReadTable": "_pictures.results",
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
_MODULES = ["app", "datasets", "evaluation", "exceptions", "forms", "kaggle", "plotting", "tuning"]

__all__ = [*sorted(_HOMES), *_MODULES, "__version__"]
__getattr__, __dir__ = attach("skdigits", _HOMES | dict(zip(_MODULES, _MODULES, strict=True)))
