"""The weights that ship with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from skdigits._files.persistence import load_pipeline
from skdigits._onnx.classifier import OnnxDigitClassifier
from skdigits._runtime.model import MODELS

if TYPE_CHECKING:
    from skdigits._estimators.pipeline import DigitPipeline

_NAMES = ("hands", "kaggle")


@overload
def load_pretrained(
    name: str = "hands", *, trainable: Literal[False] = False
) -> OnnxDigitClassifier: ...
@overload
def load_pretrained(name: str = "hands", *, trainable: Literal[True]) -> DigitPipeline: ...
def load_pretrained(
    name: str = "hands", *, trainable: bool = False
) -> OnnxDigitClassifier | DigitPipeline:
    """Load a classifier that is already trained; needs neither data nor a network connection.

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

    trainable : bool, default=False
        Whether to load the network as a Keras pipeline, which can be trained further, saved and
        looked into, and starts TensorFlow. Otherwise onnxruntime computes the same answers.

    Returns
    -------
    classifier : OnnxDigitClassifier, or DigitPipeline if trainable
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
    path = MODELS / f"{name}.{'skdigits' if trainable else 'onnx'}"
    classifier = load_pipeline(path) if trainable else OnnxDigitClassifier.load(path)
    last = classifier[-1] if trainable else classifier
    last.training_rows_ = np.load(MODELS / f"{name}.rows.npy", allow_pickle=False)
    return classifier
