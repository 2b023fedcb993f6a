"""Pictures become MNIST rows, placed by MNIST's rule, whatever was done to the picture."""

import functools
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageDraw
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import get_tags

from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.placement import place, stroke_width
from skdigits.exceptions import PictureError

STROKES = {
    1: [[(30, 10), (30, 90)]],
    4: [[(20, 10), (15, 50), (65, 50)], [(55, 12), (50, 92)]],
    5: [[(20, 10), (18, 45), (45, 42), (58, 65), (40, 88), (14, 80)], [(20, 10), (60, 8)]],
    7: [[(12, 12), (60, 10), (30, 92)]],
}


def drawn(digit, *, scale=2.0, at=(40, 30), size=(260, 280), width=18, paper=255, ink=0):
    """A digit drawn with a round pen; smooth, as strokes of a real pen are."""
    image = Image.new("L", (size[0] * 2, size[1] * 2), paper)
    pen = ImageDraw.Draw(image)
    for stroke in STROKES[digit]:
        points = [(2 * (x * scale + at[0]), 2 * (y * scale + at[1])) for x, y in stroke]
        pen.line(points, fill=ink, width=2 * width, joint="curve")
        for x, y in points:
            pen.ellipse((x - width, y - width, x + width, y + width), fill=ink)
    return image.resize(size, Image.Resampling.BOX)


def normalized(picture, **parameters):
    return DigitNormalizer(**parameters).transform([picture])[0].reshape(28, 28).astype(int)


def difference(first, second, *, slack=0):
    """Mean difference in grey levels; with slack, at the best of some whole-pixel shifts."""
    steps = range(-slack, slack + 1)
    moved = (np.roll(first, (y, x), (0, 1)) for y in steps for x in steps)
    return min(np.abs(one - second).mean() for one in moved)


@functools.cache
def scanned_digits():
    return load_digits().images


def mnist_like(seed):
    """A row that satisfies MNIST's rule, from scikit-learn's digits."""
    scan = np.pad(scanned_digits()[seed % 1797] * 15, 1).astype(np.uint8)
    return DigitNormalizer().transform([Image.fromarray(scan).resize((100, 100))])


@pytest.mark.parametrize("digit", STROKES)
def test_result_follows_the_rule_of_mnist(digit):
    image = normalized(drawn(digit))
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    assert image.max() == 255
    for profile in (image.sum(axis=0), image.sum(axis=1)):
        centre = ((np.arange(28) + 0.5) * profile).sum() / profile.sum()
        assert 13.98 <= centre <= 15.02


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), form=st.sampled_from([(784,), (28, 28), (28, 28, 1)]))
def test_rows_of_mnist_come_back_as_they_are(seed, form):
    rows = mnist_like(seed)
    np.testing.assert_array_equal(DigitNormalizer().transform(rows.reshape(-1, *form)), rows)
    floats = rows.reshape(-1, *form).astype(np.float32)
    np.testing.assert_array_equal(DigitNormalizer().transform(floats), rows)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), dy=st.integers(-4, 4), dx=st.integers(-4, 4))
def test_shifted_rows_are_put_back(seed, dy, dx):
    rows = mnist_like(seed)
    shifted = np.zeros((48, 48), np.uint8)
    shifted[10 + dy : 38 + dy, 10 + dx : 38 + dx] = rows[0].reshape(28, 28)
    expected = normalized(Image.fromarray(rows[0].reshape(28, 28)))
    assert difference(normalized(shifted), expected) < 2


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    digit=st.sampled_from(sorted(STROKES)),
    factor=st.floats(0.5, 8),
    x=st.integers(10, 90),
    y=st.integers(10, 70),
)
def test_shift_and_scale_do_not_matter(digit, factor, x, y):
    expected = normalized(drawn(digit))
    moved = drawn(digit, at=(x, y), size=(300, 320))
    size = round(300 * factor), round(320 * factor)
    assert (
        difference(normalized(moved.resize(size, Image.Resampling.BICUBIC)), expected, slack=1) < 12
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    digit=st.sampled_from(sorted(STROKES)), paper=st.integers(0, 255), contrast=st.integers(60, 255)
)
def test_polarity_contrast_and_alpha_do_not_matter(digit, paper, contrast):
    ink = min(paper + contrast, 255) if paper < 128 else max(paper - contrast, 0)
    expected = normalized(drawn(digit))
    assert difference(normalized(drawn(digit, paper=paper, ink=ink)), expected) < 3
    pixels = np.zeros((280, 260, 4), np.uint8)
    pixels[..., :3] = paper
    pixels[..., 3] = 255 - np.asarray(drawn(digit))
    assert difference(normalized(pixels), expected) < 3


@pytest.mark.parametrize("width", [3, 6, 40, 60])
@pytest.mark.parametrize("digit", STROKES)
def test_thin_and_thick_pens_come_near_mnist(width, digit):
    picture = drawn(digit, width=width // 2, at=(60, 50))
    plain, mended = normalized(picture, stroke_width=None), normalized(picture)
    low, high = 2.0, 4.2
    plain, mended = (stroke_width(image / 255) for image in (plain, mended))
    assert low - 0.25 <= mended <= high + 0.6
    if low <= plain <= high:
        assert mended == pytest.approx(plain, abs=0.2)


def test_specks_frames_and_neighbours_are_left_out():
    expected = normalized(drawn(5))
    picture = drawn(5)
    pen = ImageDraw.Draw(picture)
    for x, y in ((8, 200), (240, 20), (250, 262), (20, 15)):
        pen.ellipse((x, y, x + 3, y + 3), fill=0)
    pen.rectangle((2, 2, 257, 277), outline=0, width=2)
    assert difference(normalized(picture), expected) < 1
    pen.rectangle((0, 270, 260, 280), fill=40)  # the table under the sheet
    assert difference(normalized(picture), expected) < 1


def test_ruled_paper_is_erased():
    expected = normalized(drawn(4))
    ruled = np.asarray(drawn(4)).copy()
    for y in range(15, 280, 34):
        for x in range(260):
            at = y + round(0.03 * x)
            if at < 279:
                ruled[at : at + 2, x] = np.minimum(ruled[at : at + 2, x], 70)
    assert difference(normalized(ruled), expected) < 6


def test_the_flag_of_a_broken_5_is_kept():
    picture = np.asarray(drawn(5)).copy()
    picture[:, 92:98][:80] = 255  # a gap in the flag
    image = normalized(picture)
    assert difference(image, normalized(drawn(5))) < 8


def test_deskew_makes_a_slanted_stroke_upright():
    slanted = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(slanted).line([(60, 170), (130, 30)], fill=0, width=16)
    plain, upright = normalized(slanted), normalized(slanted, deskew=True)
    assert np.ptp(np.flatnonzero(upright.any(axis=0))) < np.ptp(np.flatnonzero(plain.any(axis=0)))


def test_no_ink_is_reported_or_zero():
    blank = np.full((60, 60), 240, np.uint8)
    with pytest.raises(PictureError, match=r"Picture 1 holds no ink.*on_empty"):
        DigitNormalizer().transform([drawn(1), blank])
    rows = DigitNormalizer(on_empty="zeros").transform([drawn(1), blank])
    assert rows[0].any()
    assert not rows[1].any()
    with pytest.raises(PictureError, match="Picture 0 holds no ink"):
        DigitNormalizer().transform(np.zeros((1, 784), np.uint8))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 30)), r"\(5, 30\)"),
        (np.full((2, 784), 256), "0 to 255"),
        (np.full((2, 784), np.nan), "0 to 255"),
        ("digit.png", "list of pictures"),
        (b"bytes", "list of pictures"),
        (7, "list of pictures"),
        (["missing.png"], "Picture 0: There is no picture file"),
    ],
)
def test_wrong_input_says_what_to_do(X, message):
    with pytest.raises(PictureError, match=message):
        DigitNormalizer().transform(X)


@pytest.mark.parametrize(
    "parameters",
    [{"stroke_width": 3}, {"stroke_width": (4, 2)}, {"on_empty": "skip"}, {"deskew": 1.5}],
)
def test_wrong_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        DigitNormalizer(**parameters).fit()


def test_habits_of_scikit_learn():
    normalizer = DigitNormalizer(stroke_width=(1.5, 5.0), on_empty="zeros")
    assert clone(normalizer).get_params() == normalizer.get_params()
    tags = get_tags(normalizer)
    assert not tags.requires_fit
    assert tags.input_tags.string
    pictures = [drawn(1), drawn(7)]
    rows = normalizer.transform(pictures)
    assert rows.shape == (2, 784)
    assert rows.dtype == np.uint8
    for other in (normalizer.fit(pictures), pickle.loads(pickle.dumps(normalizer))):
        np.testing.assert_array_equal(other.transform(pictures), rows)
    names = normalizer.get_feature_names_out()
    assert (names[0], names[-1], len(names)) == ("pixel0", "pixel783", 784)
    frame = clone(normalizer).set_output(transform="pandas").fit_transform(pictures)
    assert list(frame.columns) == list(names)
    scaled = make_pipeline(normalizer, MinMaxScaler()).fit_transform(pictures)
    assert scaled.shape == (2, 784)
    assert normalizer.transform([]).shape == (0, 784)


def test_place_is_clipped_at_the_edge():
    lopsided = np.zeros((20, 20), np.uint8)
    lopsided[:2] = 255
    lopsided[19, 0] = 255
    assert place(lopsided).shape == (28, 28)


@pytest.mark.slow
def test_all_rows_of_the_competition_come_back():
    """At least 99 % on the same pixel offset, mean difference under 2 grey levels."""
    folder = Path(os.environ.get("SKDIGITS_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "train.csv.gz").is_file():
        pytest.skip("no competition data: set SKDIGITS_DATA to the folder of train.csv.gz")
    rows = np.loadtxt(folder / "train.csv.gz", np.uint8, delimiter=",", skiprows=1)[:, 1:]
    result = DigitNormalizer().transform(rows)
    moved = (result != rows).any(axis=1)
    assert moved.mean() < 0.01
    assert np.abs(result.astype(np.int16) - rows).mean() < 2


def almost_blank():
    """Rows whose ink is too faint to be any."""
    yield np.full((1, 784), 5, np.uint8)
    yield np.full((1, 28, 28, 1), 5.4)
    dot = np.zeros((28, 28), np.uint8)
    dot[3:5, 3:5] = 12
    yield dot[None]
    yield np.pad(np.full((1, 24, 24), 9, np.uint8), ((0, 0), (2, 2), (2, 2)))


@pytest.mark.parametrize("rows", list(almost_blank()), ids=["5s", "floats", "dot", "square"])
def test_ink_too_faint_to_be_any_is_no_ink(rows):
    """A row of 5s came out empty, though empty rows are refused."""
    with pytest.raises(PictureError, match="Picture 0 holds no ink"):
        DigitNormalizer().transform(rows)
    assert not DigitNormalizer(on_empty="zeros").transform(rows).any()
