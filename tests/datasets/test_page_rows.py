"""Rows cut from made-up pages: what the finder hands to the classifier."""

import numpy as np
import pytest

from skdigits.datasets import load_bundled_digits
from skdigits.datasets._page_parts import Mark
from skdigits.datasets._page_rows import NO_DIGIT, _label_of, cut_from_pages
from skdigits.datasets._pages import gather_scribe
from skdigits.datasets._scribe import find_fonts


@pytest.fixture(scope="module")
def scribe():
    digits = load_bundled_digits()
    digits.source = np.full(len(digits.target), "bundled")
    return gather_scribe(digits)


@pytest.mark.slow
def test_rows_are_digits_in_the_form_of_mnist(scribe):
    rows = cut_from_pages(scribe, 30, random_state=0)
    assert rows.data.dtype == np.uint8
    assert rows.data.shape == (len(rows.target), 784)
    assert rows.kinds.shape == (len(rows.target), 10)
    digits = rows.target >= 0
    assert digits.sum() > 60
    assert (rows.data.max(axis=1) == 255).mean() > 0.95
    assert (rows.kinds[digits].argmax(axis=1) == rows.target[digits]).mean() > 0.7


def test_the_seed_makes_the_rows(scribe):
    once, again, other = (cut_from_pages(scribe, 4, random_state=s) for s in (1, 1, 2))
    assert np.array_equal(once.data, again.data)
    assert np.array_equal(once.target, again.target)
    assert len(once.data) != len(other.data) or not np.array_equal(once.data, other.data)


@pytest.mark.parametrize(
    ("box", "label"),
    [
        ((11, 10, 31, 40), 7),  # a little beside it
        ((45, 10, 65, 40), None),  # of a digit that cannot be seen
        ((25, 10, 45, 40), None),  # between the two, on both
        ((100, 10, 120, 40), NO_DIGIT),  # where none is
        ((100, 10, 105, 40), None),  # a lone stroke could be a 1
    ],
)
def test_a_place_has_the_label_of_what_is_there(box, label):
    marks = [Mark("7", (10, 10, 30, 40), 30), Mark("lost", (44, 10, 64, 40), 30)]
    marks.append(Mark("other", (100, 10, 120, 40), 30))
    assert _label_of(np.array(box, float), marks) == label


def test_a_source_that_lacks_a_digit_writes_nothing():
    digits = load_bundled_digits()
    digits.source = np.where(digits.target == 3, "threes", "others")
    assert gather_scribe(digits).collections == []


def test_fonts_have_digits(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert find_fonts(tmp_path) == []
