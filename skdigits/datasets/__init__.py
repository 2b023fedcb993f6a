"""Digits to train on: Kaggle's CSV files, scikit-learn's bundled digits, and MNIST.

Every loader gives rows as MNIST stores them: 784 uint8 values from 0 (nothing) to 255 (ink), a
28x28 picture read row by row.
"""

from skdigits.datasets._load import (
    fetch_mnist,
    load_available,
    load_bundled_digits,
    load_competition,
    read_digits_csv,
)

__all__ = [
    "fetch_mnist",
    "load_available",
    "load_bundled_digits",
    "load_competition",
    "read_digits_csv",
]
