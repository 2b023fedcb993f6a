"""Read one number by rules: the best string that they allow, and how probable it is.

The reader gives places where a digit may stand, each with the probability that one is there and
which one. A string of digits comes about by taking the digit of some places and leaving out the
others; now and then a digit was overlooked. Its likelihood sums over all the ways to do so.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import special

from skdigits._pictures.results import ReadDigit
from skdigits._utils.labels import label_text

_OVERLOOKED = 0.01  # probability that a digit is missing before or behind a place
_LEAST = 1e-4  # probability that is left to any label and to any presence
# Of 4,759 places on made-up pages a digit was at 60 % of those with a score of 0.4 to 0.5, at 2.5 %
# from 0.2 to 0.3, and at 99.8 % from 0.6 to 0.7: slope and intercept of the logarithmic odds.
_SLOPE, _INTERCEPT = 5.2, 1.7
_FOLLOWED = 5e-4  # probability from which a label is followed where nothing lists the strings
_MOST = 300  # strings that are followed at the same time
_LONGEST = 100  # digits of a number
_MOST_LISTED = 100_000  # numbers between two bounds that are tried one by one
_STRANGE = 1e-3  # the best that is allowed is this much less likely than the best of all: doubt
_SHARED = 0.4  # part of the lower of two digits' heights that lies beside the other
_N_ALTERNATIVES = 3
CHECKS = {
    "ean13": ("stdnum.ean", 13),
    "luhn": ("stdnum.luhn", None),
    "mod97": ("stdnum.iso7064.mod_97_10", None),
}


@dataclass(frozen=True)
class ReadField:
    """A number that was read by rules.

    Attributes
    ----------
    text : str
        The most probable string that the rules allow; "" if there is none, or nothing is written.
    confidence : float
        Probability of the whole string among all that the rules allow.
    alternatives : list of (str, float)
        The next most probable strings and their probabilities, the best first.
    unsure : bool
        Whether the string is in doubt: not probable enough, or quite another one was written.
    problem : str or None
        Which rule left no string over, or what else is wrong.
    box : tuple of (int, int, int, int) or None
        Where the field is in the picture: left, top, right and bottom.
    digits : tuple of ReadDigit
        Places that were looked at, from left to right, also those where no digit may be.
    """

    text: str
    confidence: float
    alternatives: list[tuple[str, float]]
    unsure: bool
    problem: str | None = None
    box: tuple[int, int, int, int] | None = None
    digits: tuple[ReadDigit, ...] = field(default=(), repr=False)

    def log_likelihood(self, texts: Iterable[str]) -> np.ndarray:
        """How well each string explains what is written.

        Parameters
        ----------
        texts : iterable of str
            Digits "0" to "9".

        Returns
        -------
        log_likelihood : ndarray of shape (n_texts,), float64
            Logarithm of the probability that it was written.
        """
        return log_likelihood(self.digits, list(texts))

    def is_unlike(self, text: str) -> bool:
        """Whether what is written is far more probably something else than a string.

        Parameters
        ----------
        text : str
            Digits "0" to "9".

        Returns
        -------
        is_unlike : bool
            Whether the most probable string of any digits explains it a thousand times better.
        """
        presence, labels = _places(self.digits)
        best = np.log(np.maximum(1 - presence, presence * labels.max(axis=1))).sum()
        return bool(self.log_likelihood([text])[0] < best + np.log(_STRANGE))


@dataclass(frozen=True)
class Rules:
    """What a field may hold; see :meth:`skdigits.DigitReader.read_field`."""

    length: int | None = None
    candidates: tuple[str, ...] | None = None
    between: tuple[int, int] | None = None
    pattern: re.Pattern | None = None
    check: Callable[[str], bool] | None = None
    blank: bool = False

    @classmethod
    def of(
        cls,
        length: int | None = None,
        candidates: Iterable[Any] | None = None,
        between: tuple[int, int] | None = None,
        pattern: str | None = None,
        check: Callable[[str], bool] | str | None = None,
        blank: bool = False,
    ) -> Rules:
        """Rules that were checked.

        Raises
        ------
        ValueError
            If a rule is none, or contradicts itself.
        ImportError
            If a named check needs python-stdnum, which is not installed.
        """
        is_number = isinstance(length, (int, np.integer)) and 0 <= length <= _LONGEST
        if length is not None and not is_number:
            raise ValueError(f"length is a number of digits, 0 to {_LONGEST}; got {length!r}.")
        listed = None if candidates is None else check_candidates(candidates)
        if between is not None:
            low, high = between
            if not 0 <= low <= high:
                raise ValueError(f"between is (least, greatest), not below 0; got {between!r}.")
            between = int(low), int(high)
        try:
            compiled = None if pattern is None else re.compile(pattern, re.ASCII)
        except re.error as error:
            raise ValueError(f"pattern={pattern!r} is no regular expression: {error}.") from error
        return cls(length, listed, between, compiled, _check_of(check), blank)

    def listed(self) -> list[str] | None:
        """All strings that are allowed, where they can be listed; else None."""
        if self.candidates is not None:
            return list(self.candidates)
        if self.between is None or self.between[1] - self.between[0] >= _MOST_LISTED:
            return None
        numbers = range(self.between[0], self.between[1] + 1)
        width = self.length or 0
        return [f"{number:0{width}d}" for number in numbers]

    def left(self, texts: list[str]) -> tuple[list[str], str | None]:
        """The strings that all rules allow, or none and the rule that forbids the last of them."""
        texts = [*texts, ""] if self.blank and "" not in texts else texts
        for name, allows in self._tests():
            allowed = [text for text in texts if (self.blank and text == "") or allows(text)]
            if texts and not allowed:
                return [], f"no string that could be written here fits {name}"
            texts = allowed
        return texts, None

    def _tests(self):
        if self.length is not None:
            yield f"length={self.length}", lambda text: len(text) == self.length
        if self.between is not None:
            low, high = self.between
            yield f"between={self.between}", lambda text: text != "" and low <= int(text) <= high
        if self.pattern is not None:
            yield f"pattern={self.pattern.pattern!r}", self.pattern.fullmatch
        if self.check is not None:
            yield "check", lambda text: text != "" and self.check(text)


def one_line(digits: Iterable[ReadDigit]) -> tuple[ReadDigit, ...]:
    """Of places in any order those of one line of writing, from left to right.

    The line is that of the places where a digit is most probable; what stands above or below it by
    most of its height is left out.
    """
    digits = tuple(digits)
    if not digits:
        return digits
    tops, bottoms = (np.array([digit.box[side] for digit in digits], float) for side in (1, 3))
    presence, _ = _places(digits)
    shared = np.minimum(bottoms[:, None], bottoms) - np.maximum(tops[:, None], tops)
    beside = shared > _SHARED * np.minimum.outer(bottoms - tops, bottoms - tops)
    line = beside[np.argmax(beside @ presence)]
    chosen = [digit for digit, is_in in zip(digits, line, strict=True) if is_in]
    return tuple(sorted(chosen, key=lambda digit: digit.box[0] + digit.box[2]))


def choose(
    digits: tuple[ReadDigit, ...],
    rules: Rules,
    min_confidence: float,
    box: tuple[int, int, int, int] | None = None,
) -> ReadField:
    """The most probable string that rules allow.

    Parameters
    ----------
    digits : tuple of ReadDigit
        Places from left to right; their `score` is the probability that a digit is there.
    rules : Rules
    min_confidence : float
        Strings below are unsure.
    box : tuple of (int, int, int, int), default=None
        Of the field.

    Returns
    -------
    read : ReadField
    """
    listed = rules.listed()
    texts, problem = rules.left(likely(digits, rules.length) if listed is None else listed)
    if not texts:
        return ReadField("", 0.0, [], True, problem, box, digits)
    likelihood = log_likelihood(digits, texts)
    order = np.argsort(-likelihood, kind="stable")[: _N_ALTERNATIVES + 1]
    total = np.logaddexp.reduce(likelihood)
    best = [(texts[i], float(np.exp(likelihood[i] - total))) for i in order]
    text, confidence = best[0]
    unsure = confidence < min_confidence
    read = ReadField(text, confidence, best[1:], bool(unsure), None, box, digits)
    if read.is_unlike(text):
        problem = "what is written looks like none of the strings that are allowed"
        return replace(read, unsure=True, problem=problem)
    return read


def log_likelihood(digits, texts):
    """Logarithm of the probability that each text is written at these places.

    Parameters
    ----------
    digits : tuple of ReadDigit
    texts : list of str
        Digits "0" to "9".

    Returns
    -------
    log_likelihood : ndarray of shape (n_texts,), float64
    """
    presence, labels = _places(digits)
    result = np.full(len(texts), -np.inf)
    lengths = np.array([len(text) for text in texts])
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        codes = np.array([list(texts[i]) for i in rows], int).reshape(len(rows), length)
        # ways[j]: probability of the first j digits, given the places gone through.
        ways = np.zeros((length + 1, len(rows)))
        ways[0] = 1.0
        _overlook(ways)
        for there, shares in zip(presence, labels, strict=True):
            taken = there * shares[codes.T] * ways[:-1]
            ways *= 1 - there
            ways[1:] += taken
            _overlook(ways)
        with np.errstate(divide="ignore"):
            result[rows] = np.log(ways[-1])
    return result


def _overlook(ways):
    for j in range(1, len(ways)):
        ways[j] += _OVERLOOKED / 10 * ways[j - 1]


def _places(digits):
    """Probability of a digit at each place, and those of its labels."""
    scores = np.array([1.0 if d.score is None else d.score for d in digits])
    presence = special.expit(_SLOPE * special.logit(scores.clip(_LEAST, 1 - _LEAST)) + _INTERCEPT)
    labels = np.zeros((len(digits), 10))
    for i, digit in enumerate(digits):
        for label, share in digit.probabilities.items():
            labels[i, int(label_text(label))] = share
    labels = np.maximum(labels, _LEAST)
    labels /= labels.sum(axis=1, keepdims=True)
    return presence.clip(_LEAST, 1 - _LEAST), labels


def likely(digits, length=None):
    """Strings that may be written at these places, the most probable first.

    Parameters
    ----------
    digits : tuple of ReadDigit
    length : int, default=None
        Where there are fewer places, up to two digits that were overlooked are put between them.

    Returns
    -------
    texts : list of str
    """
    presence, labels = _places(digits)
    n_missing = 0 if length is None else max(0, min(2, length - len(digits)))
    ways = {("", 0): 1.0}
    for i in range(len(digits) + 1):
        for _ in range(n_missing):
            longer = {
                (text + str(digit), n + 1): p * _OVERLOOKED / 10
                for (text, n), p in ways.items()
                if n < n_missing
                for digit in range(10)
            }
            ways = _best({**longer, **ways})
        if i == len(digits):
            break
        followed = [(str(d), share) for d, share in enumerate(labels[i]) if share > _FOLLOWED]
        taken: dict[tuple[str, int], float] = {}
        for (text, n), p in ways.items():
            taken[text, n] = taken.get((text, n), 0.0) + p * (1 - presence[i])
            for digit, share in followed:
                key = text + digit, n
                taken[key] = taken.get(key, 0.0) + p * presence[i] * share
        ways = _best(taken)
    return list(dict.fromkeys(text for text, _ in _best(ways)))


def _best(ways):
    return dict(sorted(ways.items(), key=lambda way: -way[1])[:_MOST])


def check_candidates(candidates):
    """Candidates as strings of digits.

    Parameters
    ----------
    candidates : iterable of str or int

    Returns
    -------
    texts : tuple of str

    Raises
    ------
    ValueError
        If there is none, one is no number, or one is there twice.
    """
    texts = tuple(str(candidate) for candidate in candidates)
    if not texts:
        raise ValueError("candidates is empty; give the numbers that may be written.")
    if other := [text for text in texts if text and not re.fullmatch("[0-9]+", text)]:
        raise ValueError(f"candidates are strings of the digits 0 to 9; got {other[0]!r}.")
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise ValueError(f"candidates has {text!r} twice; give each number once.")
        seen.add(text)
    return texts


def _check_of(check):
    if check is None or callable(check):
        return check
    if check not in CHECKS:
        raise ValueError(f"check is a function or one of {', '.join(CHECKS)}; got {check!r}.")
    name, length = CHECKS[check]
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"check={check!r} needs python-stdnum: pip install 'skdigits[forms]'"
        ) from error
    return lambda text: (length is None or len(text) == length) and module.is_valid(text)
