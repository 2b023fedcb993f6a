"""Prediction: one compiled function with a few fixed shapes, for one network or several.

The compiled function takes the weights as arguments, so all networks of one specification share it:
nothing is traced again after another fit, and several threads may call it at the same time.
"""

from collections import OrderedDict
from weakref import WeakKeyDictionary

import numpy as np

from skdigits._networks.compute import as_constant, compile_function, limit_threads
from skdigits._networks.session import LOCK, quietly
from skdigits._networks.spec import MAX_KEPT, with_inner_activations
from skdigits._utils.fork import refuse_after_fork
from skdigits._utils.images import as_images

with quietly():
    import keras

    from skdigits._networks.layers import distorted_views


class _Forward:
    """The logits of several networks for the same images, traced for each block size on first use.

    Parameters
    ----------
    specs : tuple of NetworkSpec
    n_views : int
        How many distorted views each network sees in addition to the image itself.
    with_features : bool
        Whether to append the activations of the inner layers to the logits; for one network only.
    """

    def __init__(self, specs, n_views, with_features):
        models = {spec: spec.build() for spec in set(specs)}
        self.models = [models[spec] for spec in specs]
        self.answers = [with_inner_activations(m) if with_features else m for m in self.models]
        self.n_views = n_views
        self.compiled = {}

    def __call__(self, weights, images):
        """Logits of shape (n_networks * (1 + n_views), n_images, n_classes)."""
        size = len(images)
        if size not in self.compiled:
            with LOCK:
                self.compiled[size] = compile_function(self._forward, weights, images)
        return self.compiled[size](weights, images)

    def _forward(self, weights, images):
        n_images = images.shape[0]  # len() of a traced tensor fails on Python 3.13
        views = distorted_views(images, self.n_views)
        logits, start = [], 0
        for model, answer in zip(self.models, self.answers, strict=True):
            stop = start + len(model.weights)
            mapping = list(zip(model.weights, weights[start:stop], strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                logits.append(answer(views, training=False))
            start = stop
        return keras.ops.reshape(keras.ops.stack(logits), (-1, n_images, logits[0].shape[-1]))


_forwards: OrderedDict = OrderedDict()


def _compiled_forward(*key):
    with LOCK:
        if key not in _forwards:
            _forwards[key] = _Forward(*key)
            while len(_forwards) > MAX_KEPT:
                _forwards.popitem(last=False)
        _forwards.move_to_end(key)
        return _forwards[key]


class Predictor:
    """Logits of networks with fixed weights, in blocks.

    Parameters
    ----------
    members : sequence of (NetworkSpec, list of ndarray)
        The networks and their weights; all for the same image shape and classes.
    n_views : int, default=0
        How many distorted views each network sees in addition to the image itself.
    with_features : bool, default=False
        Whether to append the activations of the inner layers to the logits; for one network only.
    """

    # Never a single row: it would run through other kernels and differ in the last bit.
    BLOCKS = (2, 16, 256)

    def __init__(self, members, n_views=0, with_features=False):
        specs = tuple(spec for spec, _ in members)
        self.forward = _compiled_forward(specs, n_views, with_features)
        self.image_shape = specs[0].image_shape
        self.weights = [as_constant(weight) for _, weights in members for weight in weights]

    def logits(self, X):
        """Logits of shape (n_networks * (1 + n_views), n_samples, n_classes), float32."""
        largest = self.BLOCKS[-1]
        parts = [self._block(X[i : i + largest]) for i in range(0, len(X), largest)]
        return np.concatenate(parts, axis=1)

    def _block(self, X):
        images = as_images(X, self.image_shape)
        n = len(images)
        size = next(block for block in self.BLOCKS if block >= n)
        if size != n:
            padded = np.zeros((size, *images.shape[1:]), np.float32)
            padded[:n] = images
            images = padded
        return self.forward(self.weights, images)[:, :n]


_predictors: WeakKeyDictionary = WeakKeyDictionary()


def _kept_predictor(owner, members, n_threads, *options):
    """The predictor of `owner`, replaced when its weights are no longer the same arrays."""
    refuse_after_fork()
    weights = [weight for _, weights in members for weight in weights]
    kept = _predictors.get(owner)
    predictor = kept[1].get(options) if kept and _are_same(kept[0], weights) else None
    if predictor is not None:
        return predictor
    with LOCK:  # when several threads arrive, the first prepares it for all
        kept = _predictors.get(owner)
        if kept is None or not _are_same(kept[0], weights):
            kept = _predictors[owner] = weights, {}
        if options not in kept[1]:
            limit_threads(n_threads)
            kept[1][options] = Predictor(members, *options)
        return kept[1][options]


def _are_same(before, now):
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))


def predict_logits(owner, members, X, *, n_views=0, n_threads=None):
    """Logits of `X` under several networks; the prepared predictor lives as long as `owner`.

    Parameters
    ----------
    owner : object
        The estimator that predicts; must support weak references.
    members : sequence of (NetworkSpec, list of ndarray)
    X : ndarray of shape (n_samples, n_features), numeric
    n_views : int, default=0
    n_threads : int, default=None

    Returns
    -------
    logits : ndarray of shape (n_networks * (1 + n_views), n_samples, n_classes), float32
    """
    return _kept_predictor(owner, members, n_threads, n_views).logits(X)


def predict_activations(owner, member, X, *, n_views=0, n_threads=None):
    """Logits of `X` and of its views under one network, and the inner activations of `X`.

    Parameters
    ----------
    owner : object
        The estimator that predicts; must support weak references.
    member : (NetworkSpec, list of ndarray)
    X : ndarray of shape (n_samples, n_features), numeric
    n_views : int, default=0
    n_threads : int, default=None

    Returns
    -------
    logits : ndarray of shape (1 + n_views, n_samples, n_classes), float32
        Those of `X` itself come first.
    features : ndarray of shape (n_samples, n_activations), float32
        For each image the mean of every channel, and the hidden units.
    """
    both = _kept_predictor(owner, [member], n_threads, n_views, True).logits(X)
    logits, features = np.split(both, [member[0].n_classes], axis=2)
    return logits, features[0]
