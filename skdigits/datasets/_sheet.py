"""A sheet of paper: what is printed on it, how it is lit, and how it is photographed."""

import io

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage, special


class Sheet:
    """Brightness of a page, on which things are put one after the other.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.

    Attributes
    ----------
    page : ndarray of shape (height, width), float32
        1 is blank paper, 0 is black.
    """

    def __init__(self, shape):
        self.page = np.ones(shape, np.float32)

    def put(self, ink, left, top, darkness):
        """Darken the page by ink at a place.

        Returns
        -------
        box : tuple of (int, int, int, int) or None
            Left, top, right and bottom, which may hang over the edge; None if all is outside.
        """
        left, top = round(left), round(top)
        height, width = self.page.shape
        right, bottom = left + ink.shape[1], top + ink.shape[0]
        x0, y0, x1, y1 = max(0, left), max(0, top), min(width, right), min(height, bottom)
        if x0 >= x1 or y0 >= y1:
            return None
        self.page[y0:y1, x0:x1] *= 1 - darkness * ink[y0 - top : y1 - top, x0 - left : x1 - left]
        return left, top, right, bottom

    def rule(self, segments, width, darkness):
        """Draw straight lines (x0, y0, x1, y1)."""
        height, page_width = self.page.shape
        image = Image.new("L", (2 * page_width, 2 * height))
        pen = ImageDraw.Draw(image)
        for segment in segments:
            pen.line([2 * float(v) for v in segment], 255, max(1, round(2 * width)))
        self.page *= 1 - darkness * np.asarray(image.reduce(2), np.float32) / 255

    def draw_paper(self, rng):
        """Ruled, squared, patterned or grained paper, or plain."""
        kind = rng.random()
        angle, darkness, width = rng.normal(0, 0.03), rng.uniform(0.08, 0.7), rng.uniform(0.5, 2)
        if kind < 0.25:
            lines = self._parallels(rng.uniform(14, 70), angle, rng)
            if rng.random() < 0.3:
                lines += self._parallels(1e4, angle, rng, upright=True)
            self.rule(lines, width, darkness)
        elif kind < 0.33:
            step = rng.uniform(10, 40)
            lines = self._parallels(step, angle, rng)
            lines += self._parallels(step, angle, rng, upright=True)
            self.rule(lines, width, 0.7 * darkness)
        elif kind < 0.45:
            self._print_waves(rng)
        elif kind < 0.7:
            self._add_grain(rng)

    def shine_through(self, back, rng):
        """Let the writing of another sheet show from behind, mirrored, pale and soft."""
        ink = ndimage.gaussian_filter(1 - back.page[:, ::-1], rng.uniform(0.8, 2.5))
        self.page *= 1 - rng.uniform(0.03, 0.2) * ink

    def _parallels(self, step, angle, rng, upright=False):
        height, width = self.page.shape
        across, along = (width, height) if upright else (height, width)
        places = np.arange(rng.uniform(0, min(step, across)), across + step, step)
        lean = angle * along / 2
        if upright:
            return [(v + lean, -5, v - lean, along + 5) for v in places]
        return [(-5, v - lean, along + 5, v + lean) for v in places]

    def _print_waves(self, rng):
        """A pattern as it is printed on cheques."""
        y, x = np.indices(self.page.shape, np.float32)
        a, b = rng.uniform(0.05, 0.8, 2)
        waves = np.sin(a * x + 2 * np.sin(b * y + rng.uniform(0, 6)))
        waves *= np.sin(rng.uniform(-0.5, 0.5) * x + rng.uniform(0.1, 0.8) * y)
        self.page *= 1 - rng.uniform(0.03, 0.3) * (waves > rng.uniform(-0.3, 0.7))

    def _add_grain(self, rng):
        height, width = self.page.shape
        grain = np.zeros(self.page.shape, np.float32)
        for cell in (2, 4, 8, 16):
            shape = height // cell + 2, width // cell + 2
            coarse = Image.fromarray(rng.normal(0, 1, shape).astype(np.float32))
            grain += rng.random() ** 2 * np.asarray(coarse.resize((width, height)))
        self.page *= np.clip(1 + rng.uniform(0.01, 0.1) * grain, 0.2, 1.2)


def photograph(page, rng, damage=1.0, covered=0.12):
    """Take a picture of a page: uneven light, a table's edge, blur, noise and compression.

    Parameters
    ----------
    page : ndarray of shape (height, width), float32
        As of :class:`Sheet`.
    rng : numpy.random.Generator
    damage : float, default=1.0
        How bad it may become, up to 1, where some of the writing can no longer be read.
    covered : float, default=0.12
        How often a table covers one side of a page in the worst condition.

    Returns
    -------
    image : ndarray of shape (height, width), uint8
    hidden : ndarray of shape (height, width), bool
        Where nothing of the page can be seen.
    """
    page = _lit(page, rng)
    page, hidden = _beside_the_table(page, rng, covered * damage)
    image = _blurred(page, rng, damage)
    low, high = rng.uniform(0, 0.15), rng.uniform(0.4, 1)
    image = low + (high - low) * image
    if rng.random() < 0.7:
        noise = rng.normal(0, rng.uniform(0.003, 0.003 + 0.057 * damage), image.shape)
        if rng.random() < 0.5:
            noise = 2 * ndimage.uniform_filter(noise, 2)
        image = image + noise
    if rng.random() < 0.1 * damage:
        specks = rng.random(image.shape) < rng.uniform(0.001, 0.02)
        image = np.where(specks, rng.random(), image)
    if rng.random() < 0.1 * damage:  # scanned in black and white
        paper = np.median(image)
        black = image < paper * rng.uniform(0.6, 0.9)
        hidden = hidden | ((np.abs(image - paper) > 0.1 * paper) & ~black)
        image = 1.0 - black
    grey = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    if rng.random() < 0.4:
        stream = io.BytesIO()
        Image.fromarray(grey).save(stream, "JPEG", quality=int(rng.integers(25, 90)))
        grey = np.asarray(Image.open(stream))
    return grey, hidden


def _lit(page, rng):
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in page.shape)

    def towards(angle):
        return np.float32(np.cos(angle)) * x[None] + np.float32(np.sin(angle)) * y[:, None]

    if rng.random() < 0.4:
        page = page * (1 + np.float32(rng.uniform(0, 0.5)) * towards(rng.uniform(0, 6.3)))
    if rng.random() < 0.15:
        side = towards(rng.uniform(0, 6.3)) - rng.uniform(-0.3, 0.3)
        shadow = special.expit(side / rng.uniform(0.005, 0.1))
        page = page * (1 - rng.uniform(0.1, 0.6) * shadow)
    return page.astype(np.float32)


def _beside_the_table(page, rng, share):
    """Cover one side by what the sheet lies on."""
    hidden = np.zeros(page.shape, bool)
    if rng.random() < share:
        angle = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.1)
        y, x = (np.linspace(-0.5, 0.5, side) for side in page.shape)
        hidden = np.cos(angle) * x[None] + np.sin(angle) * y[:, None] > rng.uniform(0.25, 0.5)
        table = rng.uniform(0, 0.6) + rng.normal(0, 0.05, page.shape)
        page = np.where(hidden, table, page).astype(np.float32)
    return page, hidden


def _blurred(page, rng, damage):
    kind = rng.random()
    if kind < 0.5:
        return ndimage.gaussian_filter(page, rng.uniform(0.3, 0.3 + damage))
    if kind < 0.5 + 0.15 * damage:
        height, width = page.shape
        factor = rng.uniform(1.2, 2.2)
        small = max(8, int(width / factor)), max(8, int(height / factor))
        image = Image.fromarray(page).resize(small, Image.Resampling.BOX)
        return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    return page
