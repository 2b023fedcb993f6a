"""Fetch a picture's bytes from wherever they are: a path, an open file, a stream, a data URL."""

import base64
import binascii
import inspect
import os
import urllib.parse
from pathlib import Path

from PIL import Image

from skdigits._pictures import pdf
from skdigits._pictures.bounds import TooCostlyError, find_pages
from skdigits.exceptions import PictureError

MAX_BYTES = 64_000_000
MAX_PIXELS = 80_000_000

_SHOWN = 80  # characters of a name in a message, most of them of its end


def fetch(source, max_bytes=MAX_BYTES):
    """Fetch a picture's bytes, and its name for messages.

    Parameters
    ----------
    source : str, path, bytes or file
        A string may be a data URL. A file is read from its start, and stands where it stood then.
        A stream that cannot go back is read to its end.
    max_bytes : int
        More are refused.

    Returns
    -------
    data : bytes
    name : str

    Raises
    ------
    PictureError
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, name = bytes(source), "The data"
    elif isinstance(source, str) and source[:5].lower() == "data:":
        data, name = _decode_url(source, max_bytes), "The data URL"
    elif isinstance(source, (str, os.PathLike)):
        data, name = _read_path(source, max_bytes), f"'{source}'"
    elif hasattr(source, "read"):
        data, name = _read_stream(source, max_bytes)
    else:
        raise PictureError(
            f"A picture cannot be a {type(source).__name__}. Give a path, bytes, an open binary "
            "file, a PIL image, a NumPy array or a drawing pad's dict."
        )
    _check_size(len(data), max_bytes, name)
    return data, name


def keep(picture):
    """What can be opened again, later, in the place of what cannot.

    Parameters
    ----------
    picture : object
        As :func:`fetch` takes it, or any other picture.

    Returns
    -------
    picture : object
        The bytes of a stream that cannot go back; a copy of the frame at which a PIL image of
        several frames stands; anything else itself.
    """
    if isinstance(picture, Image.Image):
        return picture.copy() if getattr(picture, "is_animated", False) else picture
    if _is_file(picture) and not _can_go_back(_binary(picture)):
        return fetch(picture)[0]
    return picture


def list_pages(data, name, max_pixels=MAX_PIXELS):
    """Pages of a file: numbers of a PDF's pages, or places among the frames of a picture.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.
    max_pixels : int
        That a tile may have.

    Returns
    -------
    pages : list of int

    Raises
    ------
    PictureError
        If it is a PDF that cannot be read.
    TooCostlyError
        If there are too many pages, or a TIFF asks for too much otherwise.
    """
    if pdf.is_pdf(data):
        return list(range(1, pdf.count_pages(data, name) + 1))
    return find_pages(data, max_pixels)


def count_pages(picture):
    """Number of pages of a picture's file; 1 for what cannot be read, or is no file."""
    if isinstance(picture, (str, bytes, bytearray, memoryview, os.PathLike)) or _is_file(picture):
        try:
            return len(list_pages(*fetch(picture)))
        except (PictureError, TooCostlyError):
            pass  # whoever opens it says why
    return 1


def _is_file(source):
    return hasattr(source, "read")


def _check_size(n_bytes, max_bytes, name):
    if n_bytes > max_bytes:
        raise PictureError(
            f"{name} has {n_bytes:,} bytes, more than the {max_bytes:,} allowed. "
            "Make it smaller, or raise max_bytes if you trust it."
        )


def _short(text):
    text = str(text)
    return text if len(text) <= _SHOWN else f"{text[:20]}...{text[20 - _SHOWN :]}"


def _read_path(path, max_bytes):
    try:
        path = Path(path)
        if path.is_file():
            _check_size(path.stat().st_size, max_bytes, f"'{path}'")
            with path.open("rb") as file:
                return file.read(max_bytes + 1)
    except PermissionError as error:
        raise PictureError(
            f"'{_short(path)}' cannot be read: you have no permission to."
        ) from error
    except PictureError:
        raise
    except (OSError, ValueError) as error:  # such as a name too long, or with a null character
        why = getattr(error, "strerror", None) or error  # without the name, which may be long
        raise PictureError(f"'{_short(path)}' cannot be read ({why}).") from error
    raise PictureError(f"There is no picture file at '{_short(path)}'. Check the path.")


def _decode_url(url, max_bytes):
    head, comma, code = url.partition(",")
    if not (comma and head.lower().endswith(";base64")):
        raise PictureError(
            f"'{_short(url)}' is no data URL with a picture in base64: it begins with "
            "'data:image/png;base64,'."
        )
    _check_size(len(code) * 3 // 4, 2 * max_bytes, "The data URL")  # it may hold line breaks
    try:
        return base64.b64decode(urllib.parse.unquote_to_bytes(code))
    except binascii.Error as error:
        raise PictureError(f"The data URL was cut off or changed ({error}).") from error


def _read_stream(source, max_bytes):
    file = _binary(source)
    name = getattr(source, "filename", None) or getattr(source, "name", None)
    name = f"'{name}'" if isinstance(name, str) else "The data"
    parts, n_left = [], max_bytes + 1
    try:
        place = file.tell() if _can_go_back(file) else None
        if place is not None:
            file.seek(0)
        while n_left > 0 and (part := file.read(n_left)):
            parts.append(memoryview(part))
            n_left -= len(part)
        if place is not None:
            file.seek(place)
    except (TypeError, UnicodeDecodeError) as error:
        raise PictureError(
            f"{name} does not give bytes ({error}). Open the file with mode 'rb'."
        ) from error
    except Exception as error:  # closed files, lost connections: streams raise what they like
        raise PictureError(f"{name} cannot be read ({error}).") from error
    return b"".join(parts), name


def _binary(source):
    """The file behind an upload whose own `read` is to be awaited, as that of FastAPI."""
    return source.file if inspect.iscoroutinefunction(source.read) else source


def _can_go_back(file):
    try:
        return file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")
    except ValueError:  # a closed file: whoever reads it says so
        return True
