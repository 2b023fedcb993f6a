"""The parts of a made-up page: lines of numbers, tables, printed words, clutter."""

from typing import NamedTuple

import numpy as np

from skdigits.datasets._scribe import print_character, scribble, sketch

PRINTED = "abcdefghijkmnprtuvwxyACEFGHKLMNPRTUVWXY"  # what looks like no digit
LETTER = "@"  # stands for any letter
MONEY = ["$", "€", "£", "#", "%", "&"]  # printed before a number or after it
STARTS = ["$", "$", "$", "€", "#", "*", "**", "=", "-", ""]  # what is written before an amount
ENDS = ["#", "*", "**", "=", "-", ".-", "/-", "--", ""]  # what follows an amount


class Mark(NamedTuple):
    """One thing on a page.

    Attributes
    ----------
    label : str
        "0" to "9", "-", ".", ",", "other" for other signs and letters, "lost" for a digit that
        cannot be seen.
    box : tuple of (int, int, int, int)
        Left, top, right and bottom in pixels.
    size : float
        Height of the digits that it stands among.
    """

    label: str
    box: tuple[int, int, int, int]
    size: float


class Writer:
    """Puts text on a sheet and remembers where.

    Parameters
    ----------
    sheet : Sheet
    scribe : Scribe
    rng : numpy.random.Generator
    right : float, default=inf
        Where a line of writing ends: what does not fit is not written.

    Attributes
    ----------
    marks : list of Mark
    """

    def __init__(self, sheet, scribe, rng, right=np.inf):
        self.sheet, self.scribe, self.rng, self.right = sheet, scribe, rng, right
        self.marks = []
        self.take_hand()

    def take_hand(self):
        """Go on in another hand."""
        self.hand = self.scribe.take_hand(self.rng)

    def write(self, text, x, y, height, *, slope=0.0, gap=None, centred=False):
        """Write text from x on, its middle at y; gives the place where it ends.

        If centred, the middle of the text is at x.
        """
        rng = self.rng
        gap = draw_gap(rng) if gap is None else gap
        inks = []
        for character in text:
            if character == " ":
                inks.append((character, None, 0.0, height * rng.uniform(0.6, 1.2)))
            elif (ink := self._ink(character, height * rng.normal(1, 0.07))) is not None:
                step = ink[0].shape[1] + height * (gap + rng.normal(0, 0.05))
                inks.append((character, *ink, step))
        if centred:
            x -= sum(step for *_, step in inks) / 2 - height * gap / 2
        for character, values, drop, step in inks:
            if values is None:
                x += step
                continue
            if x + values.shape[1] > self.right:
                break
            top = y + drop * height - values.shape[0] / 2
            box = self.sheet.put(values, x, top, self.hand.darkness)
            if box is not None:
                size = box[3] - box[1] if character.isdigit() else height
                self.marks.append(Mark(_label(character), box, size))
            x, y = x + step, y + slope * step
        return x, y

    def _ink(self, character, height):
        if character.isdigit():
            return self.scribe.write_digit(int(character), height, self.hand, self.rng)
        if character == LETTER:
            return self.scribe.write_letter(height, self.hand, self.rng)
        return self.scribe.write_sign(character, height, self.hand, self.rng)

    def print(self, text, x, y, height, darkness):
        """Print text from x on, its base line at y; gives the x where it ends."""
        font = self.scribe.take_font(height, self.rng)
        for character in text:
            printed = print_character(character, font)
            if printed is None:
                continue
            values, top = printed
            box = self.sheet.put(values, x, y + top - 0.8 * height, darkness)
            tall = values.shape[0]
            if box is not None and (character.isdigit() or tall > 0.5 * height):
                self.marks.append(Mark(_label(character), box, tall))
            x += values.shape[1] + max(1, 0.08 * height)
        return x

    def clutter(self, height):
        """What is on pages besides writing: drawings, underlines, bars, a digit far too large."""
        rng, (page_height, width) = self.rng, self.sheet.page.shape
        for _ in range(rng.integers(1, 4)):
            kind, darkness = rng.random(), rng.uniform(0.2, 1)
            x, y = rng.uniform(0, width), rng.uniform(0, page_height)
            thickness = rng.uniform(0.7, 3)
            if kind < 0.4:
                draw, largest = (scribble, 3) if kind < 0.2 else (sketch, 6)
                size = height * rng.uniform(0.4, largest)
                ink = draw(size, rng)
                self.sheet.put(ink, x - size / 2, y - size / 2, darkness)
            elif kind < 0.6:
                end = x + width * rng.uniform(0.2, 1), y + rng.normal(0, 4)
                self.sheet.rule([(x - width / 2, y, *end)], thickness, darkness)
            elif kind < 0.7:
                end = x + rng.normal(0, 4), 1.1 * page_height
                self.sheet.rule([(x, y - page_height / 2, *end)], thickness, darkness)
            elif kind < 0.85:
                self.take_hand()
                tall = rng.uniform(90, 300)
                self.write(str(rng.integers(10)), x - tall / 2, y, tall)
            else:
                bars = x + np.cumsum(rng.uniform(2, 6, rng.integers(6, 16)))
                self.sheet.rule([(v, y, v, y + 2.2 * height) for v in bars], thickness, darkness)


def _label(character):
    return character if character.isdigit() or character in "-.," else "other"


def draw_gap(rng):
    """Distance of two digits in heights of a digit; below 0 they touch."""
    return rng.normal(-0.06, 0.08) if rng.random() < 0.3 else rng.normal(0.16, 0.11)


def random_digits(n, rng):
    """Text of n digits."""
    return "".join(map(str, rng.integers(0, 10, n)))


def random_number(rng):
    """A number as people write it, now and then with separators, signs or letters."""
    lengths, weights = [1, 2, 3, 4, 5, 6, 8], [0.12, 0.22, 0.2, 0.18, 0.12, 0.1, 0.06]
    text = random_digits(rng.choice(lengths, p=weights), rng)
    if rng.random() < 0.15:  # round amounts end in zeros, often joined
        text = text[0] + "0" * (len(text) - 1)
    kind, n = rng.random(), len(text)
    if kind < 0.12 and n > 1:
        k = rng.integers(1, n)
        text = text[:k] + str(rng.choice(list(".,-/:"))) + text[k:]
    elif kind < 0.2 and n > 3:
        text = text[:-3] + str(rng.choice(list(",. "))) + text[-3:]
    elif kind < 0.24:
        text = "-" + text
    elif kind < 0.28:
        text += str(rng.choice(["/-", "-", "=", LETTER, "/", "*", ".-"]))
    elif kind < 0.42:  # an amount on a cheque, with something before and after it
        text = f"{rng.choice(STARTS)}{text}{rng.choice(ENDS)}"
    elif kind < 0.46:
        text = LETTER * rng.integers(1, 4) + str(rng.choice(["", " ", ":", "."])) + text
    return text


def random_print(rng):
    """Words and numbers to be printed."""
    if rng.random() > 0.35:
        return random_word(rng)
    sign = str(rng.choice(MONEY)) if rng.random() < 0.4 else ""
    number = random_digits(rng.integers(2, 9), rng)
    return sign + number if rng.random() < 0.7 else number + sign


def random_sum(rng):
    """Numbers with signs between them."""
    signs = list("+-x=÷()*/<>[]" + LETTER)
    parts = []
    for _ in range(rng.integers(2, 6)):
        parts += [random_digits(rng.integers(1, 4), rng), str(rng.choice(signs))]
    return str(rng.choice(["", " "])).join(parts)


def random_word(rng):
    """Letters to be printed."""
    return "".join(rng.choice(list(PRINTED), rng.integers(2, 9)))
