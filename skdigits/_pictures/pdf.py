"""Pages of a PDF file as pictures, by PDFium, which Chromium shows them with.

PDFium may be used by one thread at a time, so a lock goes around each call.
"""

import ctypes
import threading
import time

from skdigits._pictures.bounds import MAX_PAGES, MAX_SECONDS, TooCostlyError
from skdigits.exceptions import PictureError

DPI = 200  # dots per inch at which a page is drawn
_POINTS = 72  # PDF's units per inch
_MAX_SIDE = 4000  # pixels; larger pages are drawn with fewer dots per inch

_lock = threading.Lock()


def is_pdf(data):
    """Whether bytes begin as a PDF file does."""
    return bytes(data[:5]) == b"%PDF-"


def count_pages(data, name):
    """Number of pages of a PDF file.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.

    Returns
    -------
    n_pages : int

    Raises
    ------
    PictureError
        If the file cannot be read, or pypdfium2 is not installed.
    TooCostlyError
        If it has too many pages.
    """
    with _lock, _Document(data, name) as document:
        if len(document) > MAX_PAGES:
            raise TooCostlyError(f"it has more than {MAX_PAGES:,} pages: split it")
        return len(document)


def draw_page(data, name, number):
    """Draw one page.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.
    number : int
        1 for the first page.

    Returns
    -------
    image : PIL.Image.Image
        RGB, 200 dots per inch, but at most 4,000 pixels on the longer side.

    Raises
    ------
    PictureError
        If the page cannot be read.
    TooCostlyError
        If drawing it takes too long.
    """
    with _lock, _Document(data, name) as document:
        page = document[number - 1]
        scale = min(DPI / _POINTS, _MAX_SIDE / max(1, *page.get_size()))
        size = [max(1, round(side * scale)) for side in page.get_size()]
        return _drawn(page, size)


class _Document:
    """An open PDF file, closed at the end of the block; what PDFium says becomes a PictureError."""

    def __init__(self, data, name):
        self.data, self.name, self.document = data, name, None

    def __enter__(self):
        try:
            import pypdfium2
        except ImportError as error:
            raise PictureError(
                f"{self.name} is a PDF, which needs pypdfium2: pip install 'skdigits[pdf]'. Or "
                "save its pages as PNG."
            ) from error
        try:
            self.document = pypdfium2.PdfDocument(self.data)
        except pypdfium2.PdfiumError as error:
            self._explain(error)
        return self.document

    def __exit__(self, kind, error, trace):
        if self.document is not None:
            self.document.close()
        if kind is not None and kind.__name__ == "PdfiumError":
            self._explain(error)

    def _explain(self, error):
        locked = "password" in str(error).lower()
        why = "is protected by a password" if locked else "is a PDF that is damaged or incomplete"
        raise PictureError(f"{self.name} {why}. Save its pages as PNG.") from error


def _drawn(page, size):
    from pypdfium2 import PdfBitmap, raw

    bitmap = PdfBitmap.new_native(*size, raw.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
    deadline = time.thread_time() + MAX_SECONDS
    pause = raw.IFSDK_PAUSE(version=1)
    kind = type(pause.NeedToPauseNow)
    pause.NeedToPauseNow = kind(lambda _: time.thread_time() > deadline)
    status = raw.FPDF_RenderPageBitmap_Start(
        bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT, ctypes.byref(pause)
    )
    raw.FPDF_RenderPage_Close(page)
    if status == raw.FPDF_RENDER_TOBECONTINUED:
        raise TooCostlyError("a page takes too long to draw")
    if status != raw.FPDF_RENDER_DONE:
        raise PictureError("A page of the PDF could not be drawn. Save it as PNG.")
    return bitmap.to_pil().convert("RGB")
