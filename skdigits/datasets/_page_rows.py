"""Rows cut from made-up pages, to teach a classifier what the finder of digits hands to it."""

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import Bunch

from skdigits._pictures.crops import cut_digit
from skdigits._pictures.finder import CANDIDATE, find
from skdigits._pictures.placement import normalize
from skdigits._utils.random import draw_seeds
from skdigits.datasets._hands import NO_DIGIT
from skdigits.datasets._pages import make_patch

_CHUNK = 100  # parts of pages that a worker takes at a time
_DAMAGE = 0.5  # of the pictures: what can hardly be read teaches nothing
_STROKE = 0.45  # of the height: what is narrower could be a 1, whatever was meant
_NEAR = 0.4  # of a digit's height: how far from its middle a place may be that is this digit


def cut_from_pages(scribe, n, *, random_state=None, n_jobs=None):
    """Find the digits of made-up parts of pages, and cut them out as `DigitReader` does.

    Their boxes are the finder's, and hold what else is on the page: ends of lines and of other
    digits, shadows, patterns of the paper.

    Parameters
    ----------
    scribe : Scribe
    n : int
        Number of parts of pages; each gives about six rows.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int, default=None

    Returns
    -------
    rows : :class:`~sklearn.utils.Bunch`
        A dict whose keys are attributes, too.

        data : ndarray of shape (n_rows, 784), uint8
        target : ndarray of shape (n_rows,), int64
            The digits 0-9; -1 where the finder took something else for what may be a digit.
        kinds : ndarray of shape (n_rows, 10), float32
            The finder's probabilities.
    """
    seed = draw_seeds(random_state, ["page rows"])["page rows"]
    sizes = [min(_CHUNK, n - i) for i in range(0, n, _CHUNK)]
    parts = Parallel(n_jobs)(
        delayed(_cut_many)(scribe, size, [seed, k]) for k, size in enumerate(sizes)
    )
    data, target, kinds = zip(*(row for part in parts for row in part), strict=True)
    return Bunch(data=np.stack(data), target=np.array(target), kinds=np.stack(kinds))


def _cut_many(scribe, n, seed):
    rng = np.random.default_rng(seed)
    return [row for _ in range(n) for row in _cut(*make_patch(scribe, rng, damage=_DAMAGE))]


def _cut(image, marks):
    """Row, label and the finder's opinion of each place on a part of a page."""
    page = find(image, least=CANDIDATE)
    if page.inverted or page.turns:
        return
    for box, kinds in zip(page.digits.boxes, page.digits.kinds, strict=True):
        label = _label_of(box, marks)
        if label is not None:
            ink, _ = cut_digit(image, box)
            yield normalize(ink).ravel(), label, kinds[:10].astype(np.float32)


def _label_of(box, marks):
    """The digit at a place, -1 if there is none, None if one may be meant."""
    digits = [mark for mark in marks if mark.label.isdigit() or mark.label == "lost"]
    width, height = box[2:] - box[:2]
    nothing = NO_DIGIT if width > _STROKE * height else None
    if not digits:
        return nothing
    boxes = np.array([mark.box for mark in digits], float)
    away = np.hypot(*((boxes[:, :2] + boxes[:, 2:]) - (box[:2] + box[2:])).T / 2)
    nearest = int(np.argmin(away))
    if away[nearest] < _NEAR * (boxes[nearest, 3] - boxes[nearest, 1]):
        label = digits[nearest].label
        return int(label) if label.isdigit() else None
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    return None if (sides > 0).all(axis=1).any() else nothing
