"""Where the HTML representation of an estimator links to."""

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata

# Of a page below the site that pyproject.toml names as "Documentation".
_PAGE = "{site}/generated/skdigits.{{estimator_name}}.html"


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
