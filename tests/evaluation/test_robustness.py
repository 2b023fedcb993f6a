"""Corruptions, and accuracy under them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from skdigits.evaluation import CORRUPTIONS, report, robustness


@pytest.fixture(scope="module")
def pictures(rows):
    return rows[0][:60].reshape(-1, 28, 28)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_level_0_changes_nothing(name, pictures):
    changed = CORRUPTIONS[name](pictures, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(changed, pictures)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_levels_go_further_and_further(name, pictures):
    before = pictures.copy()
    distance = []
    for level in [0.5, 1, 2, 3, 4, 5]:
        changed = CORRUPTIONS[name](pictures, level, np.random.default_rng(0))
        assert changed.dtype == np.uint8
        assert changed.shape == pictures.shape
        distance.append(np.abs(changed.astype(float) - pictures).mean())
    assert (np.diff(distance) > 0).all()
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(5, 8, 8), (3, 20, 30)])
def test_other_picture_sizes(name, shape):
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    assert CORRUPTIONS[name](images, 3, np.random.default_rng(0)).shape == shape


def test_corruptions_do_what_they_say():
    stroke = np.zeros((200, 28, 28), dtype=np.uint8)
    stroke[:, 12:16, 4:24] = 255  # centred in no direction but its own
    ink = stroke[0].sum(dtype=float)

    def after(name, level=3):
        return CORRUPTIONS[name](stroke, level, np.random.default_rng(0)).astype(float)

    def spread(images, axis):
        place = np.arange(28) - 13.5
        weights = images.sum(axis=axis) / images.sum(axis=(1, 2))[:, np.newaxis]
        return np.sqrt(weights @ place**2)

    assert (after("thicker").sum(axis=(1, 2)) > 1.2 * ink).all()
    assert (after("thinner").sum(axis=(1, 2)) < 0.8 * ink).all()
    assert after("occlusion").sum(axis=(1, 2)).min() < 0.9 * ink
    assert (np.ptp(after("contrast"), axis=(1, 2)) < 150).all()
    assert after("noise").std(axis=0)[0].mean() > 5
    assert after("blur").max() < 255
    assert after("brightness").min() == 92
    crossed = after("lines", 5)
    assert (np.maximum(crossed, stroke) == crossed).all()
    outside = np.delete(crossed, np.s_[10:18], axis=1).max(axis=2)
    assert ((outside == 255).mean(axis=1) > 0.5).mean() > 0.3, "most lines leave the stroke"
    width = spread(stroke, axis=1)[0]
    ratios = spread(after("scale"), axis=1) / width
    assert set(np.round(ratios, 1)) == {0.8, 1.2}
    heights = spread(after("rotation"), axis=2)
    assert (heights > 1.5 * spread(stroke, axis=2)[0]).all()
    across = (after("shift").sum(axis=1) @ np.arange(28)) / ink - 13.5
    down = (after("shift").sum(axis=2) @ np.arange(28)) / ink - 13.5
    np.testing.assert_allclose(np.hypot(across, down), 3, atol=0.1)
    assert np.abs(across.mean()) < 1
    assert np.abs(down.mean()) < 1


def test_robustness_is_deterministic_and_its_parts_independent(weak):
    settings = {"scale": 16, "random_state": 0}
    all_of_it = robustness(*weak, levels=[1, 4], **settings)
    again = robustness(*weak, levels=[1, 4], **settings)
    np.testing.assert_array_equal(all_of_it.log_loss, again.log_loss)
    part = robustness(*weak, corruptions=["noise"], levels=[4], **settings)
    row = all_of_it.corruptions.index("noise")
    assert part.log_loss[0, 0] == all_of_it.log_loss[row, 1]
    other = robustness(*weak, corruptions=["noise"], levels=[4], scale=16, random_state=1)
    assert other.log_loss[0, 0] != part.log_loss[0, 0]


def test_robustness_figures(weak):
    clf, X, y = weak
    found = robustness(clf, X, y, levels=[0, 5], scale=16, random_state=0)
    plain = report(clf, X, y)
    assert found.clean["accuracy"] == plain.accuracy
    assert found.clean["log_loss"] == pytest.approx(plain.log_loss)
    assert found.clean["calibration_error"] == pytest.approx(plain.calibration_error)
    assert found.mean_accuracy == pytest.approx(found.accuracy.mean())
    shift = found.corruptions.index("shift")
    assert found.accuracy[shift, 1] < found.accuracy[shift, 0] == plain.accuracy


def test_robustness_frame_and_text(weak):
    found = robustness(*weak, corruptions=["blur", "shift"], levels=[1, 2], scale=16)
    frame = found.to_frame()
    assert list(frame["corruption"]) == ["none", "blur", "blur", "shift", "shift"]
    assert list(frame["level"]) == [0, 1, 2, 1, 2]
    assert frame["accuracy"][0] == found.clean["accuracy"]
    assert f"{100 * found.accuracy[1, 1]:.2f}" in str(found)
    assert "blur" in str(found)
    assert "897 rows" in repr(found)


def test_own_corruption(weak):
    def blank(images, level, rng):
        images[:] = 0
        return images

    clf, X, y = weak
    before = X.copy()
    found = robustness(clf, X, y, corruptions={"blank": blank}, levels=[1], scale=16)
    share = np.mean(y == clf.predict(np.zeros((1, 64)))[0])
    assert found.accuracy[0, 0] == pytest.approx(share)
    np.testing.assert_array_equal(X, before)


def test_robustness_of_named_columns(rows):
    X, y = pd.DataFrame(rows[0][:200]).rename(columns=lambda i: f"pixel{i}"), rows[1][:200]
    clf = GaussianNB().fit(X, y)
    assert robustness(clf, X, y, corruptions=["shift"], levels=[0]).accuracy[0, 0] == clf.score(
        X, y
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corruptions": ["fog"]}, r"\['fog'\] are unknown; known are \['shift'"),
        ({"corruptions": []}, "corruptions is empty"),
        ({"levels": []}, "levels is empty"),
        ({"scale": 8}, "X goes from 0 to 16, expected 0 to 8"),
        ({"corruptions": {"cut": lambda images, level, rng: images[:, 1:]}}, "'cut' gave uint8"),
        ({"corruptions": {"half": lambda images, level, rng: images / 2}}, "gave float64"),
    ],
)
def test_robustness_says_what_is_wrong(weak, changes, message):
    with pytest.raises(ValueError, match=message):
        robustness(*weak, **{"scale": 16} | changes)


def test_robustness_notices_pixels_of_0_to_1(weak):
    clf, X, y = weak
    with pytest.raises(ValueError, match="X goes from 0 to 1, expected 0 to 255"):
        robustness(clf, X / 16, y)
