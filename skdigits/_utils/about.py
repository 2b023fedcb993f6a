"""Versions for bug reports, and links from estimators to their documentation."""

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata, version

# An estimator's page on the site that pyproject.toml names as "Documentation".
_PAGE = "{site}/generated/skdigits.{{estimator_name}}.html"
# In addition to those that scikit-learn lists itself; a test compares them with pyproject.toml.
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
    """Print what a bug report should include: the versions of skdigits and its dependencies.

    The output of :func:`sklearn.show_versions` follows: system, Python, NumPy and the libraries
    that it computes with. TensorFlow is not imported.

    Examples
    --------
    >>> import skdigits
    >>> skdigits.show_versions()
    <BLANKLINE>
    skdigits and its dependencies:
         skdigits: ...
    System:
    ...
    """
    import sklearn

    from skdigits import __version__

    versions = {"skdigits": __version__, **{name: _version(name) for name in _PACKAGES}}
    lines = ["", "skdigits and its dependencies:"]
    lines += [f"{name:>13}: {found}" for name, found in versions.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sklearn.show_versions()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


class DocLinkMixin:
    """Link an estimator to its page; without a site in the package's metadata there is no link."""

    _doc_link_module = "skdigits"

    @property
    def _doc_link_template(self):
        site = documentation_site()
        return _PAGE.format(site=site) if site else ""


@cache
def documentation_site():
    """The URL of the documentation, from the package's metadata; "" if there is none."""
    try:
        urls = metadata("skdigits").get_all("Project-URL", [])
    except PackageNotFoundError:
        return ""
    sites = (url.partition(", ") for url in urls)
    return next((url.rstrip("/") for name, _, url in sites if name == "Documentation"), "")
