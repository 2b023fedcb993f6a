"""JSON that every parser accepts: the standard has neither infinity nor NaN."""

import json
import math


def to_json(value, **options):
    """Convert a value to JSON, including NumPy's numbers.

    Parameters
    ----------
    value : object
        Dicts, lists, and what they contain.
    **options
        Passed to :func:`json.dumps`.

    Returns
    -------
    text : str
        NaN, which means that something could not be measured, becomes null, and infinity the string
        "Infinity", which `float` and JavaScript's `Number` can parse.
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
