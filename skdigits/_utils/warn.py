"""Warnings that point at the user's line, however deep they are raised."""

import sys
import warnings

_NOT_THE_USER = ("skdigits", "sklearn", "joblib")


def warn(message, category):
    """Warn with the nearest calling line outside skdigits, scikit-learn and joblib.

    Parameters
    ----------
    message : str
    category : type
        A warning class.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_NOT_THE_USER):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
