"""Check the content of an ONNX file before a runtime sees it.

ONNX can do far more than a digit network needs: read other files, loop, nest graphs. The bytes are
parsed with only the few messages and fields that :func:`skdigits.export_onnx` writes, and a file
with anything else is refused. This needs no package: a protobuf message is a sequence of (field
number, value).
"""

import base64
import json
from collections import defaultdict

import numpy as np

from skdigits._runtime.shapes import Node, estimate, whole_numbers
from skdigits.exceptions import ModelFileError

FORMAT = 1
METADATA = "skdigits"
INPUT, PROBABILITIES, LOG_PROBABILITIES = "pixels", "probabilities", "log_probabilities"
SCORE = "score"

MAX_BYTES = 256 * 2**20
_MAX_FIELDS = 50_000  # the shipped network has 600, ten such networks have 6,000
_MAX_SIDE = 100_000  # of a tensor: wider than any hidden layer
_FLOAT, _INT64 = 1, 7
_OTHER_NUMBERS = {2: "uint8", 3: "int8", 10: "float16", 11: "float64", 16: "bfloat16"}
_MAX_VALUES = 2**26  # in use at the same time: a quarter of a GB
_MAX_PRODUCTS = 2**32  # for one row: a few seconds
_BLOCKS = (256, 16, 1)
# The fields that may occur in each message: the name of another message, or None for a value.
_MESSAGES: dict = {
    "model": {1: None, 2: None, 3: None, 7: "graph", 8: "opset", 14: "entry"},
    "opset": {1: None, 2: None},
    "entry": {1: None, 2: None},
    "graph": {1: "node", 2: None, 5: "tensor", 11: "value", 12: "value"},
    "node": {1: None, 2: None, 3: None, 4: None, 5: "attribute"},
    "attribute": {1: None, 3: None, 8: None, 20: None},
    "tensor": {1: None, 2: None, 8: None, 9: None},
    "value": {1: None, 2: "type"},
    "type": {1: "tensor type"},
    "tensor type": {1: None, 2: "shape"},
    "shape": {1: "dimension"},
    "dimension": {1: None, 2: None},
}

_REPEATED = {"model": {14}, "graph": {1, 5, 11, 12}, "node": {1, 2, 5}, "shape": {1}}
_REPEATED |= {"attribute": {8}, "tensor": {1}}
_BINARY = {("attribute", 8), ("tensor", 1), ("tensor", 9)}  # other fields with a length are text


def check_bytes(content):
    """Check that bytes are an ONNX model such as skdigits writes.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    n_rows : int
        How many rows to give to the model at a time.

    Raises
    ------
    ModelFileError
        If they contain anything that skdigits does not write, or too much of it.
    """
    if len(content) > MAX_BYTES:
        raise ModelFileError(
            f"The ONNX model has {len(content):,} bytes; at most {MAX_BYTES:,} are read."
        )
    try:
        (graph,) = _read(memoryview(content), "model", [_MAX_FIELDS])[7]
        return _find_block(graph)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        cause = str(error)[:100]
        if other := _name_other_writer(content):
            raise ModelFileError(
                f"This ONNX model was written {other} ({cause}); load_onnx takes only what "
                "skdigits.export_onnx wrote, unchanged. Use onnxruntime.InferenceSession for this "
                "one."
            ) from None
        raise ModelFileError(
            f"This is not an ONNX model of skdigits, or a damaged one ({cause}). Write it again "
            "with skdigits.export_onnx."
        ) from None


def _read(message, kind, n_left):
    """The fields of a message, each a list of ints, strings, bytes or messages."""
    read = defaultdict(list)
    for number, value in _fields(message):
        n_left[0] -= 1
        if n_left[0] < 0:
            raise ValueError("too many parts")
        if number not in _MESSAGES[kind]:
            raise ValueError(f"field {number} of a {kind}")
        if number in read and number not in _REPEATED.get(kind, ()):
            raise ValueError(f"field {number} of a {kind} twice")  # which one counts is ambiguous
        inner = _MESSAGES[kind][number]
        if inner:
            value = _read(value, inner, n_left)
        elif not isinstance(value, int) and (kind, number) not in _BINARY:
            value = str(value, "utf-8")
        read[number].append(value)
    return read


def _name_other_writer(content):
    """What else wrote or changed a model, such as "by onnx.quantize, with numbers of uint8"."""
    try:
        model = _group(content)
        graph = _group(model[7][0])
        tensors = [_group(tensor) for tensor in graph[5]]
        nodes = [_group(node) for node in graph[1]]
        names = {str(name, "utf-8") for name in model[2]} - {"skdigits"}
        domains = {str(node[7][0], "utf-8") for node in nodes if node[7]} - {""}
    except (ValueError, IndexError, TypeError):
        return None
    kinds = {_OTHER_NUMBERS.get(kind) for tensor in tensors for kind in tensor[2]} - {None}
    if not all(name.isprintable() for name in names | domains):
        return None
    found = [f"by {name[:40]}" for name in names]
    found += [f"with numbers of {kind}" for kind in sorted(kinds)]
    found += [f"with operators of {domain[:40]}" for domain in sorted(domains)[:1]]
    found += ["with weights in other files"] * any(tensor[13] for tensor in tensors)
    return ", ".join(found) or None


def _group(message):
    """The values of a message by field, without reading nested messages."""
    values = defaultdict(list)
    for number, value in _fields(memoryview(message)):
        values[number].append(value)
        if sum(map(len, values.values())) > _MAX_FIELDS:
            raise ValueError("too many parts")
    return values


def _find_block(graph):
    """The largest block of rows within the limits on memory and time."""
    shapes, constants = {}, {}
    for tensor in graph[5]:
        (name,), data = tensor[8], tensor[9][0] if tensor[9] else b""
        if name in shapes:
            raise ValueError(f"two tensors {name!r}")
        shapes[name], kind = tuple(_ints(tensor[1])), tensor[2]
        if max(shapes[name], default=0) > _MAX_SIDE:
            raise ValueError(f"a tensor of {max(shapes[name]):,}")
        if kind == [_INT64]:
            constants[name] = whole_numbers(data)
        elif kind != [_FLOAT] or not np.isfinite(np.frombuffer(data, "<f4")).all():
            raise ValueError("weights that are not numbers")
        else:
            constants[name] = None
    nodes = [_read_node(node) for node in graph[1]]
    (source,) = graph[11]
    (rows,) = source[2][0][1][0][2]
    n_features = rows[1][1][1][0]
    for n_rows in _BLOCKS:
        of_input = {source[1][0]: (n_rows, n_features)}
        n_values, n_products = estimate(nodes, shapes | of_input, constants)
        if n_values <= _MAX_VALUES and n_products <= n_rows * _MAX_PRODUCTS:
            return n_rows
    raise ValueError(f"{n_values:,} values and {n_products:,} products for one row")


def _read_node(node):
    attributes = {}
    for attribute in node[5]:
        (name,) = attribute[1]
        values = _ints(attribute[8]) or attribute[3]
        if not values or max(values) > _MAX_SIDE:
            raise ValueError(f"attribute {name}")
        attributes[name] = values if attribute[8] else values[0]
    return Node(node[4][0], node[1], node[2], attributes)


def _ints(values):
    """The numbers of a repeated field, whether packed or not."""
    return [
        number
        for value in values
        for number in ([value] if isinstance(value, int) else _packed(value))
    ]


def _fields(message):
    """The number and value of each field; values with a length are memoryviews, others ints."""
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


def read_metadata(text, n_classes, n_features):
    """What a file says about itself.

    Parameters
    ----------
    text : str or None
        JSON, as :func:`skdigits.export_onnx` writes it.
    n_classes : int
        Columns of the probabilities.
    n_features : int
        Columns of the pixels.

    Returns
    -------
    about : dict
        With "classes" as an array; "threshold" is a float or None, "columns" a list of names or
        None, "training_rows" an array of hashes, which may be empty.

    Raises
    ------
    ModelFileError
        If something is missing, invalid, or in another format.
    """
    if text is None:
        raise ModelFileError(
            "The ONNX model does not name its classes: it was not written by skdigits.export_onnx."
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
        _check_columns(about.setdefault("columns", None), n_features)
        label = about.setdefault("reject_label", None)
        if not isinstance(label, (type(None), bool, int, float, str)):
            raise ValueError("reject_label")
        if not isinstance(about["versions"], dict):
            raise ValueError("versions")
        rows = base64.b64decode(about.setdefault("training_rows", ""), validate=True)
        about["training_rows"] = np.frombuffer(rows, dtype="<u4")
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


def _check_columns(columns, n_features):
    if columns is None:
        return
    is_named = isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    if not is_named or not len(columns) == len(set(columns)) == n_features:
        raise ValueError("columns")


def _number(value, name, least):
    if value is None:
        return None
    number = float(value)
    if not number >= least:
        raise ValueError(f"{name} is {number}")
    return number
