"""Digits are read in lines, make numbers, and stand in columns."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from skdigits._pictures.layout import lay_out


def row(text, x=0.0, y=0.0, *, width=20, height=30, gap=5, space=40):
    """Boxes of text: one for each character, with room where there are spaces."""
    boxes = []
    for character in text:
        if character == " ":
            x += space
            continue
        boxes.append((x, y, x + width, y + height))
        x += width + gap
    return boxes


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
    boxes, expected = [], []
    for line in range(lines):
        for k in range(count):
            x = 60 * k + rng.integers(-4, 5)
            y = round(slope * x + line * 130 * np.hypot(1, slope)) + rng.integers(-5, 6)
            boxes.append((x, y, x + 36, y + 60))
            expected.append(line)
    order = rng.permutation(len(boxes))
    layout = lay_out(np.array(boxes)[order])
    assert order[layout.order].tolist() == list(range(len(boxes)))
    assert layout.lines.tolist() == expected


def test_wide_gaps_end_a_number():
    layout = lay_out(row("123 45 6", space=60))
    assert layout.numbers.tolist() == [0, 0, 0, 1, 1, 2]


def test_evenly_spread_digits_are_one_number():
    layout = lay_out(row("61418", gap=35))
    assert layout.numbers.tolist() == [0] * 5


def test_a_sign_between_digits_ends_a_number():
    boxes = row("58", gap=14)
    assert lay_out(boxes).numbers.tolist() == [0, 0]
    assert lay_out(boxes, [("other", (22, 10, 32, 20))]).numbers.tolist() == [0, 1]
    assert lay_out(boxes, [("other", (22, 60, 32, 70))]).numbers.tolist() == [
        0,
        0,
    ]  # of another line


@pytest.mark.parametrize(
    ("digits", "sign", "box", "expected"),
    [
        ("35", ".", (21, 26, 24, 29), ["", "."]),
        ("35", ",", (21, 26, 24, 36), ["", ","]),
        ("35", ".", (21, 2, 24, 5), ["", ""]),  # too high
        ("35", "-", (-14, 14, -4, 17), ["-", ""]),
        ("35", "-", (-60, 14, -50, 17), ["", ""]),  # too far away
        ("35", "-", (-14, 64, -4, 67), ["", ""]),  # of another line
        ("3 5", "-", (37, 14, 47, 17), ["", ""]),  # taken away
        ("3 5", "-", (52, 14, 62, 17), ["", "-"]),
        ("3 5", ".", (21, 26, 24, 29), ["", ""]),  # ends a number
        ("35", "other", (21, 26, 24, 29), ["", ""]),
    ],
)
def test_marks_belong_to_the_digit_after_them(digits, sign, box, expected):
    boxes = row(digits)
    assert lay_out(boxes, [(sign, box)], marks=True).marks == expected
    assert lay_out(boxes, [(sign, box)]).marks == ["", ""]


def test_a_point_ends_a_number_unless_marks_are_read():
    signs = [(".", (21, 26, 24, 29))]
    assert lay_out(row("35"), signs).numbers.tolist() == [0, 1]
    assert lay_out(row("35"), signs, marks=True).numbers.tolist() == [0, 0]


def test_numbers_never_go_on_in_the_next_line():
    layout = lay_out(row("12") + row("34", y=60))
    assert layout.numbers.tolist() == [0, 0, 1, 1]
    assert layout.columns is None


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.05])
def test_a_table_keeps_its_blank_cells(slope):
    cells = {(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)}
    boxes = [
        box
        for i, j in sorted(cells)
        for box in row("77", x=120 * j - slope * 80 * i, y=80 * i + slope * 120 * j)
    ]
    layout = lay_out(boxes)
    assert layout.columns == tuple(j for _, j in sorted(cells))


def test_two_numbers_below_one_are_no_table():
    assert lay_out(row("123456") + row("1 2 3", y=60)).columns is None


def test_nothing_is_no_line():
    layout = lay_out([])
    assert (len(layout.order), len(layout.lines), layout.columns) == (0, 0, None)


def test_cells_apart_although_most_gaps_are_between_cells():
    """A digit that was not found leaves a cell with one, and so more wide gaps than narrow ones."""
    layout = lay_out(row("4 8 62 3 7 33 9", space=110))
    assert layout.numbers.tolist() == [0, 1, 2, 2, 3, 4, 5, 5, 6]


def test_a_column_of_digits_left_and_right_of_its_middle_is_one():
    rows = ["14 80 62", "1_ 80 62", "14 80 _2", "14 _0 62"]
    boxes = [
        box
        for i, text in enumerate(rows)
        for box, character in zip(row(text, y=90 * i, space=90), text.replace(" ", ""), strict=True)
        if character != "_"
    ]
    layout = lay_out(boxes)
    assert layout.columns == (0, 1, 2) * 4


def test_a_number_with_a_gap_is_one_in_its_cell_of_a_table():
    table = [box for i in range(11) for box in row("14 80 62", y=60 * i, space=90)]
    gapped = [
        box
        for text, x in [("14", 0), ("8", 132), ("0", 184), ("62", 280)]
        for box in row(text, x=x, y=660)
    ]
    layout = lay_out(table + gapped)
    assert layout.columns == (0, 1, 2) * 12
    assert layout.numbers.tolist()[-6:] == [33, 33, 34, 34, 35, 35]


def drawn(boxes, ruled, top=20, bottom=80):
    """A page with dark strokes in the boxes, and pale upright lines that lean a little."""
    page = np.full((100, 400), 220, np.uint8)
    for x in ruled:
        for y in range(top, bottom):
            shift = round(0.05 * (y - top))
            page[y, x + shift : x + shift + 2] = 180
    for x0, y0, x1, y1 in np.array(boxes, int):
        page[y0:y1, x0 + 4 : x0 + 8] = page[y0 : y0 + 5, x0:x1] = 60
    return page


@pytest.mark.parametrize(
    ("ruled", "numbers"),
    [
        ([], [0, 0, 0, 0, 0]),
        ([46], [0, 0, 1, 1, 1]),
        ([71], [0, 0, 0, 1, 1]),
        ([21, 46, 71, 96], [0, 0, 0, 0, 0]),  # a comb
    ],
)
def test_a_ruled_line_ends_a_number_but_in_a_comb(ruled, numbers):
    boxes = row("43521", y=35)
    assert lay_out(boxes, grey=drawn(boxes, ruled)).numbers.tolist() == numbers


def test_a_line_no_longer_than_the_digits_is_none_of_a_table():
    boxes = row("4352", y=35)
    page = drawn(boxes, [46], top=36, bottom=64)
    assert lay_out(boxes, grey=page).numbers.tolist() == [0] * 4


def test_a_number_between_two_columns_does_not_join_them():
    size = {"width": 40, "height": 60}
    rows = [
        row("12 34 56", x=20 * (k == 0), y=150 * k, gap=10, space=55, **size) for k in range(11)
    ]
    rows.append(row("1234", x=34, y=1650, gap=16, **size) + row("56", x=310, y=1650, **size))
    layout = lay_out([box for boxes in rows for box in boxes])
    assert layout.columns == (*(0, 1, 2) * 11, 1, 2)


def test_a_number_that_bridges_two_columns_does_not_join_them():
    rows = [row("12 34 56", y=80 * k, space=60) for k in range(6)]
    rows.append(row("1234", y=480, gap=28) + row("56", x=220, y=480))
    layout = lay_out([box for boxes in rows for box in boxes])
    assert layout.columns == (*(0, 1, 2) * 6, 1, 2)
