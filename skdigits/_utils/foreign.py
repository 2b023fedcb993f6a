"""Recognise well-known files of other kinds by their first bytes."""

import re

START = 64  # bytes to look at

_IN_ZIP = rb"PK\x03\x04.{26}"  # the name of the first part follows
_KERAS = (
    "of Keras, which holds a network and no pipeline: load it with keras.saving.load_model, or "
    "save the fitted pipeline with skdigits.save_pipeline"
)
_KNOWN = [
    (rb"\Z", "is empty: copy it again from where it came from"),
    (
        rb"\s*<(!doctype|html|\?xml|head)",
        "is a web page: download the file itself, by its raw link",
    ),
    (
        rb"version https://git-lfs",
        "is a pointer of Git LFS: get the file itself with git lfs pull, or by its raw link",
    ),
    (rb"\x1f\x8b", "is packed with gzip: unpack it"),
    (rb"\x89HDF", f"is an HDF5 file, most likely {_KERAS}"),
    (_IN_ZIP + rb"(metadata|config)\.json|" + _IN_ZIP + rb"model\.weights", f"is a file {_KERAS}"),
    (
        _IN_ZIP + rb"[^/]+/(data\.pkl|\.|version|byteorder)",
        "is a file of PyTorch: load it with torch.load, or save a fitted pipeline with "
        "skdigits.save_pipeline",
    ),
    (
        rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF",
        "is a picture: skdigits predict reads pictures",
    ),
    (
        rb"(\xef\xbb\xbf)?\"?(label|pixel0|1x1)\"?[,;\t]",
        "is a CSV file: skdigits train makes a model of such a file",
    ),
    (rb".{4}ORTM", "is an .ort file of onnxruntime: use the .onnx file of skdigits.export_onnx"),
]


def name_foreign(start):
    """What a file of a well-known other kind is, and what to do with it.

    Parameters
    ----------
    start : bytes
        The first `START` bytes of the file, or all if there are fewer.

    Returns
    -------
    text : str or None
        To follow the file's name in a message; None if the kind is not recognised.
    """
    for pattern, text in _KNOWN:
        if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
            return text
    return None
