"""The weights that ship with the package."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal, overload

from skdigits._files.persistence import load_pipeline
from skdigits._onnx.classifier import load_onnx

if TYPE_CHECKING:
    from skdigits._estimators.pipeline import DigitPipeline
    from skdigits._onnx.classifier import OnnxDigitClassifier

_NAMES = ("hands", "kaggle")


@overload
def load_pretrained(name: str = "hands", *, trainable: Literal[True] = True) -> DigitPipeline: ...
@overload
def load_pretrained(name: str = "hands", *, trainable: Literal[False]) -> OnnxDigitClassifier: ...
def load_pretrained(
    name: str = "hands", *, trainable: bool = True
) -> DigitPipeline | OnnxDigitClassifier:
    """Load a pipeline that is already trained; needs neither data nor a network connection.

    ``examples/train_pretrained.py`` trained both; ``skdigits/models`` has a card for each. The
    files consist of plain parts: loading one runs no code from it.

    Parameters
    ----------
    name : {"hands", "kaggle"}, default="hands"
        "hands" was trained on ``train.csv`` of Kaggle's "Digit Recognizer", on the handwriting of
        people in other countries, and on letters, signs and made-up pictures that are not digits;
        the page, the command line and the examples of :class:`DigitReader` use it. "kaggle" was
        trained on the 42,000 rows of ``train.csv`` and nothing else: start from it for a
        submission.

    trainable : bool, default=True
        False gives the same network on onnxruntime, which starts without TensorFlow and answers,
        but cannot be trained further.

    Returns
    -------
    pipeline : DigitPipeline, or OnnxDigitClassifier if not trainable
        Fitted; takes rows (n, 784) of 0-255 in MNIST's form, as :class:`DigitNormalizer` makes
        them from any picture, and returns the labels 0-9.

    Raises
    ------
    ValueError
        If there are no weights with this name.

    Examples
    --------
    >>> from skdigits import load_pretrained
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> bool(load_pretrained().score(X, y) > 0.9)
    True
    """
    if name not in _NAMES:
        raise ValueError(f"name={name!r} is unknown; the weights are {list(_NAMES)}.")
    load, suffix = (load_pipeline, "skdigits") if trainable else (load_onnx, "onnx")
    with as_file(files("skdigits") / "models" / f"{name}.{suffix}") as path:
        return load(path)
