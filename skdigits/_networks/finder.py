"""The network that finds digits on pages: fully convolutional, from contrast to places.

For every fourth pixel it tells whether the centre of a digit, or of a sign, lies there, which one
it is, how large, and how far away its exact centre is. The target and loss of the places follow
X. Zhou, D. Wang and P. Krähenbühl, "Objects as Points" (2019).
"""

import keras
import numpy as np
from keras import layers, ops

from skdigits._pictures.finder import KINDS, PRIOR, STRIDE, UNIT

HEIGHTS = 14, 46  # pixels of the digits to be found
_DOUBTFUL = 9, 64  # what is not so much smaller or larger is neither asked for nor forbidden
_SEEN = 0.75  # share of a digit on the picture from which it is to be found
_SPREAD, _LEAST_SPREAD = 0.13, 0.6  # of the target around a centre: of the box; in places
_NEAR = 0.45  # target from which a place tells kind and box
N_OUTPUTS = 2 + len(KINDS) + 4
N_TARGETS = 10


def build_finder(width=0.75):
    """An untrained finder.

    Parameters
    ----------
    width : float, default=0.75
        Multiplies the channels 16, 32, 64, 96 of the scales.

    Returns
    -------
    model : keras.Model
        From contrast (n, height, width, 1), sides multiples of 16, to (n, height / 4, width / 4,
        20): logits of digit and sign, logits of the 14 kinds, logarithms of height and width in
        units of 24 pixels, and the way to the exact centre down and right in places.
    """

    def channels(n):
        return max(8, 8 * round(n * width / 8))

    def convolve(x, n, size=3, stride=1, dilation=1):
        x = layers.Conv2D(
            channels(n),
            size,
            strides=stride,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))

    def refine(x, dilation=1):
        change = layers.Conv2D(
            x.shape[-1],
            3,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        # With a gain of 0 it changes nothing at first: a trained network can grow by such layers.
        change = layers.BatchNormalization(momentum=0.95, gamma_initializer="zeros")(change)
        return layers.ReLU()(layers.Add()([x, change]))

    inputs = keras.Input((None, None, 1), name="ink")
    x = convolve(inputs, 16, size=5, stride=2)
    fine = convolve(convolve(x, 32, stride=2), 32)
    middle = refine(convolve(convolve(fine, 64, stride=2), 64))
    coarse = convolve(convolve(convolve(middle, 96, stride=2), 96), 96, dilation=2)
    coarse = refine(refine(coarse), dilation=2)
    x = layers.Add()([layers.UpSampling2D(2)(convolve(coarse, 64, size=1)), middle])
    x = convolve(x, 64)
    x = layers.Add()([layers.UpSampling2D(2)(convolve(x, 32, size=1)), fine])
    return keras.Model(inputs, layers.Conv2D(N_OUTPUTS, 1)(convolve(x, 48)), name="finder")


def encode_marks(marks, shape):
    """What the finder is to say of a picture.

    Parameters
    ----------
    marks : list of Mark
        What is on it, see :func:`skdigits.datasets._pages.make_patch`.
    shape : (int, int)
        Height and width of the picture.

    Returns
    -------
    target : ndarray of shape (height / 4, width / 4, 10), float16
        How much a place is the centre of a digit and of a sign; whether that does not matter, of
        either; kind; logarithms of height and width; the way to the centre; weight of these.
    """
    n_rows, n_columns = shape[0] // STRIDE, shape[1] // STRIDE
    target = np.zeros((n_rows, n_columns, N_TARGETS), np.float32)
    rows, columns = np.arange(n_rows) + 0.5, np.arange(n_columns) + 0.5
    for mark in marks:
        left, top, right, bottom = mark.box
        width, height = right - left, bottom - top
        inside = (
            max(0, min(right, shape[1]) - max(left, 0)),
            max(0, min(bottom, shape[0]) - max(top, 0)),
        )
        seen = inside[0] * inside[1] / (width * height)
        if not seen:
            continue
        is_digit = mark.label.isdigit() or mark.label == "lost"
        size = max(mark.size, 0.7 * width) if is_digit else mark.size
        channel = 0 if is_digit else 1
        if mark.label == "lost" or seen < _SEEN or not HEIGHTS[0] <= size <= HEIGHTS[1]:
            if _DOUBTFUL[0] <= size <= _DOUBTFUL[1]:
                covered = np.s_[
                    max(0, top) // STRIDE : -(-bottom // STRIDE),
                    max(0, left) // STRIDE : -(-right // STRIDE),
                ]
                target[(*covered, 2 + channel)] = 1
            continue
        y, x = (top + bottom) / 2 / STRIDE, (left + right) / 2 / STRIDE
        spread_y = max(_LEAST_SPREAD, _SPREAD * height / STRIDE)
        spread_x = max(_LEAST_SPREAD, _SPREAD * max(width, 0.3 * height) / STRIDE)
        middle = min(max(int(y), 0), n_rows - 1) + 0.5, min(max(int(x), 0), n_columns - 1) + 0.5
        bell = np.exp(-(((rows - middle[0]) / spread_y) ** 2) / 2)[:, None]
        bell = bell * np.exp(-(((columns - middle[1]) / spread_x) ** 2) / 2)
        target[..., channel] = np.maximum(target[..., channel], bell)
        near = (bell > _NEAR) & (bell > target[..., 9])
        target[near, 4] = KINDS.index(mark.label)
        target[near, 5] = np.log(height / UNIT)
        target[near, 6] = np.log(max(width, 1) / UNIT)
        target[near, 7] = (y - np.broadcast_to(rows[:, None], near.shape))[near]
        target[near, 8] = (x - np.broadcast_to(columns, near.shape))[near]
        target[near, 9] = bell[near]
    return target.astype(np.float16)


def finder_loss(target, answers):
    """Penalty-reduced focal loss of the places, cross-entropy of the kinds, L1 of the boxes."""
    heat, ignored, weight = target[..., :2], target[..., 2:4], target[..., 9]
    logits = answers[..., :2] - PRIOR
    probability = ops.sigmoid(logits)
    centre = ops.cast(heat > 0.999, logits.dtype)
    missed = ops.softplus(-logits) * (1 - probability) ** 2 * centre
    invented = ops.softplus(logits) * probability**2 * (1 - heat) ** 4 * (1 - centre)
    places = ops.sum(missed + invented * (1 - ignored)) / (ops.sum(centre) + 8)
    kinds = keras.losses.sparse_categorical_crossentropy(
        ops.cast(target[..., 4], "int32"), answers[..., 2:16], from_logits=True
    )
    boxes = ops.sum(ops.abs(target[..., 5:9] - answers[..., 16:20]), axis=-1)
    return places + ops.sum((kinds + 0.7 * boxes) * weight) / (ops.sum(weight) + 4)
