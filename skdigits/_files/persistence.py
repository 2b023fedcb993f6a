"""Save and load fitted pipelines, as plain parts or as joblib with a footer.

".skdigits" files are made by `container.py` and `plain_state.py`. Joblib files are ordinary ones
that `joblib.load` reads too, followed by a footer that `load_pipeline` checks before it unpickles
anything:

    joblib bytes | footer as JSON | length of the footer, 8 bytes big-endian | MAGIC
"""

import hashlib
import io
import json
import os
import platform
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib
from sklearn.utils.validation import check_is_fitted

from skdigits import __version__
from skdigits._runtime.model import OnnxModel
from skdigits._utils.atomic import replacing
from skdigits._utils.foreign import START, name_foreign
from skdigits._utils.typing import PathLike
from skdigits.exceptions import ModelFileError, UntrustedFileWarning

FORMAT = 1  # of joblib files
MAGIC = b"skdigits"
PLAIN_SUFFIX = ".skdigits"
_PLAIN, _ONNX, _JOBLIB = "plain parts", "ONNX", "joblib"  # kinds of model files
_PACKAGES = ["scikit-learn", "numpy", "tensorflow", "keras", "joblib"]
_MAX_FOOTER = 64 * 1024
_ONNX_START = b"\x08"  # the field of its version; no pickle starts like this, compressed or not
_GZIP_START = b"\x1f\x8b"  # joblib files may be compressed, too
_NOT_OURS = {  # suffixes of files that something else writes
    ".onnx": "skdigits.export_onnx writes ONNX",
    ".keras": "pipeline[-1].model_.save writes the network alone",
    ".h5": "pipeline[-1].model_.save writes the network alone",
}
_FOOTER_START = b'{"skdigits format": '


def save_pipeline(pipeline: Any, path: PathLike, *, card: Any = None) -> Path:
    """Save a fitted pipeline to one file.

    The file is written under a temporary name and moved into place when complete, so that a crash
    leaves an existing file whole.

    Parameters
    ----------
    pipeline : estimator
        Fitted, with a `predict` method; as made by :func:`make_digit_pipeline`.
    path : path-like
        Where to write. The suffix decides on the format: ".skdigits" is a file of plain parts,
        which runs no code when it is loaded and holds estimators of this package and pipelines of
        them, without the folders `memory` and `checkpoint_dir`. Any other suffix, usually
        ".joblib", makes a joblib file, which holds any estimator.
    card : bool or path-like, default=None
        Whether to write a :func:`model_card`, too: True writes it beside the file with the suffix
        ".md", a path writes it there. The Hugging Face Hub expects "README.md".

    Returns
    -------
    path : pathlib.Path
        The file that was written.

    Raises
    ------
    TypeError
        If `pipeline` cannot predict, or contains what a ".skdigits" file cannot hold: estimators of
        other packages, functions, random states. Of a search, save the `best_estimator_`.
    ValueError
        If :func:`load_pipeline` would refuse the ".skdigits" file, for example for NaN weights or
        more than 128 MiB; or if the suffix of `path` belongs to another format.
    sklearn.exceptions.NotFittedError
        If `pipeline` is not fitted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits import load_pipeline, make_digit_pipeline, save_pipeline
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> pipeline = make_digit_pipeline(epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     path = save_pipeline(pipeline, Path(folder) / "model.skdigits")
    ...     again = load_pipeline(path)
    >>> bool((again.predict_proba(X) == pipeline.predict_proba(X)).all())
    True
    """
    check_ending(path)
    is_estimator = all(hasattr(pipeline, name) for name in ("fit", "predict", "__sklearn_tags__"))
    if not is_estimator or isinstance(pipeline, OnnxModel):
        raise TypeError(
            f"save_pipeline got {type(pipeline).__name__}, expected a fitted pipeline."
            + _hint_for(pipeline)
        )
    check_is_fitted(pipeline)
    is_plain = Path(path).suffix.lower() == PLAIN_SUFFIX
    pieces = _plain_pieces(pipeline) if is_plain else _joblib_pieces(pipeline)
    with replacing(path) as file:
        file.writelines(pieces)
    if card:
        from skdigits._files.model_card import model_card

        text = model_card(pipeline, file_name=Path(path).name)
        with replacing(Path(path).with_suffix(".md") if card is True else card) as file:
            file.write(text.encode())
    return Path(path)


def check_ending(path):
    """Raise a ValueError if the suffix of a file to save to belongs to another format."""
    suffix = Path(path).suffix.lower()
    if suffix in _NOT_OURS:
        raise ValueError(
            f"save_pipeline writes .skdigits and .joblib files, got {path}: {_NOT_OURS[suffix]}."
        )


def _hint_for(pipeline):
    """What to do with an object that cannot be saved."""
    if getattr(pipeline, "refit", None) is False:
        return " It was fitted with refit=False: search with refit=True, and save best_estimator_."
    if isinstance(pipeline, OnnxModel):
        return " Copy its .onnx file, or save load_pretrained(trainable=True)."
    if hasattr(pipeline, "layers"):
        return " Save a Keras network with its own save()."
    return ""


def _plain_pieces(pipeline):
    """The bytes of a ".skdigits" file, checked by reading them back."""
    from skdigits._files.container import Malformed, pack, write_parts
    from skdigits._files.plain_state import PlainWriter

    writer = PlainWriter()
    model = writer.write(pipeline)
    data = b"".join(pack(write_parts(model, writer.arrays, _installed_versions())))
    try:
        _read_plain(data)
    except Malformed as error:
        raise ValueError(
            f"This {type(pipeline).__name__} cannot be saved as {PLAIN_SUFFIX}: the file {error}. "
            "Correct it, or save it as .joblib."
        ) from error
    return [data]


def _joblib_pieces(pipeline):
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    content = buffer.getvalue()
    footer = {
        "skdigits format": FORMAT,
        "content": type(pipeline).__name__,
        "n_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "versions": _installed_versions(),
    }
    footer = json.dumps(footer).encode()
    return [content, footer, len(footer).to_bytes(8, "big"), MAGIC]


def load_pipeline(path: PathLike, *, trusted: bool = False) -> Any:
    """Load a pipeline from a file of :func:`save_pipeline`, or of plain `joblib.dump`.

    The kind of a file is recognised by its content, but a file named ".skdigits" or ".onnx" is
    never treated as joblib. Those two kinds run no code: a ".skdigits" file that does not describe
    a fitted pipeline in full is refused, and a file of :func:`export_onnx` is loaded by
    :func:`load_onnx`.

    .. warning:: Loading a joblib file runs code that it names. Load only files that you trust.

    Parameters
    ----------
    path : path-like
        The file.
    trusted : bool, default=False
        Whether you trust the file; if so, loading a joblib file does not warn.

    Returns
    -------
    pipeline : estimator
        As it was saved, with the same answers.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is truncated, modified, in a newer format, or does not hold a fitted estimator.

    Warns
    -----
    UntrustedFileWarning
        Before a joblib file is loaded without `trusted`. Turned into an error, it prevents the
        file's code from running.

    Examples
    --------
    >>> from skdigits import load_pipeline
    >>> load_pipeline("nowhere.skdigits")
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no model file nowhere.skdigits. Train one with skdigits train...
    """
    path = Path(path)
    kind = _kind_of(path)
    if kind == _PLAIN:
        return _load_plain(path)
    if kind == _ONNX:
        from skdigits._onnx.classifier import load_onnx

        return load_onnx(path)
    return _load_joblib(path, trusted)


def _kind_of(path):
    """What kind of model file this is, `_PLAIN`, `_ONNX` or `_JOBLIB`."""
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no model file {path}. Train one with skdigits train, or save "
            "a fitted pipeline with skdigits.save_pipeline."
        )
    with path.open("rb") as file:
        start = file.read(START)
    suffix = path.suffix.lower()
    if start.startswith(b"PK") or suffix == PLAIN_SUFFIX:  # never unpickled
        kind = _PLAIN
    else:
        kind = _ONNX if start.startswith(_ONNX_START) or suffix == ".onnx" else _JOBLIB
    what = name_foreign(start)
    if what and not (kind == _JOBLIB and start.startswith(_GZIP_START)):
        raise ModelFileError(f"{path} {what}.")
    return kind


def _load_plain(path):
    from skdigits._files.container import MAX_BYTES, Malformed

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:  # and it may still grow
                raise Malformed(_TOO_LARGE)
            return _read_plain(file.read(MAX_BYTES + 1))
    except Malformed as error:
        raise ModelFileError(f"{path} {error}. {_ASK}") from error


def _read_plain(data):
    """The fitted estimator in the bytes of a ".skdigits" file."""
    from skdigits._files.container import MAX_BYTES, Malformed, read_parts
    from skdigits._files.plain_state import PlainReader

    if len(data) > MAX_BYTES:
        raise Malformed(_TOO_LARGE)
    try:
        model, arrays = read_parts(data)
        pipeline = PlainReader(arrays).read_whole(model)
        is_usable = hasattr(pipeline, "predict_proba")
        check_is_fitted(pipeline)
    except Malformed:
        raise
    except Exception as error:  # unexpected values may raise anything
        cause = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise Malformed(f"describes what cannot be made ({cause})") from error
    if not is_usable:
        raise Malformed(f"holds a {type(pipeline).__name__}, expected a fitted pipeline")
    return pipeline


_TOO_LARGE = "has more than 128 MiB, the most that is loaded of a .skdigits file"


def _warn_untrusted(path):
    """Warn for every file, even if Python has shown the same warning for another."""
    warnings.warn(
        f"{path} is a joblib file, and loading it runs code that it names. If you trust it, say "
        "load_pipeline(path, trusted=True); a .skdigits file runs none.",
        UntrustedFileWarning,
        stacklevel=4,
    )


def _load_joblib(path, trusted):
    data = path.read_bytes()
    footer, content = _split(data, path)
    if not trusted:
        _warn_untrusted(path)
    try:
        pipeline = joblib.load(io.BytesIO(content))
    except Exception as error:  # unpickling unknown bytes may raise anything
        raise ModelFileError(_explain(path, footer, error)) from error
    if not hasattr(pipeline, "predict"):
        raise ModelFileError(
            f"{path} holds a {type(pipeline).__name__}, expected a fitted pipeline. Save one with "
            "skdigits.save_pipeline."
        )
    return pipeline


def describe_file(path):
    """What a model file says about itself; no code in it is run.

    Parameters
    ----------
    path : path-like
        A file that :func:`load_pipeline` takes.

    Returns
    -------
    facts : dict
        "format" and, if the file has them, "versions" of the packages that wrote it.
    """
    from skdigits._files.container import from_json, unpack

    path = Path(path)
    kind, facts = _kind_of(path), None
    if kind == _PLAIN:
        facts = from_json(unpack(path.read_bytes())["manifest.json"])
    elif kind == _JOBLIB:
        facts = _split(path.read_bytes(), path)[0]
    if facts is None:
        return {"format": kind}
    return {
        "format": f"{kind}, skdigits format {facts['skdigits format']}",
        "versions": facts["versions"],
    }


def _split(data, path):
    """The footer (None for a plain joblib file) and the joblib bytes."""
    if not data.endswith(MAGIC):
        if _FOOTER_START in data[-_MAX_FOOTER:]:
            raise ModelFileError(f"{path} is damaged: the end of its footer is missing. {_ASK}")
        return None, data
    end = len(data) - len(MAGIC) - 8
    length = int.from_bytes(data[end : end + 8], "big") if end >= 0 else 0
    try:
        if not 0 < length <= min(end, _MAX_FOOTER):
            raise ValueError("length of the footer")
        footer = json.loads(data[end - length : end])
        written_format, n_bytes = footer["skdigits format"], footer["n_bytes"]
        sha256, written_by = footer["sha256"], footer["versions"].get("skdigits")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{path} is damaged: its footer cannot be read. {_ASK}") from error
    if written_format != FORMAT:
        raise ModelFileError(
            f"{path} has format {written_format}, written by skdigits {written_by}; this is "
            f"skdigits {__version__}, which reads format {FORMAT}. Upgrade skdigits, or save the "
            "model again with this version."
        )
    content = data[: end - length]
    if n_bytes != len(content) or sha256 != hashlib.sha256(content).hexdigest():
        raise ModelFileError(f"{path} is damaged: its bytes are not those that were saved. {_ASK}")
    return footer, content


_ASK = "Copy it again from where it came from, or train and save it anew."


def _explain(path, footer, error):
    cause = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    if footer is None:
        return f"{path} is cut off, or not a joblib file at all ({cause}). {_ASK}"
    installed = _installed_versions()
    different = [
        f"{name} {there} (here {installed.get(name, 'not installed')})"
        for name, there in footer["versions"].items()
        if installed.get(name) != there
    ]
    return (
        f"{path} cannot be loaded here ({cause}). It was saved with "
        f"{', '.join(different) or 'the versions installed here'}. Install those versions, or "
        "train and save the model with these."
    )


def _installed_versions():
    versions = {"skdigits": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
