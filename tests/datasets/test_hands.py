"""`load_hands`: collections of handwriting become rows, with who wrote what."""

import numpy as np
import pytest

from skdigits import DigitNormalizer
from skdigits.datasets import load_hands

FLAG = [[0, 400], [300, 0], [300, 1000]]
CROSS = [[0, 0], [900, 1000]], [[900, 0], [0, 1000]]


def write_strokes(path, samples, **columns):
    """Samples are lists of strokes, strokes lists of points."""
    strokes = [stroke for sample in samples for stroke in sample]
    np.savez(
        path,
        points=np.concatenate(strokes).astype(np.float32),
        stroke=np.cumsum([0, *map(len, strokes)]),
        sample=np.cumsum([0, *map(len, samples)]),
        **columns,
    )


@pytest.fixture
def folder(tmp_path):
    images = np.zeros((3, 40, 40), np.uint8)
    images[:, 5:35, 18:22] = 255
    np.savez(
        tmp_path / "scans.npz",
        **{"X": images, "y": [1, 1, 7], "writer": ["a", "b", "b"], "suspect": [False, False, True]},
    )
    write_strokes(
        tmp_path / "pens.npz", [[FLAG], CROSS, CROSS], y=[1, -1, -1], char=["1", "x", "O"]
    )
    return tmp_path


def test_columns_tell_who_wrote_what(folder):
    hands = load_hands(folder, random_state=0)
    assert hands.target.tolist() == [1, -1, 1, 1]  # without the O and the suspect 7
    assert hands.source.tolist() == ["pens", "pens", "scans", "scans"]
    assert hands.groups.tolist() == ["pens/", "pens/", "scans/a", "scans/b"]
    assert hands.char.tolist() == ["1", "x", "", ""]
    assert hands.data.shape == (4, 784)
    assert hands.data.dtype == np.uint8
    assert np.shares_memory(hands.data, hands.images)


def test_pictures_go_through_the_normalizer(folder):
    scan = np.load(folder / "scans.npz")["X"][0]
    expected = DigitNormalizer().normalize(scan.astype(np.float32) / np.float32(255))
    hands = load_hands(folder, random_state=0)
    assert (hands.images[hands.source == "scans"][0] == expected).all()


def test_strokes_are_drawn_where_they_were(folder):
    one, cross = load_hands(folder, random_state=0).images[:2]
    assert one.max() == 255
    assert np.ptp(np.flatnonzero(one.any(axis=1))) == 19  # 20 pixels high
    assert one[18:, :12].sum() == 0  # nothing under the flag
    assert cross[12:17, 12:17].mean() > 100
    assert cross[4:6, 13:15].sum() == cross[13:15, 4:6].sum() == 0


@pytest.mark.slow
def test_widths_and_slants_vary_by_seed(tmp_path):
    write_strokes(tmp_path / "pens.npz", [[FLAG]] * 40, y=[1] * 40)
    rows = load_hands(tmp_path, random_state=0).data
    assert len(np.unique(rows, axis=0)) > 30
    ink = rows.sum(axis=1)
    assert ink.max() > 1.4 * ink.min()
    assert (load_hands(tmp_path, random_state=0, n_jobs=2).data == rows).all()
    assert (load_hands(tmp_path, random_state=1).data != rows).any()


def test_letters_that_look_like_digits_are_kept_on_request(folder):
    assert load_hands(folder, digit_like=True, random_state=0).char.tolist()[:3] == ["1", "x", "O"]


def test_a_folder_without_collections(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .* with \.npz files"):
        load_hands(tmp_path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"X": np.zeros((2, 8, 8), np.uint8)}, "without .'y'"),
        ({"X": np.zeros((2, 8, 8), np.uint8), "y": [1, 10]}, "labels other than 0-9 and -1"),
        ({"X": np.zeros((2, 8, 8), np.uint8), "y": [1]}, "1 labels for 2 samples"),
        ({"X": np.zeros((2, 64)), "y": [1, 1]}, r"X is float64 of shape \(2, 64\)"),
        ({"y": [1, 1]}, "without .'points', 'sample', 'stroke'"),
    ],
)
def test_what_is_no_collection_is_named(tmp_path, columns, message):
    np.savez(tmp_path / "odd.npz", **columns)
    with pytest.raises(ValueError, match=rf"odd\.npz is not a collection .*{message}"):
        load_hands(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match=r"cut\.npz is not a collection"):
        load_hands(tmp_path)
