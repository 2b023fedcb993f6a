"""Loaders of CSV files: what they give, and what they say about files that are not right."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdigits.datasets import _load, load_available, load_competition, read_digits_csv

PIXELS = [f"pixel{i}" for i in range(784)]
REAL = Path(os.environ.get("SKDIGITS_DATA", Path(__file__).parents[3] / "shared" / "data"))
HAS_REAL = any((REAL / f"train.csv{end}").is_file() for end in ("", ".gz", ".zip"))


def make_cells(n_rows=4, with_label=True, seed=0):
    """A header and rows of a digit CSV, as lists of strings to spoil."""
    rng = np.random.RandomState(seed)
    columns = (["label"] if with_label else []) + PIXELS
    table = rng.randint(0, 256, size=(n_rows, len(columns)))
    if with_label:
        table[:, 0] = np.arange(n_rows) % 10
    return [columns, *(list(map(str, row)) for row in table)]


def write_cells(path, cells, newline="\n"):
    text = newline.join(",".join(row) for row in cells) + newline
    path.write_bytes(text.encode())
    return path


def values(cells, with_label=True):
    table = np.array(cells[1:]).astype(float).astype(int)
    return (table[:, 1:], table[:, 0]) if with_label else (table, None)


@pytest.fixture
def folder(tmp_path):
    write_cells(tmp_path / "train.csv", make_cells(12))
    write_cells(tmp_path / "test.csv", make_cells(5, with_label=False, seed=1))
    return tmp_path


# --- the competition's folder ---------------------------------------------------------------


def test_competition_bunch(folder):
    competition = load_competition(folder)
    X, y = values(make_cells(12))
    assert competition.data.dtype == np.uint8
    assert competition.data.flags.c_contiguous
    np.testing.assert_array_equal(competition.data, X)
    assert competition.target.dtype == np.int64
    np.testing.assert_array_equal(competition.target, y)
    X_test = values(make_cells(5, False, seed=1), False)[0]
    np.testing.assert_array_equal(competition.test_data, X_test)
    np.testing.assert_array_equal(competition.images[3], X[3].reshape(28, 28))
    assert competition.feature_names == PIXELS
    assert competition.frame is None
    assert competition.filename == str(folder / "train.csv")
    assert competition.test_filename == str(folder / "test.csv")


def test_competition_as_frame(folder):
    competition = load_competition(str(folder), as_frame=True)
    assert list(competition.frame.columns) == [*PIXELS, "label"]
    assert competition.target.name == "label"
    assert list(competition.test_data.columns) == PIXELS
    assert set(competition.data.dtypes) == {np.dtype(np.uint8)}
    X, y = load_competition(folder, return_X_y=True, as_frame=True)
    pd.testing.assert_frame_equal(X, competition.data)
    pd.testing.assert_series_equal(y, competition.target)


def test_competition_test_file_is_read_only_when_wanted(folder):
    (folder / "test.csv").write_text("spoilt")
    X, y = load_competition(folder, return_X_y=True)
    assert X.shape == (12, 784)
    assert y.shape == (12,)
    assert load_competition(folder, with_test=False).test_data is None
    with pytest.raises(ValueError, match=r"test\.csv, line 1: "):
        load_competition(folder)
    (folder / "test.csv").unlink()
    competition = load_competition(folder)
    assert competition.test_data is None
    assert competition.test_filename is None
    with pytest.raises(FileNotFoundError, match=r"has no file test\.csv.*holds train\.csv"):
        load_competition(folder, with_test=True)
    with pytest.raises(ValueError, match="with_test must be"):
        load_competition(folder, with_test="yes")


def test_competition_missing_folder_and_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        load_competition(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no file train\.csv.*it holds nothing"):
        load_competition(tmp_path)
    (tmp_path / "train.csv").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no file train\.csv"):
        load_competition(tmp_path)
    path = write_cells(tmp_path / "file.csv", make_cells())
    with pytest.raises(ValueError, match="is a file; load_competition takes the folder"):
        load_competition(path)


def test_competition_prefers_the_plain_file(folder):
    with gzip.open(folder / "train.csv.gz", "wb") as file:
        file.write(b"stale")
    assert load_competition(folder).filename == str(folder / "train.csv")


def test_competition_test_file_with_labels_is_refused(folder):
    write_cells(folder / "test.csv", make_cells())
    with pytest.raises(ValueError, match=r"test\.csv, line 1: got a column 'label'"):
        load_competition(folder)


def test_competition_training_file_without_labels_is_refused(folder):
    write_cells(folder / "train.csv", make_cells(with_label=False))
    with pytest.raises(ValueError, match=r"train\.csv, line 1: column 'label' is missing"):
        load_competition(folder)


# --- one file: what is taken ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "gz", "zip", "zip among others", "gz without suffix"])
def test_read_compressed(tmp_path, kind):
    cells = make_cells()
    content = write_cells(tmp_path / "plain.csv", cells).read_bytes()
    path = tmp_path / ("digits.csv" if kind in ("plain", "gz without suffix") else "digits.csv.z")
    if kind.startswith("gz"):
        path.write_bytes(gzip.compress(content))
    elif kind.startswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("folder/digits.csv", content)
            archive.writestr("__MACOSX/digits.csv", b"x")
            if kind == "zip among others":
                archive.writestr("readme.txt", b"x")
                archive.writestr("other.csv", b"x")
    else:
        path.write_bytes(content)
    digits = read_digits_csv(path)
    np.testing.assert_array_equal(digits.data, values(cells)[0])
    np.testing.assert_array_equal(digits.target, values(cells)[1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.replace(b"\n", b"\n\n") + b"\n \n",
        lambda text: text.rstrip(b"\n"),
        lambda text: text.replace(b",", b", "),
        lambda text: b'"' + text[:-1].replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n',
        lambda text: text[: text.index(b"\n")] + text[text.index(b"\n") :].replace(b",", b".0,"),
    ],
    ids=["BOM", "CRLF", "CR", "blank lines", "no last newline", "spaces", "quotes", "floats"],
)
def test_read_other_ways_of_writing(tmp_path, spoil):
    cells = make_cells()
    path = write_cells(tmp_path / "digits.csv", cells)
    path.write_bytes(spoil(path.read_bytes()))
    digits = read_digits_csv(path)
    np.testing.assert_array_equal(digits.data, values(cells)[0])
    np.testing.assert_array_equal(digits.target, values(cells)[1])


def test_read_what_pandas_and_numpy_write(tmp_path):
    X, y = values(make_cells(3))
    frame = pd.DataFrame(X, columns=PIXELS)
    frame.insert(0, "label", y)
    frame.astype(float).to_csv(tmp_path / "pandas.csv", index=False)
    header = ",".join(frame.columns)
    np.savetxt(tmp_path / "numpy.csv", frame, delimiter=",", header=header, comments="")
    for name in ("pandas.csv", "numpy.csv"):
        np.testing.assert_array_equal(read_digits_csv(tmp_path / name).data, X)


def test_read_one_row_and_no_labels(tmp_path):
    path = write_cells(tmp_path / "one.csv", make_cells(1, with_label=False))
    digits = read_digits_csv(path)
    assert digits.data.shape == (1, 784)
    assert digits.target is None
    assert read_digits_csv(path, return_X_y=True)[1] is None
    frame = read_digits_csv(path, as_frame=True)
    assert list(frame.frame.columns) == PIXELS
    with pytest.raises(ValueError, match="column 'label' is missing"):
        read_digits_csv(path, labels=True)
    with pytest.raises(ValueError, match="labels must be 'auto', True or False; got 'no'"):
        read_digits_csv(path, labels="no")


# --- one file: what is refused, and in which words ------------------------------------------


def set_cell(row, column, value):
    def spoil(cells):
        cells[row][column] = value

    return spoil


def swap_columns(cells):
    for row in cells:
        row[5], row[6] = row[6], row[5]


def drop_column(cells):
    for row in cells:
        del row[5]


def double_column(cells):
    for row in cells:
        row.insert(6, row[5])


def add_index(cells):
    for i, row in enumerate(cells):
        row.insert(0, str(i - 1) if i else "")


# In the rows below, index 3 is line 4 of the file, and index 8 the column pixel7.
BAD_CELLS = {
    "256": (
        set_cell(3, 8, "256"),
        r"line 4: column 'pixel7': got '256' \(out of range\).*0 to 255",
    ),
    "negative": (set_cell(3, 8, "-1"), r"line 4: column 'pixel7': got '-1' \(out of range\)"),
    "huge": (set_cell(3, 8, "9" * 5000), r"'pixel7': got '9{37}\.\.\.' \(out of range\)"),
    "fraction": (set_cell(3, 8, "3.5"), r"'pixel7': got '3.5' \(not an integer\).*multiply"),
    "NaN": (set_cell(3, 8, "NaN"), r"line 4: column 'pixel7': got 'NaN' \(missing value\)"),
    "empty cell": (set_cell(3, 8, ""), r"line 4: column 'pixel7': got '' \(missing value\)"),
    "infinity": (set_cell(3, 8, "inf"), r"'pixel7': got 'inf' \(out of range\)"),
    "text": (set_cell(3, 8, "ink"), r"line 4: column 'pixel7': got 'ink' \(not a number\)"),
    "boolean": (set_cell(3, 8, "True"), r"'pixel7': got 'True' \(not a number\)"),
    "underscore": (set_cell(3, 8, "1_0"), r"'pixel7': got '1_0' \(not a number\)"),
    "other digits": (set_cell(3, 8, "\u0663"), r"'pixel7': got '\u0663' \(not a number\)"),
    "comment": (set_cell(3, 8, "1#"), r"'pixel7': got '1#' \(not a number\)"),
    "label 10": (set_cell(3, 0, "10"), r"line 4: column 'label': got '10'.*integer from 0 to 9"),
    "label text": (set_cell(3, 0, "a"), r"line 4: column 'label': got 'a' \(not a number\)"),
    "label 3.5": (set_cell(3, 0, "3.5"), r"column 'label': got '3.5' \(not an integer\)"),
    "no label": (set_cell(3, 0, ""), r"line 4: column 'label': got '' \(missing value\)"),
    "short row": (lambda c: c[3].pop(), r"line 4: got 784 values for 785 columns; .*truncated"),
    "long row": (lambda c: c[3].append("0"), "line 4: got 786 values for 785 columns; .*comma"),
    "short rows": (lambda c: [r.pop() for r in c[1:]], "line 2: got 784 values for 785 columns"),
    "swapped columns": (swap_columns, "line 1: column 6 is 'pixel5', expected 'pixel4'"),
    "missing column": (drop_column, "line 1: column 'pixel4' is missing"),
    "doubled column": (double_column, "line 1: column 'pixel4' occurs more than once"),
    "index column": (add_index, "line 1: column '' is unknown; .*index=False"),
    "renamed column": (set_cell(0, 9, "ink"), "line 1: column 'pixel8' is missing"),
    "no header, 5 pixels": (
        lambda c: [c.pop(0), *(r.__delitem__(slice(6, None)) for r in c)],
        "line 1: got 6 numbers, no header; a row has 784 pixels",
    ),
    "header alone": (lambda c: c.__delitem__(slice(1, None)), "has a header but no rows"),
    "many columns": (lambda c: c[0].extend(["x"] * 5000), r"line 1: column 'x' .*more than once"),
    "very many": (lambda c: c[0].extend(["x"] * 50_000), "line 1: longer than 65,536 characters"),
    "long line": (lambda c: c[3].extend(["0"] * 50_000), "line 4: longer than 65,536 characters"),
}


@pytest.mark.parametrize("name", BAD_CELLS)
def test_bad_cells_are_named(tmp_path, name):
    spoil, message = BAD_CELLS[name]
    cells = make_cells(6)
    spoil(cells)
    path = write_cells(tmp_path / "train.csv", cells)
    with pytest.raises(ValueError, match=message) as caught:
        load_competition(tmp_path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_bad_cell_after_blank_line_keeps_the_line_of_the_file(tmp_path):
    cells = make_cells(4)
    cells[3][8] = "256"
    path = write_cells(tmp_path / "train.csv", [*cells[:2], [""], *cells[2:]])
    with pytest.raises(ValueError, match="line 5: column 'pixel7'"):
        read_digits_csv(path)


DIGITS = "\n".join(",".join(row) for row in make_cells()).encode()
BAD_FILES = {
    "empty": (b"", "starts with an empty file"),
    "empty gzip": (gzip.compress(b""), "starts with an empty file"),
    "blank": (b"\n\n\n", "starts with a blank line"),
    "garbage": (bytes(range(256)) * 50, "is not UTF-8 text"),
    "garbage text": (b"\x00\x01\x02" * 1000, "line 1: column 'label' .*is missing"),
    "UTF-16 without its mark": (DIGITS.decode().encode("utf-16-le"), "line 1: "),
    "late garbage": (DIGITS + b"\n1,\xff\xfe", "is not UTF-8 text"),
    "spaces": (DIGITS.replace(b",", b" "), "not separated by commas"),
    "cut gzip": (gzip.compress(DIGITS)[:-400], "is damaged or truncated"),
    "spoilt gzip": (gzip.compress(DIGITS)[:40] + b"\xff" * 400, "is damaged or truncated"),
    "no zip": (b"PK\x03\x04" + b"\x00" * 100, "is damaged or truncated"),
    "bomb": (gzip.compress(b"0" * 10**7), "line 1: longer than 65,536 characters"),
    "late bomb": (gzip.compress(DIGITS + b"0" * 10**7), "line 5: longer than 65,536 characters"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_named(tmp_path, name):
    content, message = BAD_FILES[name]
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_competition(tmp_path)
    assert str(path) in str(caught.value)


def test_bomb_of_many_lines_stops(tmp_path, monkeypatch):
    monkeypatch.setattr("skdigits.datasets._digits_csv._MAX_CHARACTERS", 100_000)
    path = tmp_path / "train.csv"
    path.write_bytes(gzip.compress(DIGITS + b"\n" * 200_000))
    with pytest.raises(ValueError, match="unpacks to more than 100,000 characters"):
        read_digits_csv(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "got 0 [(]none[)]"),
        ({"readme.txt": b"x"}, "got 0 [(]none[)]"),
        ({"a.csv": DIGITS, "b.csv": DIGITS}, "must hold one CSV file.*got 2 [(]a.csv, b.csv[)]"),
    ],
)
def test_zip_without_a_clear_member(tmp_path, members, message):
    path = tmp_path / "train.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=message):
        load_competition(tmp_path)


def test_encrypted_zip(tmp_path):
    path = tmp_path / "train.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.csv", DIGITS)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the encryption flag, here and in the archive's directory
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"cannot be unpacked here.*unzip it first"):
        load_competition(tmp_path)


def test_read_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there"):
        read_digits_csv(tmp_path / "digits.csv")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_digits_csv(tmp_path)


# --- the real files -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not HAS_REAL, reason=f"no train.csv in {REAL}; set SKDIGITS_DATA")
def test_real_competition():
    competition = load_competition(REAL)
    assert competition.data.shape == (42_000, 784)
    assert competition.test_data.shape == (28_000, 784)
    np.testing.assert_array_equal(np.unique(competition.target), np.arange(10))
    path = Path(competition.test_filename)
    np.testing.assert_array_equal(competition.test_data, pd.read_csv(path).to_numpy())


def test_available_finds_the_folder_of_kaggle_notebooks(folder, tmp_path, monkeypatch):
    empty = tmp_path / "working"
    empty.mkdir()
    monkeypatch.delenv("SKDIGITS_DATA", raising=False)
    monkeypatch.chdir(empty)
    assert load_available().filename is None
    monkeypatch.setattr(_load, "_KAGGLE_FOLDERS", [tmp_path / "nowhere", folder])
    assert load_available().filename == str(folder / "train.csv")
