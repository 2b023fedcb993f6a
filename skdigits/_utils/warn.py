"""Warnings that point at the line of the user, however deep they are raised."""

import sys
import warnings

_NOT_THE_USER = ("skdigits", "sklearn", "joblib")


def warn(message, category):
    """Warn, as of the nearest line that is neither skdigits' own nor scikit-learn's.

    Parameters
    ----------
    message : str
    category : type
        A class of warnings.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_NOT_THE_USER):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
