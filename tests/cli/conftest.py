"""What the tests of the commands share."""

import pytest


@pytest.fixture
def use(monkeypatch):
    """Have a command answer with this model."""

    def use(command, model):
        loader = "load_light_model" if command == "predict" else "load_model"
        monkeypatch.setattr(f"skdigits.cli.{command}.{loader}", lambda path, **_: model)

    return use
