"""What stands before the page's server: a short list of what is served, limits, and headers.

An ASGI middleware, for :func:`skdigits.app.build_app`.
"""

import re

from starlette.responses import PlainTextResponse

from skdigits.app._pad import MAX_PAD

MAX_UPLOAD = 32_000_000  # bytes of a photo

# Gradio's page runs scripts and styles that stand in it, and compiles some; all come from here.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
_FRAMES = ["'self'", "http://localhost:*", "http://127.0.0.1:*"]  # a notebook's output
_HOST = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:([0-9]+|\*))?", re.IGNORECASE)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def check_hosts(hosts):
    """Refuse what is no address of a host, as a header could not hold it.

    Parameters
    ----------
    hosts : sequence of str

    Raises
    ------
    ValueError
    """
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(
                f"embed_in holds addresses such as 'https://lms.example.org' or "
                f"'https://*.example.org:8443', without a path; got '{host}'."
            )


class Guard:
    """Refuses what the page never asks for, and huge requests.

    Gradio serves much more than this page needs: files and pages of the web by way of this
    server, links that write its state to files, recordings, the functions of components.

    Parameters
    ----------
    app : ASGI app
    embed_in : sequence of str, default=()
        Hosts whose pages may show this one in a frame.
    """

    _SERVED = re.compile(
        r"/|/(config|theme\.css|favicon\.ico|manifest\.json|login/?|logout)|/(assets|static)/.+"
        r"|/gradio_api/(info|app_id|startup-events|upload|upload_progress|queue/(join|data)|cancel"
        r"|reset|login_check|user|heartbeat/[^/]+|file=(?!/*https?:).+)"
    )

    def __init__(self, app, embed_in=()):
        self.app = app
        policy = _POLICY | {"frame-ancestors": " ".join([*_FRAMES, *embed_in])}
        rules = "; ".join(map(" ".join, policy.items()))
        self._headers = [*_HEADERS, (b"content-security-policy", rules.encode())]

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_guarded(message):
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message["headers"], *self._headers]}
            await send(message)

        return await self._answer(scope, receive, send_guarded)

    async def _answer(self, scope, receive, send):
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if not self._SERVED.fullmatch(path):
            return await PlainTextResponse("Not served.", 403)(scope, receive, send)
        # As many as may wait are held in memory: only a photo, which goes to a file, may be large.
        most = 10_000 + (MAX_UPLOAD if path == "/gradio_api/upload" else MAX_PAD)
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not v.isdigit() or int(v) > most for v in lengths):
            return await PlainTextResponse("Too large.", 413)(scope, receive, send)
        received = 0

        async def bounded():
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # A chunked body says no length; cut off, it is refused by whoever parses it.
            return message if received <= most else {"type": "http.disconnect"}

        return await self.app(scope, bounded, send)
