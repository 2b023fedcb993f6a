"""Open any picture as grey ink on nothing.

A picture may be a file, bytes, a Pillow image, a NumPy array or the value of a drawing pad. What
comes out is always the same: how much ink each pixel holds, 0 where there is paper.
"""

import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

from skdigits._pictures import pdf
from skdigits._pictures.bounds import BoundedFile, TooCostlyError, check_opened
from skdigits._pictures.paper import judge_paper, lift_ink, reduce_to_judge
from skdigits._pictures.sources import MAX_BYTES, MAX_PIXELS, fetch, list_pages
from skdigits.exceptions import PagesWarning, PictureError

MAX_SIDE = 1280  # of the ink; a digit that is one fiftieth of the picture still has 25 pixels


# Pillow knows many more, and starts a program for one of them (PostScript).
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "GIF", "BMP", "PPM")
_KNOWN = "PNG, JPEG, TIFF, WebP, AVIF, GIF, BMP or PPM"
_REDUCIBLE = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F")  # by Pillow, without a palette
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Ink(NamedTuple):
    """The ink of one picture.

    Attributes
    ----------
    values : ndarray of shape (height, width), float32
        0 (paper) to 1 (full ink); all 0 when the picture holds no ink.
    size : tuple of (int, int)
        Width and height of the picture itself, turned as its EXIF says, in pixels.
    """

    values: np.ndarray
    size: tuple[int, int]

    @property
    def scale(self):
        """Picture pixels per ink pixel, as ``(x, y)``."""
        height, width = self.values.shape
        return self.size[0] / width, self.size[1] / height


def read_ink(picture, *, page=None, max_side=MAX_SIDE, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES):
    """Read a picture as ink.

    Paper, shadow and uneven light are what a closing wider than any stroke leaves; ink is what
    departs from it. Whether it is dark on light paper or light on dark is told by what surrounds
    the writing.

    Parameters
    ----------
    picture : str, path, bytes, file, PIL.Image.Image, ndarray or dict
        An array is ``(h, w)``, ``(h, w, 1)``, ``(h, w, 3)`` or ``(h, w, 4)``: bool, integer, or
        float from 0 to 1 or 0 to 255. A dict is a drawing pad's ``background``, ``layers`` and
        ``composite``; its ink is the alpha of the layers.
    page : int or None, default=None
        As of :func:`open_picture`.
    max_side : int, default=1280
        Larger pictures are reduced to this many pixels on the longer side.
    max_pixels, max_bytes : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    Ink

    Raises
    ------
    PictureError
        If the picture cannot be opened.
    """
    limits = {"max_side": max_side, "max_pixels": max_pixels, "max_bytes": max_bytes}
    if isinstance(picture, dict):
        picture, ink = _from_pad(picture, limits)
        if ink is not None:
            return ink
    image, size = open_picture(picture, page=page, **limits)
    alpha = None
    if image.mode == "RGBA":
        image, alpha = _split_alpha(image)
    return Ink(lift_ink(image) if alpha is None else alpha, size)


def read_grey(picture, *, page=None, max_side=2000, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES):
    """Read a picture as grey, in the channel in which ink shows best.

    Parameters
    ----------
    picture : str, path, bytes, file, PIL.Image.Image, ndarray or dict
        As for :func:`read_ink`; what was drawn on a pad comes as dark ink.
    page : int or None, default=None
        As of :func:`open_picture`.
    max_side : int, default=2000
        Larger pictures are reduced to this many pixels on the longer side.
    max_pixels, max_bytes : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    grey : ndarray of shape (height, width), uint8
    size : tuple of (int, int)
        Width and height of the upright picture itself, in pixels.
    inverted : bool
        Whether ink is probably light on dark.

    Raises
    ------
    PictureError
        If the picture cannot be opened.
    """
    limits = {"max_side": max_side, "max_pixels": max_pixels, "max_bytes": max_bytes}
    alpha = None
    if isinstance(picture, dict):
        picture, ink = _from_pad(picture, limits)
        if ink is not None:
            alpha, size = ink.values, ink.size
    if alpha is None:
        image, size = open_picture(picture, page=page, **limits)
        if image.mode == "RGBA":
            image, alpha = _split_alpha(image)
    if alpha is not None:
        return np.rint(255 * (1 - alpha)).astype(np.uint8), size, False
    channel, inverted, _ = judge_paper(reduce_to_judge(image))
    grey = image.convert("L") if channel is None else image.getchannel(channel)
    return np.asarray(grey), size, inverted


def open_picture(picture, *, page=None, max_side=None, max_pixels=MAX_PIXELS, max_bytes=MAX_BYTES):
    """Open a picture as an upright Pillow image of mode L, RGB or RGBA.

    Parameters
    ----------
    picture : str, path, bytes, file, PIL.Image.Image or ndarray
    page : int or None, default=None
        Page of a file that has several, such as a PDF or a scanner's TIFF. None opens the first,
        and warns of the others.
    max_side : int or None, default=None
        Reduce the picture to this many pixels on the longer side.
    max_pixels, max_bytes : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    image : PIL.Image.Image
    size : tuple of (int, int)
        Width and height of the upright picture before it was reduced.

    Raises
    ------
    PictureError
        If the picture cannot be opened.
    """
    is_ours = not isinstance(picture, Image.Image)
    if page not in (None, 1) and isinstance(picture, (np.ndarray, Image.Image)):
        raise PictureError(f"There is no page {page} of a {type(picture).__name__}, but of a file.")
    if isinstance(picture, np.ndarray):
        _check_pixels(picture.shape[:2], max_pixels)
        image = _image_from_array(picture)
    elif is_ours:
        image = _open_file(picture, page, max_pixels, max_bytes)
    else:
        image = picture
        _check_pending(image)
        _check_pixels(image.size, max_pixels)
    width, height = image.size
    if width < 1 or height < 1:
        raise PictureError(f"The picture is {width}x{height} pixels; it needs at least 1x1.")
    try:
        if is_ours and max_side and max(image.size) > max_side:
            image.draft(None, (max_side, max_side))  # a JPEG comes smaller by 2, 4 or 8, for free
        image.load()  # before its EXIF: a TIFF is turned by Pillow
        turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION))
        image = _reduced(image, max_side) if max_side else image.copy()
        image = _plain_mode(image)
        image = image if turn is None else image.transpose(turn)
    except PictureError:
        raise
    except Exception as error:  # decoders raise whatever they like on broken files
        raise PictureError(
            f"The picture could not be decoded ({str(error) or type(error).__name__}). The file is "
            "damaged or incomplete; save it again, as PNG or JPEG."
        ) from error
    is_turned = turn in (_UPRIGHT[5], _UPRIGHT[6], _UPRIGHT[7], _UPRIGHT[8])
    return image, ((height, width) if is_turned else (width, height))


def _check_pixels(size, max_pixels):
    if len(size) == 2 and size[0] * size[1] > max_pixels:
        raise PictureError(
            f"The picture has {size[0]}x{size[1]} pixels, more than the {max_pixels:,} allowed. "
            "Make it smaller, or raise max_pixels if you trust it."
        )


def _check_pending(image):
    """Refuse what the caller opened, but nobody decoded yet, if it cannot or may not be."""
    if not (isinstance(image, ImageFile.StubImageFile) or getattr(image, "tile", None)):
        return
    if image.format not in (*_FORMATS, "MPO"):
        raise PictureError(
            f"The picture is {image.format} and not decoded yet, which may run another program. "
            "If you trust it, call its load() first."
        )
    if image.fp is None:
        raise PictureError(
            "The picture is a closed image, whose pixels were never read. Call its load() before "
            "it is closed, or give its path."
        )


def _open_file(source, page, max_pixels, max_bytes):
    """Open a path, bytes or a file object, without decoding the pixels."""
    data, name = fetch(source, max_bytes)
    try:
        pages = list_pages(data, name, max_pixels)
        place = _choose_page(pages, 1 if page is None else page, name)
        if pdf.is_pdf(data):
            image = pdf.draw_page(data, name, place)
        else:
            image = Image.open(BoundedFile(data), formats=_FORMATS)
            if place:
                image.seek(place)
            image.info.pop("Raw profile type exif", None)  # of any size; nobody writes it any more
            check_opened(data, image)
        _check_pixels(image.size, max_pixels)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(
            f"The picture has far too many pixels ({error}). Make it smaller."
        ) from error
    except TooCostlyError as error:
        raise PictureError(
            f"{name} is not read: {error}. Save it again, as PNG or JPEG."
        ) from error
    except Exception as error:
        raise PictureError(
            f"{name} is not a picture that can be read ({len(data):,} bytes{_hint(data)}). "
            f"Give a {_KNOWN} file."
        ) from error
    if page is None and len(pages) > 1:
        warnings.warn(
            f"{name} has {len(pages)} pages, and only the first is read. "
            "DigitReader.read_many reads them all, read(..., page=2) another one.",
            PagesWarning,
            stacklevel=4,
        )
    return image


def _choose_page(pages, page, name):
    if not 1 <= page <= len(pages):
        raise PictureError(f"{name} has no page {page}: its pages are 1 to {len(pages)}.")
    return pages[page - 1]


def _hint(data):
    """What else the bytes may be, for a message."""
    starts = {b"%!PS": "PostScript", b"<svg": "an SVG", b"\xff\x0a": "JPEG XL"}
    if data[4:8] == b"ftyp":  # whatever the telephone calls its brand
        return ", HEIC or a film"
    return "".join(f", {kind}" for start, kind in starts.items() if data.startswith(start))


def _image_from_array(array):
    """Turn pixels of any usual type into a Pillow image."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PictureError(
            f"A picture array has shape (h, w), (h, w, 1), (h, w, 3) or (h, w, 4); got "
            f"{array.shape}."
        )
    if array.dtype.kind not in "buif":
        raise PictureError(f"A picture array holds numbers; got dtype {array.dtype}.")
    if array.dtype == np.uint8:
        return Image.fromarray(np.ascontiguousarray(array))
    values = array.astype(np.float32)  # a copy, and the only one: it may have 320 MB
    if not np.isfinite(values).all():
        raise PictureError(
            f"{np.count_nonzero(~np.isfinite(values)):,} of the picture's {values.size:,} values "
            "are NaN or infinite. Replace them by the paper's value."
        )
    low, high = float(values.min()), float(values.max())
    if low < 0:
        values -= low
        high -= low
    if array.dtype == bool or (array.dtype.kind == "f" and high <= 1):
        full = 1.0
    elif high <= 255:
        full = 255.0
    else:
        full = max(high, 65535.0) if array.dtype.kind in "ui" else high
    values *= 255.0 / full
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def _reduced(image, max_side):
    """Return a copy of an image, not larger than asked for."""
    factor = max(image.size) // max_side
    reduced = image.reduce(factor) if factor > 1 and image.mode in _REDUCIBLE else image.copy()
    if max(reduced.size) > max_side:
        reduced = _plain_mode(reduced)
        reduced.thumbnail((max_side, max_side), Image.Resampling.BOX)
    return reduced


def _plain_mode(image):
    """Convert an image of any mode to L, RGB or RGBA."""
    if image.mode.startswith(("I", "F")):
        image = _image_from_array(np.asarray(image))
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _split_alpha(image):
    """Return ``(image, None)``, opaque, or ``(None, ink)`` where the alpha itself is the ink."""
    low, high = image.getchannel("A").getextrema()
    if low > 250:
        return image.convert("RGB"), None
    pixels = np.asarray(image)
    alpha = pixels[:, :, 3]
    if high < 8:
        return None, np.zeros(alpha.shape, np.float32)
    solid = pixels[alpha > high // 2][:, :3]
    colour = np.median(solid[:: max(1, len(solid) // 10_000)], axis=0)
    # One colour on nothing is a pen's stroke; several colours are a picture with a cut-out shape.
    # A stroke never fills its picture, a sheet with transparent corners does.
    same = np.abs(solid.astype(np.int16) - colour.astype(np.int16)).max(axis=1) < 48
    if same.mean() > 0.9 and len(solid) < 0.75 * alpha.size:
        return None, alpha.astype(np.float32) / np.float32(high)
    paper = Image.new("RGBA", image.size, (*(int(c) for c in colour), 255))
    return Image.alpha_composite(paper, image).convert("RGB"), None


def _from_pad(pad, limits):
    """Return ``(None, ink)`` for what was drawn, or ``(picture, None)`` for what lies under it."""
    if not pad or set(pad) - {"background", "layers", "composite"}:
        raise PictureError(
            f"A drawing pad's dict has the keys background, layers and composite; got "
            f"{sorted(map(str, pad)) or 'none'}."
        )
    alpha, size = None, None
    for layer in pad.get("layers") or []:
        if layer is None:
            continue
        if not isinstance(layer, (np.ndarray, Image.Image)):
            layer, _ = open_picture(layer, **limits | {"max_side": None})
        if isinstance(layer, np.ndarray) and layer.dtype == np.uint8 and layer.shape[2:] == (4,):
            layer = layer[:, :, 3]  # the other three quarters need not be looked at
        elif isinstance(layer, np.ndarray) or layer.mode != "RGBA":
            continue  # a layer without alpha does not say what was drawn
        else:
            layer = layer.getchannel("A")
        band, band_size = open_picture(layer, **limits)
        if alpha is None or band_size == size:
            pixels = np.asarray(band)
            alpha, size = (pixels if alpha is None else np.maximum(alpha, pixels)), band_size
    background, composite = pad.get("background"), pad.get("composite")
    drawn = alpha is not None and alpha.max() >= 8
    under = background if composite is None else composite
    if under is not None and not (drawn and _is_plain(background, limits)):
        return under, None
    if alpha is None:
        raise PictureError("The drawing pad holds no picture: its values are all None or empty.")
    ink = alpha.astype(np.float32) / np.float32(255) if drawn else np.zeros(alpha.shape, np.float32)
    return None, Ink(ink, size)


def _is_plain(background, limits):
    """Whether a drawing pad's background is one even colour, and no picture to read."""
    if background is None:
        return True
    image, _ = open_picture(background, **limits | {"max_side": 64})
    low, high = image.convert("L").getextrema()
    return high - low <= 16
