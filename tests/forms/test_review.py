"""Doubts are decided one by one; answers go into the table, and digits into corrections.csv."""

import json
from pathlib import Path

import numpy as np
import pytest

import skdigits
from skdigits import DigitReader, load_onnx
from skdigits.cli._parts.inputs import read_written
from skdigits.forms import Template, read_forms, to_frame
from skdigits.forms._review import Review

KAGGLE = Path(skdigits.__file__).parent / "models" / "kaggle.onnx"


@pytest.fixture
def results(template, scans, tmp_path):
    """Results in which every field is in doubt."""
    reader = DigitReader()
    reader.min_confidence = 2.0  # where one string alone is probable, its confidence is 1
    list(read_forms(scans, template, reader, results=tmp_path / "results"))
    return tmp_path / "results"


def test_answers_are_kept_and_reach_the_table(results, template, scans):
    review = Review(results)
    names = [(doubt.scan, doubt.name) for doubt in review.doubts]
    assert ("0.png", "field 1") in names
    place = names.index(("0.png", "field 1"))
    assert review.decide(place, "") == "4207"
    assert review.decide(names.index(("0.png", "field 2")), " 16 ") == "16"
    assert review.decide(names.index(("2.png", "field 3")), "-") == ""
    assert review.n_done == 3
    again = Review(results)  # another day
    assert again.n_done == 3
    assert again.next_open() not in (place, place + 1)
    reader = DigitReader(min_confidence=1.0)
    frame = to_frame(read_forms(scans, template, reader, results=results), template)
    assert frame["field 1"][0] == "4207"
    assert frame["field 2"][0] == "16"
    assert frame["field 3"][2] == ""
    assert "field 2" not in frame["unsure"][0]
    assert "field 3" in frame["unsure"][0]


def test_another_model_reads_anew_and_answers_stand(results, template, scans, monkeypatch):
    review = Review(results)
    names = [(doubt.scan, doubt.name) for doubt in review.doubts]
    review.decide(names.index(("0.png", "field 2")), "16")
    n_files, n_read, read = len(list(results.glob("*.json"))), [], Template.read
    monkeypatch.setattr(
        Template, "read", lambda *args, **options: n_read.append(1) or read(*args, **options)
    )
    other = DigitReader(load_onnx(KAGGLE), min_confidence=1.0)
    for _ in range(2):
        form, *_ = read_forms(scans, template, other, results=results)
        assert form.fields["field 1"].text == "4207"
        assert form.fields["field 2"].text == "16"
    assert len(n_read) == 4  # each once
    assert len(list(results.glob("*.json"))) == n_files  # no doubt is there twice


def test_digits_become_rows_with_their_writer(results, rows):
    review = Review(results)
    names = [(doubt.scan, doubt.name) for doubt in review.doubts]
    review.decide(names.index(("0.png", "field 1")), "4208")  # corrected
    review.decide(names.index(("2.png", "field 2")), "")
    X, y, writers = read_written(str(results / "corrections.csv"))
    assert y.tolist() == [4, 2, 0, 8, 2, 0]
    assert writers == ["0.png"] * 4 + ["2.png"] * 2
    assert X.shape == (6, 784)
    assert (X.max(axis=1) > 200).all()
    review.decide(names.index(("0.png", "field 1")), "42")  # which is which cannot be told
    assert len(read_written(str(results / "corrections.csv"))[1]) == 2


@pytest.mark.parametrize("typed", ["4a", "--", "1" * 101, "=1", "\u0664"])
def test_only_digits_are_answers(results, typed):
    review = Review(results)
    with pytest.raises(ValueError, match="Type digits, or - for a blank field"):
        review.decide(0, typed)
    assert review.n_done == 0


def test_a_folder_without_doubts(tmp_path):
    with pytest.raises(ValueError, match="There is no folder"):
        Review(tmp_path / "nowhere")
    (tmp_path / "a.json").write_text(json.dumps({"fields": 3}))
    with pytest.raises(ValueError, match="No field is in doubt"):
        Review(tmp_path)


def test_a_scan_of_any_name_is_a_cell(results, template, exam_sheet, tmp_path):
    from PIL import Image

    (tmp_path / "more").mkdir()
    path = tmp_path / "more" / '=a,"b.png'
    Image.fromarray(np.asarray(exam_sheet("4207", "15", "8"))).save(path)
    list(read_forms([path], template, DigitReader(min_confidence=1.0), results=tmp_path / "odd"))
    review = Review(tmp_path / "odd")
    review.decide(0, "")
    assert set(read_written(str(tmp_path / "odd" / "corrections.csv"))[2]) == {"_a__b.png"}
