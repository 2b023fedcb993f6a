"""Interpret the `score_samples` of any estimator."""


def least_score(estimator):
    """The score below which an estimator takes a row for an outlier.

    It is the estimator's `offset_`, as in scikit-learn's outlier detectors. Density estimators have
    none, and refuse nothing.

    Parameters
    ----------
    estimator : estimator
        Fitted. In a pipeline the last step counts, in a search the best estimator.

    Returns
    -------
    least : float or None
        None if the estimator has no `score_samples`, or no `offset_`.
    """
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            break
    return getattr(estimator, "offset_", None) if hasattr(estimator, "score_samples") else None
