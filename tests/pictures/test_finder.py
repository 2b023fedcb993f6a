"""Digits are found wherever they stand on a page, in whatever light, and whichever way up."""

import numpy as np
import pytest

from skdigits._pictures.crops import cut_digit
from skdigits._pictures.finder import contrast, find
from skdigits.datasets import make_page


def page(height=32, random_state=5):
    made = make_page(
        "lines", shape=(200, 420), n_rows=2, tilt=0, height=height, random_state=random_state
    )
    return made.image, made.boxes


def share_found(boxes, found):
    """Share of boxes whose middle lies in a found one, and no more than once."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = (middles[:, None] > found[None, :, :2]) & (middles[:, None] < found[None, :, 2:])
    return float((inside.all(axis=2).sum(axis=1) == 1).mean())


def test_most_digits_are_found_once():
    image, boxes = page()
    seen = find(image)
    assert share_found(boxes, seen.digits.boxes) > 0.8
    assert len(seen.digits.boxes) <= 1.2 * len(boxes)
    assert (seen.inverted, seen.turns) == (False, 0)


def test_light_digits_on_dark_are_found_whatever_was_guessed():
    image, boxes = page()
    for guess in (False, True):
        seen = find(255 - image, inverted=guess)
        assert seen.inverted
        assert share_found(boxes, seen.digits.boxes) > 0.8


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_is_read_upright(turns):
    image, boxes = page(height=40, random_state=9)
    seen = find(np.ascontiguousarray(np.rot90(image, turns)))
    assert (seen.turns + turns) % 4 == 0
    assert share_found(boxes, seen.digits.boxes) > 0.7


def test_paper_holds_no_digit():
    noise = np.random.default_rng(0).normal(200, 8, (240, 320)).clip(0, 255).astype(np.uint8)
    for blank in (np.full((240, 320), 255, np.uint8), np.zeros((5, 5), np.uint8), noise):
        assert not len(find(blank).digits.boxes)


def test_contrast_does_not_depend_on_light():
    image, _ = page()
    darker = (image * 0.6).astype(np.uint8)
    np.testing.assert_allclose(contrast(darker), contrast(image), atol=0.25)


def test_a_cut_digit_leaves_its_neighbour_out():
    grey = np.full((60, 90), 230, np.uint8)
    grey[10:50, 20:24] = 20
    grey[10:50, 50:54] = 20
    grey[29:31, 24:80] = 20  # a line that touches both
    ink, tight = cut_digit(grey, (14, 8, 30, 52))
    assert tight.tolist() == pytest.approx([20, 10, 34, 50], abs=4)
    assert ink.max() == 1
    assert (ink > 0.5).sum() == pytest.approx(160 + 2 * 9, rel=0.2)


def test_a_box_outside_the_page_gives_no_ink():
    ink, _ = cut_digit(np.full((20, 20), 255, np.uint8), (30, 30, 40, 40))
    assert not ink.any()
