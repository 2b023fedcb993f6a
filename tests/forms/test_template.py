"""Where fields are: found, written to a file, and found again on scans that lie askew."""

import json
from dataclasses import replace

import numpy as np
import pytest

from skdigits.datasets import make_page
from skdigits.exceptions import PictureError
from skdigits.forms import Field, Template

WRITTEN = ["4207", "15", "8"]


def texts(form):
    return [read.text for read in form.fields.values()]


@pytest.fixture
def ruled(template):
    """The template with rules."""
    number, *marks = template.fields
    fields = [replace(number, name="number", candidates=("4207", "3160"), unique=True)]
    fields += [replace(mark, between=(0, 20), blank=True) for mark in marks]
    return replace(template, fields=fields)


def test_combs_and_boxes_are_found(template):
    assert template.size == (500, 300)
    assert len(template.boxes) == 6
    assert template.fields == (
        Field("field 1", (1, 2, 3, 4), length=4),
        Field("field 2", (5,)),
        Field("field 3", (6,)),
    )


@pytest.mark.parametrize("way", ["as it is", "askew", "light on dark", "twice as large"])
def test_a_scan_is_placed(exam_sheet, template, askew, way):
    sheet = exam_sheet(*WRITTEN)
    scan = {
        "as it is": sheet,
        "askew": askew(sheet),
        "light on dark": 255 - sheet,
        "twice as large": np.kron(sheet, np.ones((2, 2), np.uint8)),
    }[way]
    form = template.read(scan)
    assert texts(form) == WRITTEN
    assert list(form.cut_outs) == ["field 1", "field 2", "field 3"]


def test_writing_through_the_lines_does_not_move_the_boxes(exam_sheet, template, askew):
    sheet = exam_sheet(*WRITTEN, seed=3)
    _, top, right, bottom = template.boxes[0]
    sheet[top - 8 : bottom + 8, right - 4 : right + 6] = sheet.min()  # a bar through two boxes
    assert texts(template.read(askew(sheet)))[1:] == WRITTEN[1:]


def test_a_table_of_shadow_does_not_turn_the_page(exam_sheet, template, askew):
    scan = np.array(askew(exam_sheet(*WRITTEN), degrees=2))
    scan[:, :60] //= 2
    assert texts(template.read(scan)) == WRITTEN


def test_rules_hold(exam_sheet, ruled):
    form = ruled.read(exam_sheet("4207", "", "8"))
    assert texts(form) == ["4207", "", "8"]
    assert form.fields["number"].alternatives[0][0] == "3160"


@pytest.mark.parametrize("kind", ["lines", "table"])
def test_another_form_is_refused(template, kind):
    page = make_page(kind, shape=(300, 500), n_rows=3, n_columns=3, random_state=0)
    with pytest.raises(PictureError, match=r"does not show this form: only \d+% of the lines"):
        template.read(page.image)


def test_a_page_without_boxes_makes_no_template():
    with pytest.raises(PictureError, match="no boxes on this scan: a form needs fields with lines"):
        Template.from_picture(np.full((300, 400), 240, np.uint8))


def test_a_template_comes_back_from_its_file(ruled, tmp_path):
    ruled.save(tmp_path / "form.json")
    assert Template.load(tmp_path / "form.json") == ruled
    entry = json.loads((tmp_path / "form.json").read_text())["fields"][1]
    assert entry == {"name": "field 2", "boxes": [5], "between": [0, 20], "blank": True}


def test_candidates_may_stand_in_a_file(ruled, tmp_path):
    ruled.save(tmp_path / "form.json")
    text = (tmp_path / "form.json").read_text()
    (tmp_path / "form.json").write_text(text.replace('["4207", "3160"]', '"class.csv"'))
    (tmp_path / "class.csv").write_text("4207,Ada\n0013,Alan\n\n")
    assert Template.load(tmp_path / "form.json").fields[0].candidates == ("4207", "0013")


def test_boxes_are_drawn_with_their_numbers(template, blank_sheet):
    drawn = template.draw(blank_sheet)
    assert drawn.size == template.size
    assert (np.asarray(drawn) != np.asarray(drawn.convert("L").convert("RGB"))).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("format"), "is no template: it has no 'format'"),
        (lambda data: data.pop("boxes"), "is no template: it has no 'boxes'"),
        (lambda data: data.update(boxes=[[1, 2, 3]]), "boxes is a list of"),
        (lambda data: data.update(boxes=[[9, 9, 5, 20]]), "box 1 is none, or not on the page"),
        (lambda data: data.update(boxes=[[1, 1, 900, 20]]), "box 1 is none, or not on the page"),
        (lambda data: data.update(size=[0, 5]), "size is the width and height"),
        (lambda data: data.update(fields=[]), "fields is empty"),
        (lambda data: data["fields"].append("x"), "a field is an object with a name"),
        (lambda data: data["fields"][0].pop("name"), "a field has no 'name'"),
        (lambda data: data["fields"][0].update(name=""), "the name of a field is a string"),
        (lambda data: data["fields"][0].update(nme=1), "a field has no 'nme'; it may have name"),
        (lambda data: data["fields"][0].update(boxes=[7]), "boxes are numbers from 1 to 6"),
        (lambda data: data["fields"][1].update(name="field 1"), "two fields have the name"),
        (lambda data: data["fields"][0].update(length=-1), "field 'field 1': length is"),
        (lambda data: data["fields"][0].update(length=10**9), "0 to 100; got 1000000000"),
        (lambda data: data.update(boxes=[[1, 1, 9, 9]] * 2001), "2,001 boxes and 3 fields; a form"),
        (lambda data: data["fields"][0].update(between=[5, 2]), r"between is \(least, greatest\)"),
        (lambda data: data["fields"][0].update(pattern="("), "is no regular expression"),
        (lambda data: data["fields"][0].update(check="crc"), "check is a function or one of"),
        (lambda data: data["fields"][0].update(candidates=["7", 7]), "candidates has '7' twice"),
        (
            lambda data: data["fields"][0].update(unique=True),
            "field 'field 1': candidates is empty",
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_said(template, tmp_path, change, message):
    path = tmp_path / "form.json"
    template.save(path)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message) as caught:
        Template.load(path)
    assert "form.json" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_template_is_named(tmp_path, content):
    (tmp_path / "form.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"form\.json is no template"):
        Template.load(tmp_path / "form.json")
