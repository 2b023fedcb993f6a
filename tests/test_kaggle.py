"""Submission files: what is written, what is taken, and what is said about the rest."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdigits.kaggle import check_submission, read_submission, write_submission

HEADER = "ImageId,Label\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "submission.csv"


@pytest.mark.parametrize(
    "labels",
    [
        [2, 0, 9],
        (2, 0, 9),
        np.array([2, 0, 9], dtype=np.uint8),
        np.array([2.0, 0.0, 9.0], dtype=np.float32),
        ["2", "0", "9"],
        np.array(["2", "0", "9"], dtype=object),
        np.array([2, 0.0, "9"], dtype=object),
        pd.Series([2, 0, 9], index=[7, 5, 3]),
        pd.Series(["2", "0", "9"], dtype="category"),
    ],
    ids=lambda labels: f"{type(labels).__name__}-{getattr(labels, 'dtype', '')}",
)
def test_write_is_kaggles_format(path, labels):
    assert write_submission(str(path), labels, n_rows=3) == path
    assert path.read_bytes() == b"ImageId,Label\n1,2\n2,0\n3,9\n"
    labels = check_submission(path, n_rows=3)
    np.testing.assert_array_equal(labels, [2, 0, 9])
    assert labels.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 10], r"labels\[1\] \(ImageId 2\) is 10; expected an integer from 0 to 9"),
        ([1, -1], r"labels\[1\] .* is -1"),
        ([1, 2.5], r"labels\[1\] .* is 2\.5"),
        ([1, np.nan], r"labels\[1\] .* is nan"),
        ([1, np.inf], r"labels\[1\] .* is inf"),
        (["1", "two"], r"labels\[1\] .* is 'two'"),
        (["1", " 2"], r"labels\[1\] .* is ' 2'"),
        (["1", "\u0663"], r"labels\[1\] .* is '\u0663'"),
        ([b"1"], r"labels\[0\] .* is b'1'"),
        ([True, False], r"labels\[0\] .* is True"),
        ([None, 1], r"labels\[0\] .* is None"),
        ([], "Got no labels"),
        (3, r"must have shape \(n,\); got shape \(\)"),
        (np.zeros((4, 10)), r"got shape \(4, 10\).*probabilities: take predict"),
    ],
)
def test_write_refuses_other_labels(path, labels, message):
    with pytest.raises(ValueError, match=message):
        write_submission(path, labels)
    assert not path.exists()


def test_write_counts_the_labels(path):
    with pytest.raises(ValueError, match="Got 2 labels, expected 3"):
        write_submission(path, [1, 2], n_rows=3)
    assert not path.exists()


def test_write_refuses_other_places(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        write_submission(tmp_path / "nowhere" / "submission.csv", [1])
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_submission(tmp_path, [1])


def test_crash_while_writing_leaves_the_old_file(path, monkeypatch):
    write_submission(path, [1, 2])
    before = path.read_bytes()

    def crash(*args):
        raise OSError("the disk is full")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, crash)
            with pytest.raises(OSError, match="disk is full"):
                write_submission(path, [3, 4])
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == [path.name]
    write_submission(path, [3, 4])
    np.testing.assert_array_equal(read_submission(path), [3, 4])


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX links and modes")
def test_write_follows_links_and_the_umask(tmp_path):
    real = tmp_path / "real.csv"
    real.touch()
    mode = real.stat().st_mode
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    write_submission(link, [5])
    assert link.is_symlink()
    assert real.read_text() == HEADER + "1,5\n"
    assert real.stat().st_mode == mode


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffImageId,Label\n1,2\n2,0\n",
        "ImageId,Label\r\n1,2\r\n2,0\r\n",
        "ImageId,Label\r1,2\r2,0",
        "ImageId,Label\n1,2\n2,0\n\n \n",
    ],
    ids=["BOM", "CRLF", "CR", "blank end"],
)
def test_read_takes_other_line_ends(path, content):
    path.write_bytes(content.encode())
    np.testing.assert_array_equal(read_submission(path), [2, 0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (HEADER, "has a header but no rows"),
        ("1,2\n2,0\n", "line 1: got '1,2', expected the header 'ImageId,Label'"),
        (",ImageId,Label\n0,1,2\n", "line 1: got ',ImageId,Label'"),
        (HEADER + "1,2\n3,0\n4,0\n", r"line 3: got ImageId 3, expected 2\n(?!  line)"),
        (HEADER + "0,2\n1,0\n", "line 2: got ImageId 0, expected 1"),
        (HEADER + "1,2\n1,0\n", "line 3: got ImageId 1, expected 2"),
        (
            HEADER + "1,2\n2,3.0\n",
            "line 3: got '2,3.0', Label must be an integer .*without a point",
        ),
        (HEADER + "1,2\n2.0,3\n", "line 3: got '2.0,3', ImageId must be an integer"),
        (HEADER + "1,2\n02,3\n", "line 3: got '02,3', ImageId must be an integer"),
        (HEADER + "1,10\n", "line 2: got '1,10', Label must be an integer from 0 to 9"),
        (HEADER + "1,-1\n", "line 2: got '1,-1', Label must be"),
        (HEADER + "1,\n", "line 2: got '1,', Label must be"),
        (HEADER + "1,two\n", "line 2: got '1,two', Label must be"),
        (HEADER + "1, 2\n", "line 2: got '1, 2', expected no spaces"),
        (HEADER + "1\n", "line 2: got '1', expected 2 values, got 1"),
        (HEADER + "1,2,3\n", "line 2: got '1,2,3', expected 2 values, got 3"),
        (HEADER + "1,2\n\n2,0\n", "line 3: got '', expected 2 values, got 0"),
        (HEADER + "x\n" * 9, r"line 6: got 'x'.*\n  and 4 more"),
    ],
)
def test_bad_submissions_are_named(path, content, message):
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        check_submission(path)
    assert str(path) in str(caught.value)


def test_read_refuses_what_is_no_text(path, tmp_path, monkeypatch):
    path.write_bytes(b"\x1f\x8b\x08\x00\xff\xff")
    with pytest.raises(ValueError, match=r"is not text .*compressed"):
        read_submission(path)
    with pytest.raises(FileNotFoundError, match="is not there"):
        read_submission(tmp_path / "nowhere.csv")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_submission(tmp_path)
    monkeypatch.setattr("skdigits.kaggle._MAX_BYTES", 5)
    with pytest.raises(ValueError, match="has more than 5 bytes"):
        read_submission(path)


def test_check_counts_the_rows_of_the_test_file(path, tmp_path):
    test_file = tmp_path / "test.csv"
    header = ",".join(f"pixel{i}" for i in range(784))
    test_file.write_text(header + "\n" + ("0," * 783 + "0\n") * 3)
    write_submission(path, [1, 2, 3])
    np.testing.assert_array_equal(check_submission(path, test_file=test_file), [1, 2, 3])
    write_submission(path, [1, 2])
    with pytest.raises(ValueError, match=r"has 2 rows, expected 3 as .*test\.csv has"):
        check_submission(path, test_file=test_file)
    with pytest.raises(ValueError, match="has 2 rows, expected 28,000"):
        check_submission(path, n_rows=28_000)
    with pytest.raises(ValueError, match="not both"):
        check_submission(path, n_rows=2, test_file=test_file)
    with pytest.raises(FileNotFoundError, match="is not there"):
        check_submission(path, test_file=Path(tmp_path, "nowhere.csv"))
