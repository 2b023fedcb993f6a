"""How good a fitted classifier is, how sure, how robust, and whether the test was a fair one.

- :func:`report`: accuracy with its interval, figures of each class, calibration, risk against
  coverage, the most confident errors;
- :func:`robustness`: the same rows again, moved, turned, blurred and so on;
- :func:`leakage`: test rows that are in the training set;
- :func:`repeat_over_seeds`: an accuracy with its spread over seeds and splits;
- :func:`attribution`: which pixels decided.

They take any scikit-learn classifier. All but the last, which gives an array, give objects whose
``str()`` is text and whose ``to_frame()`` is a pandas DataFrame; ``plot()`` of the first three is a
Matplotlib figure.
"""

from skdigits._measures.attribution import attribution
from skdigits._measures.confidence import (
    expected_calibration_error,
    risk_coverage_area,
    risk_coverage_curve,
)
from skdigits.evaluation._corruptions import CORRUPTIONS
from skdigits.evaluation._leakage import LeakageReport, leakage
from skdigits.evaluation._repeated_seeds import SeedScores, repeat_over_seeds
from skdigits.evaluation._report import EvaluationReport, report
from skdigits.evaluation._robustness import RobustnessReport, robustness

__all__ = [
    "CORRUPTIONS",
    "EvaluationReport",
    "LeakageReport",
    "RobustnessReport",
    "SeedScores",
    "attribution",
    "expected_calibration_error",
    "leakage",
    "repeat_over_seeds",
    "report",
    "risk_coverage_area",
    "risk_coverage_curve",
    "robustness",
]
