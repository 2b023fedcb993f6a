"""Rows to train on: Kaggle's files, bundled digits, MNIST, other hands, and non-digits.

Every loader returns rows as MNIST stores them: 784 uint8 values from 0 (paper) to 255 (ink), a
28x28 picture row by row.
"""

from skdigits.datasets._hands import load_hands
from skdigits.datasets._load import (
    fetch_mnist,
    load_available,
    load_bundled_digits,
    load_competition,
    read_digits_csv,
)
from skdigits.datasets._non_digits import make_non_digits
from skdigits.datasets._pages import make_page

__all__ = [
    "fetch_mnist",
    "load_available",
    "load_bundled_digits",
    "load_competition",
    "load_hands",
    "make_non_digits",
    "make_page",
    "read_digits_csv",
]
