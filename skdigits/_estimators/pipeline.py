"""The pipeline that everything else works with: pixels in, labels out."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skdigits._estimators.classifier import DigitCNNClassifier
from skdigits._estimators.ensemble import DigitEnsembleClassifier
from skdigits._estimators.predicting import predict_both
from skdigits._estimators.presets import PRESETS
from skdigits._estimators.scaling import PixelScaler
from skdigits._utils.about import DocLinkMixin
from skdigits._utils.typing import Method, Rows

_OF_ENSEMBLE = ["memory", "n_jobs", "random_state", "verbose"]


def _of_last_step(method: Method) -> Method:
    """Make a method available only if the last step has it."""
    name = method.__name__
    return available_if(lambda self: hasattr(self._final_estimator, name))(method)


class DigitPipeline(DocLinkMixin, Pipeline):
    """A scikit-learn pipeline that predicts in blocks, to bound memory however many rows there are.

    The steps see 8,192 rows at a time, so that a million rows are never copied as a whole.
    Parameters, attributes and methods are those of :class:`sklearn.pipeline.Pipeline`.
    """

    _BLOCK = 8192

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the steps: ``digitcnnclassifier__epochs=5``; see scikit-learn's."""
        names = self.get_params()
        for name in params:
            of_steps = [full for full in names if full.endswith(f"__{name}")]
            if name not in names and of_steps:
                raise ValueError(
                    f"{name!r} is no parameter of the pipeline but of a step: "
                    f"write {of_steps[0]!r}."
                )
        return super().set_params(**params)

    @_of_last_step
    def predict(self, X: Rows, **params: Any) -> NDArray[Any]:
        """Labels of pictures, shape (n_samples,); see :class:`sklearn.pipeline.Pipeline`."""
        return self._in_blocks(super().predict, X, params)

    @_of_last_step
    def predict_proba(self, X: Rows, **params: Any) -> NDArray[np.floating[Any]]:
        """Probabilities, shape (n_samples, n_classes); see :class:`sklearn.pipeline.Pipeline`."""
        return self._in_blocks(super().predict_proba, X, params)

    @_of_last_step
    def predict_log_proba(self, X: Rows, **params: Any) -> NDArray[np.floating[Any]]:
        """Logarithms of the probabilities, shape (n_samples, n_classes)."""
        return self._in_blocks(super().predict_log_proba, X, params)

    @_of_last_step
    def score_samples(self, X: Rows) -> NDArray[np.floating[Any]]:
        """How much pictures look like digits, shape (n_samples,); below 0 for non-digits."""
        return self._in_blocks(super().score_samples, X, {})

    def _predict_both(self, X):
        """Logarithms of the probabilities, and the score or None, from one run of each network."""

        def predict(X):
            return predict_both(self[-1], self[:-1].transform(X) if len(self) > 1 else X)

        log_proba, score = zip(*map(predict, self._blocks(X)), strict=True)
        return np.concatenate(log_proba), None if score[0] is None else np.concatenate(score)

    def _in_blocks(self, predict, X, params):
        parts = [predict(block, **params) for block in self._blocks(X)]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _blocks(self, X):
        n_rows = len(X) if hasattr(X, "__len__") and hasattr(X, "shape") else 0
        if n_rows <= self._BLOCK:
            return [X]
        return (X[i : i + self._BLOCK] for i in range(0, n_rows, self._BLOCK))


def make_digit_pipeline(
    preset: str | dict[str, int] = "balanced",
    *,
    n_estimators: int | None = None,
    **classifier_params: Any,
) -> DigitPipeline:
    """A :class:`PixelScaler` followed by a :class:`DigitCNNClassifier`, or by several.

    Parameters
    ----------
    preset : {"fast", "balanced", "accurate", "classic"} or dict, default="balanced"
        Name of the set of parameters to start from, a key of ``skdigits.PRESETS``. "balanced" has
        the defaults of :class:`DigitCNNClassifier`. A dict says how many networks of each preset to
        average, such as ``{"balanced": 5, "accurate": 1}``.
    n_estimators : int, default=None
        Number of networks to average with a :class:`DigitEnsembleClassifier`. None makes one
        network without an ensemble, or as many as a dict says.
    **classifier_params
        Parameters of :class:`DigitCNNClassifier`; they override the preset. With several networks,
        `memory`, `n_jobs`, `random_state` and `verbose` go to the ensemble.

    Returns
    -------
    pipeline : DigitPipeline
        With the steps "pixelscaler" and "digitcnnclassifier", so that parameters in a grid search
        have names such as "digitcnnclassifier__learning_rate". With several networks the second
        step is "digitensembleclassifier".

    Raises
    ------
    ValueError
        If there is no such preset; or if `preset` is a dict and `n_estimators` is given, or one of
        its numbers is below 1.

    Examples
    --------
    >>> from skdigits import make_digit_pipeline
    >>> make_digit_pipeline("fast", random_state=0)
    DigitPipeline(steps=[('pixelscaler', PixelScaler()),
                    ('digitcnnclassifier',
                     DigitCNNClassifier(...random_state=0...))])
    """
    counts: dict[str, int] = preset if isinstance(preset, dict) else {preset: 1}
    unknown = [name for name in counts if name not in PRESETS]
    if unknown or not counts:
        raise ValueError(f"preset={preset!r} is unknown; known are {list(PRESETS)}.")
    if isinstance(preset, dict):
        if n_estimators is not None or not all(n in range(1, 10_000) for n in counts.values()):
            raise ValueError(
                f"Got preset={preset!r} and n_estimators={n_estimators!r}: a dict gives the number "
                "of networks of each preset, at least 1. Leave out n_estimators with a dict."
            )
        n_estimators = sum(counts.values())
    classifier: BaseEstimator
    if n_estimators is None:
        (name,) = counts
        classifier = DigitCNNClassifier(**{**PRESETS[name], **classifier_params})
    else:
        own = {k: classifier_params.pop(k) for k in _OF_ENSEMBLE if k in classifier_params}
        prototypes = [
            DigitCNNClassifier(**{**PRESETS[name], **classifier_params})
            for name, n in counts.items()
            for _ in range(n)
        ]
        classifier = DigitEnsembleClassifier(
            prototypes if isinstance(preset, dict) else prototypes[0], n_estimators, **own
        )
    return DigitPipeline(
        [("pixelscaler", PixelScaler()), (type(classifier).__name__.lower(), classifier)]
    )
