"""The weights that ship with the package."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from skdigits._files.persistence import load_pipeline

if TYPE_CHECKING:
    from skdigits._estimators.pipeline import DigitPipeline


def load_pretrained() -> DigitPipeline:
    """Load a pipeline that is already trained, without data or network.

    It was trained by ``examples/train_pretrained.py`` on all 42,000 rows of the ``train.csv`` of
    Kaggle's "Digit Recognizer", and on nothing else; ``skdigits/models/README.md`` has its card.
    Its file is of plain parts: loading it runs no code from it.

    Returns
    -------
    pipeline : DigitPipeline
        Fitted; takes rows (n, 784) of 0-255 in MNIST's form, as :class:`DigitNormalizer` makes
        them of any picture, and gives the labels 0-9.

    Examples
    --------
    >>> from skdigits import load_pretrained
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> bool(load_pretrained().score(X, y) > 0.9)
    True
    """
    with as_file(files("skdigits") / "models" / "digits.skdigits") as path:
        return load_pipeline(path)
