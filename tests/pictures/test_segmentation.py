"""The one digit of a picture is found whole, without ruled lines, frame and neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw

from skdigits._pictures.segmentation import (
    cut_out,
    main_digit,
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


@pytest.mark.parametrize("gap", [2, 5, 9])
def test_the_flag_of_a_5_belongs_to_it(gap):
    ink = write([("5", 100, 100)])
    whole = main_digit(ink).box
    ink[108 : 108 + gap, 90:150] = 0  # cuts the flag off
    assert main_digit(ink).box == whole


def test_a_4_in_two_strokes_is_one_digit():
    ink = write([("4", 100, 100)])
    ink[:, 120:124] = 0
    assert main_digit(ink).width > 30


def test_specks_frame_and_edge_are_no_digits():
    ink = write([("2", 100, 100)])
    expected = main_digit(ink).box
    for y, x in ((20, 20), (250, 300), (150, 350)):
        ink[y : y + 4, x : x + 4] = 1
    ink[:, :12] = 1  # a table along the left edge
    assert main_digit(ink).box == expected
    frame = np.zeros_like(ink)
    frame[[16, 17, 280, 281], 16:390] = frame[16:282, [16, 17, 388, 389]] = 1
    assert main_digit(np.maximum(ink, frame)).box == expected


def test_the_main_digit_leaves_out_a_neighbour_cut_by_the_edge():
    ink = write([("2", 150, 100), ("7", 380, 100), ("5", 10, -40)])
    box = main_digit(ink).box
    assert (box[0] > 140, box[2] < 200) == (True, True)


def test_ink_that_fills_the_picture_is_still_a_digit():
    tight = write([("2", 4, 4)], size=(40, 68))
    assert main_digit(tight).height > 60
    one = np.zeros((60, 12), np.float32)
    one[:, 2:10] = 1
    assert main_digit(one).height == 60


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (64, 64)])
def test_no_ink_is_no_digit(shape):
    blank = np.zeros(shape, np.float32)
    assert main_digit(blank) is None
    np.testing.assert_array_equal(without_ruling(blank), blank)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 9999))
def test_noise_gives_a_box_inside_the_picture(height, width, seed):
    ink = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    digit = main_digit(without_ruling(ink))
    if digit is None:
        return
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


def test_a_straight_1_from_edge_to_edge_is_not_a_ruled_line():
    ink = np.zeros((120, 100), np.float32)
    ink[:, 48:51] = 1
    np.testing.assert_array_equal(without_ruling(ink), ink)
