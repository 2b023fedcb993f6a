"""The weights that ship answer on onnxruntime as they do in Keras, and start without it."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from skdigits import load_pretrained
from skdigits.datasets import load_bundled_digits


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hands", "kaggle"])
def test_both_forms_answer_alike(name):
    X, _ = load_bundled_digits(return_X_y=True)
    X = X[::20]
    heavy, light = load_pretrained(name, trainable=True), load_pretrained(name)
    np.testing.assert_allclose(light.predict_proba(X), heavy.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(light.score_samples(X), heavy.score_samples(X), atol=1e-3)
    assert light.threshold_ == heavy[-1].threshold_


def test_the_shell_reads_a_picture_with_a_light_core(tmp_path):
    paper = Image.new("L", (120, 160), 240)
    ImageDraw.Draw(paper).line([(30, 40), (85, 38), (50, 130)], fill=20, width=9)
    paper.save(tmp_path / "seven.png")
    code = (
        "import sys; from skdigits.cli import main; "
        "code = main(['predict', 'seven.png', '--format', 'csv', '--quiet']); "
        "sys.exit(code or bool({'tensorflow', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.stdout.splitlines()[1].startswith("seven.png,,,7,")
    assert ended.returncode == 0, ended.stderr
