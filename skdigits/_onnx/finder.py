"""Write the network that finds digits as an ONNX file for pictures of any size."""

import numpy as np

OPSET = 13


def write_finder(model, path):
    """Write a trained finder, its batch normalisation folded into the kernels.

    Parameters
    ----------
    model : keras.Model
        As of :func:`skdigits._networks.finder.build_finder`.
    path : path-like
        Where to write.

    Returns
    -------
    path : path-like
        The same.
    """
    import onnx
    from keras import layers
    from onnx import helper, numpy_helper

    steps = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    normalisations = {
        id(step.input): step for step in steps if isinstance(step, layers.BatchNormalization)
    }
    names, nodes, constants = {id(model.inputs[0]): "ink"}, [], []

    def constant(name, values):
        values = np.ascontiguousarray(values, np.float32)
        constants.append(numpy_helper.from_array(values, name))
        return name

    for step in steps:
        given = step.input if isinstance(step.input, list) else [step.input]
        given, name = [names[id(value)] for value in given], step.name
        names[id(step.output)] = name
        if isinstance(step, layers.BatchNormalization):
            names[id(step.output)] = given[0]  # it is in the kernel
        elif isinstance(step, layers.Conv2D):
            kernel, bias = _kernel(step, normalisations.get(id(step.output)))
            given += [constant(f"{name}.kernel", kernel), constant(f"{name}.bias", bias)]
            nodes.append(helper.make_node("Conv", given, [name], **_windows(step)))
        elif isinstance(step, layers.UpSampling2D):
            given += ["", constant(f"{name}.scales", [1, 1, *step.size])]
            how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            nodes.append(helper.make_node("Resize", given, [name], mode="nearest", **how))
        else:
            kind = {layers.ReLU: "Relu", layers.Add: "Add"}[type(step)]
            nodes.append(helper.make_node(kind, given, [name]))
    output = names[id(model.outputs[0])]
    graph = helper.make_graph(
        nodes,
        "finder",
        [helper.make_tensor_value_info("ink", onnx.TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, [1, None, None, None])],
        constants,
    )
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(written)
    onnx.save(written, path)
    return path


def _kernel(convolution, normalisation):
    """Kernel (out, in, height, width) and bias, of the normalisation that follows too."""
    kernel = np.asarray(convolution.kernel, float)
    bias = (
        np.asarray(convolution.bias, float) if convolution.use_bias else np.zeros(kernel.shape[3])
    )
    if normalisation is not None:
        mean, variance = (
            np.asarray(value, float)
            for value in (normalisation.moving_mean, normalisation.moving_variance)
        )
        scale = np.asarray(normalisation.gamma) / np.sqrt(variance + normalisation.epsilon)
        kernel = kernel * scale
        bias = (bias - mean) * scale + np.asarray(normalisation.beta)
    return kernel.transpose(3, 2, 0, 1), bias


def _windows(convolution):
    """Attributes of a convolution whose input's sides are multiples of its strides."""
    reach = [
        dilation * (side - 1) + 1 - stride
        for side, stride, dilation in zip(
            convolution.kernel_size, convolution.strides, convolution.dilation_rate, strict=True
        )
    ]
    return {
        "kernel_shape": list(convolution.kernel_size),
        "strides": list(convolution.strides),
        "dilations": list(convolution.dilation_rate),
        "pads": [total // 2 for total in reach] + [total - total // 2 for total in reach],
    }
