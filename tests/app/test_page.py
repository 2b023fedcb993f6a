"""The page without a browser: what its events say, what its server hands out and endures."""

import base64
import concurrent.futures
import io
import json
import os
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path

import httpx
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


def test_missing_gradio_is_told_in_one_line(tmp_path):
    (tmp_path / "gradio.py").write_text("raise ImportError('none here')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = run_demo(env=os.environ | {"PYTHONPATH": path})
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert 'pip install "skdigits[demo]"' in result.stderr


def find_event(address, *, n_outputs):
    """Number of an event: a drawing is answered with three outputs, a picture with four."""
    events = httpx.get(f"{address}/config", trust_env=False).json()["dependencies"]
    return next(event["id"] for event in events if len(event["outputs"]) == n_outputs)


@pytest.fixture(scope="module")
def draw_index(server):
    return find_event(server, n_outputs=3)


def ask(address, index, *values, session):
    """Ask as the page asks; what the server answers in the end."""
    body = {"data": values, "fn_index": index, "session_hash": session}
    with httpx.Client(
        base_url=f"{address}/gradio_api", timeout=120, trust_env=False, verify=False
    ) as client:
        client.post("/queue/join", json=body).raise_for_status()
        with client.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("msg") == "process_completed":
                    return message
    raise AssertionError("the server hung up")


# Serves the page, and for each line of input prints what the process holds: the bytes that are in
# use, and those that the system counts.
METERED = """
import ctypes, gc, sys
import psutil
import skdigits
from skdigits.app import build_app

class Heap(ctypes.Structure):  # mallinfo2 of glibc
    _fields_ = [(f"field{i}", ctypes.c_size_t) for i in range(10)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Heap
page = build_app(skdigits.load_pretrained())
page.launch(prevent_thread_lock=True)
print(page.local_url, flush=True)
for _ in sys.stdin:
    gc.collect()
    libc.malloc_trim(0)
    heap = libc.mallinfo2()
    in_use = heap.field4 + heap.field7  # mapped one by one, and in the arenas
    print(in_use, psutil.Process().memory_info().rss, flush=True)
"""


@pytest.fixture
def metered(tmp_path):
    """The address of a page, and a function that tells its bytes in use and its resident size."""
    # With Python's own allocator off, every object is seen by the C library's count.
    options = {"PYTHONMALLOC": "malloc", "GRADIO_TEMP_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", METERED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | options,
    )

    def measure():
        process.stdin.write("\n")
        process.stdin.flush()
        return np.array(process.stdout.readline().split(), float)

    try:
        yield process.stdout.readline().strip().rstrip("/"), measure
    finally:
        process.terminate()
        process.wait(30)
        process.stdin.close()
        process.stdout.close()


def each_second(n):
    for i in range(n):
        time.sleep(1)
        yield i


@pytest.mark.slow
def test_two_hundred_at_once_are_answered_and_forgotten(metered):
    address, measure = metered
    index = find_event(address, n_outputs=3)
    url = as_url(drawing())

    def batch():
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            messages = pool.map(
                lambda i: ask(address, index, url, session=f"session-{i}"), range(200)
            )
            for message in messages:
                assert message["success"], message
                assert "This is a 7." in message["output"]["data"][0]

    for _ in range(2):  # fill what is bounded: sessions, thread pools
        batch()
    # Cancelled timers of a connection live on for up to 15 s.
    before = np.min([measure() for _ in each_second(16)], axis=0)
    for _ in range(3):
        batch()
    # A drawing that stayed would hold its 6,806 characters, or 2,560,000 bytes once decoded.
    assert len(url) > 6000
    limits = 2000, 20_000  # bytes in use and resident, for each of the 600 drawings
    assert any((measure() - before < np.multiply(limits, 600)).all() for _ in each_second(30))


@pytest.mark.slow
def test_the_server_hands_out_nothing(server):
    for path in (
        "/gradio_api/file=/etc/passwd",
        f"/gradio_api/file={ROOT / 'pyproject.toml'}",
        "/gradio_api/file=../../etc/passwd",
        "/gradio_api/file=https://example.com/",
        "/gradio_api//file=http://127.0.0.1/",
        "/gradio_api/file/https://example.com/",
        "/gradio_api/proxy=https://example.com/",
        "/gradio_api/file=//https://example.com/",
        "/gradio_api/file=HTTPS://example.com/",
        "/gradio_api/deep_link?session_hash=s",
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/docs",
        "/monitoring",
        "/monitoring/summary",
    ):
        got = httpx.get(server + path, trust_env=False, follow_redirects=True)
        assert got.status_code in (401, 403, 404), path


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/file=/etc/passwd"])
def test_every_answer_tells_the_browser_to_be_careful(server, path):
    headers = httpx.get(server + path, trust_env=False).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'self'"
    assert rules["object-src"] == "'none'"
    assert not any("https:" in sources or "*" in sources.split() for sources in rules.values())


@pytest.mark.slow
def test_only_what_the_page_asks_for_is_served(server, draw_index):
    # A session to be written to a file, if the server did such things.
    ask(server, draw_index, as_url(drawing()), session="s")
    got = httpx.get(f"{server}/gradio_api/deep_link?session_hash=s", trust_env=False)
    assert (got.status_code, got.text) == (403, "Not served.")
    for route in ("process_recording", "component_server", "run/draw", "call/draw", "vibe-edit"):
        got = httpx.post(f"{server}/gradio_api/{route}", json={}, trust_env=False)
        assert got.status_code == 403, route


@pytest.mark.slow
def test_the_server_refuses_what_is_too_large(server, draw_index):
    address = server + "/gradio_api"
    many = b"x" * 33_000_000
    got = httpx.post(f"{address}/queue/join", content=many, trust_env=False)
    assert got.status_code == 413
    got = httpx.post(f"{address}/upload", files={"files": ("a.png", many)}, trust_env=False)
    assert got.status_code == 413
    for size, code in ((900_000, 200), (1_100_000, 413)):
        body = {"data": ["A" * size], "fn_index": draw_index, "session_hash": "large"}
        got = httpx.post(f"{address}/queue/join", json=body, trust_env=False)
        assert got.status_code == code
    chunks = (b"x" * 100_000 for _ in range(20))
    got = httpx.post(f"{address}/queue/join", content=chunks, trust_env=False)
    assert got.status_code >= 400


@pytest.mark.slow
def test_uploads_go_with_a_page_that_is_told_to_end(serve_page, tmp_path):
    with serve_page(TMPDIR=str(tmp_path)) as (process, address):
        files = {"files": ("digits.png", as_file(on_paper(), "PNG"))}
        got = httpx.post(f"{address}/gradio_api/upload", files=files, trust_env=False)
        (path,) = map(Path, got.json())
        assert path.is_relative_to(tmp_path)
        assert path.exists()
        process.terminate()
        assert process.wait(30) == 130  # as after Ctrl-C
        assert not path.exists()
    assert not list(tmp_path.glob("skdigits-*"))


@pytest.mark.slow
def test_only_uploaded_files_are_read(server):
    # The picture, the pad and the right digit: a file can be given to any component.
    for n_outputs, place in ((4, 0), (3, 0), (2, 0), (2, 1)):
        index = find_event(server, n_outputs=n_outputs)
        for source in ("/etc/passwd", str(ROOT / "pyproject.toml"), "https://example.com/a.png"):
            upload = {"path": source, "url": source, "meta": {"_type": "gradio.FileData"}}
            values = [None] * (3 if n_outputs == 2 else 1)
            values[place] = upload
            message = ask(server, index, *values, session=f"{n_outputs}-{place}-{source}")
            assert not message["success"]
            assert "Traceback" not in json.dumps(message)
            if source.startswith("https"):
                assert message["output"]["error"] == "Upload a file."


@pytest.mark.slow
def test_a_strangers_values_leave_the_server_up(server, draw_index):
    for i, value in enumerate((None, {}, [], 7, "data:", {"path": "/etc/passwd"}, "x" * 100)):
        ask(server, draw_index, value, session=f"odd{i}")
    answer = ask(server, draw_index, as_url(drawing()), session="after")
    assert "This is a 7." in answer["output"]["data"][0]
