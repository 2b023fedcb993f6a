"""ASGI middleware before the page's server: an allowlist of paths, limits, and headers."""

import re

from starlette.responses import PlainTextResponse

from skdigits.app._pad import MAX_PAD

MAX_UPLOAD = 32_000_000  # bytes of a photo

# Gradio's page uses inline scripts and styles, and eval; everything comes from this server.
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
_FRAMES = ["'self'", "http://localhost:*", "http://127.0.0.1:*"]  # for the output of a notebook
_HOST = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:([0-9]+|\*))?", re.IGNORECASE)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def check_hosts(hosts):
    """Refuse anything but addresses of hosts, which go into a header.

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
    """Refuse what the page never requests, and huge requests.

    Gradio serves much more than this page needs: files and web pages fetched through this server,
    links that write its state to files, recordings, functions of components.

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
        # Waiting requests are held in memory: only uploads, which go to a file, may be large.
        most = 10_000 + (MAX_UPLOAD if path == "/gradio_api/upload" else MAX_PAD)
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not v.isdigit() or int(v) > most for v in lengths):
            return await PlainTextResponse("Too large.", 413)(scope, receive, send)
        received = 0

        async def bounded():
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # A chunked body has no declared length; truncated, its parser refuses it.
            return message if received <= most else {"type": "http.disconnect"}

        return await self.app(scope, bounded, send)
