"""The page in a real browser, headless Chromium: drawing, clearing, uploading, on a phone.

Screenshots are kept in the folder that SKDIGITS_ARTIFACTS names, else in ``test-artifacts``.
"""

import contextlib
import itertools
import math
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw

from skdigits.datasets import read_digits_csv

ROOT = Path(__file__).parents[2]

# Strokes of each digit on the unit square, x to the right and y down.
STROKES = {
    0: [[(0.5, 0.0), (0.25, 0.1), (0.15, 0.4), (0.2, 0.8), (0.45, 1.0), (0.7, 0.85), (0.8, 0.5),
         (0.72, 0.15), (0.5, 0.0)]],
    1: [[(0.5, 0.0), (0.5, 1.0)]],
    2: [[(0.15, 0.25), (0.3, 0.05), (0.6, 0.02), (0.8, 0.2), (0.75, 0.45), (0.45, 0.75),
         (0.12, 0.98), (0.9, 0.98)]],
    3: [[(0.15, 0.1), (0.45, 0.0), (0.75, 0.12), (0.75, 0.33), (0.4, 0.47), (0.75, 0.6),
         (0.82, 0.82), (0.5, 1.0), (0.12, 0.9)]],
    4: [[(0.25, 0.0), (0.1, 0.55), (0.9, 0.55)], [(0.7, 0.1), (0.65, 1.0)]],
    5: [[(0.8, 0.02), (0.25, 0.02), (0.2, 0.42), (0.55, 0.4), (0.82, 0.62), (0.7, 0.92),
         (0.4, 1.0), (0.12, 0.9)]],
    6: [[(0.65, 0.0), (0.35, 0.25), (0.2, 0.65), (0.3, 0.95), (0.6, 1.0), (0.8, 0.78),
         (0.65, 0.58), (0.4, 0.6), (0.22, 0.75)]],
    7: [[(0.1, 0.02), (0.88, 0.02), (0.6, 0.45), (0.4, 1.0)]],
    8: [[(0.75, 0.15), (0.5, 0.0), (0.25, 0.15), (0.35, 0.4), (0.7, 0.6), (0.78, 0.85),
         (0.5, 1.0), (0.22, 0.85), (0.3, 0.6), (0.68, 0.38), (0.75, 0.15)]],
    9: [[(0.75, 0.25), (0.5, 0.02), (0.22, 0.15), (0.22, 0.4), (0.5, 0.5), (0.75, 0.3),
         (0.78, 0.2), (0.72, 0.6), (0.62, 1.0)]],
}  # fmt: skip
# How else digits are written, and what is none.
WAYS = {
    "1 with a flag": [[(0.25, 0.35), (0.55, 0.0), (0.55, 1.0)]],
    "1 with a flag and a base": [[(0.25, 0.3), (0.5, 0.0), (0.5, 1.0)], [(0.2, 1.0), (0.8, 1.0)]],
    "7 crossed": [[(0.1, 0.02), (0.88, 0.02), (0.6, 0.45), (0.4, 1.0)], [(0.25, 0.5), (0.85, 0.5)]],
    "4 open": STROKES[4],
    "4 closed": [[(0.65, 1.0), (0.65, 0.0), (0.1, 0.65), (0.9, 0.65)]],
    "9 with a curl": [[*STROKES[9][0][:7], (0.75, 0.7), (0.62, 0.95), (0.4, 1.0), (0.2, 0.88)]],
    "0 with a slash": [*STROKES[0], [(0.8, 0.0), (0.15, 1.0)]],
    "0 with a slash inside": [*STROKES[0], [(0.68, 0.2), (0.25, 0.85)]],
}
NO_DIGITS = {
    "+": [[(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]],
    "-": [[(0, 0.5), (1, 0.5)]],
    "=": [[(0, 0.3), (1, 0.3)], [(0, 0.7), (1, 0.7)]],
    "(": [[(0.6, 0), (0.42, 0.2), (0.36, 0.5), (0.42, 0.8), (0.6, 1)]],
    "A": [[(0.1, 1), (0.5, 0), (0.9, 1)], [(0.25, 0.6), (0.75, 0.6)]],
    "K": [[(0.2, 0), (0.2, 1)], [(0.8, 0), (0.2, 0.55), (0.85, 1)]],
    "spiral": [
        [
            (0.5 + 0.0275 * t * math.cos(t), 0.5 + 0.0275 * t * math.sin(t))
            for t in (0.3 * step for step in range(61))
        ]
    ],
}
# Left, top and size on the pad, as parts of its side.
PLACES = {
    "middle": (0.25, 0.25, 0.5),
    "corner": (0.05, 0.06, 0.45),
    "small": (0.4, 0.38, 0.3),
    "large": (0.1, 0.08, 0.84),
}

pytestmark = pytest.mark.slow
playwright = pytest.importorskip(
    "playwright.sync_api", reason='needs Playwright: pip install "skdigits[test]"'
)
pytest.importorskip("gradio", reason='needs Gradio: pip install "skdigits[demo]"')


@pytest.fixture
def open_page(browser, server):
    """Opens the page; at the end no request of it may have left this computer."""
    contexts, requested, complaints = [], [], []

    def opened(**options):
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.goto(server)
        page.wait_for_selector("#pad canvas")
        says(page, "Draw a digit.")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert requested
    hosts = {urlsplit(url).hostname for url in requested if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
    assert complaints == []


def says(page, text, part="#said"):
    playwright.expect(page.locator(f"{part} .said")).to_have_text(text, timeout=20_000)


def draw(page, strokes, place="middle", *, steps=6):
    """Draw strokes, or those of a digit, with the mouse."""
    box = page.locator("#pad canvas").bounding_box()
    left, top, size = PLACES[place]
    for stroke in STROKES[strokes] if isinstance(strokes, int) else strokes:
        points = [
            (
                box["x"] + box["width"] * (left + size * x),
                box["y"] + box["height"] * (top + size * y),
            )
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=steps)
        page.mouse.up()


def keep_screenshot(page, name):
    folder = Path(os.environ.get("SKDIGITS_ARTIFACTS", ROOT / "test-artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def is_as_wide_as_its_window(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("place", ["corner", "small", "large"])
def test_each_digit_is_read(open_page, place):
    page = open_page()
    read = {}
    for digit in STROKES:
        draw(page, digit, place)
        page.wait_for_timeout(300)
        playwright.expect(page.locator("#said .said")).not_to_have_text("Draw a digit.")
        answer = page.locator("#answer h2")
        # A busy computer may still show the answer to half of a stroke.
        with contextlib.suppress(AssertionError):
            playwright.expect(answer).to_have_text(str(digit), timeout=5000)
        read[digit] = answer.inner_text().strip()
        keep_screenshot(page, f"{digit}-{place.replace(' ', '-')}")
        page.click("#clear")
        says(page, "Draw a digit.")
    assert read == {digit: str(digit) for digit in STROKES}


def test_digits_of_other_hands_are_sure_and_signs_are_none(open_page):
    page = open_page()
    said = {}
    for name, strokes in {**WAYS, **NO_DIGITS}.items():
        draw(page, strokes)
        expected = f"This is a {name[0]}." if name in WAYS else "This does not look like a digit."
        line = page.locator("#said .said")
        with contextlib.suppress(AssertionError):
            playwright.expect(line).to_contain_text(expected, timeout=5000)
        said[name] = line.inner_text()[: len(expected)]
        keep_screenshot(page, name)
        page.click("#clear")
        says(page, "Draw a digit.")
    assert {name: line for name, line in said.items() if name in WAYS} == {
        name: f"This is a {name[0]}." for name in WAYS
    }
    assert {said[name] for name in NO_DIGITS} == {"This does not look like a digit."}


def test_answer_follows_while_drawing_and_clear_empties(open_page):
    page = open_page()
    empty = page.locator("#seen img").get_attribute("src")
    keep_screenshot(page, "empty")
    box = page.locator("#pad canvas").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=20)
    says(page, "This is a 1.")  # while the button is still down
    page.mouse.up()
    assert page.locator("#answer").get_by_text("%").count() == 3
    assert page.locator("#seen img").get_attribute("src") != empty
    assert page.locator("#seen img").get_attribute("alt") == "The network sees this 1"
    page.click("#clear")
    says(page, "Draw a digit.")
    playwright.expect(page.locator("#answer h2")).to_have_count(0)
    assert page.locator("#seen img").get_attribute("src") == empty
    ink = "[...document.querySelector('#pad canvas').getContext('2d')"
    ink += ".getImageData(0, 0, 800, 800).data].some(value => value)"
    assert page.evaluate(ink) is False


def test_quick_strokes_leave_the_last_answer(open_page):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/join" in request.url else 0)
    for digit in (0, 1, 2, 3, 4, 5, 6, 8, 9):
        draw(page, digit, steps=1)
        page.click("#clear")
    draw(page, 7, steps=1)
    start = time.monotonic()
    says(page, "This is a 7.")
    assert time.monotonic() - start < 5
    page.wait_for_timeout(1000)
    says(page, "This is a 7.")
    # Nine of the ten were gone before their turn: they were not worth two questions each.
    assert len(asked) <= 40


def test_a_wrong_answer_is_kept_and_downloaded(open_page, tmp_path):
    page = open_page()
    draw(page, 4)
    says(page, "This is a 4.")
    page.get_by_text("Wrong?").click()
    page.click("#keep")
    says(page, "Choose the right digit first.", "#kept")
    page.locator("#right").get_by_label("9", exact=True).check()
    page.click("#keep")
    says(page, "Kept as 9.", "#kept")
    keep_screenshot(page, "kept")
    with page.expect_download() as download:
        page.click("#kept a")
    assert download.value.suggested_filename == "train.csv"
    download.value.save_as(tmp_path / "train.csv")
    assert read_digits_csv(tmp_path / "train.csv").target.tolist() == [9]


def number(digits, *, side=160):
    """Paper with a number on it."""
    paper = Image.new("L", (side * len(digits) + 80, side + 160), 225)
    pen = ImageDraw.Draw(paper)
    for place, digit in enumerate(digits):
        for stroke in STROKES[int(digit)]:
            points = [(60 + side * (place + 0.75 * x), 80 + side * y) for x, y in stroke]
            pen.line(points, fill=40, width=14, joint="curve")
    return paper


def test_a_picture_is_uploaded_and_read(open_page, tmp_path):
    number("20247").save(tmp_path / "number.jpg", quality=90)
    (tmp_path / "text.png").write_text("no picture")
    page = open_page()
    page.get_by_role("tab", name="Upload or camera").click()
    chooser = page.locator("#picture input[type=file]")
    chooser.set_input_files(tmp_path / "number.jpg")
    says(page, "5 digits.", "#picture-said")
    assert page.locator("#text textarea").input_value() == "20247"
    assert page.locator("#boxes img").evaluate("image => image.naturalWidth") > 300
    assert page.locator("#digits tr").count() == 1
    with page.expect_download() as download:
        page.click("#digits a")
    assert Path(download.value.path()).read_text() == "20247\n"
    keep_screenshot(page, "upload")
    page.locator("#picture").get_by_label("Remove Image").or_(
        page.locator("#picture").get_by_label("Clear")
    ).first.click()
    says(page, "Give a picture of one digit or many.", "#picture-said")
    page.locator("#picture input[type=file]").set_input_files(tmp_path / "text.png")
    said = page.locator("#picture-said .said")
    playwright.expect(said).to_contain_text("not a picture", timeout=20_000)
    keep_screenshot(page, "upload-broken")


def test_a_phone_with_a_finger(open_page, tmp_path):
    page = open_page(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
    )
    assert is_as_wide_as_its_window(page)
    keep_screenshot(page, "phone-empty")
    finger = page.context.new_cdp_session(page)
    box = page.locator("#pad canvas").bounding_box()
    for stroke in STROKES[4]:
        points = [
            {
                "x": box["x"] + box["width"] * (0.25 + x / 2),
                "y": box["y"] + box["height"] * (0.25 + y / 2),
            }
            for x, y in stroke
        ]
        touch("touchStart", points[:1], finger)
        for start, end in itertools.pairwise(points):
            for part in range(1, 9):
                at = {k: start[k] + (end[k] - start[k]) * part / 8 for k in start}
                touch("touchMove", [at], finger)
        touch("touchEnd", [], finger)
    says(page, "This is a 4.")
    assert page.evaluate("window.scrollY") == 0
    keep_screenshot(page, "phone")
    assert is_as_wide_as_its_window(page)
    page.locator("#clear").tap()
    says(page, "Draw a digit.")
    number("365").save(tmp_path / "number.png")
    page.get_by_role("tab", name="Upload or camera").tap()
    page.locator("#picture input[type=file]").set_input_files(tmp_path / "number.png")
    says(page, "3 digits.", "#picture-said")
    assert is_as_wide_as_its_window(page)
    keep_screenshot(page, "phone-upload")


def touch(kind, points, session):
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_keyboard_reaches_everything_and_shows_where_it_is(open_page):
    page = open_page()
    page.get_by_text("Wrong?").click()
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # round the end
        reached.add(page.evaluate("document.activeElement.closest('[id]').id"))
        style = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{style}.outlineStyle") == "solid"
        assert page.evaluate(f"{style}.outlineWidth") == "3px"
    assert {"clear", "keep", "right"} <= reached
    unnamed = "[...document.querySelectorAll('button, input, textarea, canvas, img')].filter("
    unnamed += "e => e.offsetParent && !(e.ariaLabel || e.alt || e.innerText || e.labels?.length"
    unnamed += " || e.title)).map(e => e.outerHTML.slice(0, 200))"
    assert page.evaluate(unnamed) == []
