"""Shared by the tests of ONNX files."""

import pytest

from skdigits import export_onnx, load_pretrained


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The shipped weights as a file."""
    return export_onnx(
        load_pretrained(trainable=True), tmp_path_factory.mktemp("onnx") / "digits.onnx"
    )
