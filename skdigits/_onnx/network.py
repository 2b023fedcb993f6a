"""A Keras network as steps that ONNX has, with batch normalisation folded into the kernels.

Keras stores images channels last, ONNX channels first: kernels are transposed when they are read,
and values are transposed back before they are flattened.
"""

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Affine:
    """Multiply and add for each channel: batch normalisation at prediction."""

    scale: np.ndarray
    shift: np.ndarray
    is_map: bool

    def add_to(self, graph, x):
        shape = (-1, 1, 1) if self.is_map else (-1,)
        x = graph.add("Mul", x, self.scale.reshape(shape))
        return graph.add("Add", x, self.shift.reshape(shape))


@dataclass(frozen=True)
class Convolution:
    """Kernel of shape (out, in, height, width), bias, and attributes of the ONNX node."""

    kernel: np.ndarray
    bias: np.ndarray
    attributes: dict

    def scaled(self, affine):
        kernel = self.kernel * affine.scale[:, None, None, None]
        return replace(self, kernel=kernel, bias=self.bias * affine.scale + affine.shift)

    def add_to(self, graph, x):
        return graph.add("Conv", x, self.kernel, self.bias, **self.attributes)


@dataclass(frozen=True)
class Product:
    """Kernel of shape (in, out) and bias of a dense layer."""

    kernel: np.ndarray
    bias: np.ndarray

    def scaled(self, affine):
        return Product(self.kernel * affine.scale, self.bias * affine.scale + affine.shift)

    def add_to(self, graph, x):
        return graph.add("Gemm", x, self.kernel, self.bias)


@dataclass(frozen=True)
class Pooling:
    """The largest value of each window."""

    attributes: dict

    def add_to(self, graph, x):
        return graph.add("MaxPool", x, **self.attributes)


@dataclass(frozen=True)
class Rectifier:
    """Set negative values to 0."""

    is_map: bool

    def add_to(self, graph, x):
        return graph.add("Relu", x)


@dataclass(frozen=True)
class Flattening:
    """Turn maps into rows, in Keras' order."""

    n_values: int

    def add_to(self, graph, x):
        x = graph.add("Transpose", x, perm=[0, 2, 3, 1])
        return graph.add("Reshape", x, np.array([-1, self.n_values]))


@dataclass
class Network:
    """The steps of a network, with those of its last layer separate."""

    body: list
    head: list = field(default_factory=list)

    def add_to(self, graph, x, with_features):
        """Add the network to a graph.

        Returns
        -------
        logits : str
        features : str or None
            As in :func:`skdigits._networks.spec.with_inner_activations`.
        """
        inner = []
        for step in self.body:
            x = step.add_to(graph, x)
            if isinstance(step, Rectifier):
                inner.append((x, step.is_map))
        inner = inner or [(x, False)]
        for step in self.head:
            x = step.add_to(graph, x)
        if not with_features:
            return x, None
        means = [
            graph.add("Flatten", graph.add("GlobalAveragePool", value)) if is_map else value
            for value, is_map in inner
        ]
        return x, graph.add("Concat", *means, axis=1)


def read_network(model):
    """Read a network that is one chain of supported layers.

    Parameters
    ----------
    model : keras.Model
        From images (n, height, width, 1) to logits.

    Returns
    -------
    network : Network

    Raises
    ------
    ValueError
        If a layer is not supported, or not part of the chain; the message names it.
    """
    from keras.layers import InputLayer

    layers = [layer for layer in model.layers if not isinstance(layer, InputLayer)]
    value = model.inputs[0]
    for layer in layers:
        if layer.input is not value:
            raise _refusal(layer, "does not follow the layer before it in one chain")
        value = layer.output
    steps = [_read_layer(layer) for layer in layers]
    return Network(_fold([step for part in steps[:-1] for step in part]), steps[-1])


def _fold(steps):
    """Fold each normalisation into the kernel before it; pooling in between may commute."""
    folded = []
    for step in steps:
        if isinstance(step, Affine):
            i = len(folded) - 1
            while i >= 0 and isinstance(folded[i], Pooling) and (step.scale >= 0).all():
                i -= 1
            if i >= 0 and isinstance(folded[i], (Convolution, Product)):
                folded[i] = folded[i].scaled(step)
                continue
        folded.append(step)
    return folded


def _read_layer(layer):
    from keras import layers

    from skdigits._networks.layers import FusedBatchNormalization

    readers = {
        layers.Conv2D: _read_convolution,
        layers.Dense: _read_product,
        layers.MaxPooling2D: _read_pooling,
        layers.BatchNormalization: _read_normalisation,
        FusedBatchNormalization: _read_normalisation,
        layers.ReLU: _read_rectifier,
        layers.Flatten: _read_flattening,
        layers.Dropout: lambda layer: [],
    }
    if type(layer) not in readers:
        known = ", ".join(sorted(kind.__name__ for kind in readers))
        raise _refusal(layer, f"is none of {known}")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _refusal(layer, "does not have its channels last")
    return readers[type(layer)](layer)


def _refusal(layer, reason):
    return ValueError(
        f"Layer {layer.name!r} ({type(layer).__name__}) {reason}: export_onnx cannot write this "
        "network. Use architecture 'compact', 'deep' or 'classic', or only layers that they use."
    )


def _read_convolution(layer):
    kernel = np.asarray(layer.kernel).transpose(3, 2, 0, 1).astype(float)
    reach = [d * (k - 1) + 1 for d, k in zip(layer.dilation_rate, layer.kernel_size, strict=True)]
    attributes = {
        "kernel_shape": list(layer.kernel_size),
        "dilations": list(layer.dilation_rate),
        "group": layer.groups,
        **_windows(layer, reach),
    }
    return [Convolution(kernel, _bias(layer, layer.filters), attributes), *_activation(layer)]


def _read_product(layer):
    if len(layer.input.shape) != 2:
        raise _refusal(layer, "does not come after Flatten")
    kernel = np.asarray(layer.kernel).astype(float)
    return [Product(kernel, _bias(layer, layer.units)), *_activation(layer)]


def _read_pooling(layer):
    size = list(layer.pool_size)
    return [Pooling({"kernel_shape": size, **_windows(layer, size)})]


def _read_normalisation(layer):
    n_axes = len(layer.input.shape)
    if layer.axis not in (-1, n_axes - 1):
        raise _refusal(layer, "does not normalise the last axis")
    mean, variance = (
        np.asarray(w).astype(float) for w in (layer.moving_mean, layer.moving_variance)
    )
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        scale = scale * np.asarray(layer.gamma)
    shift = -mean * scale
    if layer.center:
        shift = shift + np.asarray(layer.beta)
    return [Affine(scale, shift, n_axes == 4)]


def _read_rectifier(layer):
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise _refusal(layer, "is not the plain max(x, 0)")
    return [Rectifier(len(layer.output.shape) == 4)]


def _read_flattening(layer):
    if len(layer.input.shape) == 2:
        return []
    return [Flattening(layer.output.shape[1])]


def _activation(layer):
    from keras import activations

    if layer.activation is activations.linear:
        return []
    if layer.activation is activations.relu:
        return [Rectifier(len(layer.output.shape) == 4)]
    raise _refusal(layer, "has an activation other than relu or none")


def _bias(layer, n):
    return np.asarray(layer.bias).astype(float) if layer.use_bias else np.zeros(n)


def _windows(layer, reach):
    """Strides and pads of a layer with windows of this extent, padded as Keras does."""
    total = [0, 0]
    if layer.padding == "same":
        sides = layer.input.shape[1:3]
        for axis, (side, window, step) in enumerate(zip(sides, reach, layer.strides, strict=True)):
            total[axis] = max((-(-side // step) - 1) * step + window - side, 0)
    pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    return {"strides": list(layer.strides), "pads": pads}
