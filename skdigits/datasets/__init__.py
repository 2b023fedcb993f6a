"""Rows to train on: Kaggle's files, bundled digits, MNIST, other hands, and non-digits.

Every loader returns rows as MNIST stores them: 784 uint8 values from 0 (paper) to 255 (ink), a
28x28 picture row by row.
"""

from typing import TYPE_CHECKING

from skdigits._utils.lazy import attach

if TYPE_CHECKING:  # for type checkers, what `__getattr__` does
    from skdigits.datasets._hands import load_hands as load_hands
    from skdigits.datasets._load import (
        fetch_mnist as fetch_mnist,
        load_available as load_available,
        load_bundled_digits as load_bundled_digits,
        load_competition as load_competition,
        read_digits_csv as read_digits_csv,
    )
    from skdigits.datasets._non_digits import make_non_digits as make_non_digits
    from skdigits.datasets._pages import make_page as make_page

_HOMES = {
    "fetch_mnist": "_load",
    "load_available": "_load",
    "load_bundled_digits": "_load",
    "load_competition": "_load",
    "load_hands": "_hands",
    "make_non_digits": "_non_digits",
    "make_page": "_pages",
    "read_digits_csv": "_load",
}

__all__ = sorted(_HOMES)
__getattr__, __dir__ = attach("skdigits.datasets", _HOMES)
