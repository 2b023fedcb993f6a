"""The page where its host wants it: in another app, behind a proxy, a login, in a frame."""

import io
import json
import re
import subprocess
import sys

import httpx
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("gradio", reason='needs Gradio: pip install "skdigits[demo]"')

from skdigits.app import build_app
from skdigits.app._guard import check_hosts

# Serves pages that take everything for a 7, and prints their addresses.
SERVER = """
import json, socket, sys, threading
import gradio, httpx, numpy, uvicorn
from fastapi import FastAPI
from sklearn.dummy import DummyClassifier
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, StreamingResponse
from skdigits.app import build_app, mount_page

always_seven = DummyClassifier().fit(numpy.zeros((100, 784)), [*range(10), *[7] * 90])
seen = []

class Log:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        seen.append(scope.get("path"))
        await self.app(scope, receive, send)

def launch(**options):
    page = build_app(always_seven, embed_in=options.pop("embed_in", ()))
    page.launch(prevent_thread_lock=True, **options)
    return page.local_url.rstrip("/")

# It listens before its address is known: who comes early waits.
listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]
school = f"http://school.localhost:{port}"
addresses = {
    "plain": launch(),
    "app_kwargs": launch(app_kwargs={"docs_url": "/docs", "middleware": [Middleware(Log)]}),
    "css": launch(css=".mine {color: red}", app_kwargs=None),
    "login": launch(auth=("u", "p")),
    "stripped": launch(root_path="/far/d"),
    "framed": launch(embed_in=school),
}
app = FastAPI()
try:
    gradio.mount_gradio_app(FastAPI(), build_app(always_seven), path="/d")
    addresses["refusal"] = "none"
except RuntimeError as error:
    addresses["refusal"] = str(error)

@app.get("/other")
def other():
    return seen

@app.get("/favicon.ico")
def icon():
    return HTMLResponse("", 204)

@app.get("/outside/{name}")
def outside(name):
    frame = f'<iframe src="{addresses[name]}/" width="1000" height="900"></iframe>'
    return HTMLResponse(frame)

async def forward(request):
    "A proxy that passes on what is under /far/d, without that path."
    client = httpx.AsyncClient(base_url=addresses["stripped"], trust_env=False, timeout=60)
    headers = [(k, v) for k, v in request.headers.raw if k != b"host"]
    headers += [(b"x-forwarded-host", request.headers["host"].encode())]
    sent = client.build_request(
        request.method,
        request.url.path.removeprefix("/far/d") + f"?{request.url.query}",
        headers=headers,
        content=await request.body(),
    )
    answer = await client.send(sent, stream=True)

    async def content():
        try:
            async for part in answer.aiter_raw():
                yield part
        finally:
            await client.aclose()

    passed = StreamingResponse(content(), answer.status_code)
    passed.raw_headers = [(k, v) for k, v in answer.headers.raw if k != b"transfer-encoding"]
    return passed

app.add_route("/far/d/{path:path}", forward, methods=["GET", "POST"])
mount_page(app, build_app(always_seven, embed_in=["https://lms.example.org"]), "/d", css=".mine {}")
mount_page(app, build_app(always_seven), "/login", auth=[("u", "p")], auth_message="Ask us.")
by_header = lambda request: request.headers.get("x-user")
mount_page(app, build_app(always_seven), "/own", auth_dependency=by_header)
app_address = f"http://127.0.0.1:{port}"
addresses |= {"app": app_address, "mounted": f"{app_address}/d", "proxied": f"{app_address}/far/d"}
addresses |= {"school": school, "stranger": f"http://stranger.localhost:{port}"}
print(json.dumps(addresses), flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listening])
"""


@pytest.fixture(scope="module")
def at():
    """Addresses of the pages."""
    # Gradio leaves event loops open: it is served by a process of its own.
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER], stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture
def client():
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


def guarded(answer):
    return "object-src 'none'" in answer.headers.get("content-security-policy", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "app_kwargs", "css", "stripped", "framed", "mounted"])
def test_no_way_of_serving_takes_style_or_guard_away(at, client, name):
    """`app_kwargs` took the guard away, `css` the style, and a mount both."""
    address = at[name]
    got = client.get(f"{address}/")
    assert guarded(got)
    assert "touch-action" in got.text
    assert "fonts.googleapis" not in got.text
    assert (".mine {" in got.text) == (name in ("css", "mounted"))
    assert client.get(f"{address}/config").status_code == 200
    for path in ("docs", "monitoring", "gradio_api/deep_link", "gradio_api/openapi.json"):
        assert client.get(f"{address}/{path}").status_code == 403, path
    large = client.post(f"{address}/gradio_api/queue/join", content=b"x" * 2_000_000)
    assert large.status_code == 413


@pytest.mark.slow
def test_the_hosts_own_routes_and_middleware_stay(at, client):
    client.get(f"{at['app_kwargs']}/config")
    client.get(f"{at['app_kwargs']}/docs")
    got = client.get(f"{at['app']}/other")
    assert not guarded(got)
    assert "/config" in got.json()
    assert "/docs" not in got.json()  # it stands behind the guard


@pytest.mark.slow
def test_gradios_own_mount_names_the_one_with_a_guard(at):
    assert "skdigits.app.mount_page(app, page, '/d')" in at["refusal"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["login", "app/login"])
def test_a_login_lets_in_who_knows_it(at, client, name):
    """Signing in was refused: 403."""
    address = at[name.removesuffix("/login")] + "/login" * name.startswith("app")
    assert guarded(client.get(f"{address}/"))
    assert client.get(f"{address}/config").status_code == 401
    wrong = client.post(f"{address}/login", data={"username": "u", "password": "q"})
    assert wrong.status_code == 400
    right = client.post(f"{address}/login", data={"username": "u", "password": "p"})
    assert right.status_code == 200
    assert client.get(f"{address}/config").status_code == 200
    assert client.get(f"{address}/gradio_api/login_check").status_code == 200
    assert client.get(f"{address}/logout", follow_redirects=False).status_code == 302
    assert client.get(f"{address}/config").status_code == 401


@pytest.mark.slow
def test_the_hosts_own_login(at, client):
    address = f"{at['app']}/own/config"
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"x-user": "ann"}).status_code == 200


@pytest.mark.slow
def test_frames_of_other_hosts_are_allowed_by_name(at, client):
    policy = client.get(f"{at['app']}/d/").headers["content-security-policy"]
    (frames,) = re.findall("frame-ancestors ([^;]+)", policy)
    assert frames.split()[0] == "'self'"
    assert frames.split()[-1] == "https://lms.example.org"
    assert "lms.example.org" not in str(client.get(f"{at['plain']}/").headers)


@pytest.mark.parametrize("host", ["*", "lms.example.org", "https://a.b/c", "https://a; b", ""])
def test_a_frames_host_is_an_address(host):
    with pytest.raises(ValueError, match="embed_in holds addresses such as"):
        build_app(None, embed_in=[host])
    check_hosts(["https://*.example.org:8443", "http://localhost:*", "https://lms.example.org"])


# --- in Chromium ----------------------------------------------------------------------------------

PATIENCE = 120_000  # milliseconds, on a busy computer


def one_digit():
    stream = io.BytesIO()
    paper = Image.new("L", (200, 200), 230)
    ImageDraw.Draw(paper).line([(60, 50), (140, 50), (90, 160)], fill=20, width=14)
    paper.save(stream, "PNG")
    return {"name": "seven.png", "mimeType": "image/png", "buffer": stream.getvalue()}


def check_use(window):
    """Style, pad and upload of the page in this window or frame."""
    from playwright.sync_api import expect

    canvas, paper = window.locator("#pad canvas"), window.locator(".gradio-container").first
    said, found = window.locator("#said .said"), window.locator("#picture-said .said")
    expect(said).to_have_text("Draw a digit.", timeout=PATIENCE)
    expect(canvas).to_have_css("touch-action", "none", timeout=PATIENCE)
    expect(paper).to_have_css("max-width", "880px", timeout=PATIENCE)
    canvas.drag_to(
        canvas, source_position={"x": 120, "y": 90}, target_position={"x": 200, "y": 300}
    )
    expect(said).to_have_text("This is a 7.", timeout=PATIENCE)
    window.get_by_role("tab", name="Upload or camera").click()
    window.locator("#picture input[type=file]").set_input_files(one_digit())
    expect(found).to_have_text("1 digit.", timeout=PATIENCE)
    expect(window.locator("#text textarea")).to_have_value("7", timeout=PATIENCE)
    expect(window.locator("#boxes img")).to_be_visible(timeout=PATIENCE)


def check_guard(page, at, name):
    """What is not the page's is refused, and a stranger's frame stays empty."""
    other = page.context.new_page()  # with the cookies of the first; nobody minds its complaints
    answer = other.goto(f"{at[name]}/gradio_api/deep_link")
    assert answer.status == 403
    assert "object-src 'none'" in answer.headers["content-security-policy"]
    with other.expect_console_message(
        lambda said: "frame-ancestors" in said.text, timeout=PATIENCE
    ):
        other.goto(f"{at['stranger']}/outside/{name}")
    assert other.frame_locator("iframe").locator("#pad").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mounted", "proxied", "login", "framed"])
def test_in_chromium(at, new_page, name):
    page = new_page()
    page.set_default_timeout(PATIENCE)
    window = page
    if name == "framed":
        page.goto(f"{at['school']}/outside/{name}")
        window = page.frame_locator("iframe")
    else:
        page.goto(f"{at[name]}/")
    if name == "login":
        page.get_by_label("username").fill("u")
        page.get_by_label("password").fill("p")
        page.get_by_role("button", name="Login").click()
    check_use(window)
    check_guard(page, at, name)
