"""The estimators inside an estimator, and their parameters by name, at any depth."""

from sklearn.base import clone

# Parameters that do not change what a fit learns, except for the last bits.
WITHOUT_EFFECT = ("memory", "n_jobs", "n_threads", "verbose", "checkpoint_dir")


def parameters_called(estimator, *names):
    """The parameters of an estimator and of its parts that have one of these names."""
    params = estimator.get_params()
    return {key: value for key, value in params.items() if key.split("__")[-1] in names}


def cloned_without(estimator, *names):
    """A clone in which all parameters with these names, at any depth, are None."""
    bare = clone(estimator)
    return bare.set_params(**dict.fromkeys(parameters_called(bare, *names)))


def unwrap(estimator):
    """Yield an estimator, the one inside it that predicts, and so on to the innermost.

    Inside a pipeline that is the last step, inside a search the best estimator. An ensemble ends
    the iteration.
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
