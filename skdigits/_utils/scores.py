"""What the scores of an estimator mean, whoever made it."""


def least_score(estimator):
    """The score under which an estimator takes a row for something that it does not know.

    It is the estimator's own `offset_`, as scikit-learn's detectors of outliers have it. Densities
    have no such limit, and refuse nothing.

    Parameters
    ----------
    estimator : estimator
        Fitted; of a pipeline and of a search, that at the end or the best counts.

    Returns
    -------
    least : float or None
        None where its `score_samples`, if it has any, has no limit.
    """
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            break
    return getattr(estimator, "offset_", None) if hasattr(estimator, "score_samples") else None
