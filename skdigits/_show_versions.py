"""`show_versions`: what the report of a problem should say."""

import sys
from importlib.metadata import PackageNotFoundError, version

# Beside those that scikit-learn names itself; a test holds them against pyproject.toml.
_PACKAGES = [
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "pillow",
    "tqdm",
    "matplotlib",
    "gradio",
    "dask",
    "distributed",
]


def show_versions():
    """Print what a report of a problem should say: the versions of all that skdigits stands on.

    After those of skdigits come those of :func:`sklearn.show_versions`: system, Python, NumPy and
    what it computes with. TensorFlow is not started for it.

    Examples
    --------
    >>> import skdigits
    >>> skdigits.show_versions()
    <BLANKLINE>
    skdigits and what it stands on:
         skdigits: ...
    System:
    ...
    """
    import sklearn

    from skdigits import __version__

    versions = {"skdigits": __version__, **{name: _version(name) for name in _PACKAGES}}
    lines = ["", "skdigits and what it stands on:"]
    lines += [f"{name:>13}: {found}" for name, found in versions.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sklearn.show_versions()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
