"""An estimator's parts, and their parameters by their own names, however deep they lie."""

from sklearn.base import clone

# Whatever their value, a fit learns the same but for the last bits.
WITHOUT_EFFECT = ("memory", "n_jobs", "n_threads", "verbose", "checkpoint_dir")


def parameters_called(estimator, *names):
    """Those parameters of an estimator and of its parts that have one of these names."""
    params = estimator.get_params()
    return {key: value for key, value in params.items() if key.split("__")[-1] in names}


def cloned_without(estimator, *names):
    """A clone in which all parameters of these names, however deep, are None."""
    bare = clone(estimator)
    return bare.set_params(**dict.fromkeys(parameters_called(bare, *names)))


def unwrap(estimator):
    """An estimator, the one that answers inside it, and so on down to the innermost.

    Of a pipeline that is the last step, of a search its best estimator. It ends where there are
    several.
    """
    while estimator is not None:
        yield estimator
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "estimators_"):
            return
        else:
            inner = ("best_estimator_", "estimator_", "estimator")
            estimator = next((getattr(estimator, n) for n in inner if hasattr(estimator, n)), None)
