"""`match`: which sheet belongs to which number."""

import re

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from skdigits._pictures.fields import Rules, choose
from skdigits._pictures.results import ReadDigit
from skdigits.forms import match
from skdigits.forms._match import _margins


def field(text, doubt=0.0, instead="0"):
    """A field in which a text is written; `doubt` is the share of what it may be instead."""
    digits = []
    for i, (digit, other) in enumerate(zip(text, instead.zfill(len(text)), strict=True)):
        shares = dict.fromkeys(range(10), 0.001)
        shares[int(other)] += doubt
        shares[int(digit)] += 0.99 - doubt
        box, row = (30 * i, 0, 30 * i + 20, 30), np.zeros(784, np.uint8)
        digits.append(ReadDigit(int(digit), 0.99, shares, box, 0, False, 0.99, row))
    return choose(tuple(digits), Rules.of(candidates=[text]), 0.9)


def test_each_gets_its_own():
    numbers = ["1234", "5678", "9012", "3333"]
    found = match([field("5678"), field("1234"), field("9012")], numbers)
    assert [m.candidate for m in found] == ["5678", "1234", "9012"]
    assert not any(m.unsure for m in found)
    assert all(m.margin > 10 for m in found)


def test_a_number_that_is_hard_to_read_is_the_one_left_over():
    fields = [field("1111"), field("1111", doubt=0.45, instead="1117")]
    alone = choose(fields[1].digits, Rules.of(candidates=["1111", "1117"]), 0.9)
    assert alone.text == "1111"
    found = match(fields, ["1111", "1117"])
    assert [m.candidate for m in found] == ["1111", "1117"]
    assert not found[1].unsure


def test_two_that_could_be_exchanged_are_unsure():
    fields = [field("1111", doubt=0.49, instead="1117")] * 2
    assert all(m.unsure and m.margin < 1e-6 for m in match(fields, [1111, 1117]))


def test_a_number_of_nobody_is_unsure():
    found = match([field("1234"), field("8888")], ["1234", "5555"])
    assert [m.unsure for m in found] == [False, True]


def test_three_hundred_sheets_take_seconds():
    rng = np.random.default_rng(0)
    numbers = [f"{n:08d}" for n in rng.choice(10**8, 300, replace=False)]
    order = rng.permutation(300)
    found = match([field(numbers[i]) for i in order], numbers)
    assert [m.candidate for m in found] == [numbers[i] for i in order]


@pytest.mark.parametrize(
    ("candidates", "complaint"),
    [
        (["12"], "There are 2 fields, but only 1 candidates."),
        (["12", "12", "13"], "candidates has '12' twice"),
        ([], "candidates is empty"),
    ],
)
def test_what_cannot_be_matched(candidates, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        match([field("12"), field("13")], candidates)
    assert match([], ["1"]) == []


@pytest.mark.parametrize("n_left", [0, 1, 5])
def test_margins_are_those_of_the_next_best_assignment(n_left):
    rng = np.random.default_rng(n_left)
    fit = rng.normal(0, 3, (6, 6 + n_left))
    rows, chosen = linear_sum_assignment(fit, maximize=True)
    best = fit[rows, chosen].sum()
    for row, margin in zip(rows, _margins(fit, chosen), strict=True):
        others = fit.copy()
        others[row, chosen[row]] = -1000
        others = others[linear_sum_assignment(others, maximize=True)].sum()
        assert margin == pytest.approx(best - others)
