"""`DigitReader.read_field`: the best string that rules allow, and how probable it is."""

import re
import sys

import numpy as np
import pytest

from skdigits import DigitReader
from skdigits._pictures.fields import Rules, choose, log_likelihood, one_line
from skdigits._pictures.results import ReadDigit
from skdigits.datasets import make_page
from skdigits.exceptions import PictureError


def place(shares, score=0.99, left=0, top=0):
    """A place where digits have these shares; what is left belongs to all alike."""
    probabilities = {d: shares.get(d, 0) + (1 - sum(shares.values())) / 10 for d in range(10)}
    best = max(probabilities, key=probabilities.get)
    box = left, top, left + 20, top + 30
    row = np.zeros(784, np.uint8)
    return ReadDigit(best, probabilities[best], probabilities, box, 0, False, score, row)


def written(*places):
    return tuple(place(p, left=30 * i) if isinstance(p, dict) else p for i, p in enumerate(places))


def read(digits, min_confidence=0.9, **rules):
    return choose(digits, Rules.of(**rules), min_confidence)


CLEAR = written({1: 0.99}, {7: 0.99}, {4: 0.99})
DOUBTFUL = written({1: 0.6, 7: 0.39}, {2: 0.98}, {0: 0.5, 6: 0.49})


def test_without_rules_the_most_probable_string_is_read():
    found = read(CLEAR)
    assert found.text == "174"
    assert 0.9 < found.confidence < 1
    assert not found.unsure
    faint = read(written(place({1: 0.99}, score=0.4), {7: 0.99}, {4: 0.99}))
    assert {faint.text, faint.alternatives[0][0]} == {"174", "74"}  # the first may be no digit


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"length": 3}, "120"),
        ({"candidates": ["126", "720", "999"]}, "126"),
        ({"candidates": [726, 999]}, "726"),
        ({"between": (700, 800)}, "720"),
        ({"between": (0, 119_999), "pattern": "1[0-9]+6"}, "126"),
        ({"pattern": "7.*"}, "720"),
        ({"check": lambda text: len(text) == 3 and int(text) % 11 == 0}, "726"),
        ({"between": (0, 10**9), "length": 3}, "120"),
    ],
)
def test_the_best_string_that_the_rules_allow(rules, text):
    found = read(DOUBTFUL, **rules)
    assert found.text == text
    assert found.problem is None or "looks like none" in found.problem


def test_rules_make_doubts_certain():
    free, ruled = read(DOUBTFUL), read(DOUBTFUL, candidates=["120", "999"])
    assert free.unsure
    assert free.confidence < 0.4
    assert not ruled.unsure
    assert ruled.confidence > 0.99
    assert ruled.alternatives[0][0] == "999"


def test_probabilities_of_a_list_add_up_to_one():
    found = read(DOUBTFUL, candidates=["120", "126", "720", "726"])
    shares = [found.confidence, *(share for _, share in found.alternatives)]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.61 * 0.51, abs=0.03)


def test_a_digit_that_was_overlooked_is_added_to_fit_a_list():
    found = read(CLEAR, candidates=["1274", "1111", "9999"])
    assert found.text == "1274"
    assert not found.unsure
    assert len(read(CLEAR, length=4).text) == 4


def test_what_may_be_none_is_left_out_to_fit_the_length():
    digits = (*CLEAR, place({9: 0.9}, score=0.3, left=90))
    assert read(digits, length=3).text == "174"
    assert read(digits, length=4).text == "1749"


def test_what_is_written_is_not_forced_into_a_list():
    found = read(CLEAR, candidates=["555", "666"])
    assert found.unsure
    assert found.problem == "what is written looks like none of the strings that are allowed"


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"pattern": "x+"}, "pattern='x+'"),
        ({"length": 3, "check": lambda text: False}, "check"),
        ({"candidates": ["12"], "length": 3}, "length=3"),
        ({"candidates": ["120"], "between": (1, 9)}, "between=(1, 9)"),
    ],
)
def test_a_rule_that_leaves_nothing_is_named(rules, problem):
    found = read(CLEAR, **rules)
    assert (found.text, found.confidence, found.unsure) == ("", 0.0, True)
    assert found.problem == f"no string that could be written here fits {problem}"


def test_nothing_written():
    assert read(()).text == ""
    assert not read((), candidates=["", "17"]).unsure
    found = read((), between=(0, 20))
    assert found.unsure


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ({"length": "3"}, "length is a number of digits, 0 to 100; got '3'"),
        ({"length": -1}, "length is a number of digits, 0 to 100; got -1"),
        ({"candidates": []}, "candidates is empty"),
        ({"candidates": ["12", "1a"]}, "strings of the digits 0 to 9; got '1a'"),
        ({"candidates": [12, "12"]}, "candidates has '12' twice"),
        ({"between": (5, 1)}, "between is (least, greatest)"),
        ({"between": (-5, 1)}, "between is (least, greatest)"),
        ({"pattern": "("}, "pattern='(' is no regular expression"),
        ({"check": "isbn"}, "check is a function or one of ean13, luhn, mod97; got 'isbn'"),
    ],
)
def test_what_is_no_rule_is_refused(rules, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Rules.of(**rules)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("luhn", "79927398713", "79927398710"),
        ("ean13", "4006381333931", "4006381333930"),
        ("mod97", "9712345676", "9712345677"),
    ],
)
def test_check_digits(name, good, bad):
    pytest.importorskip("stdnum")
    check = Rules.of(check=name).check
    assert check(good)
    assert not check(bad)


def test_check_digits_need_a_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "stdnum.luhn", None)
    with pytest.raises(ImportError, match=r"pip install 'skdigits\[forms\]'"):
        Rules.of(check="luhn")


def test_likelihoods_of_all_strings_are_a_distribution():
    digits = written({1: 0.6}, {2: 0.7})
    texts = ["", *(str(d) for d in range(10)), *(f"{d:02d}" for d in range(100))]
    total = np.exp(log_likelihood(digits, texts)).sum()
    assert total == pytest.approx(1, abs=0.05)  # but for digits that were overlooked
    assert np.exp(log_likelihood(digits, ["12"]))[0] == pytest.approx(0.64 * 0.73, 0.01)


def test_one_line_is_taken_from_left_to_right():
    line = [place({4: 0.9}, left=x) for x in (60, 0, 30)]
    above = [place({1: 0.9}, left=20, top=-40), place({1: 0.9}, 0.2, left=40, top=35)]
    assert [digit.box[0] for digit in one_line([*above, *line])] == [0, 30, 60]
    assert one_line([]) == ()


@pytest.fixture(scope="module")
def sheet():
    return make_page("form", n_rows=2, n_columns=4, tilt=0, random_state=1)


def test_a_field_of_a_page_is_read(sheet):
    boxes = sheet.boxes[:4]
    box = *(boxes[:, :2].min(axis=0) - 10).tolist(), *(boxes[:, 2:].max(axis=0) + 10).tolist()
    others = ["0000", "9999", sheet.rows[1][0]]
    found = DigitReader().read_field(sheet.image, box=box, candidates=[sheet.rows[0][0], *others])
    assert found.text == sheet.rows[0][0]
    assert found.box == box


def test_a_box_beside_the_picture(sheet):
    with pytest.raises(PictureError, match="holds nothing of the picture, which is 800x600"):
        DigitReader().read_field(sheet.image, box=(900, 0, 950, 50))


def test_a_blank_field():
    blank = np.full((60, 200), 240, np.uint8)
    assert DigitReader().read_field(blank).text == ""
    assert DigitReader().read_field(blank, length=3).unsure
