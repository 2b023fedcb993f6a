"""A template of a small exam, and scans of it."""

import numpy as np
import pytest
from PIL import Image

from skdigits.forms import Template


@pytest.fixture(scope="session")
def blank_sheet(exam_sheet):
    return exam_sheet("", "", "", seed=0)


@pytest.fixture(scope="session")
def template(blank_sheet):
    return Template.from_picture(blank_sheet)


@pytest.fixture
def scans(exam_sheet, tmp_path):
    """A folder with three sheets and a file that is no picture."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for i, numbers in enumerate([("4207", "15", "8"), ("3160", "9", ""), ("5328", "20", "1")]):
        Image.fromarray(exam_sheet(*numbers, seed=i + 1)).save(folder / f"{i}.png")
    (folder / "z.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def askew():
    """Shifts, scales and turns a sheet as a scanner does."""

    def transform(sheet, degrees=1.5, scale=0.93, shift=(12, 9)):
        image = Image.fromarray(sheet).rotate(degrees, 2, fillcolor=int(np.median(sheet)))
        data = (1 / scale, 0, -shift[0] / scale, 0, 1 / scale, -shift[1] / scale)
        way = Image.Transform.AFFINE
        return image.transform(image.size, way, data, 2, fillcolor=int(np.median(sheet)))

    return transform
