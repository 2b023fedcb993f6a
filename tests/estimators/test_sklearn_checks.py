"""scikit-learn's own checks, all of them, with nothing excused."""

import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, PixelScaler, SelectiveClassifier

pytestmark = [
    pytest.mark.filterwarnings("ignore::skdigits.exceptions.ImageShapeWarning"),
    pytest.mark.filterwarnings("ignore::skdigits.exceptions.PixelRangeWarning"),
    pytest.mark.filterwarnings("ignore::skdigits.exceptions.SelectionWarning"),
]


@parametrize_with_checks(
    [
        DigitCNNClassifier(epochs=4, batch_size=32),
        PixelScaler(),
        SelectiveClassifier(GaussianNB()),
        # Not both at once: a check wants `predict` to be the most probable class of every row.
        SelectiveClassifier(GaussianNB(), target_error=0.2),
        SelectiveClassifier(GaussianNB(), reject_label=-99),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.release
@parametrize_with_checks([DigitCNNClassifier()])
def test_scikit_learn_checks_of_the_defaults(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        DigitEnsembleClassifier(DigitCNNClassifier(epochs=3, batch_size=32), n_estimators=2),
        DigitCNNClassifier(tta=2, novelty=True, other_label="none", epochs=5, batch_size=32),
        SelectiveClassifier(
            DigitCNNClassifier(novelty=True, epochs=3, batch_size=32, random_state=0),
            calibrate=False,
        ),
    ]
)
def test_scikit_learn_checks_of_variants(estimator, check):
    check(estimator)
