"""scikit-learn's own checks, all of them, with nothing excused."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdigits import DigitCNNClassifier, PixelScaler


@pytest.mark.filterwarnings("ignore::skdigits.exceptions.ImageShapeWarning")
@parametrize_with_checks([DigitCNNClassifier(), PixelScaler()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
