"""What an ONNX file of skdigits may hold, checked before a runtime sees it.

ONNX can do far more than a digit network needs: read other files, loop, hold graphs in graphs. The
bytes are walked by the few messages and fields that :func:`skdigits.export_onnx` writes; whatever
else there is makes the file a stranger's. No package is needed for that: a protobuf message is a
row of (field number, value).
"""

import json

import numpy as np

from skdigits.exceptions import ModelFileError

FORMAT = 1
METADATA = "skdigits"
INPUT, PROBABILITIES, LOG_PROBABILITIES = "pixels", "probabilities", "log_probabilities"
SCORE = "score"

MAX_BYTES = 256 * 2**20
_MAX_FIELDS = 50_000  # the shipped network has 600, ten such networks 6,000
_MAX_SIDE = 100_000  # of a tensor: no hidden layer is wider
_FLOAT = 1
_OPERATORS = {
    b"Add", b"Concat", b"Conv", b"Div", b"Exp", b"Flatten", b"Gemm", b"GlobalAveragePool",
    b"Identity", b"LogSoftmax", b"MatMul", b"MaxPool", b"Mean", b"Mul", b"Pad", b"ReduceL2",
    b"ReduceLogSumExp", b"ReduceMin", b"Relu", b"Reshape", b"Sub", b"Transpose", b"Unsqueeze",
}  # fmt: skip

# Of each message the fields that may occur: a name of another message, or None for a plain value.
_MESSAGES: dict = {
    "model": {1: None, 2: None, 3: None, 7: "graph", 8: "opset", 14: "entry"},
    "opset": {1: None, 2: None},
    "entry": {1: None, 2: None},
    "graph": {1: "node", 2: None, 5: "tensor", 11: "value", 12: "value"},
    "node": {1: None, 2: None, 3: None, 4: "operator", 5: "attribute"},
    "attribute": {1: None, 2: None, 3: None, 8: None, 20: None},
    "tensor": {1: "side", 2: "kind", 8: None, 9: None},
    "value": {1: None, 2: "type"},
    "type": {1: "tensor type"},
    "tensor type": {1: None, 2: "shape"},
    "shape": {1: "dimension"},
    "dimension": {1: None, 2: None},
}


def check_bytes(content):
    """Check that bytes are an ONNX model of the kind that skdigits writes.

    Parameters
    ----------
    content : bytes

    Raises
    ------
    ModelFileError
        If there is anything in them that skdigits does not write.
    """
    if len(content) > MAX_BYTES:
        raise ModelFileError(
            f"The ONNX model has {len(content):,} bytes; at most {MAX_BYTES:,} are read."
        )
    try:
        _walk(memoryview(content), "model", _MAX_FIELDS)
    except (ValueError, IndexError) as error:
        raise ModelFileError(
            f"This is no ONNX model of skdigits, or a damaged one ({error}). Write it again with "
            "skdigits.export_onnx."
        ) from None


def _walk(message, kind, n_left):
    """Check a message and those in it; gives how many more fields may follow."""
    seen = {}
    for number, value in _fields(message):
        n_left -= 1
        if n_left < 0:
            raise ValueError("too many parts")
        inner = _MESSAGES[kind].get(number, "")
        if inner == "operator":
            if bytes(value[:40]) not in _OPERATORS:
                raise ValueError(f"operator {bytes(value[:40])!r}")
        elif inner == "side":
            for side in [value] if isinstance(value, int) else _packed(value):
                if side > _MAX_SIDE:
                    raise ValueError(f"a tensor of {side:,}")
        elif inner == "":
            raise ValueError(f"field {number} of a {kind}")
        elif inner in _MESSAGES:
            n_left = _walk(value, inner, n_left)
        seen[number] = value
    if kind == "tensor" and seen.get(2) == _FLOAT:
        data = seen.get(9, b"")
        if len(data) % 4 or not np.isfinite(np.frombuffer(data, "<f4")).all():
            raise ValueError("weights that are not numbers")
    return n_left


def _fields(message):
    """Number and value of each field: an int, or a memoryview of what has a length."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire, number = tag & 7, tag >> 3
        if wire == 0:
            value, at = _varint(message, at)
        elif wire in (1, 2, 5):
            length, at = (8 if wire == 1 else 4, at) if wire != 2 else _varint(message, at)
            if at + length > len(message):
                raise ValueError("it is cut off")
            value, at = message[at : at + length], at + length
        else:
            raise ValueError("unknown wire type")
        yield number, value


def _varint(message, at):
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("an endless number")


def _packed(message):
    at = 0
    while at < len(message):
        value, at = _varint(message, at)
        yield value


def read_metadata(text, n_classes):
    """What a file says of itself.

    Parameters
    ----------
    text : str or None
        JSON, as :func:`skdigits.export_onnx` writes it.
    n_classes : int
        Columns of the probabilities.

    Returns
    -------
    about : dict
        With "classes" as an array; "threshold" is a float or None.

    Raises
    ------
    ModelFileError
        If something is missing, of another kind, or of another format.
    """
    if text is None:
        raise ModelFileError(
            "The ONNX model says nothing of its classes: it was not written by "
            "skdigits.export_onnx."
        )
    try:
        about = json.loads(text)
        if about["format"] != FORMAT:
            raise ModelFileError(
                f"The ONNX model has format {str(about['format'])[:20]}, written by skdigits "
                f"{str(about['versions']['skdigits'])[:20]}; this one reads format {FORMAT}. "
                "Upgrade skdigits, or export the model again."
            )
        about["classes"] = _classes(about["classes"], about["classes_dtype"])
        if len(about["classes"]) != n_classes:
            raise ValueError(f"{len(about['classes'])} classes for {n_classes} columns")
        for name, least in [("scale", 0), ("threshold", 0), ("temperature", 0)]:
            about[name] = _number(about.get(name), name, least)
        label = about.setdefault("reject_label", None)
        if not isinstance(label, (type(None), bool, int, float, str)):
            raise ValueError("reject_label")
    except ModelFileError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ModelFileError(
            f"The metadata of the ONNX model cannot be used ({str(error)[:100]}). Write it again "
            "with skdigits.export_onnx."
        ) from None
    return about


def _classes(labels, kind):
    if not isinstance(labels, list) or len(labels) > _MAX_SIDE:
        raise ValueError("classes")
    if kind in ("str", "object"):
        if not all(isinstance(label, str) for label in labels):
            raise ValueError("classes that are no strings")
        return np.array(labels, dtype=kind if kind == "object" else None)
    dtype = np.dtype(kind)
    if dtype.kind not in "biuf" or not all(isinstance(x, (bool, int, float)) for x in labels):
        raise ValueError("classes that are no numbers")
    return np.array(labels, dtype=dtype)


def _number(value, name, least):
    if value is None:
        return None
    number = float(value)
    if not number >= least:
        raise ValueError(f"{name} is {number}")
    return number
