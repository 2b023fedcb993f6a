"""Write digits, signs and letters by hand, or print them: ink to be put on a sheet."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from skdigits.datasets._pen import draw_strokes

# Strokes of signs in a unit square, y down.
_SIGNS = {
    "-": [[(0.05, 0.5), (0.95, 0.5)]],
    "+": [[(0, 0.5), (1, 0.5)], [(0.5, 0), (0.5, 1)]],
    "x": [[(0.05, 0.05), (0.95, 0.95)], [(0.95, 0.05), (0.05, 0.95)]],
    "=": [[(0, 0.32), (1, 0.32)], [(0, 0.68), (1, 0.68)]],
    "/": [[(0.2, 1.05), (0.75, -0.05)]],
    "(": [[(0.6, -0.1), (0.42, 0.2), (0.36, 0.5), (0.42, 0.8), (0.6, 1.1)]],
    ")": [[(0.4, -0.1), (0.58, 0.2), (0.64, 0.5), (0.58, 0.8), (0.4, 1.1)]],
    "[": [[(0.6, -0.1), (0.3, -0.1), (0.3, 1.1), (0.6, 1.1)]],
    "]": [[(0.4, -0.1), (0.7, -0.1), (0.7, 1.1), (0.4, 1.1)]],
    "÷": [[(0, 0.5), (1, 0.5)], [(0.5, 0.15), (0.5, 0.18)], [(0.5, 0.82), (0.5, 0.85)]],
    ":": [[(0.5, 0.3), (0.5, 0.33)], [(0.5, 0.8), (0.5, 0.83)]],
    "*": [[(0.5, 0.1), (0.5, 0.9)], [(0.1, 0.3), (0.9, 0.7)], [(0.1, 0.7), (0.9, 0.3)]],
    "<": [[(0.9, 0.1), (0.1, 0.5), (0.9, 0.9)]],
    ">": [[(0.1, 0.1), (0.9, 0.5), (0.1, 0.9)]],
    "#": [
        [(0.3, 0), (0.25, 1)],
        [(0.7, 0), (0.65, 1)],
        [(0, 0.33), (1, 0.33)],
        [(0, 0.67), (1, 0.67)],
    ],
    "$": [
        [(0.9, 0.2), (0.7, 0.06), (0.4, 0.04), (0.13, 0.18), (0.15, 0.36), (0.45, 0.48)],
        [(0.45, 0.48), (0.8, 0.6), (0.9, 0.76), (0.7, 0.94), (0.35, 0.96), (0.08, 0.8)],
        [(0.5, -0.12), (0.5, 1.12)],
    ],
    "€": [
        [(0.95, 0.15), (0.65, 0), (0.35, 0.15), (0.22, 0.5), (0.35, 0.85), (0.65, 1), (0.95, 0.85)],
        [(0, 0.4), (0.7, 0.4)],
        [(0, 0.6), (0.7, 0.6)],
    ],
    ".": [[(0.5, 0.5), (0.51, 0.52)]],
    ",": [[(0.6, 0.1), (0.55, 0.6), (0.2, 1)]],
}
SIGNS = "".join(_SIGNS)
# Height and width in heights of the digits, and how far the middle lies below theirs.
_SIZES = {
    ".": ((0.06, 0.06), (0.06, 0.06), (0.44, 0.44)),
    ",": ((0.18, 0.32), (0.1, 0.18), (0.5, 0.5)),
    "-": ((0.15, 0.15), (0.3, 0.8), (-0.05, 0.1)),
    "=": ((0.4, 0.7), (0.4, 0.8), (0, 0.1)),
    **dict.fromkeys("$€", ((0.8, 1.3), (0.45, 0.75), (-0.05, 0.1))),
    **dict.fromkeys("()[]/", ((0.9, 1.3), (0.6, 0.6), (0, 0))),
}
_FINE = 96  # pixels of the height at which a fine pen is drawn
_BLOT = 0.12  # of the height: half the width of strokes from which they are none
_USUAL_SIZE = (0.35, 0.8), (0.35, 0.8), (-0.05, 0.15)


class Ink(NamedTuple):
    """Ink of one thing, and how far its middle lies below that of the digits beside it."""

    values: np.ndarray
    drop: float


@dataclass(frozen=True)
class Hand:
    """The way in which one line is written.

    Attributes
    ----------
    digits : list of 10 lists of ndarray
        Pictures of each digit, cut to their ink.
    shear, turn : float
        Horizontal shift per pixel; radians.
    aspect : float
        Stretches the width.
    sharpness, level : float
        How steeply a stroke's edge rises, and where: a low level makes bold strokes.
    felt : float
        How much wider than in the pictures a felt pen makes strokes, in heights of the digits.
    fine : float or None
        Width of the strokes of a fine pen, in heights of the digits.
    pen : float
        Width of the strokes of signs, in heights of the digits.
    darkness : float
        0 leaves no trace, 1 is black.
    """

    digits: list
    shear: float
    turn: float
    aspect: float
    sharpness: float
    level: float
    felt: float
    fine: float | None
    pen: float
    darkness: float


class Scribe:
    """Writes with the pictures and fonts that it is given.

    Parameters
    ----------
    collections : list of (list of 10 lists of ndarray)
        Pictures of digits, cut to their ink, uint8: one list for each digit in each collection.
    letters : list of ndarray, default=()
        Pictures of letters that look like no digit, cut to their ink.
    fonts : list of path, default=()
        Files of fonts to print with; none prints with Pillow's own.
    fine : float, default=0.0
        Share of the hands that write with a fine pen; some of their digits are hard to read.
    """

    def __init__(self, collections, letters=(), fonts=(), fine=0.0):
        self.collections, self.letters, self.fonts, self.fine = collections, letters, fonts, fine

    def take_hand(self, rng):
        """A hand drawn at random."""
        pale, is_felt, is_askew, is_fine = rng.random(4) < (0.35, 0.12, 0.06, self.fine)
        felt = rng.uniform(0.03, 0.12) if is_felt else 0.0
        fine = rng.uniform(0.03, 0.07) if is_fine and not is_felt else None
        return Hand(
            digits=self.collections[rng.integers(len(self.collections))],
            shear=rng.normal(0, 0.15),
            turn=rng.normal(0, 0.25 if is_askew else 0.07),
            aspect=rng.uniform(0.8, 1.2),
            sharpness=rng.uniform(1, 6),
            level=rng.uniform(0.2, 0.55),
            felt=felt,
            fine=fine,
            pen=fine or rng.uniform(0.06, 0.15) + felt,
            darkness=rng.uniform(0.15, 0.5) if pale else rng.uniform(0.5, 1),
        )

    def write_digit(self, digit, height, hand, rng):
        """Ink of a digit of this height in pixels; None if nothing is left of it."""
        if digit == 1 and rng.random() < 0.25:  # most hands' 1 is one stroke
            lean = rng.normal(0, 0.12)
            stroke = [(0.5 + lean, 0), (0.5 + rng.normal(0, 0.03), 0.5), (0.5 - lean, 1)]
            return Ink(_draw([stroke], height, height - 2, hand.pen * height), 0.0)
        pictures = hand.digits[digit]
        return self._shape(pictures[rng.integers(len(pictures))], height, hand, rng)

    def write_letter(self, height, hand, rng):
        """Ink of a letter; None if there are none."""
        if not len(self.letters):
            return None
        letter = self.letters[rng.integers(len(self.letters))]
        ink = self._shape(letter, height * rng.uniform(0.6, 1.1), hand, rng)
        return ink and ink._replace(drop=0.05)

    def write_sign(self, sign, height, hand, rng):
        """Ink of a sign beside digits of this height."""
        heights, widths, drops = _SIZES.get(sign, _USUAL_SIZE)
        pen = hand.pen * (rng.uniform(1, 1.8) if sign == "." else 1)
        strokes = [
            [(x + rng.normal(0, 0.04), y + rng.normal(0, 0.04)) for x, y in stroke]
            for stroke in _SIGNS[sign]
        ]
        values = _draw(
            strokes, height * rng.uniform(*widths), height * rng.uniform(*heights), pen * height
        )
        return Ink(values, rng.uniform(*drops))

    def take_font(self, height, rng):
        """A font whose digits are about so high."""
        size = max(6, round(height * 1.35))
        if not len(self.fonts):
            return ImageFont.load_default(size)
        return ImageFont.truetype(self.fonts[rng.integers(len(self.fonts))], size)

    def _shape(self, picture, height, hand, rng):
        """A picture as this hand would write it."""
        image = Image.fromarray(picture)
        shear, turn = hand.shear + rng.normal(0, 0.05), hand.turn + rng.normal(0, 0.05)
        image = _bent(image, shear, turn)
        box = image.getbbox()
        if box is None:
            return None
        image = image.crop(box)
        width = image.width * height / image.height
        if image.width > 0.35 * image.height:
            width *= hand.aspect * rng.uniform(0.92, 1.08)
        if hand.fine is not None:
            image = _with_fine_pen(image, hand.fine)
        size = max(2, round(width)), max(3, round(height))
        values = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32) / 255
        if hand.sharpness > 1.3 and hand.fine is None:
            values = np.clip((values - hand.level) * hand.sharpness + 0.5, 0, 1)
        wider = round(hand.felt * height)
        if wider > 1:
            values = ndimage.grey_dilation(np.pad(values, wider // 2), size=(wider, wider))
        return Ink(values, rng.normal(0, 0.04)) if values.max() > 0.5 else None


def find_fonts(folder):
    """Paths of the font files below a folder that have digits, in the order of their names."""
    return [path for path in sorted(map(str, folder.rglob("*.[ot]tf"))) if _has_digits(path)]


def _has_digits(path):
    try:
        font = ImageFont.truetype(path, 40)
    except OSError:
        return False
    return all(font.getbbox(digit) != font.getbbox("\uffff") for digit in "0123456789")


def print_character(character, font):
    """Ink of a printed character, and its top relative to that of the line; None if it has none."""
    box = font.getbbox(character)
    image = Image.new("L", (max(1, int(box[2] - box[0]) + 2), max(1, int(box[3] - box[1]) + 2)))
    ImageDraw.Draw(image).text((1 - box[0], 1 - box[1]), character, 255, font)
    crop = image.getbbox()
    if crop is None:
        return None
    return np.asarray(image.crop(crop), np.float32) / 255, box[1] + crop[1] - 1


def scribble(size, rng):
    """Ink of a zigzag of many strokes, about so large."""
    points = rng.random((rng.integers(5, 12), 2))
    return _draw([points], size, size * rng.uniform(0.3, 1), rng.uniform(1, 4))


def sketch(size, rng):
    """Ink of a drawing of lines, boxes, ellipses and arcs, about so large."""
    strokes = []
    for _ in range(rng.integers(3, 10)):
        kind, x, y = rng.random(3)
        width, height = rng.uniform(0.05, 0.5, 2)
        if kind < 0.4:
            strokes.append(rng.random((rng.integers(2, 4), 2)))
        elif kind < 0.6:
            corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
            strokes.append((x, y) + np.array(corners) * (width, height))
        else:
            start, length = rng.uniform(0, 6.3), 6.3 if kind < 0.8 else rng.uniform(1.5, 5)
            angle = start + np.linspace(0, length, 16)
            strokes.append(
                (x, y) + np.column_stack([np.cos(angle), np.sin(angle)]) * (width, height)
            )
    turn = rng.uniform(0, 6.3)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return _draw([stroke @ turned for stroke in strokes], size, size, rng.uniform(0.7, 3))


def _bent(image, shear, turn):
    """The picture turned and sheared about its middle, on a sheet that holds all of it."""
    forth = np.array([[np.cos(turn), np.sin(turn) + shear], [-np.sin(turn), np.cos(turn)]])
    back = np.linalg.inv(forth)
    size = np.array(image.size)
    new = (np.abs(forth) @ size).astype(int) + 3
    offset = size / 2 - back @ (new / 2)
    data = np.column_stack([back, offset]).ravel().tolist()
    return image.transform(
        tuple(new.tolist()), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR
    )


def _with_fine_pen(image, pen):
    """The middle of the strokes of a picture, so wide in heights of the picture."""
    size = max(4, round(_FINE * image.width / image.height)), _FINE
    ink = np.asarray(image.resize(size, Image.Resampling.BICUBIC)) > 115
    depth = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    reach = np.quantile(depth[ink], 0.85) if ink.any() else np.inf
    if reach > _BLOT * _FINE:  # a blot has no middle
        return image
    middle = ndimage.maximum_filter(depth, 2 * int(np.ceil(reach)) + 1)
    line = np.clip(depth - middle + pen * _FINE / 2 + 0.5, 0, 1) * ink
    return Image.fromarray((255 * line).astype(np.uint8))


def _draw(strokes, width, height, pen):
    """Ink of strokes given in a unit square, drawn finer and reduced."""
    finer = 4 if max(width, height) < 80 else 2
    pen = max(1, round(max(1.0, pen) * finer))
    scale = np.array([width, height]) * finer
    points = [np.asarray(stroke, float) * scale for stroke in strokes]
    low = np.min([p.min(axis=0) for p in points], axis=0) - pen
    high = np.max([p.max(axis=0) for p in points], axis=0) + pen
    size = np.ceil(high - low).astype(int) + 1
    image = draw_strokes([p - low for p in points], pen, int(max(size)))
    image = image.crop((0, 0, int(size[0]), int(size[1])))
    reduced = max(1, round(image.width / finer)), max(1, round(image.height / finer))
    return np.asarray(image.resize(reduced, Image.Resampling.BOX), np.float32) / 255
