"""The finder's targets say what is where, and its ONNX file answers as Keras does."""

import numpy as np
import onnxruntime

from skdigits._networks.finder import N_OUTPUTS, build_finder, encode_marks, finder_loss
from skdigits._onnx.finder import write_finder
from skdigits._pictures.finder import KINDS
from skdigits.datasets._page_parts import Mark


def test_a_target_peaks_at_the_digit_and_tells_its_kind():
    target = encode_marks([Mark("7", (40, 20, 60, 50), 30)], (160, 160)).astype(float)
    row, column = np.unravel_index(target[..., 0].argmax(), (40, 40))
    assert (row, column) == (8, 12)
    assert target[row, column, 0] == 1
    assert KINDS[int(target[row, column, 4])] == "7"
    np.testing.assert_allclose(24 * np.exp(target[row, column, 5:7]), [30, 20], rtol=1e-2)
    np.testing.assert_allclose(target[row, column, 7:9], [0.25, 0], atol=1e-2)
    assert not target[..., 1:4].any()


def test_what_is_too_small_hidden_or_cut_off_is_left_open():
    for mark in (
        Mark("3", (40, 40, 46, 50), 10),
        Mark("lost", (40, 40, 60, 70), 30),
        Mark("3", (-12, 40, 8, 70), 30),
    ):
        target = encode_marks([mark], (160, 160))
        assert not target[..., 0].any()
        assert target[..., 2].any()
    assert not encode_marks([Mark("3", (-60, 0, 200, 300), 300)], (160, 160)).any()


def test_signs_have_a_channel_of_their_own():
    target = encode_marks([Mark("-", (40, 40, 60, 44), 30)], (160, 160))
    assert target[..., 1].max() == 1
    assert not target[..., 0].any()


def test_the_file_answers_as_keras_does(tmp_path):
    model = build_finder(0.25)
    path = write_finder(model, tmp_path / "finder.onnx")
    session = onnxruntime.InferenceSession(path)
    rng = np.random.default_rng(0)
    for shape in ((32, 64), (48, 16)):
        ink = rng.normal(size=(1, *shape, 1)).astype(np.float32)
        (answers,) = session.run(None, {"ink": ink.transpose(0, 3, 1, 2)})
        assert answers.shape == (1, N_OUTPUTS, shape[0] // 4, shape[1] // 4)
        expected = np.asarray(model(ink, training=False))
        np.testing.assert_allclose(answers.transpose(0, 2, 3, 1), expected, atol=1e-4)


def test_the_loss_falls_where_answers_are_right():
    target = encode_marks([Mark("7", (40, 20, 60, 50), 30)], (160, 160)).astype(np.float32)[None]
    wrong = np.zeros((1, 40, 40, N_OUTPUTS), np.float32)
    right = wrong.copy()
    right[..., :2] = 4 + 12 * (target[..., :2] - 0.5)
    right[..., 2 + 7] = 9
    right[..., 16:20] = target[..., 5:9]
    assert float(finder_loss(target, right)) < 0.2 * float(finder_loss(target, wrong))
