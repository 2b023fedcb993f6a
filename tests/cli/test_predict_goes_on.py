"""``skdigits predict`` reads what it can, and says of the rest why it could not."""

import csv
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.dummy import DummyClassifier

from skdigits.cli import main


@pytest.fixture(autouse=True)
def _always_seven(use):
    use("predict", DummyClassifier().fit(np.zeros((2, 784)), [7, 7]))


def seven():
    paper = Image.new("L", (120, 160), 240)
    ImageDraw.Draw(paper).line([(30, 40), (85, 38), (50, 130)], fill=20, width=9)
    return paper


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.png"
    seven().save(path)
    return str(path)


def read_csv(capsys, *inputs):
    code = main(["predict", *map(str, inputs), "--format", "csv", "--quiet"])
    said = capsys.readouterr()
    assert said.err.count("\n") == (code != 0)
    return code, list(csv.DictReader(io.StringIO(said.out))), said.err


def test_what_is_missing_ends_no_run(tmp_path, good, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    bad = ["no.png", "no.csv", "empty", "text.png"]
    code, lines, err = read_csv(capsys, *(tmp_path / name for name in bad), good)
    assert code == 1
    assert [line["text"] for line in lines] == ["", "", "", "", "7"]
    for line, reason in zip(
        lines, ["no file", "no file", "no pictures", "not a pict"], strict=False
    ):
        assert reason in line["remark"]
    assert "4 of 5 could not be read" in err


def test_a_table_without_permission_ends_no_run(tmp_path, good, capsys, monkeypatch):
    path = tmp_path / "digits.csv"
    path.write_text("pixel0\n0\n")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("skdigits.cli.predict.read_table", refuse)
    code, lines, err = read_csv(capsys, path, good)
    assert code == 1
    assert [line["text"] for line in lines] == ["", "7"]
    assert "digits.csv" in err


def test_a_picture_without_permission_ends_no_run(tmp_path, good, capsys, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(b"never read")
    path.chmod(0)
    plain_open = Path.open

    def guarded(self, *args, **kwargs):
        if self == path:  # permissions do not bind root
            raise PermissionError(13, "Permission denied", str(path))
        return plain_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", guarded)
    code, lines, err = read_csv(capsys, path, good)
    assert code == 1
    assert [line["text"] for line in lines] == ["", "7"]
    assert "you have no permission" in err


def test_all_pages_are_read(tmp_path, good, capsys):
    path = tmp_path / "scan.tif"
    seven().save(path, save_all=True, append_images=[seven(), Image.new("L", (120, 160), 240)])
    code, lines, _ = read_csv(capsys, path, good)
    assert code == 0
    assert [line["page"] for line in lines] == ["1", "2", "3", ""]
    assert [line["text"] for line in lines] == ["7", "7", "", "7"]
    assert main(["predict", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["part", "1", "2", "3"]


NAMES = [os.fsdecode(b"\xff\xfe.png"), "sieben-ä-七.png", "two\nlines\x1b[2J.png"]


@pytest.mark.parametrize("kind", ["table", "csv", "json"])
def test_any_name_is_printed(tmp_path, kind, monkeypatch):
    """A name that the terminal has no characters for ended the run."""
    for name in NAMES:
        seven().save(tmp_path / name)
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["predict", str(tmp_path), "--format", kind]) == 0
    assert terminal.errors == "strict"
    terminal.flush()
    printed = terminal.buffer.getvalue().decode("ascii")
    assert "udcff" in printed
    assert "xe4" in printed or "u00e4" in printed
    if kind == "table":
        assert len(printed.splitlines()) == 4
        assert "\x1b" not in printed
    elif kind == "json":
        sources = {os.path.basename(record["source"]) for record in json.loads(printed)}
        assert sources == set(NAMES)


def test_postscript_starts_nothing(tmp_path, fails):
    path = tmp_path / "x.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%EndComments\n{ } loop\n")
    assert "PostScript" in fails("predict", path, "--quiet")
