"""`match`: candidates to fields, each used once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skdigits._pictures.fields import ReadField, check_candidates

_FLOOR = -100.0  # log-likelihood of what cannot have been written at all


@dataclass(frozen=True)
class Match:
    """The candidate of one field.

    Attributes
    ----------
    candidate : str
        One of the candidates that were given.
    margin : float
        How much less probable, as a natural logarithm, the best assignment becomes that gives this
        field another candidate.
    unsure : bool
        Whether that is too little, or something quite different is written in the field.
    """

    candidate: str
    margin: float
    unsure: bool


def match(
    fields: Sequence[ReadField], candidates: Iterable[Any], *, min_confidence: float = 0.99
) -> list[Match]:
    """Find out which candidate is written in which field, where each is written at most once.

    The most probable assignment as a whole is chosen, so that a number that is hard to read is
    found as the one that nobody else has.

    Parameters
    ----------
    fields : list of ReadField
        As of :meth:`skdigits.DigitReader.read_field`, one for each sheet.
    candidates : iterable of str or int
        The numbers, such as those of a class list; at least as many as fields.
    min_confidence : float, default=0.99
        A match is sure if it is so much more probable than the next best assignment: 0.99 asks for
        99 to 1.

    Returns
    -------
    matches : list of Match
        In the order of the fields.

    Raises
    ------
    ValueError
        If a candidate is no number or is there twice, or there are fewer than fields.

    Examples
    --------
    >>> from skdigits import DigitReader
    >>> from skdigits.datasets import make_page
    >>> from skdigits.forms import match
    >>> reader, numbers = DigitReader(), ["2829", "4047", "2230"]
    >>> form = {"kind": "form", "n_rows": 1, "n_columns": 4, "tilt": 0}
    >>> sheets = [make_page(**form, random_state=seed).image for seed in (1, 6, 2)]
    >>> fields = [reader.read_field(sheet, candidates=numbers) for sheet in sheets]
    >>> [found.candidate for found in match(fields, numbers)]
    ['4047', '2230', '2829']
    """
    from scipy.optimize import linear_sum_assignment

    texts = check_candidates(candidates)
    if len(fields) > len(texts):
        raise ValueError(f"There are {len(fields)} fields, but only {len(texts)} candidates.")
    if not 0 <= min_confidence < 1:
        raise ValueError(f"min_confidence is a probability below 1; got {min_confidence}.")
    if not len(fields):
        return []
    fit = np.stack([field.log_likelihood(texts) for field in fields])
    fit = np.maximum(fit - fit.max(axis=1, keepdims=True), _FLOOR)
    _, chosen = linear_sum_assignment(fit, maximize=True)
    least = np.log(min_confidence) - np.log1p(-min_confidence)
    return [
        Match(texts[column], float(margin), bool(margin < least or field.is_unlike(texts[column])))
        for field, column, margin in zip(fields, chosen, _margins(fit, chosen), strict=True)
    ]


def _margins(fit, chosen):
    """For each row, how much any assignment loses that gives it another column.

    Rows pass their columns on in a circle, or the last of a chain takes a column that nobody has:
    the cheapest circle through a row in the graph of who takes whose column.
    """
    from scipy.sparse.csgraph import csgraph_from_dense, floyd_warshall

    n = len(fit)
    own = fit[np.arange(n), chosen]
    loss = np.full((n + 1, n + 1), np.inf)  # the last stands for the columns that are left over
    loss[:n, :n] = own[:, None] - fit[:, chosen]
    left = np.setdiff1d(np.arange(fit.shape[1]), chosen)
    if len(left):
        loss[:n, n] = own - fit[:, left].max(axis=1)
        loss[n, :n] = 0
    np.fill_diagonal(loss, np.inf)
    ways = floyd_warshall(csgraph_from_dense(loss, null_value=np.inf))
    return np.maximum(0, (loss + ways.T).min(axis=1)[:n])
