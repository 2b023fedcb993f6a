"""JSON as every reader takes it: the standard has neither infinity nor NaN."""

import json
import math


def to_json(value, **options):
    """Text of figures, of NumPy's numbers too.

    Parameters
    ----------
    value : object
        Dicts, lists and what stands in them.
    **options
        Go on to :func:`json.dumps`.

    Returns
    -------
    text : str
        NaN, which says that something could not be measured, is null there, and infinity the
        string "Infinity", which `float` and JavaScript's `Number` take.
    """
    return json.dumps(_plain(value), allow_nan=False, **options)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value
