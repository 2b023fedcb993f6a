"""Copies and near copies of rows between two sets."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from skdigits.evaluation import leakage


def random_pictures(n, seed):
    """Pictures that are unlike each other, with room to be moved."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), dtype=np.uint8)
    images[:, 4:24, 4:24] = rng.integers(256, size=(n, 20, 20)) * (rng.random((n, 20, 20)) < 0.3)
    return images


def test_leakage_finds_what_was_planted():
    train, test = random_pictures(500, 0), random_pictures(200, 1)
    noise = np.random.default_rng(2).normal(0, 4, (28, 28))
    test[3] = train[10]
    test[50] = np.clip(train[20] + noise, 0, 255)
    test[70] = np.roll(train[30], (1, -1), axis=(0, 1))
    test[90] = train[40] // 2
    found = leakage(train, test)
    assert (found.n_exact, found.n_near) == (1, 3)
    frame = found.to_frame().set_index("test")
    assert frame["train"].to_dict() == {3: 10, 50: 20, 70: 30, 90: 40}
    assert frame.index[0] == 3
    assert frame.loc[70, ["shift_down", "shift_right"]].tolist() == [-1, 1]
    assert frame.loc[50, ["shift_down", "shift_right"]].tolist() == [0, 0]
    assert frame["similarity"].iloc[1:].is_monotonic_decreasing
    assert (frame["similarity"] >= 0.99).all()


def test_leakage_without_shifts():
    train = random_pictures(50, 0)[:, 2:-2, 2:-2][:, ::2, ::2]
    train = np.pad(train, [(0, 0), (2, 2), (2, 2)])
    moved = np.roll(train[:5], 1, axis=1)
    assert leakage(train, moved, max_shift=0).n_near == 0
    assert leakage(train, moved).n_near == 5
    further = np.roll(train[:5], (2, -2), axis=(1, 2))
    assert leakage(train, further).n_near == 0
    assert leakage(train, further, max_shift=2).n_near == 5


@pytest.mark.parametrize("min_similarity", [0.8, 0.97])
def test_leakage_misses_nothing(rows, min_similarity):
    train, test = rows[0][:700], rows[0][700:1000]
    found = leakage(train, test, min_similarity=min_similarity, max_shift=0)
    a, b = (X / np.linalg.norm(X.astype(float), axis=1)[:, np.newaxis] for X in (train, test))
    cosines = b @ a.T
    like = np.flatnonzero(cosines.max(axis=1) >= min_similarity)
    assert len(like) > 0
    assert set(found.test_indices) == set(like)
    np.testing.assert_array_equal(found.train_indices, cosines.argmax(axis=1)[found.test_indices])
    np.testing.assert_allclose(found.similarity, cosines.max(axis=1)[found.test_indices], atol=1e-5)


def test_leakage_does_not_depend_on_the_block_size(monkeypatch):
    train, test = np.split(load_digits().data[:400], [300])
    at_once = leakage(train, test, min_similarity=0.9)
    monkeypatch.setattr("skdigits.evaluation._leakage._BLOCK_CELLS", 7 * 300)
    pd.testing.assert_frame_equal(
        leakage(train, test, min_similarity=0.9).to_frame(), at_once.to_frame(), rtol=1e-5
    )


def test_leakage_of_nothing_but_copies():
    X = load_digits().data[:100]
    found = leakage(X, X.astype(np.uint8))
    assert found.n_exact == 100
    assert found.n_near == 0
    assert "exact copies  100" in str(found)
    assert "100 are exact copies" in repr(found)


def test_blank_rows_are_copies_of_blank_rows_only():
    X, blank = load_digits().data[:20], np.zeros((1, 64))
    assert leakage(X, blank).n_near == 0
    assert leakage(blank, X).n_near == 0
    assert leakage(np.vstack([X, blank]), blank).train_indices.tolist() == [20]


def test_leakage_of_equal_rows_names_the_first():
    X = load_digits().data[:5]
    assert leakage(np.vstack([X, X]), X).train_indices.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("train", "test", "changes", "message"),
    [
        ((5, 785), (5, 784), {}, "X_train has 785 columns and X_test 784"),
        ((5, 784), (5, 784), {"min_similarity": 0}, "min_similarity=0"),
        ((5, 784), (5, 784), {"max_shift": -1}, "max_shift=-1"),
        ((5, 784), (5, 784), {"max_shift": 29}, "max_shift=29 is more than the 28x28"),
        ((5, 784), (5, 784), {"image_shape": (20, 20)}, "400 pixels, but X has 784"),
    ],
)
def test_leakage_says_what_is_wrong(train, test, changes, message):
    with pytest.raises(ValueError, match=message):
        leakage(np.ones(train), np.ones(test), **changes)
