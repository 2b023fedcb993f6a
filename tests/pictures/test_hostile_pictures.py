"""No file starts a program, opens a connection, or takes more time or memory than a picture may."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from skdigits._pictures import bounds
from skdigits._pictures.opening import open_picture
from skdigits.exceptions import PictureError

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n{ } loop\n"

# Reads every file of a folder in each way, and says what this process was about to start.
WATCH = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from sklearn.dummy import DummyClassifier
from skdigits import DigitReader
from skdigits._pictures.opening import read_ink

started = []
WATCHED = ("subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.startfile",
           "socket.connect", "socket.getaddrinfo")
reader = DigitReader(DummyClassifier().fit(np.zeros((2, 784)), [0, 1]))
sys.addaudithook(lambda event, args: event.startswith(WATCHED) and started.append(event))
folder = Path(sys.argv[1])
errors = sum(result.error is not None for result in reader.read_many(folder))
for path in folder.iterdir():
    for give in (lambda: path.read_bytes(), lambda: Image.open(path)):
        try:
            read_ink(give())
        except (ValueError, OSError):
            pass
print(json.dumps({"started": started, "errors": errors}))
"""


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def in_every_format():
    """A picture in every format that Pillow can write."""
    Image.init()
    for kind in Image.SAVE:
        for mode in ("L", "RGB", "1", "P", "F"):
            try:
                yield kind, saved(Image.new(mode, (32, 32)), kind)
                break
            except (OSError, ValueError, KeyError, SystemError):
                continue  # not in this mode, or not without a name


@pytest.mark.slow
def test_no_file_starts_a_program(tmp_path):
    """A picture that was PostScript started Ghostscript, and never came back."""
    folder, programs, note = (tmp_path / name for name in ("pictures", "bin", "note"))
    folder.mkdir()
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\necho started >> {note}\nexit 1\n")
    (programs / "gs").chmod(0o755)
    pictures = dict(in_every_format()) | {
        "loop": POSTSCRIPT,
        "binary-eps": b"\xc5\xd0\xd3\xc6" + struct.pack("<6I", 32, 80, 0, 0, 0, 0) + POSTSCRIPT,
        "metafile": b"\xd7\xcd\xc6\x9a\0\0" + bytes(60),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://example.com/'/></svg>",
    }
    assert {"EPS", "PDF", "TIFF", "PNG"} <= set(pictures)
    for name, data in pictures.items():
        (folder / f"{name}.png").write_bytes(data)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WATCH, folder],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"PATH": path},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["started"] == []
    assert not note.exists()
    assert 10 < told["errors"] < len(pictures)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (POSTSCRIPT, "PostScript"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (saved(Image.new("L", (9, 9)), "ICO"), "Give a PNG, JPEG"),
    ],
)
def test_other_formats_are_told_apart(data, hint):
    with pytest.raises(PictureError, match=f"is not a picture that can be read.*{hint}"):
        open_picture(data)


def test_what_the_caller_opened_is_not_decoded_by_a_program():
    for data in (POSTSCRIPT, saved(Image.new("L", (9, 9)), "EPS")):
        with pytest.raises(PictureError, match=r"EPS.*load\(\)"):
            open_picture(Image.open(io.BytesIO(data)))
    sun = Image.open(io.BytesIO(saved(Image.new("L", (9, 9)), "PCX")))
    sun.load()
    assert open_picture(sun)[1] == (9, 9)


# --- the work that a small file asks for ----------------------------------------------------------


def chunk(kind, content=b""):
    code = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", code)


def png_of_chunks(n):
    head = struct.pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(41 * 40)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"aaAa") * n + data + chunk(b"IEND")


def gif_of_comments(n):
    data = saved(Image.new("L", (40, 40)), "GIF")
    start = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    return data[:start] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * n + b"\0" + data[start:]


def jpeg_of_padding(n):
    data = saved(Image.new("L", (40, 40)), "JPEG")
    return data[:2] + b"\xff" * n + data[2:]


def jpeg_of_notes(n):
    data = saved(Image.new("L", (40, 40)), "JPEG")
    return data[:2] + (b"\xff\xe1\0\x6cExif\0\0" + b"x" * 100) * n + data[2:]


def jpeg_of_scans(n, side=1000):
    data = saved(Image.new("L", (side, side)), "JPEG", progressive=True)
    last = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + last * n + data[-2:]


def bmp(width, height, rows):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 2, 0) + bytes(8)
    return b"BM" + struct.pack("<IHHI", 62 + len(rows), 0, 0, 62) + head + rows


def tiff(more=(), *, data=b"", width=8, height=8):
    """A grey TIFF of one strip; `more` are (tag, type, count, value)."""
    entries = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1)}
    entries |= {262: (3, 1, 1), 273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 8), 279: (4, 1, 64)}
    entries |= {tag: entry for tag, *entry in more}
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    body = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    return head + body + bytes(4) + data.ljust(100, b"\0")


def many_tags(n, size):
    """Tags that all mean the same bytes."""
    return [(40_000 + i, 7, size, 8) for i in range(n)]


def nested(first):
    """A TIFF whose EXIF directory, behind its own, holds these entries."""
    at = len(tiff([(34665, 4, 1, 0)]))
    below = struct.pack("<H", 1) + struct.pack("<HHII", *first) + bytes(4)
    return tiff([(34665, 4, 1, at)]) + below


def with_exif(kind, exif):
    return saved(Image.new("RGB", (16, 16)), kind, exif=b"Exif\0\0" + exif)


@pytest.mark.parametrize(
    "data",
    [
        png_of_chunks(300_000),
        gif_of_comments(10_000),
        jpeg_of_padding(3_000_000),
        bmp(4000, 4000, b"\1\0" * 1_000_000),
        b"P2\n1500 1500\n255\n" + b"1 " * 2_250_000,
    ],
    ids=["png chunks", "gif comment", "jpeg padding", "bmp runs", "ppm text"],
)
def test_a_file_is_not_read_for_ever(data, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_SECONDS", 0.05)
    with pytest.raises(PictureError, match="takes too long to read"):
        open_picture(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (jpeg_of_scans(4000), r"4,0\d\d scans"),
        (jpeg_of_notes(11_000), "more than 10,000 parts"),
        (bmp(70_000, 1, b"\0\2\0\xff\0\1"), "longer than 65,535 pixels"),
        (tiff([(322, 4, 1, 40_000), (323, 4, 1, 40_000), (324, 4, 1, 8)]), "tiles are too large"),
        (tiff([(273, 4, 2_000_000, 8)], data=bytes(8_000_000)), "directories are larger"),
        (tiff(many_tags(50, 100_000), data=bytes(200_000)), "directories are larger"),
        (nested((33434, 5, 4_000_000, 8)), "directories are larger"),
        (with_exif("JPEG", tiff(many_tags(500, 6_000))), "directories are larger"),
        (with_exif("PNG", nested((33434, 5, 4_000_000, 8))), "directories are larger"),
        (with_exif("WEBP", tiff(many_tags(500, 6_000))), "directories are larger"),
    ],
    ids=[
        *("jpeg scans", "jpeg notes", "bmp skip", "tiff tile", "tiff strips", "tiff tags"),
        *("tiff exif", "jpeg exif", "png exif", "webp exif"),
    ],
)
def test_a_file_that_asks_for_too_much_is_refused(data, message):
    with pytest.raises(PictureError, match=message):
        open_picture(data)


def test_a_cut_off_directory_hides_nothing():
    """Pillow keeps what it read of one: it must have been counted."""
    whole = tiff(many_tags(50, 100_000), data=bytes(200_000))
    order = whole[:4] + struct.pack("<I", len(whole)) + whole[8:]
    data = order + struct.pack("<H", 60_000) + whole[10 : 10 + 59 * 12]
    with pytest.raises(PictureError, match="directories are larger"):
        open_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF", "GIF", "BMP", "PPM"])
def test_what_pillow_writes_is_within_the_bounds(kind):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400), dtype=np.uint8)
    options = {"progressive": True} if kind == "JPEG" else {}
    data = saved(Image.fromarray(noise), kind, **options)
    image, size = open_picture(data)
    assert image.size == size == (400, 300)
    if kind in ("PNG", "TIFF", "GIF", "BMP", "PPM"):
        assert np.array_equal(np.asarray(image.convert("L")), noise)


def test_large_pages_of_a_scanner_are_within_the_bounds():
    page = Image.new("1", (7000, 9900), 1)  # A4 at 850 dots per inch
    for options in ({"compression": "group4"}, {}, {"tiffinfo": {278: 1}}):
        assert open_picture(saved(page, "TIFF", **options), max_side=500)[1] == (7000, 9900)
