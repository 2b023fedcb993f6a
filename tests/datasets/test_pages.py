"""Made-up pages come with the truth about every digit."""

from dataclasses import replace

import numpy as np
import pytest

from skdigits.datasets import load_bundled_digits, make_page
from skdigits.datasets._pages import KINDS, cut_to_ink, make_patch
from skdigits.datasets._scribe import Scribe


@pytest.mark.parametrize("kind", KINDS)
def test_labels_boxes_and_rows_agree(kind):
    page = make_page(kind, n_rows=3, n_columns=3, random_state=0)
    assert page.image.shape == (600, 800)
    assert page.image.dtype == np.uint8
    assert len(page.rows) == 3 + (kind == "exam")  # the number stands above the marks
    assert "".join(page.labels) == "".join(text for row in page.rows for text in row)
    for left, top, right, bottom in page.boxes:
        inside = page.image[max(0, top) : bottom, max(0, left) : right].astype(float)
        around = page.image[max(0, top - 9) : bottom + 9, max(0, left - 9) : right + 9]
        assert inside.min() < 0.9 * np.quantile(around, 0.9)  # there is ink


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_every_digit_that_counts_is_on_the_page(kind, seed):
    page = make_page(kind, shape=(120, 300), height=36, n_rows=1, tilt=0, random_state=seed)
    assert (page.boxes[:, 0] >= 0).all()
    assert (page.boxes[:, 2] <= 300).all()
    assert "".join(page.labels) == "".join(text for row in page.rows for text in row)


def test_the_seed_makes_the_page():
    first, again, other = (make_page("table", random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert first.rows == again.rows
    assert first.rows != other.rows


def test_cells_may_be_blank():
    page = make_page("table", n_rows=4, n_columns=4, blank=1.0, random_state=0)
    assert page.rows == [[""] * 4] * 4
    assert len(page.labels) == 0
    assert page.boxes.shape == (0, 4)


def test_digits_of_ones_own_are_written():
    rows = np.zeros((10, 28, 28), np.uint8)
    rows[:, 4:24, 12:16] = 255
    page = make_page(digits=(rows.reshape(10, -1), np.arange(10)), random_state=0)
    assert len(page.labels)
    with pytest.raises(ValueError, match=r"no picture of \[9\]"):
        make_page(digits=(rows[:9].reshape(9, -1), np.arange(9)))


@pytest.mark.parametrize("kind", ["form", "exam"])
def test_numbers_of_ones_own_are_written(kind):
    numbers = ["0123", "7", ""][: 2 + (kind == "exam")]
    page = make_page(kind, n_rows=2, n_columns=4, numbers=numbers, random_state=0)
    assert page.rows == [[number] for number in numbers]
    with pytest.raises(ValueError, match="numbers holds 1; there are"):
        make_page(kind, n_rows=2, numbers=["1"])
    with pytest.raises(ValueError, match="strings of digits; got 'x'"):
        make_page(kind, n_rows=2, numbers=["x"] * len(numbers))
    with pytest.raises(ValueError, match="numbers go with kind='form' or 'exam', not 'sum'"):
        make_page("sum", numbers=["1"])


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match=r"'poem'; known are lines, table"):
        make_page("poem")


def test_patches_of_any_condition_keep_their_marks_near():
    rows = np.zeros((10, 28, 28), np.uint8)
    rows[:, 4:24, 12:16] = 255
    scribe = Scribe([cut_to_ink(rows, np.arange(10))])
    rng = np.random.default_rng(0)
    labels = set()
    for _ in range(60):
        image, marks = make_patch(scribe, rng)
        assert image.shape == (160, 160)
        labels |= {mark.label for mark in marks}
        for mark in marks:
            left, top, right, bottom = mark.box
            assert left < right
            assert top < bottom
            assert min(right, bottom) > 0
            assert max(left, top) < 160
    assert labels >= set("0123456789-") | {"other", "lost"}


def test_a_fine_pen_leaves_the_middle_of_strokes():
    X, y = load_bundled_digits(return_X_y=True)
    inks = {}
    for fine in (0, 1):
        scribe, rng = Scribe([cut_to_ink(X, y)], fine=fine), np.random.default_rng(0)
        hands = [replace(scribe.take_hand(rng), felt=0.0) for _ in range(20)]
        inks[fine] = [scribe.write_digit(8, 40, hand, rng).values.mean() for hand in hands]
    assert np.mean(inks[1]) < 0.6 * np.mean(inks[0])
