"""Fitted pipelines in one joblib file, with a footer that says what wrote it.

The file is an ordinary joblib file, so `joblib.load` reads it too; the footer after it is only read
by `load_pipeline`, before anything is unpickled:

    joblib bytes | footer as JSON | length of the footer, 8 bytes big-endian | MAGIC
"""

import hashlib
import io
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
from sklearn.utils.validation import check_is_fitted

from skdigits import __version__
from skdigits._atomic import replacing
from skdigits.exceptions import ModelFileError

FORMAT = 1
MAGIC = b"skdigits"
_PACKAGES = ["scikit-learn", "numpy", "tensorflow", "keras", "joblib"]
_MAX_FOOTER = 64 * 1024
_FOOTER_START = b'{"skdigits format": '


def save_pipeline(pipeline, path):
    """Save a fitted pipeline to one file.

    The file is written beside its name and moved into place when complete, so a crash leaves an
    older file of that name whole.

    Parameters
    ----------
    pipeline : estimator
        Fitted, with a `predict` method; as made by :func:`make_digit_pipeline`.
    path : path-like
        Where to; ".joblib" is the usual ending.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    TypeError
        If `pipeline` cannot predict.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skdigits import load_pipeline, make_digit_pipeline, save_pipeline
    >>> from skdigits.datasets import load_bundled_digits
    >>> X, y = load_bundled_digits(return_X_y=True)
    >>> pipeline = make_digit_pipeline(epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     path = save_pipeline(pipeline, Path(folder) / "model.joblib")
    ...     again = load_pipeline(path)
    >>> bool((again.predict_proba(X) == pipeline.predict_proba(X)).all())
    True
    """
    if not hasattr(pipeline, "predict"):
        raise TypeError(f"save_pipeline got {type(pipeline).__name__}, expected a fitted pipeline.")
    check_is_fitted(pipeline)
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
    with replacing(path) as file:
        file.write(content + footer + len(footer).to_bytes(8, "big") + MAGIC)
    return Path(path)


def load_pipeline(path):
    """Load a pipeline from a file of :func:`save_pipeline`, or of plain `joblib.dump`.

    .. warning:: Unpickling runs code that the file names. Load only files that you trust.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    pipeline : estimator
        As it was saved: it gives the same answers.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is cut off, changed, of a newer format, or holds no fitted estimator.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no model file {path}. Train one with examples/train_and_submit.py, or save "
            "a fitted pipeline with skdigits.save_pipeline."
        )
    data = path.read_bytes()
    footer, content = _split(data, path)
    try:
        pipeline = joblib.load(io.BytesIO(content))
    except Exception as error:  # unpickling foreign bytes raises whatever they lead to
        raise ModelFileError(_explain(path, footer, error)) from error
    if not hasattr(pipeline, "predict"):
        raise ModelFileError(
            f"{path} holds a {type(pipeline).__name__}, expected a fitted pipeline. Save one with "
            "skdigits.save_pipeline."
        )
    return pipeline


def _split(data, path):
    """Footer (None for a file of plain joblib) and joblib bytes."""
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
        return f"{path} is cut off, or no joblib file at all ({cause}). {_ASK}"
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
