"""Which rows a model was trained on: accuracy on these flatters it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdigits._utils.images import flatten_images, hash_rows
from skdigits._utils.typing import Rows


def rows_seen(estimator: Any, X: Rows) -> NDArray[np.bool_] | None:
    """Look rows up among those that a model remembers from its training.

    Parameters
    ----------
    estimator : estimator
        Fitted. Of a search the best estimator counts, of a pipeline the last step that remembers.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
        As the estimator takes them.

    Returns
    -------
    is_seen : ndarray of shape (n_samples,), bool, or None
        None if the model remembers nothing.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    *transformers, last = [step for _, step in getattr(estimator, "steps", [(None, estimator)])]
    if not hasattr(last, "training_rows_"):
        return None
    for transformer in transformers:  # they take pictures of any shape
        X = transformer.transform(X)
    return np.isin(hash_rows(flatten_images(X)), last.training_rows_)
