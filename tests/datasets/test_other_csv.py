"""CSV files of digits in other well-known forms: read, or explained."""

import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from skdigits.cli._parts.inputs import StandardInput
from skdigits.datasets import load_competition, read_digits_csv

PIXELS = [f"pixel{i}" for i in range(784)]
FROM_ONE = [f"pixel{i}" for i in range(1, 785)]
PLACES = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]


@pytest.fixture
def digits():
    rng = np.random.RandomState(0)
    return rng.randint(0, 256, (6, 784)), np.arange(6)


def as_text(X, y=None, names=PIXELS, label="label", last=False, comma=","):
    header, rows = list(names), X.tolist()
    if y is not None:
        at = len(header) if last else 0
        header.insert(at, label)
        for row, value in zip(rows, y.tolist(), strict=True):
            row.insert(at, value)
    return "".join(comma.join(map(str, line)) + "\n" for line in ([header] if names else []) + rows)


def without_header(X, y=None, **options):
    return as_text(X, y, **options).partition("\n")[2]


READ = {
    "no header": without_header,
    "no header, semicolons": lambda X, y: without_header(X, y, comma=";"),
    "Label": lambda X, y: as_text(X, y, label="Label"),
    "LABEL": lambda X, y: as_text(X, y, label="LABEL"),
    "Pixels": lambda X, y: as_text(X, y, names=[name.title() for name in PIXELS], label="Label"),
    "1x1": lambda X, y: as_text(X, y, names=PLACES),
    "pixel1": lambda X, y: as_text(X, y, names=FROM_ONE),
    "OpenML": lambda X, y: as_text(X, y, names=FROM_ONE, label="class", last=True),
    "label last": lambda X, y: as_text(X, y, last=True),
    "semicolons": lambda X, y: as_text(X, y, comma=";"),
    "tabs": lambda X, y: as_text(X, y, comma="\t"),
    "BOM and semicolons": lambda X, y: "\ufeff" + as_text(X, y, comma=";"),
    "two BOMs": lambda X, y: "\ufeff\ufeff" + as_text(X, y),
    "a comment, as NumPy writes": lambda X, y: "# " + as_text(X, y),
    "quotes and 1x1": lambda X, y: as_text(X, y, names=[f'"{name}"' for name in PLACES]),
    "floats and 1x1": lambda X, y: as_text(X.astype(float), y, names=PLACES),
}


@pytest.mark.parametrize("form", READ)
def test_other_forms_are_read(form, digits, tmp_path):
    text = READ[form](*digits)
    (tmp_path / "train.csv").write_text(text, "utf-8")
    X, y = read_digits_csv(tmp_path / "train.csv", return_X_y=True)
    np.testing.assert_array_equal(X, digits[0])
    np.testing.assert_array_equal(y, digits[1])
    assert (X.dtype, y.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(load_competition(tmp_path, return_X_y=True)[0], X)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_texts_of_windows_are_read(pack, encoding, digits, tmp_path):
    (tmp_path / "train.csv").write_bytes(pack(as_text(*digits, comma="\t").encode(encoding)))
    np.testing.assert_array_equal(read_digits_csv(tmp_path / "train.csv").data, digits[0])


@pytest.mark.parametrize("names", [(), PLACES, FROM_ONE], ids=["no header", "1x1", "pixel1"])
def test_other_forms_without_labels(names, digits, tmp_path):
    path = tmp_path / "test.csv"
    path.write_text(as_text(digits[0], names=names))
    for labels in ("auto", False):
        read = read_digits_csv(path, labels=labels)
        np.testing.assert_array_equal(read.data, digits[0])
        assert read.target is None
    with pytest.raises(ValueError, match="column 'label' is missing"):
        read_digits_csv(path, labels=True)
    path.write_text(as_text(*digits, names=names))
    with pytest.raises(ValueError, match=r"got a column '?label.*training file"):
        read_digits_csv(path, labels=False)


def test_the_place_of_a_fault_is_that_of_the_file(digits, tmp_path):
    X, y = digits
    X[2, 5] = 256
    path = tmp_path / "train.csv"
    for text, place in [
        (as_text(X, y, names=PLACES), "line 4: column '1x6'"),
        (without_header(X, y), "line 3: column 'pixel5'"),
        (as_text(X, y, comma=";"), "line 4: column 'pixel5'"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=place):
            read_digits_csv(path)
    y[1], X[2, 5] = 12, 0
    for text, place in [
        (as_text(X, y, last=True), "line 3: column 'label': got '12'"),
        (without_header(X, y), "line 2: column 'label': got '12'"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=place):
            read_digits_csv(path)


EXPLAINED = {
    "digit": (lambda X, y: as_text(X, y, label="digit"), "'digit' .*holds the labels.* 'label'"),
    "y last": (lambda X, y: as_text(X, y, label="y", last=True), "'y' .*holds the labels"),
    "64 numbers": (lambda X, y: without_header(X[:, :64], y), "got 65 numbers, no header.*785"),
    "3 numbers": (lambda X, y: "1,2,3\n", "got 3 numbers, no header"),
    "a line for Excel": (lambda X, y: "sep=;\n" + as_text(X, y, comma=";"), "delete .*first line"),
    "spaces": (lambda X, y: as_text(X, y, comma=" "), "not separated by commas"),
    "a submission": (lambda X, y: "ImageId,Label\n1,2\n2,0\n", "submission.*check_submission"),
    "an index": (
        lambda X, y: pd.DataFrame(X, columns=PIXELS).to_csv(),
        "column '' .*index=False",
    ),
    "decimal commas": (
        lambda X, y: as_text(X, y, comma=";").replace(";7;", ";7,5;"),
        r"got '7,5' .not a number.",
    ),
}


@pytest.mark.parametrize("form", EXPLAINED)
def test_what_cannot_be_read_is_explained(form, digits, tmp_path):
    write, message = EXPLAINED[form]
    path = tmp_path / "train.csv"
    digits[0][:, 9] = 7
    path.write_text(write(*digits))
    with pytest.raises(ValueError, match=message) as caught:
        read_digits_csv(path)
    assert str(caught.value).startswith(f"{path}, line ")
    assert "\n" not in str(caught.value)


def zipped(name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, b"x")
    return packed.getvalue()


FILES = {
    "Excel": (zipped("xl/workbook.xml"), "is an Excel workbook.*as CSV"),
    "NumPy": (zipped("x_train.npy"), r"is a NumPy archive.*np\.load"),
    "a NumPy array": (b"\x93NUMPY\x01\x00" + bytes(99), r"is a NumPy array.*np\.load"),
    "IDX": (b"\x00\x00\x08\x03\x00\x00\xea\x60" + bytes(99), "IDX.*fetch_mnist"),
    "packed IDX": (gzip.compress(b"\x00\x00\x08\x01\x00\x00\xea\x60" + bytes(99)), "IDX"),
    "Parquet": (b"PAR1" + b"\x15\x04\xff" * 99, r"is a Parquet file.*read_parquet"),
    "a web page": (b"<!DOCTYPE html><html>", "is a web page"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture"),
}


@pytest.mark.parametrize("kind", FILES)
def test_other_files_are_called_what_they_are(kind, tmp_path):
    content, message = FILES[kind]
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_digits_csv(path)
    assert str(caught.value).startswith(f"{path} ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_pipes_are_taken_for_tables(comma, encoding, digits, monkeypatch):
    for text in (as_text(*digits, comma=comma), without_header(*digits, comma=comma)):
        piped = io.TextIOWrapper(io.BytesIO(text.encode(encoding)))
        monkeypatch.setattr("sys.stdin", piped)
        assert StandardInput().is_table
