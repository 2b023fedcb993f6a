"""The shipped weights answer as they did: neither they nor what leads to them changed unnoticed."""

import json
from pathlib import Path

import numpy as np
import pytest

from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits

PATH = Path(__file__).parents[1] / "model_files" / "reference.json"
RENEW = "If that is meant, run tests/model_files/renew_reference.py and say why in CHANGELOG.md."


# Processors differ in the last digits of float32.
@pytest.mark.parametrize(
    ("method", "tolerance"), [("predict", 0), ("predict_proba", 1e-4), ("score_samples", 1e-3)]
)
@pytest.mark.parametrize("trainable", [False, True])
def test_answers_are_those_of_before(method, tolerance, trainable):
    rows = load_bundled_digits().data[::90]
    reference = np.array(json.loads(PATH.read_text())[method])
    assert len(reference) == len(rows) == 20
    got = getattr(load_pretrained(trainable=trainable), method)(rows)
    difference = np.abs(got - reference).max()
    assert difference <= tolerance, f"{method} differs by {difference:.2g} from before. {RENEW}"
