"""The page's server: what it answers, hands out, endures and forgets."""

import base64
import concurrent.futures
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("gradio", reason='needs Gradio: pip install "skdigits[demo]"')

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seven():
    """A drawing of a 7 as a PNG."""
    image = Image.new("RGBA", (800, 800))
    points = [(240, 180), (560, 180), (360, 640)]
    ImageDraw.Draw(image).line(points, fill="black", width=72, joint="curve")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def drawing(seven):
    """That drawing as the pad sends it."""
    return "data:image/png;base64," + base64.b64encode(seven).decode()


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
def test_two_hundred_at_once_are_answered_and_forgotten(metered, drawing):
    address, measure = metered
    index = find_event(address, n_outputs=3)

    def batch():
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            messages = pool.map(
                lambda i: ask(address, index, drawing, session=f"session-{i}"), range(200)
            )
            for message in messages:
                assert message["success"], message
                assert "This is a 7." in message["output"]["data"][0]

    batch()  # fills what is bounded: sessions, thread pools
    # Cancelled timers of a connection live on for up to 15 s.
    before = np.min([measure() for _ in each_second(16)], axis=0)
    batch()
    # A drawing that stayed would hold its 6,806 characters, or 2,560,000 bytes once decoded.
    assert len(drawing) > 6000
    limits = 2000, 20_000  # bytes in use and resident, for each of the 200 drawings
    assert any((measure() - before < np.multiply(limits, 200)).all() for _ in each_second(30))


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
def test_only_what_the_page_asks_for_is_served(server, draw_index, drawing):
    # A session to be written to a file, if the server did such things.
    ask(server, draw_index, drawing, session="s")
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
def test_uploads_go_with_a_page_that_is_told_to_end(serve_page, seven, tmp_path):
    with serve_page(TMPDIR=str(tmp_path)) as (process, address):
        files = {"files": ("digits.png", seven)}
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
def test_a_strangers_values_leave_the_server_up(server, draw_index, drawing):
    for i, value in enumerate((None, {}, [], 7, "data:", {"path": "/etc/passwd"}, "x" * 100)):
        ask(server, draw_index, value, session=f"odd{i}")
    answer = ask(server, draw_index, drawing, session="after")
    assert "This is a 7." in answer["output"]["data"][0]
