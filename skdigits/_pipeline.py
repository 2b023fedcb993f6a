"""The pipeline that everything else sees: pixels in, labels out."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skdigits._classifier import DigitCNNClassifier
from skdigits._doc_link import DocLinkMixin
from skdigits._ensemble import DigitEnsembleClassifier
from skdigits._presets import PRESETS
from skdigits._scaling import PixelScaler

_OF_ENSEMBLE = ["memory", "n_jobs", "random_state", "verbose"]


class DigitPipeline(DocLinkMixin, Pipeline):
    """A scikit-learn pipeline that predicts in blocks, so that memory does not grow with the rows.

    The steps see 8,192 rows at a time; a million rows need no scaled copy of their own. Parameters,
    attributes and methods are those of :class:`sklearn.pipeline.Pipeline`.
    """

    _BLOCK = 8192

    def predict(self, X, **params):
        """Labels of pictures, shape (n_samples,); see :class:`sklearn.pipeline.Pipeline`."""
        return self._in_blocks(super().predict, X, params)

    def predict_proba(self, X, **params):
        """Probabilities, shape (n_samples, n_classes); see :class:`sklearn.pipeline.Pipeline`."""
        return self._in_blocks(super().predict_proba, X, params)

    def predict_log_proba(self, X, **params):
        """Logarithms of the probabilities, shape (n_samples, n_classes)."""
        return self._in_blocks(super().predict_log_proba, X, params)

    @available_if(lambda self: hasattr(self.steps[-1][1], "score_samples"))
    def score_samples(self, X):
        """How much pictures look like digits, shape (n_samples,); below 0 for what is none."""
        return self._in_blocks(super().score_samples, X, {})

    def _in_blocks(self, predict, X, params):
        n_rows = len(X) if hasattr(X, "__len__") and hasattr(X, "shape") else 0
        if n_rows <= self._BLOCK:
            return predict(X, **params)
        starts = range(0, n_rows, self._BLOCK)
        return np.concatenate([predict(X[i : i + self._BLOCK], **params) for i in starts])


def make_digit_pipeline(preset="balanced", *, n_estimators=None, **classifier_params):
    """A :class:`PixelScaler` followed by a :class:`DigitCNNClassifier`, or by several.

    Parameters
    ----------
    preset : {"fast", "balanced", "accurate", "classic"}, default="balanced"
        Name of the parameters to start from, a key of ``skdigits.PRESETS``. "balanced" are the
        defaults of :class:`DigitCNNClassifier`.
    n_estimators : int, default=None
        Number of networks whose probabilities are averaged, by a
        :class:`DigitEnsembleClassifier`; None is one network without it.
    **classifier_params
        Parameters of :class:`DigitCNNClassifier`; they go before those of the preset. With
        `n_estimators`, `memory`, `n_jobs`, `random_state` and `verbose` are those of the ensemble.

    Returns
    -------
    pipeline : DigitPipeline
        With the steps "pixelscaler" and "digitcnnclassifier", so that a grid search names its
        parameters "digitcnnclassifier__learning_rate" and the like. With `n_estimators` the second
        step is "digitensembleclassifier".

    Raises
    ------
    ValueError
        If there is no such preset.

    Examples
    --------
    >>> from skdigits import make_digit_pipeline
    >>> make_digit_pipeline("fast", random_state=0)
    DigitPipeline(steps=[('pixelscaler', PixelScaler()),
                    ('digitcnnclassifier',
                     DigitCNNClassifier(...random_state=0...))])
    """
    if preset not in PRESETS:
        raise ValueError(f"preset={preset!r} is unknown; known are {list(PRESETS)}.")
    classifier_params = {**PRESETS[preset], **classifier_params}
    classifier: BaseEstimator
    if n_estimators is None:
        classifier = DigitCNNClassifier(**classifier_params)
    else:
        own = {k: classifier_params.pop(k) for k in _OF_ENSEMBLE if k in classifier_params}
        classifier = DigitEnsembleClassifier(
            DigitCNNClassifier(**classifier_params), n_estimators, **own
        )
    return DigitPipeline(
        [("pixelscaler", PixelScaler()), (type(classifier).__name__.lower(), classifier)]
    )
