"""Estimate how much memory and time an ONNX graph takes, from its shapes, before it runs.

A few bytes can demand any amount of either: values concatenated with themselves thirty times, a
kernel with a hundred thousand channels. Only operators that :func:`skdigits.export_onnx` writes are
supported.
"""

from math import prod

import numpy as np


class Node:
    """One step of a graph: operator, names of inputs and outputs, integer attributes."""

    def __init__(self, kind, inputs, outputs, attributes):
        self.kind, self.inputs, self.outputs = kind, inputs, outputs
        self.attributes = attributes
        unknown = set(attributes) - _ATTRIBUTES
        if unknown or kind not in SHAPES:
            raise ValueError(f"{kind} with {sorted(unknown)}" if unknown else f"operator {kind}")

    def shape(self, shapes, constants):
        """The shape of the output."""
        of_inputs = [shapes[name] for name in self.inputs]
        values = constants.get(self.inputs[-1])
        return tuple(SHAPES[self.kind](of_inputs, self.attributes, values))


def estimate(nodes, shapes, constants):
    """The cost of running a graph once.

    Parameters
    ----------
    nodes : list of Node
        In the order in which they run.
    shapes : dict of str to tuple
        Of the input, for the wanted number of rows, and of the constants.
    constants : dict of str to list of int
        Values of the constants that are integers.

    Returns
    -------
    n_values : int
        The most numbers in use at the same time, without the constants.
    n_products : int
        Multiplications.

    Raises
    ------
    ValueError, IndexError, KeyError, TypeError
        If the graph makes no sense.
    """
    shapes = dict(shapes)
    last_use = {name: i for i, node in enumerate(nodes) for name in node.inputs}
    n_now = n_most = sum(prod(shapes[name]) for name in shapes if name not in constants)
    n_products = 0
    for i, node in enumerate(nodes):
        if len(node.outputs) != 1 or node.outputs[0] in shapes:
            raise ValueError(f"the outputs of {node.kind}")
        shape = shapes[node.outputs[0]] = node.shape(shapes, constants)
        if not all(side > 0 for side in shape):
            raise ValueError(f"{node.kind} gives nothing")
        n_now += prod(shape)
        n_most = max(n_most, n_now)
        n_products += _products(node, shapes)
        for name in {*node.inputs, *node.outputs}:
            if last_use.get(name, len(nodes)) == i and name not in constants:
                n_now -= prod(shapes[name])
    return n_most, n_products


def _products(node, shapes):
    shape = prod(shapes[node.outputs[0]])
    if node.kind == "Conv":
        return shape * prod(shapes[node.inputs[1]][1:])
    if node.kind in ("Gemm", "MatMul"):
        return shape * shapes[node.inputs[0]][1]
    if node.kind == "MaxPool":
        return shape * prod(node.attributes["kernel_shape"])
    return max(shape, prod(shapes[node.inputs[0]]))


def _same(inputs, attributes, values):
    return inputs[0]


def _broadcast(inputs, attributes, values):
    n_axes = max(map(len, inputs))
    padded = [(1,) * (n_axes - len(shape)) + tuple(shape) for shape in inputs]
    sides = [{side for side in axis if side != 1} for axis in zip(*padded, strict=True)]
    if any(len(side) > 1 for side in sides):
        raise ValueError(f"shapes {inputs}")
    return [next(iter(side), 1) for side in sides]


def _conv(inputs, attributes, values):
    (n, channels, *sides), (n_out, n_in, *kernel), *_ = inputs
    if n_in * attributes["group"] != channels:
        raise ValueError(f"shapes {inputs}")
    return [n, n_out, *_slid(sides, kernel, attributes)]


def _pool(inputs, attributes, values):
    n, channels, *sides = inputs[0]
    return [n, channels, *_slid(sides, attributes["kernel_shape"], attributes)]


def _slid(sides, kernel, attributes):
    pads, strides = attributes["pads"], attributes["strides"]
    dilations = attributes.get("dilations", [1, 1])
    if not 2 == len(sides) == len(kernel) == len(strides) == len(dilations) or 0 in strides:
        raise ValueError("windows that are not flat")
    return [
        (sides[i] + pads[i] + pads[i + 2] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1
        for i in range(2)
    ]


def _product(inputs, attributes, values):
    (n, inner), (rows, columns), *_ = inputs
    if inner != rows:
        raise ValueError(f"shapes {inputs}")
    return n, columns


def _concat(inputs, attributes, values):
    axis = attributes["axis"]
    shape = list(inputs[0])
    shape[axis] = sum(other[axis] for other in inputs)
    return shape


def _reshape(inputs, attributes, values):
    known = prod(side for side in values if side != -1)
    if min(values) < -1 or 0 in values or values.count(-1) != 1:
        raise ValueError(f"a reshape to {values}")
    return [prod(inputs[0]) // known if side == -1 else side for side in values]


def _pad(inputs, attributes, values):
    n_axes = len(inputs[0])
    if len(values) != 2 * n_axes or min(values) < 0:
        raise ValueError(f"pads {values}")
    return [side + values[i] + values[i + n_axes] for i, side in enumerate(inputs[0])]


def _reduce(inputs, attributes, values):
    if attributes["keepdims"] or values is None:
        raise ValueError("a reduction that keeps its axes")
    return [side for i, side in enumerate(inputs[0]) if i not in values] or [1]


def _unsqueeze(inputs, attributes, values):
    if list(values) != [0]:
        raise ValueError(f"axes {values}")
    return [1, *inputs[0]]


SHAPES = {
    "Conv": _conv,
    "MaxPool": _pool,
    "Gemm": _product,
    "MatMul": _product,
    "Concat": _concat,
    "Reshape": _reshape,
    "Pad": _pad,
    "Unsqueeze": _unsqueeze,
    "Flatten": lambda inputs, *_: [inputs[0][0], prod(inputs[0][1:])],
    "GlobalAveragePool": lambda inputs, *_: [*inputs[0][:2], 1, 1],
    "Transpose": lambda inputs, attributes, _: [inputs[0][i] for i in attributes["perm"]],
    **dict.fromkeys(["ReduceL2", "ReduceLogSumExp", "ReduceMin"], _reduce),
    **dict.fromkeys(["Add", "Div", "Mean", "Mul", "Sub"], _broadcast),
    **dict.fromkeys(["Exp", "Identity", "LogSoftmax", "Relu"], _same),
}
_ATTRIBUTES = {
    "axis", "dilations", "group", "keepdims", "kernel_shape", "pads", "perm", "strides",
}  # fmt: skip


def whole_numbers(data):
    """The values of an int64 constant, little-endian as ONNX stores them."""
    return np.frombuffer(data, "<i8").tolist()
