"""The pipeline that everything else sees: pixels in, labels out."""

from sklearn.pipeline import make_pipeline

from skdigits._classifier import DigitCNNClassifier
from skdigits._scaling import PixelScaler


def make_digit_pipeline(**classifier_params):
    """A :class:`PixelScaler` followed by a :class:`DigitCNNClassifier`.

    Parameters
    ----------
    **classifier_params
        Parameters of :class:`DigitCNNClassifier`.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        With the steps "pixelscaler" and "digitcnnclassifier", so that a grid search names its
        parameters "digitcnnclassifier__learning_rate" and the like.

    Examples
    --------
    >>> from skdigits import make_digit_pipeline
    >>> make_digit_pipeline(epochs=2)[-1].epochs
    2
    """
    return make_pipeline(PixelScaler(), DigitCNNClassifier(**classifier_params))
