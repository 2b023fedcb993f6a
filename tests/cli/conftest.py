"""What the tests of the commands share."""

import pytest


@pytest.fixture
def use(monkeypatch):
    """Have a command answer with this model."""

    def use(command, model):
        monkeypatch.setattr(f"skdigits.cli.{command}.load_model", lambda path, **_: model)

    return use
