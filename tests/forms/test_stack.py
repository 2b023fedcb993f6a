"""A stack of scans: each a row, none twice, and none lost when the run is cut off."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from skdigits.forms import Template, match_forms, read_forms, to_frame
from skdigits.forms._form import from_record, to_record


@pytest.fixture
def n_read(monkeypatch):
    """Scans that were read."""
    seen = []
    read = Template.read
    monkeypatch.setattr(
        Template, "read", lambda *args, **options: seen.append(args[1]) or read(*args, **options)
    )
    return seen


def test_each_scan_is_a_row(template, scans):
    frame = to_frame(read_forms(scans, template), template)
    assert frame.columns.tolist()[:5] == ["scan", "page", "field 1", "field 2", "field 3"]
    assert frame["field 1"].tolist()[:3] == ["4207", "3160", "5328"]
    assert frame["field 2"].tolist()[:3] == ["15", "9", "20"]
    assert (frame["field 1 confidence"].dropna() > 0.5).all()
    assert frame["error"].str.contains("is not a picture").tolist() == [False] * 3 + [True]
    assert frame["scan"].str.endswith("z.png").tolist() == [False] * 3 + [True]


def test_nothing_is_read_twice_and_nothing_is_lost(template, scans, tmp_path, n_read):
    results = tmp_path / "results"
    first = next(read_forms(scans, template, results=results))  # cut off after one
    assert len(n_read) == 1
    forms = list(read_forms(scans, template, results=results))
    assert len(n_read) == len(forms) == 4
    again = list(read_forms(scans, template, results=results))
    assert len(n_read) == 4
    for one, other in zip([first, *forms], [again[0], *again], strict=True):
        assert one.fields.keys() == other.fields.keys()
        for name, read in one.fields.items():
            twin = other.fields[name]
            assert (read.text, read.confidence) == (twin.text, twin.confidence)
            np.testing.assert_allclose(
                read.log_likelihood(["1", "42"]), twin.log_likelihood(["1", "42"])
            )
            assert one.cut_outs[name].tobytes() == other.cut_outs[name].tobytes()


@pytest.mark.slow
def test_two_processes_read_the_same(template, scans, tmp_path):
    alone = list(read_forms(scans, template))
    seen = []
    both = list(
        read_forms(
            scans,
            template,
            results=tmp_path,
            n_jobs=2,
            progress=lambda *counts: seen.append(counts),
        )
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [f.source for f in both] == [f.source for f in alone]
    for one, other in zip(alone, both, strict=True):
        assert one.error == other.error
        assert [r.text for r in one.fields.values()] == [r.text for r in other.fields.values()]
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_what_changed_or_was_damaged_is_read_anew(exam_sheet, template, scans, tmp_path, n_read):
    results = tmp_path / "results"
    list(read_forms(scans, template, results=results))
    Image.fromarray(exam_sheet("1111", "7", "7", seed=7)).save(scans / "0.png")
    next(results.glob("1-1-*.json")).write_text("{")
    record = next(results.glob("2-1-*.json"))
    entry = json.loads(record.read_text())
    entry["cut_outs"]["field 1"] = "no picture"
    record.write_text(json.dumps(entry))
    n_read.clear()
    first, *others = read_forms(scans, template, results=results)
    assert [form.fields["field 1"].text for form in others[:2]] == ["3160", "5328"]
    assert len(n_read) == 3
    assert first.fields["field 1"].text == "1111"
    n_read.clear()
    fields = [replace(template.fields[0], pattern="[0-9]*"), *template.fields[1:]]
    list(read_forms(scans, replace(template, fields=fields), results=results))
    assert len(n_read) == 4


def test_each_form_gets_a_number_of_its_own(template, scans):
    numbers = ("3160", "4207", "5328", "9999")
    fields = [replace(template.fields[0], candidates=numbers, unique=True), *template.fields[1:]]
    ruled = replace(template, fields=fields)
    forms = match_forms(list(read_forms(scans, ruled)), ruled)
    assert [f.fields["field 1"].text for f in forms[:3]] == ["4207", "3160", "5328"]
    assert not any("field 1" in form.unsure for form in forms)
    assert forms[3].error
    with pytest.raises(ValueError, match="There are 6 fields, but only 4 candidates"):
        match_forms([*forms, *forms], ruled)


def test_progress_and_an_empty_folder(template, scans, tmp_path):
    done = []
    list(read_forms([scans / "z.png"] * 2, template, progress=lambda *step: done.append(step)))
    assert done == [(1, 2), (2, 2)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="There are no pictures in the folder"):
        read_forms(tmp_path / "empty", template)


def test_a_record_holds_all_of_a_form(exam_sheet, template):
    form = template.read(exam_sheet("4207", "15", "8"))
    again = from_record(json.loads(json.dumps(to_record(form))))
    assert again.fields.keys() == form.fields.keys()
    assert again.unsure == form.unsure
    (digit, *_), (twin, *_) = (f.fields["field 2"].digits for f in (form, again))
    np.testing.assert_array_equal(digit.row, twin.row)
    assert digit.probabilities == twin.probabilities
