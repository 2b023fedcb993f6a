"""Made-up pictures that are no digits, for `novelty.py`.

Letters and symbols come from fonts that Matplotlib ships, scribbles and shapes are drawn with a
round pen. All are turned, sheared and zoomed a little and brought to rows by `DigitNormalizer`, so
that a classifier sees them as it sees a digit in a picture. Blanks are rows as they are.
"""

from functools import lru_cache
from pathlib import Path
from string import ascii_letters, ascii_lowercase, ascii_uppercase

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.interpolate import CubicSpline

from skdigits import DigitNormalizer

SIDE = 128
GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξοπρσςτυφχψω"
SYMBOLS = "?@#%*+=~^<>{}€¥±÷×¬∑√≠≈"  # noqa: RUF001
# Some hand writes a digit like each of these, so no score can be blamed for letting them pass.
DIGIT_LIKE = "BDGIJOPQSYZbdgijlopqsyz" + "ΘΦΣβδεζθιξορσςφ"
FONTS = ["DejaVuSans", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Italic"]
SCRIPT_FONT = "STIXGeneral"
FIRST_OF_SCRIPT = 0x1D4D0  # the mathematical script letters, nearest to a hand
CAPITALS_FIRST = ascii_uppercase + ascii_lowercase


def make_non_digits(n, seed=0):
    """Rows that hold no digit.

    Parameters
    ----------
    n : int
        Rows of each kind.
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    rows : dict of str to ndarray of shape (n, 784), uint8
    """
    rng = np.random.default_rng(seed)
    latin = [letter for letter in ascii_letters if letter not in DIGIT_LIKE]
    greek = [letter for letter in GREEK if letter not in DIGIT_LIKE]
    # Unicode has the capitals first.
    script = [chr(FIRST_OF_SCRIPT + CAPITALS_FIRST.index(letter)) for letter in latin]
    drawn = {
        "latin": lambda: draw_character(rng, latin),
        "greek": lambda: draw_character(rng, greek),
        "script": lambda: draw_character(rng, script, [SCRIPT_FONT]),
        "symbol": lambda: draw_character(rng, list(SYMBOLS)),
        "scribble": lambda: draw_strokes(rng, SCRIBBLES),
        "shape": lambda: draw_strokes(rng, SHAPES),
    }
    rows = {
        kind: np.stack([normalized(tilted(draw(), rng)) for _ in range(n)])
        for kind, draw in drawn.items()
    }
    return rows | {"blank": np.stack([draw_blank(rng) for _ in range(n)])}


def tilted(image, rng, *, degrees=10, zoom=0.1, shear=0.15):
    """The picture under a random affine map about its centre, as hands vary."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (
        turn @ [[1, rng.uniform(-shear, shear)], [0, 1]] @ np.diag(rng.uniform(-zoom, zoom, 2) + 1)
    )
    offset = (np.eye(2) - matrix) @ [SIDE / 2, SIDE / 2]
    data = np.column_stack([matrix, offset]).ravel().tolist()
    return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)


def normalized(image):
    return DigitNormalizer().normalize(np.asarray(image, np.float32) / 255).ravel()


@lru_cache
def open_font(name):
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"), 70)


def draw_character(rng, characters, fonts=FONTS):
    font, character = open_font(str(rng.choice(fonts))), str(rng.choice(characters))
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).text(
        (SIDE / 2, SIDE / 2), character, 255, font, "mm", stroke_width=int(rng.integers(3))
    )
    return image


def draw_strokes(rng, drawings):
    """One of the drawings, with a pen of random width."""
    strokes = drawings[rng.integers(len(drawings))](rng)
    image, width = Image.new("L", (SIDE, SIDE)), int(rng.integers(6, 16))
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [tuple(point) for point in (np.asarray(stroke) * 0.6 + 0.2) * SIDE]
        pen.line(points, 255, width, joint="curve")
        for end in (points[0], points[-1]):
            pen.circle(end, width / 2, 255)
    return image


def draw_blank(rng):
    """Nothing, an even grey, noise of any strength, specks or a gradient."""
    y, x = np.mgrid[-0.5:0.5:28j, -0.5:0.5:28j]
    image = [
        lambda: np.zeros((28, 28)),
        lambda: np.full((28, 28), rng.uniform(0.2, 1)),
        lambda: rng.random((28, 28)) * 10 ** rng.uniform(-2, 0),
        lambda: rng.random((28, 28)) < rng.uniform(0.005, 0.1),
        lambda: rng.normal() * x + rng.normal() * y,
    ][rng.integers(5)]()
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8).ravel()


# Drawings: functions of a generator to strokes of shape (n_points, 2) in the unit square, y down.


def curve(rng):
    """One smooth line through random points: through few, it may be a digit."""
    points = rng.uniform(0, 1, (rng.integers(6, 15), 2))
    at = np.arange(len(points))
    return [CubicSpline(at, points)(np.linspace(0, at[-1], 150)).clip(-0.2, 1.2)]


def zigzag(rng):
    n = rng.integers(5, 10)
    across, along = 0.5 + 0.3 * (-1) ** np.arange(n), np.linspace(0, 1, n)
    return [np.stack([along, across + rng.normal(0, 0.07, n)], axis=1)]


def spiral(rng):
    t = np.linspace(0.1, 1, 150)
    return [circle(rng.uniform(0, 1) + t * rng.uniform(2.2, 4), 0.5 * t)]


def loops(rng):
    t = np.linspace(0, 1, 150)
    return [circle(t * rng.uniform(3, 5), 0.25) + np.stack([0.8 * t - 0.4, 0 * t], axis=1)]


def hatching(rng):
    lines = [[[x, 0], [x, 1]] for x in np.linspace(0, 1, rng.integers(4, 7))]
    return np.array(lines) + rng.normal(0, 0.04, (len(lines), 2, 2))


def dashes(rng):
    return rng.uniform(0, 1, (rng.integers(4, 9), 2, 2))


def star(rng):
    """Two to four lines through one point: plus, cross and star."""
    n, start = rng.integers(2, 5), rng.uniform(0, 0.5)
    return [circle(start + k / n / 2 + np.array([0, 0.5]), 0.5) for k in range(n)]


def crossed_circle(rng):
    return [circle(np.linspace(0, 1, 60), 0.45), *star(rng)]


def polygon(rng):
    corners = rng.integers(3, 7)
    return [circle((np.arange(corners + 1) + rng.uniform(0, 1)) / corners, 0.5)]


def pentagram(rng):
    return [circle(rng.uniform(0, 1) + np.arange(6) * 2 / 5, 0.5)]


def house(rng):
    walls, roof = [[0.1, 0.4], [0.1, 1], [0.9, 1], [0.9, 0.4]], [[0, 0.5], [0.5, 0], [1, 0.5]]
    return [stroke + rng.normal(0, 0.03, (len(stroke), 2)) for stroke in (walls, roof)]


def smiley(rng):
    mouth = circle(np.linspace(0.1, 0.4, 20), rng.uniform(0.2, 0.28))
    eyes = [np.array([[x, 0.3], [x, 0.38]]) for x in (0.35, 0.65)]
    return [circle(np.linspace(0, 1, 60), 0.5), mouth, *eyes]


def arrow(rng):
    x, y = rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.4)
    strokes = [[[0, 0.5], [1, 0.5]], [[x, 0.5 - y], [1, 0.5], [x, 0.5 + y]]]
    quarter = np.linalg.matrix_power([[0, -1], [1, 0]], rng.integers(4))
    return [(np.array(stroke) - 0.5) @ quarter + 0.5 for stroke in strokes]


def grid(rng):
    lines = np.array([[[x, 0], [x, 1]] for x in np.linspace(0.2, 0.8, rng.integers(2, 4))])
    return [*lines, *lines[..., ::-1]]


def circle(turns, radius):
    """Points at angles, in turns, around the middle of the square."""
    angle = 2 * np.pi * np.asarray(turns)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return 0.5 + points * np.reshape(radius, (-1, 1))


SCRIBBLES = [curve, zigzag, spiral, loops, hatching, dashes]
SHAPES = [star, crossed_circle, polygon, pentagram, house, smiley, arrow, grid]
