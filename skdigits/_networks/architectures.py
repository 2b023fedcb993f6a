"""The named architectures: each a function that builds an untrained `keras.Model`.

A network takes images of shape (height, width, 1) and outputs one logit per class. Keras is
imported inside the functions, so that looking up a name does not import it.
"""

import inspect

# 3x3 convolutions as (channels, is_pooled) at width 1.
_COMPACT = [(16, True), (32, False), (64, True)]
_DEEP = [(32, False), (32, True), (64, False), (64, True), (128, False)]


def _small_padding(image_shape):
    # The margin of a digit's picture is blank, and smaller maps are cheaper.
    return "valid" if min(image_shape) >= 24 else "same"


def _small_network(stages, image_shape, n_classes, width, dropout, batch_norm):
    """3x3 convolutions in stages of (channels, is_pooled), then a hidden layer of 128."""
    from keras import Input, Model, layers

    from skdigits._networks.layers import FusedBatchNormalization

    batch_norm = True if batch_norm is None else batch_norm
    padding = _small_padding(image_shape)

    def activate(x):
        if batch_norm:
            x = FusedBatchNormalization(momentum=0.9)(x)
        return layers.ReLU()(x)

    def units(n):
        return max(1, round(n * width))

    x = inputs = Input((*image_shape, 1))
    options = {"use_bias": not batch_norm, "kernel_initializer": "he_normal"}
    for channels, is_pooled in stages:
        x = layers.Conv2D(units(channels), 3, padding=padding, **options)(x)
        if is_pooled:  # before the activation, for a quarter of the work and the same result
            x = layers.MaxPooling2D(padding="same")(x)
        x = activate(x)
    x = layers.Flatten()(x)
    x = activate(layers.Dense(units(128), **options)(x))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return Model(inputs, layers.Dense(n_classes)(x))


def compact(image_shape, n_classes, *, width=1.0, dropout=None, batch_norm=None):
    """A small batch-normalised network: three 3x3 convolutions and a hidden layer.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width in pixels.
    n_classes : int
        Number of logits.
    width : float, default=1.0
        Multiplies the channels 16, 32, 64 and the 128 hidden units.
    dropout : float, default=None
        Rate before the last layer; None is 0.
    batch_norm : bool, default=None
        Whether to normalise after each layer but the last; None is True.

    Returns
    -------
    model : keras.Model
    """
    return _small_network(_COMPACT, image_shape, n_classes, width, dropout, batch_norm)


def deep(image_shape, n_classes, *, width=1.0, dropout=None, batch_norm=None):
    """A batch-normalised network with five 3x3 convolutions, two of them at full resolution.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width in pixels.
    n_classes : int
        Number of logits.
    width : float, default=1.0
        Multiplies the channels 32, 32, 64, 64, 128 and the 128 hidden units.
    dropout : float, default=None
        Rate before the last layer; None is 0.3.
    batch_norm : bool, default=None
        Whether to normalise after each layer but the last; None is True.

    Returns
    -------
    model : keras.Model
    """
    dropout = 0.3 if dropout is None else dropout
    return _small_network(_DEEP, image_shape, n_classes, width, dropout, batch_norm)


def classic(image_shape, n_classes, *, width=1.0, dropout=None, batch_norm=None):
    """The network of the well-known Kaggle notebooks: 5x5 and 3x3 convolutions, Dense 256.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width in pixels.
    n_classes : int
        Number of logits.
    width : float, default=1.0
        Multiplies the channels 32, 32, 64, 64 and the 256 hidden units.
    dropout : float, default=None
        Rate before the last layer, and half that rate after each pooling; None is 0.5.
    batch_norm : bool, default=None
        Whether to normalise after each convolution; None is False.

    Returns
    -------
    model : keras.Model
    """
    from keras import Input, Model, layers

    from skdigits._networks.layers import FusedBatchNormalization

    dropout = 0.5 if dropout is None else dropout

    def convolution(x, channels, kernel_size):
        x = layers.Conv2D(max(1, round(channels * width)), kernel_size, padding="same")(x)
        if batch_norm:
            x = FusedBatchNormalization(momentum=0.9)(x)
        return layers.ReLU()(x)

    x = inputs = Input((*image_shape, 1))
    for channels, kernel_size in [(32, 5), (64, 3)]:
        x = convolution(x, channels, kernel_size)
        x = convolution(x, channels, kernel_size)
        x = layers.MaxPooling2D(padding="same")(x)
        x = layers.Dropout(dropout / 2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(max(1, round(256 * width)), activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    return Model(inputs, layers.Dense(n_classes)(x))


ARCHITECTURES = {"classic": classic, "compact": compact, "deep": deep}


def weight_shapes(architecture, image_shape, n_classes, *, width=1.0, batch_norm=None):
    """The shapes of a named network's weights, in Keras' order, computed without building it.

    Model files are checked against them before anything is built or allocated.

    Parameters
    ----------
    architecture : str
        A key of `ARCHITECTURES`.
    image_shape : (int, int)
        Height and width in pixels.
    n_classes : int
        Number of logits.
    width : float, default=1.0
        As of the network.
    batch_norm : bool, default=None
        As of the network.

    Returns
    -------
    shapes : list of (str, tuple of int)
        What the weight is ("kernel", "bias", "gamma", "beta", "mean" or "variance") and its shape.
    """
    is_classic = architecture == "classic"
    if is_classic:
        stages = [(32, 5, False), (32, 5, True), (64, 3, False), (64, 3, True)]
        batch_norm, n_hidden, padding = bool(batch_norm), 256, "same"
    else:
        small = {"compact": _COMPACT, "deep": _DEEP}[architecture]
        stages = [(channels, 3, is_pooled) for channels, is_pooled in small]
        batch_norm, n_hidden = batch_norm is None or bool(batch_norm), 128
        padding = _small_padding(image_shape)
    shapes = []

    def add(kernel, has_bias, is_normalised):
        names = ["bias"] * has_bias + ["gamma", "beta", "mean", "variance"] * is_normalised
        shapes.extend([("kernel", kernel), *((name, kernel[-1:]) for name in names)])

    (height, width_px), before = image_shape, 1
    for channels, size, is_pooled in stages:
        units = max(1, round(channels * width))
        add((size, size, before, units), is_classic or not batch_norm, batch_norm)
        lost = size - 1 if padding == "valid" else 0
        height, width_px, before = height - lost, width_px - lost, units
        if is_pooled:
            height, width_px = (height + 1) // 2, (width_px + 1) // 2
    hidden = max(1, round(n_hidden * width))
    is_normalised = batch_norm and not is_classic
    add((height * width_px * before, hidden), not is_normalised, is_normalised)
    add((hidden, n_classes), True, False)
    return shapes


def build_network(architecture, image_shape, n_classes, **arguments):
    """Build a network by name or with a user's function, and check that it fits.

    Parameters
    ----------
    architecture : str or callable
        A key of `ARCHITECTURES`, or a function with the same signature, which is passed only those
        keyword arguments that it names.
    image_shape : (int, int)
        Height and width in pixels.
    n_classes : int
        Number of logits.
    **arguments
        `width`, `dropout` and `batch_norm`.

    Returns
    -------
    model : keras.Model

    Raises
    ------
    ValueError
        If the function returns anything but a `keras.Model` from images to logits.
    """
    import keras

    build = ARCHITECTURES.get(architecture, architecture)
    named = inspect.signature(build).parameters.values()
    if not any(p.kind is p.VAR_KEYWORD for p in named):
        names = {p.name for p in named}
        arguments = {name: value for name, value in arguments.items() if name in names}
    model = build(image_shape, n_classes, **arguments)
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"architecture {build!r} returned {type(model).__name__}, expected a keras.Model."
        )
    expected = [(None, *image_shape, 1)], (None, n_classes)
    got = [tuple(i.shape) for i in model.inputs], tuple(model.outputs[0].shape)
    if got != expected or len(model.outputs) != 1:
        raise ValueError(
            f"architecture {build!r} maps {got[0]} to {got[1]}, expected {expected[0]} to "
            f"{expected[1]}: one image in, one logit per class out."
        )
    last = model.layers[-1]
    is_softmax = getattr(last, "activation", None) is keras.activations.softmax
    if is_softmax or isinstance(last, keras.layers.Softmax):
        raise ValueError(
            f"architecture {build!r} ends in a softmax, expected logits: remove the last "
            "activation; probabilities are computed outside the network."
        )
    return model
