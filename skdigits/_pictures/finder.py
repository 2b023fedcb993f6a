"""Find the digits of a picture with a small network that looks everywhere at once.

The network (`skdigits._networks.finder`) sees grey pictures of any size and tells for every fourth
pixel whether a digit or a sign is centred there, which one it is, and how large. It was trained on
made-up pages, for digits of 14 to 46 pixels; a pyramid of reduced copies brings every digit into
that range. onnxruntime computes it, so that no picture starts TensorFlow.
"""

import math
import threading
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

MODEL = Path(__file__).parent.parent / "models" / "finder.onnx"
STRIDE = 4  # pixels between two places that are judged
SIGNS = ("-", ".", ",", "other")
KINDS = (*"0123456789", *SIGNS)
WINDOW = 97  # pixels over which paper and contrast are judged
UNIT = 24  # pixels; heights and widths are logarithms of multiples of it
_HEIGHTS = 11, 56  # of what is believed at one level of the pyramid
_SMALLEST, _LARGEST = 40, 1400  # pixels on the longer side of a level
_STEP = 2**0.5  # from one level to the next: a digit is seen at three sizes or four
_ENLARGED = 700  # smaller pictures are also looked at twice as large
_PAD = 8  # blank pixels around
_DIVISOR = 16  # the network halves a picture four times
BELIEVED = 0.4  # probability from which something counts as a digit
CANDIDATE = 0.15  # and from which it is looked at
PRIOR = 4.0  # subtracted from the logits: most places hold nothing
_LEAST_LOGIT = PRIOR + math.log(CANDIDATE / (1 - CANDIDATE))
_OVERLAP = 0.45  # share of the smaller of two boxes from which they are one thing
_MOST = 2000  # things in one picture, the surest first
_ALIKE = 1.6  # digits this many times smaller or larger than the others count as they are
_CONVINCING = 0.8  # mean probability of digits that need not be looked at in another way
_ENOUGH = 4  # of them, where other ink is left; fewer may be what letters look like from the side
_SURE = 0.75  # probability of digits whose ink is explained
_TURNED = 1.15  # times the evidence from which a page is read turned
_SHARPNESS = 6  # of evidence: digits upside down score little less than upright ones
_FINEST = 2  # copies that are not looked at in another way at first
_CLEAR = 22  # pixels of digits that need no enlarging
_STROKE = 0.75  # contrast of ink that must belong to something
_LEFT = 0.04  # share of it that may be left over before the next finer copy is looked at


class Found(NamedTuple):
    """What was found in a picture.

    Attributes
    ----------
    boxes : ndarray of shape (n, 4)
        Left, top, right and bottom in pixels of the picture that was given, before any turn.
    scores : ndarray of shape (n,)
        Probability that a digit, or a sign, is there.
    kinds : ndarray of shape (n, 14)
        Probability of each of `KINDS`, should one be there.
    """

    boxes: np.ndarray
    scores: np.ndarray
    kinds: np.ndarray

    @property
    def digit_scores(self):
        """How sure it is that the most probable digit is there."""
        return self.scores * self.kinds[:, :10].max(axis=1)

    def take(self, index):
        """The things at these positions."""
        return Found(self.boxes[index], self.scores[index], self.kinds[index])


@dataclass(frozen=True)
class Page:
    """Where digits are in a picture, and how it must be seen to read them.

    Attributes
    ----------
    digits, signs : Found
        In pixels of the picture after `turns` quarter turns against the clock.
    inverted : bool
        Whether ink is light on dark.
    turns : int
        Quarter turns against the clock, 0 to 3, that bring the writing upright.
    is_explained : bool
        Whether nearly all ink belongs to digits.
    scales : list of float
        Sizes of the copies that were looked at, in sizes of the picture.
    """

    digits: Found
    signs: Found
    inverted: bool
    turns: int
    is_explained: bool
    scales: list

    @property
    def evidence(self):
        """How much speaks for having looked at the picture in the right way."""
        scores = self.digits.digit_scores
        return float((scores[scores > 0.5] ** _SHARPNESS).sum())

    @property
    def n_digits(self):
        """Number of things that count as digits."""
        return int((self.digits.digit_scores > BELIEVED).sum())

    @property
    def is_convincing(self):
        """Whether it need not be looked at in another way."""
        scores = self.digits.digit_scores
        scores = scores[scores > BELIEVED]
        is_enough = self.is_explained or len(scores) >= _ENOUGH
        return bool(len(scores) and is_enough and np.average(scores, weights=scores) > _CONVINCING)


def find(grey, *, inverted=False, least=BELIEVED):
    """Find the digits and signs of a picture.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8
    inverted : bool, default=False
        Whether ink is probably light on dark; the other way is tried where this one does not
        convince, and so are quarter turns.
    least : float, default=0.4
        Probability from which something counts as a digit.

    Returns
    -------
    page : Page
    """
    pyramid = _Pyramid(Image.fromarray(grey))
    best = _look(pyramid, inverted, 0)
    # The finest copies, which cost most, are looked at only if the coarser ones speak for it.
    coarse = best.scales[:-_FINEST] or best.scales[:1]
    if not best.is_convincing:
        other = _look(pyramid, not inverted, 0, coarse)
        if other.evidence >= _look(pyramid, inverted, 0, coarse).evidence:
            best = max(best, _look(pyramid, not inverted, 0), key=attrgetter("evidence"))
    if not best.is_convincing:
        looks = [_look(pyramid, best.inverted, turns, coarse) for turns in (1, 2, 3)]
        turned = max(looks, key=attrgetter("evidence"))
        # A lone 9 would be as good a 6, and from the side it may look like two digits.
        is_several = turned.n_digits > (1 if best.n_digits > 1 else 2)
        upright = _look(pyramid, best.inverted, 0, coarse)
        if is_several and turned.evidence > upright.evidence / _TURNED:
            turned = max(
                turned, _look(pyramid, turned.inverted, turned.turns), key=attrgetter("evidence")
            )
            if turned.evidence > _TURNED * best.evidence:
                best = turned
    return replace(best, digits=best.digits.take(best.digits.digit_scores >= least))


def _alike(digits):
    """Doubt digits whose size is far from that of the sure ones: grain of the paper, or its rim."""
    scores = digits.digit_scores
    if not len(scores):
        return digits
    height = np.maximum(digits.boxes[:, 3] - digits.boxes[:, 1], 1)
    weight = scores**4
    order = np.argsort(height)
    total = np.cumsum(weight[order])
    usual = height[order][np.searchsorted(total, total[-1] / 2)]
    away = np.abs(np.log(height / usual)) - np.log(_ALIKE)
    return digits._replace(scores=digits.scores * np.exp(-np.maximum(away, 0)))


class _Pyramid:
    """Copies of a picture, each larger than the one before; made when they are looked at."""

    def __init__(self, image):
        self._image, self._surroundings, self._inks, self._seen = image, {}, {}, {}
        longest, shortest = max(image.size), min(image.size)
        scale = min(1.0, _LARGEST / longest)
        scale = 2.0 if longest < _ENLARGED else scale
        scales = []
        while not scales or (scale * longest >= _SMALLEST and scale * shortest >= _HEIGHTS[0]):
            scales.append(scale)
            scale /= _STEP
        self.scales = scales[::-1]

    def ink(self, scale, inverted):
        """The contrast of one copy; what all ways of looking at it share is computed once."""
        if scale not in self._surroundings:
            self._surroundings[scale] = _survey(self._grey(scale))
        if (scale, inverted) not in self._inks:
            self._inks[scale, inverted] = _contrast(*self._surroundings[scale], inverted)
        return self._inks[scale, inverted]

    def look(self, scale, inverted, turns):
        """Digits and signs of one copy, in pixels of the picture; looked for once."""
        if (scale, inverted, turns) not in self._seen:
            ink = np.rot90(self.ink(scale, inverted), turns)
            self._seen[scale, inverted, turns] = _look_once(scale, ink)
        return self._seen[scale, inverted, turns]

    def _grey(self, scale):
        image = self._image
        size = tuple(max(_PAD, round(side * scale)) for side in image.size)
        method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        return np.asarray(image if size == image.size else image.resize(size, method))


def contrast(grey):
    """Ink against the paper around it: about 0 on paper, above it on dark ink.

    Parameters
    ----------
    grey : ndarray of shape (height, width), uint8

    Returns
    -------
    ink : ndarray of shape (height, width), float32
        -1.5 to 2.5.
    """
    return _contrast(*_survey(grey))


def _survey(grey):
    """How much darker each pixel is than its surroundings, their brightness, and its spread.

    These are the largest arrays of a picture, so each is computed in place.
    """
    grey = grey.astype(np.float32)
    grey *= np.float32(1 / 255)
    mean = ndimage.uniform_filter(grey, WINDOW, mode="reflect")
    spread = grey * grey
    ndimage.uniform_filter(spread, WINDOW, output=spread, mode="reflect")
    spread -= mean * mean
    np.sqrt(np.maximum(spread, 0, out=spread), out=spread)
    return np.subtract(mean, grey, out=grey), mean, spread


def _contrast(darkness, mean, spread, inverted=False):
    ink = (0.03 - 0.03 * mean if inverted else 0.03 * mean).astype(np.float32, copy=False)
    ink += spread
    ink += np.float32(0.01)
    np.divide(darkness, ink, out=ink)
    if inverted:
        np.negative(ink, out=ink)
    np.clip(ink, -3, 5, out=ink)
    ink *= np.float32(0.5)
    return ink


def _look(pyramid, inverted, turns, scales=None):
    """Look at as many copies as are needed, the coarsest first."""
    parts, digits = [], None
    for scale in pyramid.scales if scales is None else scales:
        if digits is not None and _are_large(digits, scale):
            break
        ink, seen_at = np.rot90(pyramid.ink(scale, inverted), turns), scale
        if digits is not None and _explains(digits, ink, seen_at):
            break
        parts.append(pyramid.look(scale, inverted, turns))
        digits = _merged([part[0] for part in parts])
    signs = _merged([part[1] for part in parts])
    is_explained = _explains(digits, ink, seen_at)
    scales = pyramid.scales[: len(parts)]
    return Page(_alike(digits), signs, inverted, turns, is_explained, scales)


def _merged(parts):
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _without_doubles(Found(*columns))


def _are_large(digits, scale):
    """Whether digits are large enough for an enlarged copy to show no more of them."""
    boxes = digits.boxes[digits.digit_scores > _SURE]
    return scale > 1 and len(boxes) and np.median(boxes[:, 3] - boxes[:, 1]) > _CLEAR


def _explains(digits, ink, scale):
    """Whether nearly all ink belongs to digits that are sure."""
    sure = digits.boxes[digits.digit_scores > _SURE]
    if not len(sure):
        return False
    strokes = ink > _STROKE
    left = strokes.copy()
    for box in sure * scale:
        margin = 2 + 0.1 * (box[3] - box[1])
        x0, y0 = (max(0, int(v - margin)) for v in box[:2])
        x1, y1 = (int(np.ceil(v + margin)) for v in box[2:])
        left[y0:y1, x0:x1] = False
    return bool(left.sum() <= _LEFT * max(1, strokes.sum()))


def _look_once(scale, ink):
    """Digits and signs of one copy, in pixels of the picture."""
    pads = [(_PAD, -(side + 2 * _PAD) % _DIVISOR + _PAD) for side in ink.shape]
    answers = _run(np.pad(ink, pads))
    return _digits(answers, scale), _signs(answers, scale)


def _digits(answers, scale):
    found, height = _peaks(answers, 0, scale)
    return found.take((height > _HEIGHTS[0]) & (height < _HEIGHTS[1]))


def _signs(answers, scale):
    found, height = _peaks(answers, 1, scale)
    return found.take(height < _HEIGHTS[1])


def _peaks(answers, channel, scale):
    """Places of highest probability, and their heights in pixels of the level."""
    logits = answers[..., channel]
    top = logits > _LEAST_LOGIT
    if top.any():
        top &= logits == ndimage.maximum_filter(logits, 3)
    rows, columns = np.nonzero(top)
    here = answers[rows, columns]
    probability = 1 / (1 + np.exp(PRIOR - here[:, channel]))
    kinds = np.exp(here[:, 2:16] - here[:, 2:16].max(axis=1, keepdims=True))
    height, width = UNIT * np.exp(here[:, 16].clip(-4, 4)), UNIT * np.exp(here[:, 17].clip(-4, 4))
    y = (rows + 0.5 + here[:, 18]) * STRIDE - _PAD
    x = (columns + 0.5 + here[:, 19]) * STRIDE - _PAD
    boxes = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    kinds /= kinds.sum(axis=1, keepdims=True)
    return Found(boxes / scale, probability, kinds), height


def _without_doubles(found):
    """Leave out what overlaps something surer."""
    order = np.argsort(-found.digit_scores)[:_MOST]
    boxes = found.boxes[order]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.ones(len(order), bool)
    kept = []
    for i in range(len(order)):
        if not left[i]:
            continue
        kept.append(order[i])
        sides = np.minimum(boxes[i, 2:], boxes[:, 2:]) - np.maximum(boxes[i, :2], boxes[:, :2])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        left &= shared <= _OVERLAP * np.minimum(area, area[i])
    return found.take(np.array(kept, int))


_one_run = threading.Lock()


@cache
def _session():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # two take more CPU time and are hardly faster
    return onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])


def _run(ink):
    """The network's answers at every fourth pixel, of shape (height / 4, width / 4, 20)."""
    with _one_run:
        session = _session()
    (answers,) = session.run(None, {"ink": ink[None, None]})
    return answers[0].transpose(1, 2, 0)
