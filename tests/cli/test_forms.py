"""``skdigits template`` and ``skdigits forms``."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from skdigits.cli import main


@pytest.fixture
def save_sheet(exam_sheet):
    def save(path, numbers, seed):
        Image.fromarray(exam_sheet(*numbers, seed=seed)).save(path)

    return save


@pytest.fixture
def form(save_sheet, tmp_path, capsys):
    """A template's path, beside a folder with two scans."""
    save_sheet(tmp_path / "blank.png", ["", "", ""], 0)
    options = ["--output", str(tmp_path / "form.json"), "--draw", str(tmp_path / "form.png")]
    assert main(["template", str(tmp_path / "blank.png"), *options]) == 0
    said = capsys.readouterr().out
    assert "6 boxes, 3 fields" in said
    assert "skdigits forms scans/ --template" in said
    with Image.open(tmp_path / "form.png") as drawn:
        assert drawn.size == (500, 300)
    (tmp_path / "scans").mkdir()
    save_sheet(tmp_path / "scans" / "a.png", ["4207", "15", "8"], 1)
    save_sheet(tmp_path / "scans" / "b.png", ["3160", "9", ""], 2)
    return tmp_path / "form.json"


def run(form, output, *more):
    scans = str(form.parent / "scans")
    return main(["forms", scans, "--template", str(form), "--output", str(output), *more])


def test_a_table_with_a_row_for_each_scan(form, tmp_path, capsys):
    assert run(form, tmp_path / "marks.csv") == 0
    with (tmp_path / "marks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["field 1"] for row in rows] == ["4207", "3160"]
    said = capsys.readouterr().out
    assert "2 scans" in said
    assert "of 6 fields in doubt" in said
    assert len(list((tmp_path / "marks.results").glob("*.json"))) == 2


def test_a_workbook_shows_what_is_in_doubt(form, save_sheet, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    save_sheet(tmp_path / "scans" / "c.png", ["53", "20", ""], 3)  # two boxes are blank
    assert run(form, tmp_path / "marks.xlsx") == 0
    book = openpyxl.load_workbook(tmp_path / "marks.xlsx")
    assert book["forms"]["C2"].value == "4207"
    doubts = list(book["doubts"].values)
    assert doubts[0][:4] == ("scan", "page", "field", "read as")
    assert any(row[0].endswith("c.png") and row[2] == "field 1" for row in doubts[1:])
    assert len(book["doubts"]._images) == len(doubts) - 1


def test_a_file_name_is_no_formula(form, save_sheet, tmp_path, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.chdir(tmp_path)
    save_sheet(tmp_path / "=1+1.png", ["4207", "15", "8"], 1)
    assert main(["forms", "=1+1.png", "--template", str(form), "--output", "marks.xlsx"]) == 0
    cell = openpyxl.load_workbook("marks.xlsx")["forms"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1.png", "s")


def test_a_scan_of_another_form_is_a_row_with_its_reason(form, tmp_path, capsys):
    Image.fromarray(np.full((300, 500), 230, np.uint8)).save(tmp_path / "scans" / "z.png")
    assert run(form, tmp_path / "marks.csv") == 1
    said = capsys.readouterr()
    assert "1 of 3 scans could not be read: The scan does not show this form" in said.err
    assert "does not show this form" in (tmp_path / "marks.csv").read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": "("}, "is no regular expression"),
        ({"candidates": ["1", "1"]}, "candidates has '1' twice"),
        ({"candidates": "nowhere.csv"}, "nowhere.csv"),
        ({"boxes": [40]}, "boxes are numbers from 1 to 6"),
    ],
)
def test_a_bad_template_is_an_error_of_one_line(form, tmp_path, capsys, change, message):
    data = json.loads(form.read_text())
    data["fields"][0] |= change
    form.write_text(json.dumps(data))
    assert run(form, tmp_path / "marks.csv") == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "marks.csv").exists()


def test_nothing_to_read_and_nowhere_to_write(form, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    base = ["--template", str(form), "--output"]
    assert main(["forms", str(tmp_path / "empty"), *base, str(tmp_path / "m.csv")]) == 1
    assert "no pictures in the folder" in capsys.readouterr().err
    assert run(form, tmp_path / "marks.txt") == 2
    assert "--output is a .csv or .xlsx file" in capsys.readouterr().err
    assert run(form, tmp_path / "nowhere" / "marks.csv") == 1
    assert "there is no folder" in capsys.readouterr().err
