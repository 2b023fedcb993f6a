"""A service that reads numbers off pictures.

    uvicorn service:app --app-dir examples/deploy --workers 2
    curl --data-binary @form.jpg http://127.0.0.1:8000/read

``POST /read`` takes a picture as its body and, for a file of several pages, ``?page=2``. It answers
with JSON: the text, the numbers and the digits of the picture, each with its box, confidence and
whether it is unsure. ``GET /health`` answers as soon as the service can read.

It needs neither TensorFlow nor scikit-learn: ``requirements.txt`` lists all of it.
"""

import logging

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from skdigits import DigitReader
from skdigits.exceptions import PictureError

MAX_BYTES = 20_000_000
MAX_WAITING = 32  # pictures per process; a client that comes later is asked to try again

reader = DigitReader()
one_at_a_time = CapacityLimiter(1)  # a process has one core; `--workers` gives more of both
present = set()  # requests that wait, or are being answered


class RefusedError(Exception):
    """A request that is not answered: the HTTP status, why, and what to do."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


async def read(request):
    """Answer ``POST /read``."""
    picture, page = await receive(request), page_of(request)
    if len(present) > MAX_WAITING:  # one of them is being read
        raise RefusedError(503, "too many pictures are waiting; try again in a few seconds")
    present.add(request)
    try:
        result = await to_thread.run_sync(
            lambda: reader.read(picture, page=page), limiter=one_at_a_time
        )
    finally:
        present.remove(request)
    return JSONResponse(
        {
            "text": result.text,
            "unsure": result.unsure,
            "numbers": [
                {
                    "text": number.text,
                    "confidence": number.confidence,
                    "unsure": number.unsure,
                    "box": number.box,
                    "alternatives": [text for text, _ in number.alternatives],
                }
                for number in result.numbers
            ],
            "digits": [
                {
                    "label": digit.label,
                    "confidence": digit.confidence,
                    "unsure": digit.unsure,
                    "box": digit.box,
                }
                for digit in result.digits
            ],
        }
    )


async def receive(request: Request):
    """The body of a request, which is read no further than it may be long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise RefusedError(413, f"the picture has more than {MAX_BYTES:,} bytes")
    if not body:
        raise RefusedError(400, "the body is empty; send a picture in it")
    return bytes(body)


def page_of(request):
    """The page that is asked for; 1 if none is."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= 1):
        raise RefusedError(400, "page must be a number from 1")
    return int(text)


async def health(request):
    """Answer ``GET /health``."""
    return JSONResponse({"status": "ok"})


async def refuse(request, error):
    """Say what is wrong with a request, or with its picture."""
    status = error.status if isinstance(error, RefusedError) else 400
    headers = {"Retry-After": "5"} if status == 503 else None
    return JSONResponse({"error": str(error)}, status, headers)


async def fail(request, error):
    """Hide an error nobody foresaw from the client; the log has it."""
    logging.getLogger(__name__).error("A request failed", exc_info=error)
    return JSONResponse({"error": "the picture could not be read"}, 500)


app = Starlette(
    routes=[Route("/read", read, methods=["POST"]), Route("/health", health)],
    exception_handlers={RefusedError: refuse, PictureError: refuse, Exception: fail},
)
