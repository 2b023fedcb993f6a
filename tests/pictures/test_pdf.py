"""PDF files: their pages, and what is no readable PDF."""

import io
import re
import sys

import pytest
from PIL import Image, ImageDraw

from skdigits import DigitReader
from skdigits._pictures import pdf
from skdigits._pictures.opening import open_picture
from skdigits.exceptions import PagesWarning, PictureError

LOCKED = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[(0123456789abcdef)(0123456789abcdef)]>>
%%%%EOF""" % (b"o" * 32, b"u" * 32)


def page(n):
    """A sheet with n sevens."""
    image = Image.new("L", (400, 160), 250)
    for i in range(n):
        points = [(x + 90 * i, y) for x, y in [(40, 40), (90, 42), (60, 120)]]
        ImageDraw.Draw(image).line(points, fill=20, width=9, joint="curve")
    return image


def document(*counts, **options):
    first, *rest = map(page, counts)
    stream = io.BytesIO()
    first.save(stream, "PDF", save_all=True, append_images=rest, resolution=100, **options)
    return stream.getvalue()


def test_all_pages_are_read():
    results = list(DigitReader().read_many([document(1, 3)]))
    assert [result.text.replace(" ", "") for result in results] == ["7", "777"]
    assert [result.page for result in results] == [1, 2]


def test_one_page_is_read_and_drawn():
    result = DigitReader().read(document(1, 3), page=2)
    assert len(result.digits) == 3
    assert result.draw().size == (800, 320)  # 100 dots per inch were saved, 200 are drawn
    assert 0 < result.digits[0].box[0] < 200


def test_the_first_page_warns_of_the_others():
    with pytest.warns(PagesWarning, match="has 2 pages, and only the first is read"):
        image, _ = open_picture(document(1, 2))
    assert image.mode == "RGB"


def test_a_file_of_one_page_says_nothing(tmp_path):
    (tmp_path / "scan.pdf").write_bytes(document(2))
    assert len(DigitReader().read(tmp_path / "scan.pdf").digits) == 2


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"%PDF-1.7", "is a PDF that is damaged or incomplete"),
        (b"%PDF-1.7\n" + bytes(5000), "is a PDF that is damaged or incomplete"),
        (document(1)[:600], "is a PDF that is damaged or incomplete"),
        (LOCKED, "is protected by a password"),
    ],
)
def test_what_cannot_be_read_says_why(data, complaint):
    with pytest.raises(PictureError, match=f"The data {complaint}. Save its pages as PNG."):
        open_picture(data)
    (result,) = DigitReader().read_many([data])
    assert complaint in result.error


def test_there_is_no_other_page():
    with pytest.raises(PictureError, match="has no page 3: its pages are 1 to 2"):
        open_picture(document(1, 1), page=3)


def test_a_page_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf, "MAX_SECONDS", -1)
    with pytest.raises(PictureError, match="a page takes too long to draw"):
        open_picture(document(1))


def test_too_many_pages_are_refused(monkeypatch):
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    with pytest.raises(PictureError, match="it has more than 1 pages: split it"):
        open_picture(document(1, 1))


def test_a_poster_is_drawn_smaller():
    data = re.sub(rb"/MediaBox \[ 0 0 [\d. ]+\]", b"/MediaBox [ 0 0 14400 720 ]", document(1))
    image, _ = open_picture(data)
    assert image.size == (4000, 200)


def test_without_pypdfium2_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(PictureError, match=r"is a PDF, which needs pypdfium2: pip install"):
        open_picture(document(1))
