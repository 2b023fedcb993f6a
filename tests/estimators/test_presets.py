"""The named sets of parameters."""

import pytest

from skdigits import PRESETS, DigitCNNClassifier, make_digit_pipeline


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_set_of_valid_parameters(preset):
    classifier = make_digit_pipeline(preset)[-1]
    classifier._validate_params()
    assert {k: classifier.get_params()[k] for k in PRESETS[preset]} == PRESETS[preset]


def test_balanced_is_the_default():
    defaults = DigitCNNClassifier().get_params()
    assert make_digit_pipeline()[-1].get_params() == defaults
    assert make_digit_pipeline("balanced")[-1].get_params() == defaults


def test_parameters_go_before_the_preset():
    assert make_digit_pipeline("accurate", epochs=3)[-1].epochs == 3


def test_unknown_preset():
    with pytest.raises(ValueError, match=r"'best' is unknown; known are \['fast', 'balanced'"):
        make_digit_pipeline("best")
