"""What a picture's file may cost, checked before Pillow decodes it and while it reads.

Pillow bounds a picture's pixels, but not the work that a small file can ask for: a JPEG of a
thousand scans, a TIFF of millions of strips, a comment of many pieces that is copied for each.
"""

import io
import re
import struct
import time
from typing import NamedTuple

MAX_SECONDS = 5  # of this thread's CPU, to read a file
MAX_LENGTH = 65_535  # pixels of one side, JPEG's own limit
MAX_PAGES = 1000  # of one file

_READ_AGAIN = 4  # times its length that a file is read, at most
_MAX_SEGMENTS = 10_000  # of a JPEG: even 64 MB of notes are a thousand
_MAX_SCANNED = 3_000_000_000  # pixels times scans of a JPEG: 3 s; a progressive one has ten
_MAX_ENTRIES = 200_000  # of all directories of a TIFF
_MAX_VALUES = 1_000_000  # numbers in one directory of a TIFF: each strip or tile has two
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # no padding, no restart
_SCAN, _END = 0xDA, 0xD9
_EXIF = b"Exif\0\0"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SUBDIRECTORIES = (34665, 34853, 40965)  # EXIF, GPS, interoperability
_SUBFILE_TYPE, _TILE_WIDTH, _TILE_LENGTH = 254, 322, 323
_REDUCED = 1  # a bit of the subfile's type


class TooCostlyError(OSError):
    """A file that asks for more time or memory than a picture is worth."""


class BoundedFile(io.BytesIO):
    """A file in memory that ends the work of whoever reads it for too long, or too often."""

    def __init__(self, data):
        super().__init__(data)
        self._deadline = time.thread_time() + MAX_SECONDS
        self._left = _READ_AGAIN * len(data) + 1_000_000

    def read(self, size=-1, /):
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0 or time.thread_time() > self._deadline:
            raise TooCostlyError("it takes too long to read")
        return data


def is_tiff(data):
    """Whether bytes begin as a TIFF file does."""
    return bytes(data[:4]) in _TIFF_STARTS


def find_pages(data, max_pixels):
    """Places of a file's pages among its frames: a TIFF may hold thumbnails, too.

    Parameters
    ----------
    data : bytes
        Of any file; one that is no TIFF, or a damaged one, has one page.
    max_pixels : int
        That a tile may have.

    Returns
    -------
    frames : list of int

    Raises
    ------
    TooCostlyError
        If directories or tiles of a TIFF ask for too much.
    """
    frames = []
    for frame, directory in enumerate(walk_directories(data) if is_tiff(data) else ()):
        if directory.number(_TILE_WIDTH) * directory.number(_TILE_LENGTH) > max_pixels:
            raise TooCostlyError("its tiles are too large")
        if not directory.number(_SUBFILE_TYPE) & _REDUCED:
            frames.append(frame)
        if len(frames) > MAX_PAGES:
            raise TooCostlyError(f"it has more than {MAX_PAGES:,} pages: split it")
    return frames or [0]


def check_opened(data, image):
    """Refuse what a file that Pillow opened, but did not decode, would cost.

    Parameters
    ----------
    data : bytes
    image : PIL.Image.Image

    Raises
    ------
    TooCostlyError
    """
    if max(image.size) > MAX_LENGTH:
        raise TooCostlyError(f"one of its sides is longer than {MAX_LENGTH:,} pixels")
    if image.format in ("JPEG", "MPO"):
        n_scans = _count_scans(data)
        if n_scans * image.width * image.height > _MAX_SCANNED:
            raise TooCostlyError(f"it has {n_scans:,} scans")
    exif = image.info.get("exif", b"")
    while exif.startswith(_EXIF):
        exif = exif[len(_EXIF) :]
    if is_tiff(exif):
        for _ in walk_directories(exif):
            pass


def _count_scans(data):
    n_scans, start = 0, 2
    for _ in range(_MAX_SEGMENTS):
        marker = _MARKER.search(data, start)
        if marker is None or marker[0][1] == _END:
            return n_scans
        start = marker.end()
        n_scans += marker[0][1] == _SCAN
        start += int.from_bytes(data[start : start + 2])  # a scan's data have no such markers
    raise TooCostlyError(f"it has more than {_MAX_SEGMENTS:,} parts")


class Directory(NamedTuple):
    """A directory of a TIFF file: what one of its pages is."""

    order: str
    entries: dict[int, tuple[int, int, bytes]]  # tag: type, count, the value or where it is

    def number(self, tag):
        """The first number of a tag whose values stand in the directory; 0 without it."""
        kind, _, value = self.entries.get(tag, (0, 0, b""))
        code = {3: "H", 4: "I"}.get(kind)
        return 0 if code is None else struct.unpack_from(self.order + code, value)[0]


def walk_directories(data):
    """Go through the directories of a TIFF file, which are its pages and thumbnails.

    Parameters
    ----------
    data : bytes
        They may be damaged: then the directories before the damage are given.

    Yields
    ------
    directory : Directory

    Raises
    ------
    TooCostlyError
        If a directory holds millions of numbers, or the directories more than the file does.
    """
    order = "<" if data[:2] == b"II" else ">"
    is_big = 43 in data[2:4]
    count, entry, pointer = (
        struct.Struct(order + code)
        for code in (("Q", "HHQ8s", "Q") if is_big else ("H", "HHI4s", "I"))
    )
    n_left, bytes_left, seen = _MAX_ENTRIES, 2 * len(data), set()

    def read(at):
        """The entries of one directory, as far as there are any, and where the next one is."""
        seen.add(at)
        if at + count.size > len(data):
            return [], 0
        (n_entries,) = count.unpack_from(data, at)
        at += count.size
        n_here = min(n_entries, (len(data) - at) // entry.size)
        end = at + n_entries * entry.size
        found = [entry.unpack_from(data, at + i * entry.size) for i in range(min(n_here, n_left))]
        return found, 0 if end + pointer.size > len(data) else pointer.unpack_from(data, end)[0]

    (following,) = pointer.unpack_from(data.ljust(16, b"\0"), 8 if is_big else 4)
    while following and following not in seen:
        page, following = read(following)
        n_values, below = 0, [page]
        for found in below:  # which grows
            n_left -= len(found)
            n_values += sum(n for _, kind, n, _ in found if _SIZES.get(kind, 8) > 1)
            bytes_left -= sum(n * _SIZES.get(kind, 8) for _, kind, n, _ in found)
            if n_left <= 0 or bytes_left < 0 or n_values > _MAX_VALUES:
                raise TooCostlyError("its directories are larger than a picture's")
            places = [pointer.unpack(v)[0] for tag, *_, v in found if tag in _SUBDIRECTORIES]
            below += [read(place)[0] for place in places if place not in seen]
        yield Directory(order, {tag: (kind, n, value) for tag, kind, n, value in page})
