"""The page without a browser and a server: what its events say, and how its start can fail."""

import base64
import io
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import skdigits
from skdigits.datasets import read_digits_csv

pytest.importorskip("gradio", reason='needs Gradio: pip install "skdigits[demo]"')

from skdigits._pictures.results import ReadDigit, ReadPicture
from skdigits.app import build_app
from skdigits.app._answers import Handlers

ROOT = Path(__file__).parents[2]
SEVEN = [(240, 180), (560, 180), (360, 640)]


def drawing(points=SEVEN, *, side=800):
    """A drawing as the pad sends it."""
    image = Image.new("RGBA", (side, side))
    if points:
        ImageDraw.Draw(image).line(points, fill="black", width=72, joint="curve")
    return image


def as_url(image):
    return "data:image/png;base64," + base64.b64encode(as_file(image, "PNG")).decode()


def as_file(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def on_paper(text="735"):
    image = Image.new("L", (600, 300), 235)
    pen = ImageDraw.Draw(image)
    pen.line([(60, 60), (160, 60), (100, 230)], fill=30, width=16, joint="curve")
    pen.line([(400, 60), (400, 230)], fill=30, width=16)
    return image


def png_of_zeros(width, height):
    """A PNG that says it has so many pixels, and holds only the first rows: a few kB."""

    def chunk(kind, content):
        code = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + code

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(bytes((width + 1) * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sentence(said):
    return re.sub("<[^>]+>", "", said)


@pytest.fixture(scope="module")
def answers():
    return Handlers(skdigits.load_pretrained(), 0.5)


def test_a_drawing_is_answered(answers):
    said, confidences, seen = answers.draw(as_url(drawing()))
    assert sentence(said) == "This is a 7."
    assert list(confidences) == [str(i) for i in range(10)]
    assert max(confidences, key=confidences.get) == "7"
    assert sum(confidences.values()) == pytest.approx(1)
    code = re.search('base64,([^"]+)', seen).group(1)
    picture = Image.open(io.BytesIO(base64.b64decode(code)))
    assert picture.size == (28, 28)
    assert np.asarray(picture).max() == 255


def test_a_sketchpad_value_is_answered(answers):
    pad = {"background": None, "layers": [np.asarray(drawing())], "composite": None}
    assert sentence(answers.draw(pad)[0]) == "This is a 7."


def test_a_path_in_a_pads_value_is_not_opened(answers, tmp_path):
    path = tmp_path / "secret.png"
    on_paper().save(path)
    for pad in ({"composite": str(path)}, {"layers": [str(path)]}, {"background": path}):
        said, confidences, _ = answers.draw(pad)
        assert "holds arrays or PIL images" in said
        assert confidences is None


def test_importing_the_page_writes_no_file():
    assert not list(Path(skdigits.__file__).parent.rglob("*.pyi"))


def test_little_confidence_is_not_sure():
    answers = Handlers(skdigits.load_pretrained(), 1.0)
    assert re.match("Not sure: 7 or [0-9]", sentence(answers.draw(as_url(drawing()))[0]))


@pytest.mark.parametrize(
    "pad",
    [
        None,
        "",
        {},
        as_url(drawing([])),
        {"background": None, "layers": [], "composite": None},
        {"background": None, "layers": [np.zeros((800, 800, 4), np.uint8)], "composite": None},
        {"layers": [drawing([]), drawing([])]},
        {"composite": np.full((800, 800, 4), 255, np.uint8)},
    ],
    ids=["none", "empty", "dict", "blank", "no layers", "clear layer", "clear layers", "white"],
)
def test_an_empty_pad_asks_for_a_digit(answers, pad):
    said, confidences, seen = answers.draw(pad)
    assert sentence(said) == "Draw a digit."
    assert confidences is None
    assert seen == answers.draw(None)[2]
    kept, message = answers.keep(pad, "7", [])
    assert kept == []
    assert "Draw a digit first" in message


@pytest.mark.parametrize(
    "pad",
    [
        7,
        "7",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png;base64,",
        "data:image/png;base64,AAA\x00",
        "data:image/png;base64,ÄÖ",
        "data:image/png;base64," + base64.b64encode(png_of_zeros(40_000, 40_000)).decode(),
        as_url(drawing())[:5000],
        "data:image/png;base64," + "A" * 5_000_000,
        {"layers": [np.full((30, 30), np.nan)], "composite": np.full((30, 30), np.nan)},
        {"layers": [b"text"]},
        {"layers": "seven", "composite": "/etc/passwd"},
        {"unknown": 1},
        ["seven"],
    ],
    ids=lambda pad: str(pad)[:40],
)
def test_a_broken_drawing_is_a_line_on_the_page(answers, pad):
    said, confidences, _ = answers.draw(pad)
    assert len(sentence(said)) > 10
    assert confidences is None
    assert "Traceback" not in said
    assert answers.keep(pad, "7", [])[0] == []


@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        b"",
        as_file(on_paper(), "JPEG")[:1500],
        png_of_zeros(40_000, 40_000),
        as_file(Image.new("L", (1, 1)), "PNG"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        {},
    ],
    ids=["text", "empty", "truncated jpeg", "huge png", "one pixel", "svg", "empty dict"],
)
def test_a_broken_picture_is_a_line_on_the_page(answers, content):
    said, text, _, table = answers.read(content)
    assert len(sentence(said)) > 10
    assert (text, table) == ("", "")


@pytest.mark.parametrize(
    "content",
    [
        as_file(on_paper(), "JPEG"),
        as_file(on_paper(), "GIF", save_all=True, append_images=[Image.new("L", (600, 300))]),
        as_file(Image.fromarray(np.asarray(on_paper()).astype(np.uint16) * 257), "TIFF"),
    ],
    ids=["jpeg", "animated gif", "16-bit tiff"],
)
def test_a_picture_is_read(answers, content):
    said, text, boxes, table = answers.read(content)
    assert sentence(said).startswith("2 digits")
    assert text.replace(" ", "") == "71"
    assert "<img" in boxes
    assert re.sub("<[^>]*>| [?]", "", table).startswith("71Download as numbers.csv")
    code = re.search('base64,([^"]+)', table).group(1)
    assert base64.b64decode(code).decode() in ("71\n", "7,1\n")


def test_postscript_starts_nothing(answers):
    said, text, _, _ = answers.read(b"%!PS-Adobe-3.0 EPSF-3.0\n%%EndComments\n{ } loop\n")
    assert "PostScript" in said
    assert text == ""


def test_a_table_is_shown_and_downloaded_with_its_blank_cells(answers, monkeypatch):
    rows = {(0, 0): "12", (0, 1): "3", (1, 0): "4", (1, 2): "56"}
    digits = [
        ReadDigit(int(c), 0.4, {int(c): 0.4, 0: 0.3}, (0, 0, 9, 9), i, True, 0.5, None, number=k)
        for k, ((i, _), text) in enumerate(rows.items())
        for c in text
    ]
    page = ReadPicture(tuple(digits), on_paper(), columns=tuple(j for _, j in rows))
    monkeypatch.setattr("skdigits.app._answers.DigitReader.read", lambda *_, **__: page)
    said, text, _, table = answers.read(as_file(on_paper(), "PNG"))
    assert "6 of them not sure" in said
    assert text == "12 3\n4 56"
    code = re.search('base64,([^"]+)', table).group(1)
    assert base64.b64decode(code).decode() == "12,3,\n4,,56\n"
    assert table.count("<td></td>") == 2
    assert ">56 ?</td>" in table
    assert "or " in table  # the next best reading


def test_paper_and_nothing_are_no_digit(answers):
    assert "No digit" in answers.read(np.full((80, 80), 200, np.uint8))[0]
    assert "Give a picture" in answers.read(None)[0]
    assert "NaN" in answers.read(np.full((80, 80), np.nan))[0]


def test_kept_drawings_are_rows_of_train_csv(answers, tmp_path):
    kept = []
    for label in ("7", "1"):
        kept, message = answers.keep(as_url(drawing()), label, kept)
    code = re.search('base64,([^"]+)', message).group(1)
    (tmp_path / "train.csv").write_bytes(base64.b64decode(code))
    rows = read_digits_csv(tmp_path / "train.csv")
    assert rows.target.tolist() == [7, 1]
    assert rows.data.shape == (2, 784)
    assert "2 rows" in message
    assert skdigits.load_pretrained().predict(rows.data).tolist() == [7, 7]


@pytest.mark.parametrize("label", [None, "", "10", "1,2\n3"])
def test_only_labels_are_kept(answers, label):
    kept, message = answers.keep(as_url(drawing()), label, [])
    assert kept == []
    assert "Choose" in message


def test_kept_rows_are_bounded(answers):
    url = as_url(drawing())
    (row,), _ = answers.keep(url, "7", [])
    kept, _ = answers.keep(url, "7", [row] * 199)
    assert len(kept) == 200
    kept, message = answers.keep(url, "7", kept)
    assert len(kept) == 200
    assert "keeps 200 rows at most" in message


def test_the_page_needs_probabilities():
    with pytest.raises(TypeError, match="predict_proba"):
        build_app(object())


def run_demo(*arguments, **options):
    command = [sys.executable, ROOT / "examples" / "gradio_demo.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, b"", b"label,pixel0\n", b"\x80\x04N."])
def test_a_model_file_that_is_none_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "model.joblib"
    if content is not None:
        path.write_bytes(content)
    result = run_demo("--model", path)
    assert result.returncode == 1
    assert result.stdout == ""
    *warned, told = result.stderr.strip().splitlines()
    assert told.startswith("skdigits: error: ")
    assert "model.joblib" in told
    assert [line for line in warned if "runs code" not in line] == []


@pytest.mark.slow
def test_missing_gradio_is_told_in_one_line(tmp_path):
    (tmp_path / "gradio.py").write_text("raise ImportError('none here')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = run_demo(env=os.environ | {"PYTHONPATH": path})
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert 'pip install "skdigits[demo]"' in result.stderr
