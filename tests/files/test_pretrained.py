"""The weights that ship."""

from pathlib import Path

import numpy as np
import pytest

import skdigits
from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits, load_competition, make_non_digits

MODELS = Path(skdigits.__file__).parent / "models"
NAMES = ["hands", "kaggle"]


@pytest.fixture(scope="module", params=NAMES)
def pipeline(request):
    return load_pretrained(request.param, trainable=True)


@pytest.mark.slow
def test_reads_digits_it_was_not_trained_on(pipeline):
    X, y = load_bundled_digits(return_X_y=True)
    assert pipeline.classes_.tolist() == list(range(10))
    assert pipeline.score(X, y) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_is_small_and_has_a_card(name):
    assert (MODELS / f"{name}.skdigits").stat().st_size < 2_000_000
    card = (MODELS / f"{name}.md").read_text()
    for word in (f"{name}.skdigits", "SHA-256", "train_pretrained.py", "seed", "interval"):
        assert word in card
    assert "not good for" in card


def test_the_card_of_all_hands_names_every_source():
    card = (MODELS / "hands.md").read_text()
    for word in ("CC0", "CC BY 4.0", "MIT", "CC BY-SA 3.0", "Alpaydin", "Omniglot", "10.24432"):
        assert word in card


@pytest.mark.slow
def test_knows_when_to_doubt(pipeline):
    X, _ = load_bundled_digits(return_X_y=True)
    assert 0.3 < pipeline[-1].temperature_ < 1.5
    assert 0.5 < pipeline[-1].threshold_ < 1
    assert pipeline.score_samples(np.zeros((1, 784), np.uint8))[0] < 0
    assert (pipeline.score_samples(X) >= 0).mean() > 0.8


def test_all_hands_refuse_what_is_no_digit():
    kinds = ["sign", "latin", "scribble", "shape", "pair"]
    rows = make_non_digits(200, kinds=kinds, random_state=99).data
    refused = {name: (load_pretrained(name).score_samples(rows) < 0).mean() for name in NAMES}
    assert refused["hands"] > 0.85 > refused["kaggle"]


def test_the_weights_without_a_name_are_of_all_hands():
    X = load_bundled_digits().data[:20]
    expected = load_pretrained("hands").predict_proba(X)
    np.testing.assert_array_equal(load_pretrained().predict_proba(X), expected)


def test_an_unknown_name():
    with pytest.raises(ValueError, match=r"'emnist' is unknown; .* \['hands', 'kaggle'\]"):
        load_pretrained("emnist")


@pytest.mark.slow
def test_reads_the_real_rows(pipeline, real_data):
    rows = load_competition(real_data, with_test=False)
    X, y = rows.data[:2000], rows.target[:2000]
    assert np.mean(pipeline.predict(X) == y) > 0.99
