"""The page of ``examples/onnx_in_browser.py`` in headless Chromium, opened from disk.

It takes the tarball that SKDIGITS_ONNXRUNTIME_WEB names, else fetches it through npm.
"""

import base64
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skdigits import DigitNormalizer

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "onnx_in_browser.py"

# On the unit square of the pad, x to the right and y down.
STROKES = {
    "1": [[(0.5, 0.2), (0.5, 0.8)]],
    "4": [[(0.35, 0.2), (0.25, 0.5), (0.7, 0.5)], [(0.6, 0.25), (0.57, 0.8)]],
    "7": [[(0.3, 0.26), (0.69, 0.26), (0.55, 0.48), (0.45, 0.75)]],
}

pytestmark = pytest.mark.slow
playwright = pytest.importorskip(
    "playwright.sync_api", reason='needs Playwright: pip install "skdigits[test]"'
)
pytest.importorskip("onnxruntime", reason='needs ONNX: pip install "skdigits[onnx]"')


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    given = os.environ.get("SKDIGITS_ONNXRUNTIME_WEB")
    if given:
        return Path(given)
    if shutil.which("npm") is None:
        pytest.skip("needs npm, or the tarball of onnxruntime-web in SKDIGITS_ONNXRUNTIME_WEB")
    folder = tmp_path_factory.mktemp("npm")
    version = SCRIPT.read_text().split('VERSION = "')[1].split('"')[0]
    command = ["npm", "pack", f"onnxruntime-web@{version}", "--pack-destination", folder]
    if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("the npm registry does not answer")
    return next(folder.glob("*.tgz"))


@pytest.fixture(scope="module")
def address(tarball, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "digits.html"
    command = [sys.executable, SCRIPT, "--runtime", tarball, "--out", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "MB, open it in a browser" in done.stdout
    return path.as_uri()


@pytest.fixture
def page(browser, address):
    requested, complaints = [], []
    page = browser.new_page(viewport={"width": 900, "height": 800})
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    says(page, "Draw a digit.", timeout=60_000)
    yield page
    page.close()
    outside = [u for u in requested if u != address and not u.startswith(("blob:null/", "data:"))]
    assert outside == []
    assert complaints == []


def says(page, text, timeout=20_000):
    playwright.expect(page.locator("#said")).to_have_text(text, timeout=timeout)


def draw(page, strokes):
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=8)
        page.mouse.up()


def pixels(page, canvas):
    url = page.locator(canvas).evaluate("canvas => canvas.toDataURL()")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def test_digits_are_read_without_any_network(page):
    for digit, strokes in STROKES.items():
        draw(page, strokes)
        says(page, f"This is a {digit}.")
        assert page.locator("#rated meter").nth(int(digit)).evaluate("meter => meter.value") > 0.9
        seen = np.asarray(pixels(page, "#seen").convert("L")).astype(float)
        row = DigitNormalizer().transform([{"layers": [pixels(page, "#pad")]}])[0]
        # Redrawn here, resampled there: the same place and width, other grey at the edges.
        assert np.abs(seen - row.reshape(28, 28)).mean() < 6
        page.click("#clear")
        says(page, "Draw a digit.")
        assert not np.asarray(pixels(page, "#seen").convert("L")).any()


def test_what_is_no_digit(page):
    zigzag = [(0.1 + 0.08 * i, 0.1 if i % 2 else 0.9) for i in range(11)]
    draw(page, [zigzag, [(y, x) for x, y in zigzag]])
    playwright.expect(page.locator("#said")).to_contain_text("does not look like a digit")
    page.click("#clear")
    draw(page, [[(0.5, 0.5), (0.5, 0.5)]])
    playwright.expect(page.locator("#said")).not_to_have_text("Draw a digit.")


def test_another_tarball_is_refused(tarball, tmp_path):
    path = tmp_path / "other.tgz"
    path.write_bytes(tarball.read_bytes()[:-1])
    command = [sys.executable, SCRIPT, "--runtime", path, "--out", tmp_path / "digits.html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "it has another hash" in done.stderr
    assert not (tmp_path / "digits.html").exists()
