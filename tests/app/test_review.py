"""The review tab in Chromium: by keyboard alone, on a telephone's width too."""

import json

import playwright.sync_api as playwright
import pytest
from PIL import Image

from skdigits import DigitReader, load_pretrained
from skdigits.app import build_app
from skdigits.forms import Template, read_forms

pytestmark = pytest.mark.slow


@pytest.fixture
def results(exam_sheet, tmp_path):
    """Two forms of which every field is in doubt."""
    template = Template.from_picture(exam_sheet("", "", "", seed=0))
    scans = []
    for i, numbers in enumerate([("4207", "15", "8"), ("3160", "9", "7")]):
        scans.append(tmp_path / f"{i}.png")
        Image.fromarray(exam_sheet(*numbers, seed=i + 1)).save(scans[-1])
    reader = DigitReader()
    reader.min_confidence = 2.0  # where one string alone is probable, its confidence is 1
    list(read_forms(scans, template, reader, results=tmp_path / "results"))
    return tmp_path / "results"


@pytest.fixture
def address(results):
    page = build_app(load_pretrained(), review=results)
    page.launch(prevent_thread_lock=True, server_port=None)
    yield page.local_url
    page.close(verbose=False)


def says(page, text):
    playwright.expect(page.locator("#review-said .said")).to_contain_text(text, timeout=20_000)


@pytest.mark.parametrize("width", [1100, 390])
def test_doubts_are_decided_by_keyboard(new_page, address, results, width):
    page = new_page(viewport={"width": width, "height": 800})
    page.goto(address)
    says(page, "0 of 6 done. 0.png, field 1: 4207")
    box = page.locator("#review-answer :is(input, textarea)")
    playwright.expect(box).to_be_focused()
    assert page.locator("#review-picture img").bounding_box()["height"] >= 60
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Enter")  # accepted
    says(page, "1 of 6 done. 0.png, field 2: 15")
    page.keyboard.type("16")
    page.keyboard.press("Enter")  # corrected
    says(page, "2 of 6 done. 0.png, field 3: 8")
    page.keyboard.type("eight")
    page.keyboard.press("Enter")
    says(page, "Type digits, or - for a blank field")
    page.keyboard.type("-")
    page.keyboard.press("Enter")
    says(page, "3 of 6 done. 1.png, field 1: 3160")
    for n in (4, 5):
        page.keyboard.press("Enter")
        says(page, f"{n} of 6 done.")
    page.keyboard.press("Enter")
    says(page, "All 6 are done. Run skdigits forms again")
    page.click("#review-back")
    says(page, "6 of 6 done. 1.png, field 3: 7")
    answers = [
        entry["answer"]
        for path in sorted(results.glob("*.json"))
        for entry in json.loads(path.read_text())["fields"].values()
    ]
    assert answers == ["4207", "16", "", "3160", "9", "7"]
    assert (results / "corrections.csv").read_text().count("\n") == 1 + 4 + 2 + 4 + 1 + 1
