"""Ways to change a model file: bytes, parts of the zip, and values with hashes that fit again."""

import copy
import hashlib
import io
import json
import pickle
import warnings
import zipfile

import numpy as np

from skdigits._files.container import pack, read_parts, to_json, to_npy, unpack, write_parts
from skdigits._networks.architectures import weight_shapes

NASTY = [
    *(None, True, False, 0, 1, -1, 2, 10**9, 2**63, -(10**30), 10**400, 0.0, -1.5, 1e-300, 1e300),
    *("", "auto", "compact", "classic", "os.system", "../../x", "\x00", "a" * 10_000, "1"),
    *([], {}, [[]], [0] * 100_000, {"!": "estimator"}, {"!": "tuple", "items": [1, 2]}),
    *({"!": "float", "value": v} for v in ("nan", "inf", "-inf", "1")),
    {"!": "array", "position": 0},
    {"!": "array", "dtype": "object", "values": ["a", "b"]},
    {"!": "array", "dtype": "<U99999", "values": ["a"] * 100},
    {"!": "scalar", "dtype": "<i8", "value": 3},
    {"!": "dict", "items": [[1, 2], [1, 3]]},
    {"!": "estimator", "kind": "PixelScaler", "parameters": {"scale": 1}, "fitted": None},
]


class Trap:
    """What would show that something was unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def joined(parts):
    return b"".join(pack(parts))


def parts_of(data):
    return {name: bytes(content) for name, content in unpack(data).items()}


def rehashed(model, arrays):
    return joined(write_parts(model, arrays, {}))


def manifest_for(parts):
    """The same parts behind a manifest that fits them, whatever they are."""
    others = {name: content for name, content in parts.items() if name != "manifest.json"}
    made = write_parts({}, [], {})
    manifest = json.loads(made["manifest.json"])
    manifest["parts"] = {n: fingerprint(content) for n, content in others.items()}
    return {"manifest.json": to_json(manifest), **others}


def fingerprint(content):
    return {"n_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


# Bytes


def flip_bits(data, draw, _):
    changed = bytearray(data)
    for position in draw.integers(0, len(data), draw.integers(1, 9)):
        changed[position] ^= 1 << draw.integers(8)
    return bytes(changed)


def cut(data, draw, _):
    return data[: draw.integers(len(data))]


def splice(data, draw, other):
    """A block left out, doubled, moved, zeroed, made of noise, or of another file."""
    start = int(draw.integers(len(data)))
    length = int(2 ** draw.uniform(0, np.log2(len(data))))
    block, rest = data[start : start + length], data[start + length :]
    new = [b"", 2 * block, bytes(len(block)), draw.bytes(len(block)), other[start:], data]
    return data[:start] + new[draw.integers(len(new))] + rest


# Parts of the zip


def forge_header(data, draw, _):
    """Extreme numbers in the fields of a local header, of the directory or of its end."""
    marks = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"]
    start = data.find(marks[draw.integers(3)], draw.integers(len(data) // 2))
    start = max(start, 0) + 4 + int(draw.integers(42))
    value = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff", b"\x08\0", b"\x01"][draw.integers(5)]
    return data[:start] + value + data[start + len(value) :]


def extra_part(data, draw, _):
    names = ["x", "../../evil", "/etc/evil", "arrays/999.npy", "model.json ", "C:\\evil", "a" * 999]
    parts = parts_of(data) | {names[draw.integers(len(names))]: draw.bytes(100)}
    return joined(manifest_for(parts) if draw.random() < 0.5 else parts)


def lose_or_rename(data, draw, _):
    parts = parts_of(data)
    name = list(parts)[draw.integers(len(parts))]
    content = parts.pop(name)
    if draw.random() < 0.5:
        parts["../" + name] = content
    return joined(manifest_for(parts) if draw.random() < 0.5 else parts)


def twice(data, draw, _):
    return zipped(data, draw, [(["model.json", "arrays/0.npy"][draw.integers(2)], b"{}")])


_BOMB = bytes(50_000_000)


def bomb(data, draw, _):
    name = ["bomb", "model.json", "arrays/0.npy"][draw.integers(3)]
    return zipped(data, draw, [(name, _BOMB)], zipfile.ZIP_DEFLATED)


def zipped(data, draw, members, compression=zipfile.ZIP_STORED):
    """As another zip library would write it, with more members."""
    buffer = io.BytesIO()
    everything = [*parts_of(data).items(), *members]
    if draw.random() < 0.5:
        everything.reverse()
    with (
        zipfile.ZipFile(buffer, "w", compression, compresslevel=1) as file,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in everything:
            file.writestr(name, content)
    return buffer.getvalue()


def stale_part(data, draw, _):
    """A part with other bytes in a whole zip, under the old manifest."""
    parts = parts_of(data)
    name = list(parts)[draw.integers(len(parts))]
    return joined(parts | {name: flip_bits(parts[name], draw, None)})


# Values, with hashes that fit again


def flipped_json(data, draw, _):
    parts = parts_of(data)
    return joined(manifest_for(parts | {"model.json": flip_bits(parts["model.json"], draw, None)}))


def deep_or_long_json(data, draw, _):
    n = int(10 ** draw.uniform(2, 6.5))
    text = [b"[" * n + b"]" * n, b'{"a":' * n + b"1" + b"}" * n, b"9" * n, b"[" + b"0," * n + b"0]"]
    part = ["model.json", "manifest.json"][draw.integers(2)]
    return joined(manifest_for(parts_of(data)) | {part: text[draw.integers(4)]})


def other_value(data, draw, _):
    model, arrays = read_parts(data)
    place, key = random_place(model, draw)
    change = draw.random()
    if change < 0.75:
        place[key] = copy.deepcopy(NASTY[draw.integers(len(NASTY))])
    elif change < 0.85 and isinstance(place, dict):
        place["evil"] = place[key]
    elif change < 0.95:
        del place[key]
    else:
        other, other_key = random_place(model, draw)
        place[key] = copy.deepcopy(other[other_key])
    return rehashed(model, arrays)


def harmless_value(data, draw, _):
    """A value that another fit, or `set_params`, could have given."""
    model, arrays = read_parts(data)
    classifiers = [node for node in nodes(model) if node.get("kind") == "DigitCNNClassifier"]
    parameters = classifiers[draw.integers(len(classifiers))]["parameters"]
    new = {
        "learning_rate": float(draw.uniform(1e-4, 1)),
        "epochs": int(draw.integers(1, 50)),
        "random_state": int(draw.integers(2**31)),
        "optimizer": "sgd",
        "width": float(draw.uniform(0.1, 2)),
    }
    name = list(new)[draw.integers(len(new))]
    parameters[name] = new[name]
    return rehashed(model, arrays)


def other_array(data, draw, _):
    """An array of other values, shape, type or order; or one more, or one less."""
    model, arrays = read_parts(data)
    i = draw.integers(len(arrays))
    array = arrays[i].copy()
    place = tuple(draw.integers(n) for n in array.shape)
    change = draw.integers(12)
    if change < 5:
        with np.errstate(over="ignore"):
            values = [np.nan, np.inf, 1e30, draw.normal(), 1e5]
            array[place] = values[change]
    elif change == 5:
        array = array.T.copy()
    elif change == 6:
        array = array.reshape(-1)
    elif change == 7:
        array = array.astype([np.float16, np.float32, np.float64][draw.integers(3)])
    elif change == 8:
        array = np.asfortranarray(array)
    elif change == 9:
        array = array[..., :-1].copy() if array.shape and array.shape[-1] > 1 else array
    elif change == 10:
        j = draw.integers(len(arrays))
        array, arrays[j] = arrays[j], array
    else:
        arrays.append(np.ones(3))
    arrays[i] = array
    return rehashed(model, arrays)


def forged_array(data, draw, trap):
    """An array whose header says something else than its bytes, or that is a pickle."""
    parts = parts_of(data)
    name = f"arrays/{draw.integers(len(parts) - 2)}.npy"
    content = parts[name]
    shapes = [b"(9999999999, 9999999999)", b"(0,)", b"(1.5,)", b"(-1,)", b"((" * 40, b"()"]
    types = [b"'|O'", b"'<i8'", b"'>f4'", b"'<f16'", b"[('a', '<f4')]", b"__import__('os')"]
    change = draw.integers(4)
    if change == 0:
        start, stop = content.find(b"(", 20), content.find(b")", 20) + 1
        content = content[:start] + shapes[draw.integers(len(shapes))] + content[stop:]
    elif change == 1:
        start, stop = content.find(b"'<f"), content.find(b"', 'fortran") + 1
        content = content[:start] + types[draw.integers(len(types))] + content[stop:]
    elif change == 2:
        content = to_npy(np.zeros(1)) + pickle.dumps(Trap(trap))
    else:
        buffer = io.BytesIO()
        np.save(buffer, np.array([Trap(trap)], dtype=object), allow_pickle=True)
        content = buffer.getvalue()
    return joined(manifest_for(parts | {name: content}))


def large_network(data, draw, _):
    """A network as wide as a file may be, and some wider: of ones."""
    model, arrays = read_parts(data)
    node = next(n for n in nodes(model) if n.get("fitted") and "network_" in n["fitted"])
    network, weights = node["fitted"]["network_"], node["fitted"]["weights_"]
    network["width"] = node["parameters"]["width"] = float(draw.uniform(1, 12))
    shapes = weight_shapes(
        network["architecture"], (28, 28), network["n_classes"], width=network["width"]
    )
    for entry, (_, shape) in zip(weights, shapes, strict=True):
        arrays[entry["position"]] = np.ones(shape, np.float32)
    digits = node["fitted"]["digits_"]
    n_features = sum(shape[-1] for name, shape in shapes[:-2] if name == "kernel")
    for name in ("centre", "scale", "axes"):
        position = digits[name]["position"]
        shape = (n_features, *arrays[position].shape[1:])
        arrays[position] = np.ones(shape, arrays[position].dtype)
    return rehashed(model, arrays)


def nodes(value):
    """All dicts inside a value, itself included."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nodes(inner)


def random_place(value, draw):
    """A container inside a value, and a key of it."""
    places = []

    def walk(inner):
        if isinstance(inner, (dict, list)):
            for key in inner if isinstance(inner, dict) else range(len(inner)):
                places.append((inner, key))
                walk(inner[key])

    walk(value)
    return places[draw.integers(len(places))]


# Of each: the function, how many in a thousand, and whether its hashes may fit what it changed.
MUTATIONS = {
    "bits flipped": (flip_bits, 150, False),
    "cut off": (cut, 70, False),
    "spliced": (splice, 100, False),
    "zip header forged": (forge_header, 90, False),
    "part added": (extra_part, 40, False),
    "part lost or renamed": (lose_or_rename, 40, False),
    "part twice": (twice, 20, False),
    "zip bomb": (bomb, 15, False),
    "part changed, old hashes": (stale_part, 50, False),
    "JSON bytes, new hashes": (flipped_json, 80, True),
    "JSON deep or long": (deep_or_long_json, 25, True),
    "JSON value, new hashes": (other_value, 180, True),
    "harmless value, new hashes": (harmless_value, 20, True),
    "array, new hashes": (other_array, 78, True),
    "array header forged": (forged_array, 40, True),
    "large network": (large_network, 2, True),
}
