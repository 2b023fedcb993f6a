"""scikit-learn's own checks, all of them, with nothing excused."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, PixelScaler, SelectiveClassifier


@pytest.mark.filterwarnings("ignore::skdigits.exceptions.ImageShapeWarning")
@pytest.mark.filterwarnings("ignore::skdigits.exceptions.SelectionWarning")
@parametrize_with_checks(
    [
        DigitCNNClassifier(),
        DigitCNNClassifier(tta=2),
        DigitCNNClassifier(novelty=True),
        DigitEnsembleClassifier(n_estimators=2),
        PixelScaler(),
        SelectiveClassifier(),
        # Not both at once: a check wants `predict` to be the most probable class of every row.
        SelectiveClassifier(target_error=0.2),
        SelectiveClassifier(reject_label=-1),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
