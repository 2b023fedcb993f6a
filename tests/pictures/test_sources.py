"""A picture comes from anywhere, is left as it was, and one that cannot be read ends no run."""

import asyncio
import base64
import functools
import io
import os
import struct
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageSequence
from sklearn.dummy import DummyClassifier

from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.opening import open_picture, read_ink
from skdigits._pictures.reader import DigitReader, list_pictures
from skdigits.exceptions import PagesWarning, PictureError


def seven(size=(120, 160), left=0):
    image = Image.new("L", size, 255)
    points = [(left + 30, 40), (left + 85, 38), (left + 50, 130)]
    ImageDraw.Draw(image).line(points, fill=0, width=9, joint="curve")
    return image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


SEVEN = encoded(seven())


@pytest.fixture
def reader():
    """Takes all ink for a 7."""
    return DigitReader(DummyClassifier().fit(np.zeros((2, 784)), [7, 7]))


# --- the caller's picture is left as it was -------------------------------------------------------


def state(image):
    return image.size, image.mode, image.tell(), image.info.get("exif"), image.getexif().tobytes()


@functools.cache
def photograph(kind, orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    page = seven((1000, 1500), 300).resize((2000, 3000))
    options = {"save_all": True, "append_images": [page]} if kind == "MPO" else {}
    return encoded(page, kind, exif=exif, **options)


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_callers_large_picture_is_not_changed(kind, orientation, reader):
    """A JPEG was half as large afterwards, and the boxes lay off the digits."""
    reader.one_digit = True  # on its side
    upright = (2000, 3000) if orientation == 1 else (3000, 2000)
    given = Image.open(io.BytesIO(photograph(kind, orientation)))
    given.load()
    fresh = Image.open(io.BytesIO(photograph(kind, orientation)))
    before = state(given), np.asarray(given).copy()
    results = [reader.read(picture) for picture in (given, fresh, photograph(kind, orientation))]
    assert state(given) == state(fresh) == before[0]
    assert np.array_equal(np.asarray(given), before[1])
    assert np.array_equal(np.asarray(fresh), before[1])
    for result in results:
        (digit,) = result.digits
        drawn = result.draw(max_side=1000)
        assert drawn.size == (upright[0] // 3, upright[1] // 3) or max(drawn.size) == 1000
        dark = np.argwhere(np.asarray(drawn.convert("L")) < 60)[:, ::-1] * (
            upright[0] / drawn.width
        )
        left, top, right, bottom = digit.box
        inside = (dark >= [left - 20, top - 20]) & (dark <= [right + 20, bottom + 20])
        assert inside.all(axis=1).mean() > 0.99


def test_a_photograph_of_a_phone_is_not_changed(tmp_path, reader):
    path = tmp_path / "4000x3000.jpg"
    seven((1000, 750), 300).resize((4000, 3000)).save(path)
    with Image.open(path) as given:
        result = reader.read(given)
        drawn = result.draw(max_side=4000)
        assert given.size == drawn.size == (4000, 3000)
        left, top, right, bottom = result.digits[0].box
        assert np.asarray(given)[top:bottom, left:right].min() < 60
        assert np.asarray(drawn.convert("L"))[top:bottom, left:right].min() < 60


def test_each_frame_is_drawn_as_it_was_read(reader):
    """An iterator of frames gives the same image again and again, at another frame."""
    frames = [seven((400, 160), left) for left in (0, 130, 260)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(data)) as image:
        results = [reader.read(frame) for frame in ImageSequence.Iterator(image)]
    for frame, result in zip(frames, results, strict=True):
        left, top, right, bottom = result.digits[0].box
        assert np.asarray(frame)[top:bottom, left:right].min() == 0
        assert np.asarray(result.draw())[top:bottom, left:right].min() < 60


def test_a_file_stands_where_it_stood(tmp_path):
    path = tmp_path / "seven.png"
    path.write_bytes(SEVEN)
    with path.open("rb") as file:
        file.seek(10)
        assert read_ink(file).values.any()
        assert file.tell() == 10


def test_what_the_reader_may_read_can_be_drawn():
    normalizer = DigitNormalizer(max_pixels=100)
    reader = DigitReader(DummyClassifier().fit(np.zeros((2, 784)), [7, 7]), normalizer=normalizer)
    with pytest.raises(PictureError, match="max_pixels"):
        reader.read(SEVEN)
    reader.normalizer = DigitNormalizer(max_pixels=20_000)
    with pytest.raises(PictureError, match="max_pixels"):
        reader.read(SEVEN).draw(max_pixels=100)
    assert reader.read(SEVEN).draw(max_pixels=20_000).size == (120, 160)


# --- from anywhere --------------------------------------------------------------------------------


class Stream(io.RawIOBase):
    """Goes one way, and gives little at a time, as a connection does."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(memoryview(buffer)[:50])


class Upload:
    """As FastAPI's: its `read` is to be awaited."""

    def __init__(self, data):
        self.file = io.BytesIO(data)
        self.filename = "seven.png"

    async def read(self, size=-1):
        return await asyncio.to_thread(self.file.read, size)


def as_url(data, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    "give",
    [
        Stream,
        Upload,
        lambda data: io.BufferedReader(Stream(data)),
        memoryview,
        as_url,
        lambda data: as_url(data, "IMAGE/PNG;name=a.png"),
        lambda data: as_url(data).replace("+", "%2B"),
    ],
    ids=["stream", "upload", "buffered", "memoryview", "url", "url with a name", "quoted url"],
)
def test_a_picture_is_read_and_drawn_from(give, reader):
    result = reader.read(give(SEVEN))
    assert result.text == "7"
    assert result.draw().size == (120, 160)


def test_a_response_is_read(reader):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SEVEN)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        with open_url(f"http://127.0.0.1:{server.server_port}/") as response:
            result = reader.read(response)
        thread.join()
    assert result.text == "7"
    assert result.draw().size == (120, 160)


def test_the_layers_of_a_pad_may_be_files(tmp_path):
    layer = np.zeros((160, 120, 4), np.uint8)
    layer[40:120, 55:65] = (0, 0, 0, 255)
    path = tmp_path / "layer.png"
    Image.fromarray(layer).save(path)
    values = read_ink({"background": None, "layers": [str(path)], "composite": None}).values
    assert np.array_equal(values > 0.5, layer[:, :, 3] > 0)
    with pytest.raises(PictureError, match="no picture file"):
        read_ink({"layers": ["nowhere.png"]})


def closed_file():
    file = io.BytesIO(SEVEN)
    file.close()
    return file


def closed_image():
    with Image.open(io.BytesIO(SEVEN)) as image:
        return image


class Lost(io.RawIOBase):
    def read(self, size=-1):
        raise ConnectionResetError("the line went dead")


BAD = {
    "closed file": (closed_file, "closed file"),
    "closed image": (closed_image, "closed image"),
    "text file": (lambda: io.StringIO("no bytes"), "mode 'rb'"),
    "lost connection": (Lost, "went dead"),
    "no such file": (lambda: "no.png", "There is no picture file at .no.png"),
    "null in name": (lambda: "a\0b.png", "null|no picture file"),
    "long name": (lambda: "x" * 5000 + ".png", "too long|no picture file"),
    "base64 without its head": (
        lambda: base64.b64encode(SEVEN).decode() * 9,
        "no picture|too long",
    ),
    "cut data URL": (lambda: as_url(SEVEN)[:-3], "cut off"),
    "data URL of text": (lambda: "data:text/plain,seven", "base64"),
    "surrogates": (lambda: os.fsdecode(b"\xff\xfe.png"), "no picture file"),
    "folder": (lambda: ".", "no picture file"),
    "number": (lambda: 7, "cannot be a int"),
    "list": (lambda: [[0, 1], [1, 0]], "cannot be a list"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_picture_ends_no_run(name, reader):
    give, message = BAD[name]
    first, bad, last = reader.read_many([SEVEN, give(), SEVEN])
    assert (first.text, bad.text, last.text) == ("7", "", "7")
    assert bad.error is not None
    with pytest.raises(PictureError, match=message):
        reader.read(give())
    assert len(bad.error) < 500


def test_a_file_without_permission_ends_no_run(reader, tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(SEVEN)
    path.chmod(0)
    if os.geteuid() == 0:  # permissions do not bind root
        monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: _refuse(13))
    bad, good = reader.read_many([path, SEVEN])
    assert "secret.png' cannot be read: you have no permission" in bad.error
    assert good.text == "7"


def _refuse(code):
    raise OSError(code, os.strerror(code))


def test_a_file_that_cannot_be_read_ends_no_run(reader, tmp_path, monkeypatch):
    path = tmp_path / "broken-disk.png"
    path.write_bytes(SEVEN)
    monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: _refuse(5))
    bad, good = reader.read_many([path, SEVEN])
    assert "broken-disk.png' cannot be read" in bad.error
    assert good.text == "7"


def test_pictures_of_a_folder_are_read_or_named(reader, tmp_path):
    for name, data in {
        "a.jfif": encoded(seven(), "JPEG"),
        "b.AVIF": encoded(seven(), "AVIF"),
        "c.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "d.pgm": encoded(seven(), "PPM"),
        "e.jpe": encoded(seven(), "JPEG"),
        "f.pdf": b"%PDF-1.7",
        "notes.txt": b"left out",
    }.items():
        (tmp_path / name).write_bytes(data)
    results = list(reader.read_many(tmp_path))
    assert [result.source.name[0] for result in results] == list("abcdef")
    assert [result.text for result in results] == ["7", "7", "", "7", "7", ""]
    assert "HEIC" in results[2].error
    assert "a PDF" in results[5].error
    assert len(list_pictures(tmp_path)) == 6


# --- several pages --------------------------------------------------------------------------------


def pages(*lefts, **options):
    first, *rest = (seven((400, 160), left) for left in lefts)
    return encoded(first, "TIFF", save_all=True, append_images=rest, **options)


@pytest.mark.parametrize("big", [False, True])
def test_all_pages_of_a_tiff_are_read(reader, tmp_path, big):
    path = tmp_path / "scan.tif"
    path.write_bytes(pages(0, 130, 260, big_tiff=big))
    *results, other = reader.read_many([path, SEVEN])
    assert [(r.source, r.page, r.text) for r in results] == [(path, n, "7") for n in (1, 2, 3)]
    lefts = [result.digits[0].box[0] for result in results]
    assert lefts == pytest.approx([30, 160, 290], abs=4)
    for result in results:
        left, top, right, bottom = result.digits[0].box
        assert np.asarray(result.draw())[top:bottom, left:right].min() < 60
    assert (other.page, other.text) == (1, "7")


def test_one_page_is_read_where_one_is_asked_for(reader):
    data = pages(0, 260)
    with pytest.warns(PagesWarning, match="has 2 pages, and only the first is read"):
        first = reader.read(data)
    with pytest.warns(PagesWarning):
        assert DigitNormalizer().transform([data]).shape == (1, 784)
    second = reader.read(data, page=2)
    assert first.digits[0].box[2] < 150 < second.digits[0].box[0]
    assert second.page == 2
    for picture, page in ((data, 3), (data, 0), (SEVEN, 2), (seven(), 2), (np.asarray(seven()), 2)):
        with pytest.raises(PictureError, match=f"no page {page}"):
            reader.read(picture, page=page)


def changed(data, tag, kind, before, after):
    """A TIFF whose last directory has another value for a tag."""
    entry = struct.pack("<HHIH", tag, kind, 1, before)
    at = data.rindex(entry) + len(entry) - 2
    return data[:at] + struct.pack("<H", after) + data[at + 2 :]


def test_a_bad_page_ends_no_run(reader):
    broken = changed(pages(0, 130, 260), 259, 3, 1, 999)  # an unknown compression
    results = list(reader.read_many([broken, SEVEN]))
    assert [result.text for result in results] == ["7", "7", "", "7"]
    assert results[2].page == 3
    assert results[2].error is not None


def test_a_thumbnail_is_no_page(reader):
    three = pages(0, 130, 260, tiffinfo={254: 0})
    assert [result.page for result in reader.read_many([three])] == [1, 2, 3]
    with_thumbnail = changed(three, 254, 4, 0, 1)
    assert [result.page for result in reader.read_many([with_thumbnail])] == [1, 2]


@pytest.mark.slow
def test_many_pages_are_refused():
    first, *rest = [Image.new("1", (1, 1))] * 1001
    data = encoded(first, "TIFF", save_all=True, append_images=rest)
    with pytest.raises(PictureError, match="more than 1,000 pages"):
        open_picture(data)
