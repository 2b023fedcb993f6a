"""scikit-learn's own checks, all of them, with nothing excused."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, PixelScaler, SelectiveClassifier


@pytest.mark.filterwarnings("ignore::skdigits.exceptions.ImageShapeWarning")
@parametrize_with_checks(
    [
        DigitCNNClassifier(),
        DigitCNNClassifier(tta=2),
        DigitEnsembleClassifier(n_estimators=2),
        PixelScaler(),
        SelectiveClassifier(),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
