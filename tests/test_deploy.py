"""What `examples/deploy` offers: a service that reads pictures, in an environment of its own."""

import importlib.util
import io
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import tomllib
import venv
from pathlib import Path

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "examples" / "deploy"
MOST_MB = 350  # of all that the environment installs


@pytest.fixture
def service():
    spec = importlib.util.spec_from_file_location("service", DEPLOY / "service.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client(service):
    return TestClient(service.app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def seven():
    paper = Image.new("L", (120, 160), 240)
    ImageDraw.Draw(paper).line([(30, 40), (85, 38), (50, 130)], fill=20, width=9)
    stream = io.BytesIO()
    paper.save(stream, "PNG")
    return stream.getvalue()


def test_a_picture_is_read(client, seven):
    answer = client.post("/read", content=seven)
    assert answer.status_code == 200
    read = answer.json()
    assert read["text"] == "7"
    assert read["numbers"][0]["text"] == "7"
    assert read["digits"][0]["label"] == 7
    left, top, right, bottom = read["digits"][0]["box"]
    assert left < 60 < right
    assert top < 90 < bottom


def test_it_says_when_it_is_up(client):
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("content", "query", "status", "message"),
    [
        (b"", "", 400, "body is empty"),
        (b"<!doctype html><p>7</p>", "", 400, "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "", 400, "picture"),
        (b"x", "?page=0", 400, "page must be a number from 1"),
        (b"x", "?page=two", 400, "page must be a number from 1"),
        (b"x", f"?page=000000001{'5' * 5000}", 400, "page must be a number from 1"),
        (bytes(1001), "", 413, "more than 1,000 bytes"),
    ],
)
def test_what_is_no_picture_is_refused(client, service, content, query, status, message):
    service.MAX_BYTES = 1000
    answer = client.post(f"/read{query}", content=content)
    assert answer.status_code == status
    assert message in answer.json()["error"]


def test_a_page_that_is_not_there(client, seven):
    answer = client.post("/read?page=9", content=seven)
    assert answer.status_code == 400
    assert "page" in answer.json()["error"]


def test_an_error_nobody_foresaw_is_not_shown(client, service, seven, monkeypatch):
    monkeypatch.setattr(service.reader, "read", lambda *_, **__: 1 / 0)
    answer = client.post("/read", content=seven)
    assert answer.status_code == 500
    assert "division" not in answer.text


def test_who_comes_when_too_many_wait_is_asked_to_come_again(service, seven, monkeypatch):
    service.MAX_WAITING = 1
    may_go = threading.Event()
    monkeypatch.setattr(service.reader, "read", lambda *_, **__: may_go.wait(60) and 1 / 0)
    answers = []

    async def ask(client):
        answers.append(await client.post("/read", content=seven))
        may_go.set()  # the first answer is of who may not wait: the others do

    async def ask_three_times():
        here = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        async with (
            httpx.AsyncClient(transport=here, base_url="http://service") as client,
            anyio.create_task_group() as requests,
        ):
            for _ in range(3):
                requests.start_soon(ask, client)

    anyio.run(ask_three_times)
    assert [answer.status_code for answer in answers] == [503, 500, 500]
    assert answers[0].headers["Retry-After"] == "5"


def test_the_environment_has_the_versions_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = (DEPLOY / "requirements.txt").read_text().splitlines()
    needs = [need for need in needs if need and not need.startswith("#")]
    service = [need for need in needs if re.match(r"(starlette|uvicorn)\b", need)]
    assert len(service) == 2
    assert {*needs} - {*service} <= {*project["dependencies"]}


@pytest.mark.slow
@pytest.mark.release
def test_the_commands_of_the_dockerfile_make_a_service(tmp_path, seven):
    """Its RUN, COPY and CMD lines, in a fresh virtual environment in place of an image."""
    venv.create(tmp_path / "venv", with_pip=True)
    before = megabytes(tmp_path / "venv")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment = kept | {"PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}"}
    place = tmp_path / "srv"
    place.mkdir()
    for word, rest in re.findall(r"^(COPY|RUN) (.*)$", (DEPLOY / "Dockerfile").read_text(), re.M):
        if word == "RUN":
            subprocess.run(rest, shell=True, cwd=place, env=environment, check=True)
            continue
        *sources, target = rest.split()
        (place / target).parent.mkdir(exist_ok=True)
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place / target)
            else:
                (place / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, place / target)
    assert megabytes(tmp_path / "venv") - before < MOST_MB

    (place / "seven.png").write_bytes(seven)
    rows = np.zeros((2, 784), int)
    header = ",".join(f"pixel{i}" for i in range(784))
    np.savetxt(place / "rows.csv", rows, "%d", ",", header=header, comments="")
    command = ["skdigits", "predict", "seven.png", "rows.csv", "--format", "csv"]
    said = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert [line.split(",")[0] for line in said.stdout.splitlines()[1:]] == [
        *("seven.png", "rows.csv", "rows.csv")
    ]

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (command,) = re.findall(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    command = [{"0.0.0.0": "127.0.0.1", "8000": str(port)}.get(w, w) for w in json.loads(command)]
    with subprocess.Popen(command, cwd=place, env=environment) as server:
        try:
            answer = post_when_up(f"http://127.0.0.1:{port}/read", seven)
        finally:
            server.terminate()
    assert answer["text"] == "7"


def post_when_up(url, content):
    for _ in range(600):
        try:
            return httpx.post(url, content=content, trust_env=False, timeout=60).json()
        except httpx.ConnectError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")


def megabytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
