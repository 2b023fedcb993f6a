"""What skdigits says of itself: versions for the report of a problem, links to its pages."""

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata, version

# Of a page below the site that pyproject.toml names as "Documentation".
_PAGE = "{site}/generated/skdigits.{{estimator_name}}.html"
# Beside those that scikit-learn names itself; a test holds them against pyproject.toml.
_PACKAGES = [
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "pillow",
    "onnxruntime",
    "tqdm",
    "matplotlib",
    "gradio",
    "dask",
    "distributed",
]


def show_versions() -> None:
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


class DocLinkMixin:
    """Link an estimator to its page; there is no link while the package names no site."""

    _doc_link_module = "skdigits"

    @property
    def _doc_link_template(self):
        site = documentation_site()
        return _PAGE.format(site=site) if site else ""


@cache
def documentation_site():
    """The address of the documentation, from the package's metadata; "" if there is none."""
    try:
        urls = metadata("skdigits").get_all("Project-URL", [])
    except PackageNotFoundError:
        return ""
    sites = (url.partition(", ") for url in urls)
    return next((url.rstrip("/") for name, _, url in sites if name == "Documentation"), "")
