"""``skdigits predict``: pictures, folders, tables, rows and pipes, in each format."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import skdigits
from skdigits.cli import main

ROOT = Path(__file__).parents[2]


def test_predict_a_picture_in_each_format(picture, capsys):
    assert main(["predict", picture]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert (last[0], last[2]) == (picture, "7")
    assert main(["predict", picture, "--format", "csv"]) == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (line["source"], line["row"], line["text"]) == (picture, "", "7")
    assert main(["predict", picture, "--format", "json", "--one-digit"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    (digit,) = record["digits"]
    assert digit["label"] == 7
    assert record["confidence"] == digit["confidence"] == digit["probabilities"]["7"]
    assert len(digit["box"]) == 4


def test_predict_a_folder_with_what_is_no_digit(tmp_path, rows, draw, capsys):
    X, y = rows
    draw(tmp_path / "a.png", X[y == 0][0])
    Image.new("L", (50, 50), 255).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("not read")
    assert main(["predict", str(tmp_path), "--format", "csv"]) == 1
    said = capsys.readouterr()
    lines = list(csv.DictReader(io.StringIO(said.out)))
    assert [Path(line["source"]).name for line in lines] == ["a.png", "b.png", "c.png"]
    assert [line["text"] for line in lines] == ["0", "", ""]
    assert lines[1]["remark"] == "no digit"
    assert "is not a picture" in lines[2]["remark"]
    assert "c.png" in said.err
    assert said.err.count("\n") == 1


def test_unsure_digits_and_others_are_marked(use, picture, capsys):
    class Doubting:
        """Never sure, and takes nothing for a digit when told so."""

        classes_ = np.arange(10)
        offset_ = 0.0

        def __init__(self, score):
            self.score = score

        def predict_proba(self, X):
            return np.tile([0.19, *[0.09] * 9], (len(X), 1))

        def score_samples(self, X):
            return np.full(len(X), self.score)

    use("predict", Doubting(1.0))
    assert main(["predict", picture]) == 0
    assert "7  (unsure of digit 1)" in capsys.readouterr().out
    use("predict", Doubting(-1.0))
    assert main(["predict", picture, "--one-digit"]) == 0
    assert "(no digit, 1 not a digit)" in capsys.readouterr().out


def test_a_table_is_written(tmp_path, capsys):
    from skdigits.datasets import make_page

    page = make_page("table", n_rows=3, n_columns=3, blank=0.0, tilt=0, random_state=3)
    Image.fromarray(page.image).save(tmp_path / "page.png")
    out = tmp_path / "out.csv"
    assert main(["predict", str(tmp_path / "page.png"), "--table", str(out)]) == 0
    assert "3 rows, 3 columns" in capsys.readouterr().out
    lines = list(csv.reader(out.read_text().splitlines()))
    assert [len(line) for line in lines] == [3, 3, 3]
    boxes = tmp_path / "boxes"
    line = ["predict", str(tmp_path / "page.png"), "--table", str(out), "--draw", str(boxes)]
    assert main(line) == 0
    assert [path.name for path in boxes.iterdir()] == ["page.png"]
    right = [
        cell == truth
        for a, b in zip(lines, page.rows, strict=True)
        for cell, truth in zip(a, b, strict=True)
    ]
    assert sum(right) >= 5  # bundled digits of 8x8 pixels, enlarged, are hard to read


@pytest.mark.slow
def test_the_tables_of_several_pages_stand_in_one_file(tmp_path, capsys):
    import pandas as pd

    from skdigits.datasets import make_page

    pages = [make_page("table", n_rows=n, n_columns=3, tilt=0, random_state=3) for n in (2, 3)]
    first, second = (Image.fromarray(page.image) for page in pages)
    first.save(tmp_path / "scan.pdf", save_all=True, append_images=[second])
    line = ["predict", str(tmp_path / "scan.pdf"), "--table"]
    assert main([*line, str(tmp_path / "out.csv")]) == 0
    assert "5 rows, 3 columns of 2 pages" in capsys.readouterr().out
    lines = list(csv.reader((tmp_path / "out.csv").read_text().splitlines()))
    assert [line[0] for line in lines] == ["page 1"] * 2 + ["page 2"] * 3
    assert main([*line, str(tmp_path / "out.xlsx")]) == 0
    sheets = pd.read_excel(tmp_path / "out.xlsx", sheet_name=None, header=None)
    assert {name: len(sheet) for name, sheet in sheets.items()} == {"page 1": 2, "page 2": 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.png", "b.png"], "takes one picture; got 2. For a line each: --format csv"),
        (["nowhere.png"], "there is no file or folder nowhere.png"),
    ],
)
def test_a_table_is_of_one_picture(given, message, tmp_path, capsys):
    assert main(["predict", *given, "--table", str(tmp_path / "out.csv")]) != 0
    assert message in capsys.readouterr().err


def test_predict_rows(folder, model, rows, capsys):
    line = ["predict", str(folder / "test.csv"), "--model", model]
    assert main([*line, "--format", "csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    labels = skdigits.load_pipeline(model).predict(rows[0][200:230])
    assert [line["row"] for line in lines] == [str(i) for i in range(1, 31)]
    assert [line["text"] for line in lines] == [str(label) for label in labels]
    assert main([*line, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 30


@pytest.mark.parametrize("kind", ["picture", "rows", "gzip"])
def test_predict_reads_a_pipe(kind, picture, folder, pipe, capsys):
    content = Path(picture).read_bytes()
    if kind != "picture":
        content = (folder / "test.csv").read_bytes()
    if kind == "gzip":
        import gzip

        content = gzip.compress(content)
    pipe(content)
    assert main(["predict", "-", "--format", "json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert len(records) == (1 if kind == "picture" else 30)
    assert {record["source"] for record in records} == {"standard input"}


def test_pipes_with_nothing_useful_in_them(pipe, fails, capsys, monkeypatch):
    pipe(b"")
    assert "standard input is empty" in fails("predict", "-")
    for content, hint in [(b"\x89PNG but cut", "not a picture"), (b"1,2,3\n", "no header")]:
        pipe(content)
        assert main(["predict", "-", "--quiet"]) == 1
        assert hint in capsys.readouterr().err
    monkeypatch.setattr("skdigits.cli._parts.inputs._MAX_STDIN", 10)
    pipe(b"12345678901")
    assert "more than 10 bytes" in fails("predict", "-")


@pytest.mark.slow
def test_a_whole_pipeline_of_the_shell(folder):
    shell = f"cat {folder}/test.csv | {sys.executable} -m skdigits predict - --format csv"
    done = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("\n") == 31


@pytest.mark.slow
def test_an_onnx_file_answers_the_same(model, folder, tmp_path, capsys):
    path = str(skdigits.export_onnx(skdigits.load_pipeline(model), tmp_path / "model.onnx"))
    answers = []
    for file in (model, path):
        line = ["predict", str(folder / "test.csv"), "--model", file, "--format", "csv"]
        assert main(line) == 0
        answers.append([r["text"] for r in csv.DictReader(io.StringIO(capsys.readouterr().out))])
    assert answers[0] == answers[1]
    assert main(["info", path, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["format"] == "ONNX"
    assert facts["classes"] == list(range(10))
