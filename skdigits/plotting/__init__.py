"""Plots in scikit-learn's ``...Display`` form, with Matplotlib: ``pip install "skdigits[plot]"``.

Each display keeps what it drew (`ax_` or `axes_`, `figure_`), and works without a screen.
"""

from skdigits.plotting._attribution import AttributionDisplay
from skdigits.plotting._errors import ErrorGalleryDisplay
from skdigits.plotting._gallery import DigitGalleryDisplay
from skdigits.plotting._history import TrainingHistoryDisplay
from skdigits.plotting._reliability import ReliabilityDisplay
from skdigits.plotting._risk_coverage import RiskCoverageDisplay

__all__ = [
    "AttributionDisplay",
    "DigitGalleryDisplay",
    "ErrorGalleryDisplay",
    "ReliabilityDisplay",
    "RiskCoverageDisplay",
    "TrainingHistoryDisplay",
]
