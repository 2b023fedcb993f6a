"""
Save a model and serve it
=========================

A model is one file, and a web service around it a few lines.

They are of Python's standard library here, so that nothing else is needed to follow.
"""

# %%
# Train, save, and load again, as another program would.

from pathlib import Path
from tempfile import mkdtemp

from skdigits import DigitReader, load_pipeline, make_digit_pipeline, save_pipeline
from skdigits.datasets import load_bundled_digits

X, y = load_bundled_digits(return_X_y=True)
path = Path(mkdtemp(), "model.skdigits")
save_pipeline(make_digit_pipeline(epochs=10, random_state=0).fit(X, y), path)
print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
reader = DigitReader(load_pipeline(path))
reader.read(X[0].reshape(28, 28))  # starts TensorFlow now, and not while a client waits

# %%
# The service reads a picture from the body of a request and answers in JSON. It bounds what it
# takes, and says what was wrong with a picture that is none.

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from skdigits.exceptions import PictureError

MAX_BYTES = 10_000_000


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        n_bytes = int(self.headers.get("Content-Length", 0))
        if n_bytes > MAX_BYTES:
            return self.answer(413, {"error": f"more than {MAX_BYTES:,} bytes"})
        try:
            result = reader.read(self.rfile.read(n_bytes))
        except PictureError as error:
            return self.answer(400, {"error": str(error)})
        digits = [
            {"digit": d.label, "confidence": round(d.confidence, 3), "unsure": d.unsure}
            for d in result.digits
        ]
        return self.answer(200, {"text": result.text, "digits": digits})

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *message):
        pass


# %%
# Started on a free port of this computer; in a program of its own, ``server.serve_forever()`` is
# the last line.

from threading import Thread

server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
Thread(target=server.serve_forever, daemon=True).start()

# %%
# A client: it draws a digit and asks.

import io
from urllib.error import HTTPError
from urllib.request import urlopen

from PIL import Image, ImageDraw


def ask(body):
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}", data=body, timeout=60) as response:
            return json.load(response)
    except HTTPError as error:
        return json.load(error)


picture = Image.new("L", (200, 200), 255)
ImageDraw.Draw(picture).line([(50, 40), (150, 40), (90, 170)], fill=0, width=14, joint="curve")
png = io.BytesIO()
picture.save(png, "png")
said = ask(png.getvalue())
print(said)
print(ask(b"no picture"))
server.shutdown()
server.server_close()

# %%
# The picture that was sent, and the answer.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(3, 3.2), layout="constrained")
ax.imshow(picture, cmap="gray")
ax.set(title=f"read as {said['text']}", xticks=[], yticks=[])
