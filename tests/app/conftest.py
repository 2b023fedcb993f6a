"""For tests of the page in a browser."""

from urllib.parse import urlsplit

import pytest


def _is_here(address):
    if address.startswith(("data:", "blob:")):
        return True
    host = urlsplit(address).hostname
    return host == "127.0.0.1" or host.endswith(".localhost")


@pytest.fixture
def new_page(browser):
    """Opens empty pages; at the end none may have complained, or asked another computer."""
    contexts, requested, complaints = [], [], []

    def complain(said):
        if said.type == "error":
            complaints.append(f"{said.text} ({said.location['url']})")

    def opened(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", complain)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert requested
    assert [address for address in requested if not _is_here(address)] == []
    assert complaints == []
