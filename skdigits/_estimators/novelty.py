"""A score of how much a picture looks like the digits of the training set.

The mean activation of every channel and the units of the hidden layer, reduced to a few principal
components, are described by one Gaussian per class. The score adds the distance to the nearest
Gaussian and the energy of the logits, which needs no examples of non-digits. If the network was
trained on some, the odds that it gives for a digit are added, too. `docs/benchmarks/trust.md` lists
what else was tried. Distances to class Gaussians are due to Lee, Lee, Lee and Shin (2018), the
energy to Liu, Wang, Owens and Li (2020).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skdigits._utils.images import flatten_images, warn_of_unscaled_rows
from skdigits._utils.typing import Rows

MAX_ROWS = 12_000  # as for the figures in docs/benchmarks/trust.md
N_COMPONENTS = 32
ENERGY_WEIGHT = 0.5
ODDS_WEIGHT = 2.0
REFUSED = 0.001  # share of the distorted training rows that score below 0
REFUSED_UNSEEN = 0.002  # share of held-out digits that score below 0, if there are enough of them
# Distortions under which a digit should still score above 0, in the units of the augmentation.
DISTORTION = {"rotation": 8, "zoom": 0.07, "shear": 0.1}


def learn_digits(activations, distorted, codes, has_odds=False):
    """Describe what digits look like to a network.

    Parameters
    ----------
    activations : tuple of (logits, features)
        Of training rows, of shape (n_samples, n_logits) and (n_samples, n_features).
    distorted : tuple of (logits, features)
        Of the same rows under `DISTORTION`; they set the zero of the score.
    codes : ndarray of shape (n_samples,)
        Classes of the rows.
    has_odds : bool
        Whether the last logit is that of non-digits.

    Returns
    -------
    learned : dict of str to ndarray
        For `score_digits`; the large arrays are in half precision.
    """
    _, features = activations
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-3 * features.std() + 1e-12
    standard = (features - centre) / scale
    n_components = max(1, min(N_COMPONENTS, len(standard) // 2, standard.shape[1]))
    axes = PCA(n_components, svd_solver="full").fit(standard).components_.T.astype(np.float16)
    reduced = standard @ axes.astype(float)
    means = np.stack([reduced[codes == code].mean(axis=0) for code in np.unique(codes)])
    learned = {
        "centre": centre.astype(np.float32),
        "scale": scale.astype(np.float32),
        "axes": axes,
        "means": means.astype(np.float32),
        "whiteners": _whiteners(reduced, codes, means).astype(np.float16),
    }
    parts = _parts(learned, *activations, has_odds)
    learned["median"] = np.median(parts, axis=1)
    learned["spread"] = parts.std(axis=1) + 1e-12
    learned["offset"] = 0.0
    learned["offset"] = float(np.quantile(score_digits(learned, *distorted), REFUSED))
    return learned


def score_digits(learned, logits, features):
    """How much rows look like digits; one in a thousand slightly distorted digits is below 0.

    Parameters
    ----------
    learned : dict
        From `learn_digits`.
    logits : ndarray of shape (n_samples, n_logits)
    features : ndarray of shape (n_samples, n_features)

    Returns
    -------
    score : ndarray of shape (n_samples,)
        One for each row.
    """
    parts = _parts(learned, logits, features, has_odds(learned)).T
    return (parts - learned["median"]) @ part_weights(learned) - learned["offset"]


def part_weights(learned):
    """The factor of each part of the score, whose spread among digits is scaled to 1."""
    weights = np.array([1, ENERGY_WEIGHT, ODDS_WEIGHT])
    return weights[: len(learned["spread"])] / learned["spread"]


def has_odds(learned):
    """Whether the last logit is that of non-digits."""
    return len(learned["median"]) > 2


def _whiteners(reduced, codes, means):
    """For each class a matrix that turns its covariance into the identity.

    A class with few rows uses the covariance of all rows.
    """
    residuals = reduced - means[np.unique(codes, return_inverse=True)[1]]
    shared = LedoitWolf(assume_centered=True).fit(residuals).covariance_

    def covariance(code):
        rows = residuals[codes == code]
        if len(rows) < 2 * reduced.shape[1]:
            return shared
        return LedoitWolf(assume_centered=True).fit(rows).covariance_

    tiny = 1e-6 * reduced.var() + 1e-8  # avoids infinity in half precision
    return np.stack(
        [
            np.linalg.cholesky(np.linalg.inv(covariance(code) + tiny * np.eye(len(shared))))
            for code in np.unique(codes)
        ]
    )


def _parts(learned, logits, features, has_odds):
    """Negative distance to the nearest class, energy, and log-odds of a digit, one per line.

    The odds only if the network has a logit for non-digits; shape (n_parts, n_samples).
    """
    standard = (features - learned["centre"]) / learned["scale"]
    reduced = standard @ learned["axes"].astype(float)
    distances = [
        np.linalg.norm((reduced - mean) @ whitener.astype(float), axis=1)
        for mean, whitener in zip(learned["means"], learned["whiteners"], strict=True)
    ]
    logits = logits.astype(float)
    if not has_odds:
        return np.stack([-np.min(distances, axis=0), logsumexp(logits, axis=1)])
    energy = logsumexp(logits[:, :-1], axis=1)
    return np.stack([-np.min(distances, axis=0), energy, energy - logits[:, -1]])


class NoveltyMixin:
    """`score_samples` of a classifier with `novelty`, `other_label` and one fitted network."""

    n_threads: int | None
    novelty: bool
    other_label: Any

    def _has_score(self):
        return self.novelty or self.other_label is not None

    @available_if(lambda self: self._has_score())
    def score_samples(self, X: Rows) -> NDArray[np.float32]:
        """How much pictures look like digits at all, with `novelty` or `other_label`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, 1)
            Pictures scaled as in `fit`.

        Returns
        -------
        score : ndarray of shape (n_samples,), float32
            High for digits like those of `fit`. The limit of 0 is cautious: about one in six
            hundred digits scores below it, and so do, without `other_label`, blanks, half of all
            scribbles and a third of letters.
        """
        check_is_fitted(self)
        X = validate_data(self, flatten_images(X), reset=False, dtype="numeric")
        warn_of_unscaled_rows(X)
        return self._score_rows(X, self.n_threads)

    @property
    def offset_(self) -> float:
        """Lower scores mean that a picture is taken for something other than a digit."""
        check_is_fitted(self, "digits_")
        return 0.0

    def _score_rows(self, X, n_threads):
        check_is_fitted(self, "digits_")
        score = score_digits(self.digits_, *self._activations(X, n_threads))
        return score.astype(np.float32)  # the precision of the activations

    def _activations(self, X, n_threads):
        from skdigits._networks.prediction import predict_activations
        from skdigits._networks.spec import NetworkSpec

        member = NetworkSpec(**self.network_), self.weights_
        logits, features = predict_activations(self, member, X, n_threads=n_threads)
        return logits[0], features

    def _logits_and_score(self, X, **options):
        """Logits of the rows and of their views, and the rows' score, from one pass."""
        check_is_fitted(self, "digits_")
        from skdigits._networks.prediction import predict_activations
        from skdigits._networks.spec import NetworkSpec

        member = NetworkSpec(**self.network_), self.weights_
        logits, features = predict_activations(self, member, X, **options)
        return logits, score_digits(self.digits_, logits[0], features).astype(np.float32)

    def _learn_digits(self, X, codes):
        from skdigits._networks.layers import distort_rows
        from skdigits._networks.session import plain_keras

        with plain_keras():
            distorted = distort_rows(X, self.network_["image_shape"], **DISTORTION)
        activations = [self._activations(rows, self.n_threads) for rows in (X, distorted)]
        self.digits_ = learn_digits(*activations, codes, self._has_other_logit())

    def _has_other_logit(self):
        return self.network_["n_classes"] > len(self.classes_)


def movable_scores(estimator, X):
    """The `score_samples` of an estimator whose zero `move_zero` can move.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like of shape (n_samples, n_features)

    Returns
    -------
    score : ndarray of shape (n_samples,)
        Empty for any other estimator.
    """
    return estimator.score_samples(X) if _members(estimator) else np.empty(0)


def find_zero(score, weight, refused=REFUSED_UNSEEN):
    """The score that should become 0, by those of held-out digits; 0 if these are too few."""
    if len(score) < 1 / refused:
        return 0.0
    return float(np.quantile(score, refused, weights=weight, method="inverted_cdf"))


def move_zero(estimator, zero):
    """Shift the scores of a fitted estimator so that this one becomes 0."""
    for member in _members(estimator):
        member.digits_ = member.digits_ | {"offset": member.digits_["offset"] + zero}


def _members(estimator):
    """The networks inside an estimator that have learned what digits look like."""
    while not isinstance(estimator, NoveltyMixin):
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    members = getattr(estimator, "estimators_", [estimator])
    return [m for m in members if isinstance(m, NoveltyMixin) and hasattr(m, "digits_")]
