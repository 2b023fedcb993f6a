"""Every digit is found once, whole, and in the order of reading."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from skdigits._pictures.segmentation import (
    Digit,
    cut_out,
    find_digits,
    main_digit,
    reading_order,
    split_candidates,
    without_ruling,
)

GLYPHS = {
    "1": [[(15, 0), (15, 60)]],
    "2": [[(0, 12), (15, 0), (30, 12), (0, 60), (32, 60)]],
    "4": [[(8, 0), (0, 35), (36, 35)], [(28, 3), (28, 60)]],
    "5": [[(5, 3), (3, 28), (25, 28), (30, 48), (14, 60), (0, 54)], [(6, 0), (34, 0)]],
    "7": [[(0, 0), (32, 0), (12, 60)]],
    "0": [[(15, 0), (0, 30), (15, 60), (30, 30), (15, 0)]],
}


def write(places, size=(400, 300), width=7):
    """Ink of glyphs at places: a list of ``(glyph, x, y)``."""
    image = Image.new("L", size, 0)
    for glyph, x, y in places:
        for stroke in GLYPHS[glyph]:
            points = [(x + a, y + b) for a, b in stroke]
            ImageDraw.Draw(image).line(points, fill=255, width=width, joint="curve")
    return np.asarray(image, dtype=np.float32) / 255


def lefts(digits):
    return [digit.box[0] for digit in digits]


def test_a_row_is_read_from_left_to_right():
    places = [(glyph, 30 + 60 * i, 100) for i, glyph in enumerate("127450")]
    digits = find_digits(write(places))
    assert len(digits) == 6
    assert lefts(digits) == sorted(lefts(digits))
    assert {digit.line for digit in digits} == {0}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    angle=st.floats(-30, 30),
    count=st.integers(3, 6),
    lines=st.integers(1, 3),
    seed=st.integers(0, 999),
)
def test_slanted_lines_keep_their_order(angle, count, lines, seed):
    rng = np.random.default_rng(seed)
    slope = np.tan(np.radians(angle))
    digits, expected = [], []
    for line in range(lines):
        for k in range(count):
            x = 60 * k + rng.integers(-4, 5)
            y = round(slope * x + line * 130 * np.hypot(1, slope)) + rng.integers(-5, 6)
            box = (int(x), int(y), int(x) + 36, int(y) + 60)
            digits.append(Digit(box, np.ones((60, 36), bool)))
            expected.append((box, line))
    order = rng.permutation(len(digits))
    found = reading_order([digits[i] for i in order])
    assert [(digit.box, digit.line) for digit in found] == expected


def test_a_grid_of_digits_is_read_row_by_row():
    places = [("7", 60 + 100 * k, 20 + 90 * row) for row in range(3) for k in range(3)]
    digits = find_digits(write(places))
    assert [digit.line for digit in digits] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("gap", [2, 5, 9])
def test_the_flag_of_a_5_belongs_to_it(gap):
    ink = write([("5", 100, 100), ("1", 180, 100)])
    ink[108 : 108 + gap, 90:150] = 0  # cuts the flag off
    assert len(find_digits(ink)) == 2


def test_a_4_in_two_strokes_is_one_digit():
    ink = write([("4", 100, 100), ("4", 200, 100)])
    ink[:, 120:124] = 0
    assert len(find_digits(ink)) == 2
    assert main_digit(ink[:, :160]).width > 30


def test_specks_frame_and_edge_are_no_digits():
    ink = write([("2", 100, 100), ("7", 200, 100)])
    expected = [digit.box for digit in find_digits(ink)]
    for y, x in ((20, 20), (250, 300), (150, 350)):
        ink[y : y + 4, x : x + 4] = 1
    ink[:, :12] = 1  # a table along the left edge
    assert [digit.box for digit in find_digits(ink)] == expected
    frame = np.zeros_like(ink)
    frame[[16, 17, 280, 281], 16:390] = frame[16:282, [16, 17, 388, 389]] = 1
    assert [digit.box for digit in find_digits(np.maximum(ink, frame))] == expected


def test_the_main_digit_leaves_out_a_neighbour_cut_by_the_edge():
    ink = write([("2", 150, 100), ("7", 380, 100), ("5", 10, -40)])
    box = main_digit(ink).box
    assert (box[0] > 140, box[2] < 200) == (True, True)


def test_ink_that_fills_the_picture_is_still_a_digit():
    tight = write([("2", 4, 4)], size=(40, 68))
    assert main_digit(tight).height > 60
    assert len(find_digits(tight)) == 1
    one = np.zeros((60, 12), np.float32)
    one[:, 2:10] = 1
    assert main_digit(one).height == 60


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (64, 64)])
def test_no_ink_is_no_digit(shape):
    blank = np.zeros(shape, np.float32)
    assert find_digits(blank) == []
    assert main_digit(blank) is None
    np.testing.assert_array_equal(without_ruling(blank), blank)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 9999))
def test_noise_gives_boxes_inside_the_picture(height, width, seed):
    ink = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    digits = find_digits(without_ruling(ink))
    for digit in [*digits, main_digit(ink)]:
        if digit is None:
            continue
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert digit.mask.shape == (digit.height, digit.width)
        assert cut_out(ink, digit).shape == (digit.height + 2, digit.width + 2)


@pytest.mark.parametrize("slope", [-0.08, 0.0, 0.05])
@pytest.mark.parametrize("upright", [False, True])
def test_ruling_goes_and_digits_stay(slope, upright):
    places = [("2", 60, 40), ("5", 160, 120), ("7", 260, 200)]
    clean = write(places)
    ruled = clean.copy()
    rows, columns = np.indices(ruled.shape)
    across, along = (columns, rows) if upright else (rows, columns)
    ruled[(across + slope * along) % 43 < 2] = 0.8
    ruled = np.maximum(ruled, clean)
    mended = without_ruling(ruled)
    assert (mended[clean == 0] > 0.25).mean() < 0.004
    assert (mended[clean > 0.9] > 0.5).mean() > 0.93
    assert len(find_digits(mended)) == 3


def test_a_straight_1_from_edge_to_edge_is_not_a_ruled_line():
    ink = np.zeros((120, 100), np.float32)
    ink[:, 48:51] = 1
    np.testing.assert_array_equal(without_ruling(ink), ink)


def test_touching_digits_get_a_cut_between_them():
    ink = write([("0", 100, 100), ("0", 129, 100)])
    (digit,) = find_digits(ink)
    cuts = [way for way in split_candidates(ink, digit) if len(way) == 2]
    assert cuts
    best = min(cuts, key=lambda way: abs(way[0].box[2] - 131))
    assert abs(best[0].box[2] - 131) < 8
    assert best[0].mask.sum() + best[1].mask.sum() > 0.95 * digit.mask.sum()


def test_narrow_ink_gets_no_cut():
    ink = write([("1", 100, 100)])
    (digit,) = find_digits(ink)
    assert split_candidates(ink, digit) == []
