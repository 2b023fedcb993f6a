"""The package as a whole: what importing costs, what is public."""

import subprocess
import sys

import pytest

import skdigits

HEAVY = ["tensorflow", "keras", "scikeras", "gradio", "matplotlib", "pandas"]


def modules_after(code):
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy():
    assert not modules_after("import skdigits") & {*HEAVY, "sklearn", "numpy"}


@pytest.mark.slow
def test_constructing_loads_no_tensorflow():
    loaded = modules_after("from skdigits import make_digit_pipeline; make_digit_pipeline()")
    assert not loaded & (set(HEAVY) - {"pandas"})


@pytest.mark.parametrize("name", skdigits.__all__)
def test_public_names(name):
    assert name in dir(skdigits)
    try:
        public = getattr(skdigits, name)
    except ImportError as error:
        if 'pip install "skdigits[' not in str(error):
            raise
        pytest.skip(str(error))
    assert public.__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'DigitClassifier'"):
        skdigits.DigitClassifier  # noqa: B018
