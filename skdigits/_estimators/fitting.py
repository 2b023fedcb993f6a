"""What an estimator keeps: of a fit that failed, of the fit before, of an older file."""

from functools import wraps
from typing import cast

from skdigits._estimators.others import with_other_logit
from skdigits._utils.typing import Method


def all_or_nothing(fit: Method) -> Method:
    """A `fit` or `partial_fit` that leaves nothing half learned when it fails or is cut off.

    One that goes on from what was there, `partial_fit` or a `fit` with ``warm_start``, leaves the
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
    """An estimator whose file may be older than a parameter, which then has its default."""

    def __setstate__(self, state):
        super().__setstate__({**type(self)().get_params(deep=False), **state})


def weights_to_continue(classifier, classes, network):
    """The weights from which a warm start goes on; None before the first fit.

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
            f"warm_start cannot go on: {', '.join(changed)}. Use sklearn.base.clone() for an "
            "estimator without a past, or set warm_start=False."
        )
    return weights


def _is_learned(name):
    return name.endswith("_") and not name.startswith("_")
