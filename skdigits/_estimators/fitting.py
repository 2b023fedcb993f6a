"""What an estimator keeps after a failed fit, from an earlier fit, and from an older file."""

from functools import wraps
from typing import cast

from skdigits._estimators.others import with_other_logit
from skdigits._utils.typing import Method


def all_or_nothing(fit: Method) -> Method:
    """Make a `fit` or `partial_fit` leave nothing half learned when it fails or is interrupted.

    A method that builds on an earlier fit (`partial_fit`, or `fit` with ``warm_start``) leaves the
    estimator as it was; any other leaves it unfitted.

    Parameters
    ----------
    fit : callable
        A method of an estimator.

    Returns
    -------
    fit : callable
    """

    @wraps(fit)
    def whole_fit(self, *args, **kwargs):
        before = vars(self).copy()
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            goes_on = fit.__name__ == "partial_fit" or getattr(self, "warm_start", False)
            kept = before if goes_on else {k: v for k, v in before.items() if not _is_learned(k)}
            vars(self).clear()
            vars(self).update(kept)
            raise

    return cast(Method, whole_fit)


class OlderFilesMixin:
    """Load pickles that are older than a parameter: it gets its default."""

    def __setstate__(self, state):
        super().__setstate__({**type(self)().get_params(deep=False), **state})


def weights_to_continue(classifier, classes, network):
    """The weights from which a warm start continues; None before the first fit.

    Parameters
    ----------
    classifier : DigitCNNClassifier
    classes : ndarray of shape (n_classes,)
        Those of the new fit.
    network : dict
        What the network of the new fit is built from.

    Raises
    ------
    ValueError
        If classes or network have changed.
    """
    if not hasattr(classifier, "weights_"):
        return None
    weights, built = with_other_logit(classifier.weights_, classifier.network_, network)
    before = {"classes": classifier.classes_.tolist(), **built}
    now = {"classes": classes.tolist(), **network}
    changed = [f"{k}={before[k]!r} became {now[k]!r}" for k in now if now[k] != before[k]]
    if changed:
        raise ValueError(
            f"warm_start cannot continue: {', '.join(changed)}. Use sklearn.base.clone() for an "
            "unfitted copy, or set warm_start=False."
        )
    return weights


def _is_learned(name):
    return name.endswith("_") and not name.startswith("_")
