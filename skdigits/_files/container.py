"""The container of a model file: plain parts in a zip archive of exactly one valid form.

    manifest.json    format, versions, and length and SHA-256 of every other part
    model.json       the estimators (see `plain_state.py`)
    arrays/0.npy     and so on: arrays of floats or uint32, as `numpy.save`
                     writes them without pickle

Parts are stored uncompressed, so that reading needs no more memory than the size of the file. Any
zip tool opens the file, and `numpy.load` reads its arrays; safetensors would add nothing but a
dependency. Zip libraries accept many variants of one archive (duplicate members, hidden bytes, two
different directories); this reader accepts only what `pack` writes: it takes the parts from the
front, packs them again, and compares every byte.
"""

import hashlib
import io
import json
import re
import struct
import zlib
from math import prod

import numpy as np

FORMAT = 1
MAX_BYTES = 2**27  # of a file; loading needs twice that much memory
MAX_JSON = 2**20  # of a part that is JSON
MAX_PARTS = 10_000
SIGNATURE = b"PK\x03\x04"

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_MIDNIGHT_1980 = 0x21 << 16  # time and date of every part, in zip's format
_VERSION = 20
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '<(f2|f4|f8|u4)', 'fortran_order': (True|False), "
    rb"'shape': \(((?:[1-9]\d{0,9},|[1-9]\d{0,9}(?:, [1-9]\d{0,9}){1,3})?)\), \} *\n",
    re.DOTALL,
)


class Malformed(ValueError):
    """What is wrong with a file; the message continues a sentence that starts with its name."""


def pack(parts):
    """Zip parts without compression; the same parts always give the same bytes.

    Parameters
    ----------
    parts : dict of str to bytes
        ASCII names and contents, in order.

    Yields
    ------
    piece : bytes
        Concatenated, the pieces are the file.
    """
    position, directory = 0, []
    for name, content in parts.items():
        encoded, size = name.encode("ascii"), len(content)
        about = (0, 0, _MIDNIGHT_1980 & 0xFFFF, _MIDNIGHT_1980 >> 16, zlib.crc32(content))
        about += (size, size, len(encoded), 0)
        header = _LOCAL.pack(SIGNATURE, _VERSION, *about) + encoded
        yield header
        yield content
        directory.append(
            _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *about, 0, 0, 0, 0, position) + encoded
        )
        position += len(header) + size
    central = b"".join(directory)
    n = len(directory)
    yield central + _END.pack(b"PK\x05\x06", 0, 0, n, n, len(central), position, 0)


def unpack(data):
    """Return the parts of what `pack` wrote; refuse anything else.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    parts : dict of str to memoryview
        Contents, not copied.

    Raises
    ------
    Malformed
        If packing the parts again does not give the same bytes.
    """
    if data[:4] != SIGNATURE:
        raise Malformed("is no .skdigits file, or its beginning is damaged or cut off")
    view, position, parts = memoryview(data), 0, {}
    while data[position : position + 4] == SIGNATURE and len(parts) < MAX_PARTS:
        if position + _LOCAL.size > len(data):
            raise Malformed("is cut off")
        *_, compression, _, _, _, stored, size, n_name, _ = _LOCAL.unpack_from(data, position)
        start = position + _LOCAL.size + n_name
        name = bytes(view[position + _LOCAL.size : start]).decode("latin-1")
        if compression or stored != size:
            raise Malformed(f"has a compressed part {name[:60]!r}; parts are stored as they are")
        if not name.isascii() or name in parts:
            raise Malformed(f"has a part {name[:60]!r} twice, or of a strange name")
        if start + size > len(data):
            raise Malformed("is cut off")
        parts[name] = view[start : start + size]
        position = start + size
    position = 0
    for piece in pack(parts):
        if view[position : position + len(piece)] != piece:
            raise Malformed("is damaged or cut off: its bytes are not those that were saved")
        position += len(piece)
    if position != len(data):
        raise Malformed("has bytes after its end")
    return parts


def write_parts(model, arrays, versions):
    """The parts of a model file.

    Parameters
    ----------
    model : dict
        Plain JSON values.
    arrays : list of ndarray
        Of float16, float32, float64 or uint32.
    versions : dict of str to str
        Of the packages that write the file.

    Returns
    -------
    parts : dict of str to bytes
    """
    parts = {"model.json": to_json(model)}
    parts |= {f"arrays/{i}.npy": to_npy(array) for i, array in enumerate(arrays)}
    manifest = {
        "skdigits format": FORMAT,
        "versions": versions,
        "parts": {name: _fingerprint(content) for name, content in parts.items()},
    }
    return {"manifest.json": to_json(manifest), **parts}


def read_parts(data):
    """Read a model file and check its container.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    model : dict
        Plain JSON values.
    arrays : list of ndarray

    Raises
    ------
    Malformed
        If it is not a model file, damaged, or in another format.
    """
    parts = unpack(data)
    if "manifest.json" not in parts:
        raise Malformed("is a zip file, but has no manifest.json as model files do")
    manifest = from_json(parts.pop("manifest.json"))
    if not isinstance(manifest, dict) or "skdigits format" not in manifest:
        raise Malformed("has a manifest.json that names no format")
    found = manifest["skdigits format"]
    if type(found) is not int or found != FORMAT:
        raise Malformed(
            f"has format {str(found)[:20]}, written by skdigits "
            f"{str(_get(manifest, 'versions', 'skdigits'))[:20]}; this version reads format "
            f"{FORMAT}. Upgrade skdigits"
        )
    if set(manifest) != {"skdigits format", "versions", "parts"}:
        raise Malformed("has a manifest.json with other entries than format, versions and parts")
    _check_versions(manifest["versions"])
    fingerprints = {name: _fingerprint(content) for name, content in parts.items()}
    if manifest["parts"] != fingerprints or list(manifest["parts"]) != list(fingerprints):
        raise Malformed("has parts that are not those of its manifest.json")
    n_arrays = len(parts) - 1
    if list(parts) != ["model.json", *(f"arrays/{i}.npy" for i in range(n_arrays))]:
        raise Malformed("has parts of other names than model.json and arrays/0.npy to the last")
    model = from_json(parts.pop("model.json"))
    return model, [from_npy(content) for content in parts.values()]


def to_json(value):
    """A value as JSON, always in the same form."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")


def from_json(content):
    """Read what `to_json` wrote and nothing else: no duplicate keys, no NaN, no extreme nesting.

    Raises
    ------
    Malformed
    """
    if len(content) > MAX_JSON:
        raise Malformed(f"has {len(content):,} bytes of JSON in a part; at most {MAX_JSON:,} are")
    try:
        value = json.loads(bytes(content))
        is_as_written = to_json(value) == content
    except (ValueError, RecursionError) as error:
        raise Malformed(f"has JSON that cannot be read ({str(error)[:80]})") from error
    if not is_as_written:
        raise Malformed("has JSON that is not in the form that save_pipeline writes")
    return value


def to_npy(array):
    """The bytes that `numpy.save` would write: a header and the values."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def from_npy(content):
    """Read what `to_npy` wrote; the header is matched by a pattern and never evaluated.

    Raises
    ------
    Malformed
    """
    match = _NPY.match(content)
    if not match or int.from_bytes(match[1], "little") != match.end() - 10:
        raise Malformed("has an array that is no floats or uint32 of up to four dimensions")
    shape = tuple(int(n) for n in match[4].decode().split(",") if n)
    dtype = np.dtype(f"<{match[2].decode()}")
    if match.end() + dtype.itemsize * prod(shape) != len(content):
        raise Malformed(f"has an array whose bytes are not those of its shape {shape}")
    order = "F" if match[3] == b"True" else "C"
    values = np.frombuffer(content, dtype, offset=match.end())
    array = values.reshape(shape, order=order).copy(order="K")
    if not (np.isfinite(array.min()) and np.isfinite(array.max())):
        raise Malformed("has NaN or infinite values in an array")
    return array


def _fingerprint(content):
    return {"n_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _get(value, *keys):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _check_versions(versions):
    is_plain = isinstance(versions, dict) and all(type(v) is str for v in versions.values())
    if not is_plain:
        raise Malformed("has a manifest.json whose versions are no texts")
