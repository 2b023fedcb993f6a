"""The weights that ship."""

from pathlib import Path

import numpy as np

import skdigits
from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits, load_competition

MODELS = Path(skdigits.__file__).parent / "models"


def test_reads_digits_it_was_not_trained_on():
    X, y = load_bundled_digits(return_X_y=True)
    pipeline = load_pretrained()
    assert pipeline.classes_.tolist() == list(range(10))
    assert pipeline.score(X, y) > 0.9


def test_is_small_and_has_a_card():
    assert (MODELS / "digits.skdigits").stat().st_size < 2_000_000
    card = (MODELS / "README.md").read_text()
    for word in ("SHA-256", "train_pretrained.py", "seed", "interval", "not good for"):
        assert word in card


def test_knows_when_to_doubt():
    pipeline = load_pretrained()
    X, _ = load_bundled_digits(return_X_y=True)
    assert 0.3 < pipeline[-1].temperature_ < 1.5
    assert 0.5 < pipeline[-1].threshold_ < 1
    assert pipeline.score_samples(np.zeros((1, 784), np.uint8))[0] < 0
    assert (pipeline.score_samples(X) >= 0).mean() > 0.8


def test_reads_the_real_rows(real_data):
    rows = load_competition(real_data, with_test=False)
    X, y = rows.data[:2000], rows.target[:2000]
    pipeline = load_pretrained()
    assert np.mean(pipeline.predict(X) == y) > 0.995
