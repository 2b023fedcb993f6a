"""`make_non_digits`: every kind, the same for the same seed, in MNIST's form."""

import sys

import numpy as np
import pytest

from skdigits.datasets import load_bundled_digits, make_non_digits
from skdigits.datasets._non_digits import slash_zeros

KINDS = [
    *("latin", "greek", "script", "symbol", "sign", "scribble", "shape", "rim", "specks"),
    *("half", "pair", "struck", "beside", "blank"),
]


def test_kinds_take_turns():
    made = make_non_digits(2 * len(KINDS) + 1, random_state=0)
    assert made.kind.tolist() == [*KINDS, *KINDS, "latin"]
    assert made.data.dtype == np.uint8
    assert made.images.shape == (2 * len(KINDS) + 1, 28, 28)


def test_rows_are_placed_as_digits_are():
    made = make_non_digits(8 * (len(KINDS) - 1), kinds=KINDS[:-1], random_state=0)
    for image in made.images:
        box = [np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (0, 1)]
        assert 18 <= max(box) <= 21  # bicubic shrinking may lose a faint rim
        assert image.max() >= 254


def test_the_same_seed_makes_the_same_rows():
    rows = make_non_digits(30, random_state=3).data
    assert (make_non_digits(30, random_state=3).data == rows).all()
    assert (make_non_digits(30, random_state=4).data != rows).any()
    assert len(np.unique(rows, axis=0)) > 25


def test_kinds_made_of_digits_are_made_of_those_given():
    zeros = np.zeros((1, 784), np.uint8)
    zeros[0, 28 * 4 : 28 * 24] = 255  # a full block stands for a digit: its half is one, too
    made = make_non_digits(5, kinds=["half"], digits=(zeros, [0]), random_state=0)
    assert ((made.data > 128).sum(axis=1) > 80).all()
    X, y = load_bundled_digits(return_X_y=True)
    default = make_non_digits(4, kinds=["struck", "pair"], random_state=0)
    given = make_non_digits(4, kinds=["struck", "pair"], digits=(X, y), random_state=0)
    assert (default.data == given.data).all()


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match=r"\['horse'\] unknown; known are \['latin'"):
        make_non_digits(1, kinds=["horse"])


def test_letters_want_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ImportError, match=r'pip install "skdigits\[plot\]", or leave the letters out'
    ):
        make_non_digits(1)
    assert len(make_non_digits(1, kinds=["sign"]).data) == 1


def test_slashed_zeros_are_zeros_with_a_stroke():
    X, y = load_bundled_digits(return_X_y=True)
    rows = slash_zeros(X[y == 0], 20, random_state=0)
    assert rows.shape == (20, 784)
    assert (slash_zeros(X[y == 0], 20, random_state=0) == rows).all()
    assert (slash_zeros(X[y == 0], 20, random_state=1) != rows).any()
    inside = rows.reshape(-1, 28, 28)[:, 12:16, 12:16].max(axis=(1, 2))
    assert (inside > 200).mean() > 0.9  # where a 0 is empty
