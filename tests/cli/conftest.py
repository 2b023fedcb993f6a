"""What the tests of the commands share."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from skdigits.cli import main

HEADER = ",".join(f"pixel{i}" for i in range(784))


@pytest.fixture
def use(monkeypatch):
    """Have a command answer with this model."""

    def use(command, model):
        loader = "load_light_model" if command == "predict" else "load_model"
        monkeypatch.setattr(f"skdigits.cli.{command}.{loader}", lambda path, **_: model)

    return use


@pytest.fixture
def pipe(monkeypatch):
    """Have a command find this content in its standard input."""

    def pipe(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return pipe


@pytest.fixture
def fails(capsys):
    """The one line that a command ends with when it cannot do what it should."""

    def fails(*arguments):
        assert main([*map(str, arguments)]) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert error.startswith("skdigits: error: ")
        return error

    return fails


@pytest.fixture(scope="session")
def folder(tmp_path_factory, rows):
    """A folder as Kaggle's: 200 rows to train on, 30 to predict. No test writes into it."""
    X, y = rows
    folder = tmp_path_factory.mktemp("digits")
    _write_rows(folder / "train.csv", X[:200], y[:200])
    _write_rows(folder / "test.csv", X[200:230])
    return folder


def _write_rows(path, X, y=None):
    table = X if y is None else np.column_stack([y, X])
    header = HEADER if y is None else f"label,{HEADER}"
    np.savetxt(path, table, fmt="%d", delimiter=",", header=header, comments="")


@pytest.fixture(scope="session")
def model(tmp_path_factory, folder):
    """The file of a small model, trained by the command."""
    path = tmp_path_factory.mktemp("model") / "model.skdigits"
    quick = ["--preset", "fast", "--epochs", "1", "--quiet"]
    assert main(["train", "--data", str(folder), "--output", str(path), *quick]) == 0
    return str(path)


@pytest.fixture
def draw():
    """Draw a row as dark ink on a larger light page."""

    def draw(path, row):
        page = Image.new("L", (200, 200), 255)
        page.paste(Image.fromarray(255 - row.reshape(28, 28)).resize((112, 112)), (44, 44))
        page.save(path)
        return str(path)

    return draw


@pytest.fixture
def picture(tmp_path, rows, draw):
    """A picture of a 7."""
    X, y = rows
    return draw(tmp_path / "seven.png", X[y == 7][0])
