"""Scores, robustness, leakage and repeated seeds, on any classifier."""

import doctest
import importlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skdigits import evaluation, load_pretrained
from skdigits.datasets import load_bundled_digits
from skdigits.evaluation import (
    CORRUPTIONS,
    expected_calibration_error,
    leakage,
    repeat_over_seeds,
    report,
    risk_coverage_area,
    risk_coverage_curve,
    robustness,
)


@pytest.fixture(scope="module")
def rows():
    """Rows (n, 784) of 0-255."""
    return load_bundled_digits(return_X_y=True)


@pytest.fixture(scope="module")
def fitted():
    """A weak classifier of 8x8 pixels 0-16, and rows that it has not seen."""
    X, y = load_digits(return_X_y=True)
    return GaussianNB().fit(X[:900], y[:900]), X[900:], y[900:]


@pytest.fixture(scope="module")
def small_report(fitted):
    return report(*fitted)


def random_answers(seed, n=40, n_classes=4):
    rng = np.random.default_rng(seed)
    # Rounded, so that confidences are tied.
    y_proba = np.round(rng.dirichlet(np.ones(n_classes), n), 1) + 0.01
    return rng.integers(n_classes, size=n), y_proba / y_proba.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "module",
    [
        "_confidence",
        "_report",
        "_robustness",
        "_leakage",
        "_repeated_seeds",
    ],
)
def test_docstring_examples(module):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(f"skdigits.{module}"), optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", evaluation.__all__)
def test_public_names_are_described(name):
    assert getattr(evaluation, name).__doc__


# Calibration and risk ---------------------------------------------------------------------------


def test_calibration_error_by_hand():
    # Bin (0.5, 0.6]: 2 rows, confidence 0.6, 1 right; bin (0.9, 1]: 2 rows, sure and both right.
    y_proba = [[0.6, 0.4], [0.6, 0.4], [1.0, 0.0], [0.0, 1.0]]
    assert expected_calibration_error([0, 1, 0, 1], y_proba, n_bins=10) == pytest.approx(0.05)


def test_calibration_error_of_the_base_rate_is_zero():
    y = np.repeat([0, 1], [70, 30])
    assert expected_calibration_error(y, np.tile([0.7, 0.3], (100, 1))) == pytest.approx(0)


def test_calibration_error_with_one_bin_is_the_overall_gap():
    y, y_proba = random_answers(0)
    gap = abs(np.mean(y_proba.argmax(axis=1) == y) - y_proba.max(axis=1).mean())
    assert expected_calibration_error(y, y_proba, n_bins=1) == pytest.approx(gap)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_names_do_not_matter(seed):
    y, y_proba = random_answers(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    names = np.array(["a", "b", "c", "d"])
    for measure in [expected_calibration_error, risk_coverage_area]:
        expected = measure(y, y_proba, labels=range(4))
        again = measure(names[y[order]], y_proba[order], labels=names)
        assert again == pytest.approx(expected)


def test_order_of_the_columns_does_not_matter():
    rng = np.random.default_rng(0)
    y_proba, labels = rng.dirichlet(np.ones(4), 50), np.array(["a", "b", "c", "d"])
    y, columns = rng.choice(labels, 50), [2, 0, 3, 1]
    for measure in [expected_calibration_error, risk_coverage_area]:
        again = measure(y, y_proba[:, columns], labels=labels[columns])
        assert again == pytest.approx(measure(y, y_proba))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_risk_coverage_curve_is_what_a_threshold_gives(seed):
    y, y_proba = random_answers(seed)
    coverage, risk, thresholds = risk_coverage_curve(y, y_proba, labels=range(4))
    wrong = y_proba.argmax(axis=1) != y
    for i, threshold in enumerate(thresholds):
        accepted = y_proba.max(axis=1) >= threshold
        assert coverage[i] == pytest.approx(accepted.mean())
        assert risk[i] == pytest.approx(wrong[accepted].mean())
    assert coverage[-1] == 1
    assert (np.diff(thresholds) < 0).all()


def test_area_is_least_when_the_errors_are_the_least_sure():
    y = np.array([0, 0, 0, 1])
    sure_of_truth = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]]
    sure_of_error = sure_of_truth[::-1]
    assert risk_coverage_area(y, sure_of_truth) == pytest.approx(1 / 16)
    assert risk_coverage_area(y, sure_of_error) == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    # Equal confidence says nothing: the risk is that of all rows at every coverage.
    assert risk_coverage_area(y, np.tile([0.9, 0.1], (4, 1))) == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("y_true", "y_proba", "labels", "message"),
    [
        ([0, 1], [[0.5, 0.5], [0.5, 0.5]], [0, 1, 2], "2 columns for 3 labels"),
        ([0, 7], [[0.5, 0.5], [0.5, 0.5]], [0, 1], r"y_true holds \[7\]"),
        (["0", "1"], [[0.5, 0.5], [0.5, 0.5]], [0, 1], "labels of the type"),
        ([0, 1], [[3.0, -2.0], [0.5, 0.5]], [0, 1], "goes down to -2"),
        ([0, 1], [[2.0, 1.0], [0.5, 0.5]], [0, 1], "sum to 1 to 3"),
        ([0, 1, 1], [[0.5, 0.5], [0.5, 0.5]], [0, 1], "inconsistent numbers of samples"),
    ],
)
def test_answers_that_do_not_fit(y_true, y_proba, labels, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y_true, y_proba, labels=labels)


def test_no_bins():
    with pytest.raises(ValueError, match="n_bins=0"):
        expected_calibration_error([0, 1], [[0.5, 0.5], [0.5, 0.5]], n_bins=0)


# report -----------------------------------------------------------------------------------------


def test_report_agrees_with_scikit_learn(fitted, small_report):
    clf, X, y = fitted
    assert small_report.accuracy == pytest.approx(clf.score(X, y))
    assert small_report.log_loss == pytest.approx(log_loss(y, clf.predict_proba(X)))
    assert small_report.confusion_matrix.sum() == len(y)
    assert small_report.n_errors == np.sum(clf.predict(X) != y)
    recall = small_report.confusion_matrix.diagonal() / small_report.confusion_matrix.sum(axis=1)
    np.testing.assert_allclose(small_report.recall, recall)


def test_interval_is_wilsons():
    # 81 of 263: the example of Wilson's interval in Newcombe (1998), 0.2553 to 0.3662.
    y = np.repeat([1, 0], [81, 182])
    clf = DummyClassifier(strategy="constant", constant=1).fit([[0], [0]], [0, 1])
    low, high = report(clf, np.zeros((263, 1)), y).accuracy_interval
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_report_of_the_most_confident_errors(fitted, small_report):
    clf, X, y = fitted
    found = small_report.errors_to_frame()
    assert len(found) == 25
    assert found["confidence"].is_monotonic_decreasing
    assert (found["true"].to_numpy() == y[found.index]).all()
    assert (found["predicted"].to_numpy() == clf.predict(X[found.index])).all()
    np.testing.assert_array_equal(small_report.error_rows, X[found.index])
    right = np.setdiff1d(np.flatnonzero(clf.predict(X) != y), found.index)
    assert clf.predict_proba(X[right]).max(axis=1).max() <= found["confidence"].min() + 1e-12


def test_report_text(small_report):
    text = str(small_report)
    for part in ["897 rows", "95 % interval", "log loss", "calibration error", "read as"]:
        assert part in text
    assert f"{100 * small_report.accuracy:.2f} %" in repr(small_report)


def test_report_frame(small_report):
    frame = small_report.to_frame()
    assert list(frame.columns) == ["precision", "recall", "f1", "support"]
    assert list(frame.index) == list(range(10))


def test_report_with_string_labels_and_frame(fitted):
    _, X, y = fitted
    frame = pd.DataFrame(X).rename(columns=lambda i: f"pixel{i}")
    names = np.array([f"digit {i}" for i in range(10)])[y]
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(frame, names)
    result = report(clf, frame, names)
    assert result.accuracy == clf.score(frame, names)
    assert "digit 3" in str(result)
    assert set(result.errors_to_frame()["predicted"]) <= set(names)


def test_report_on_rows_that_lack_a_class(fitted):
    clf, X, y = fitted
    result = report(clf, X[y < 3], y[y < 3])
    assert result.support.tolist()[3:] == [0] * 7
    assert result.accuracy == pytest.approx(clf.score(X[y < 3], y[y < 3]))


def test_report_without_errors():
    clf = DecisionTreeClassifier(random_state=0).fit([[0], [1]], ["no", "yes"])
    result = report(clf, [[0], [1]], ["no", "yes"])
    assert result.accuracy_interval[1] == 1
    assert "no errors" in str(result)
    assert result.errors_to_frame().empty


@pytest.mark.slow
def test_report_of_images_by_the_shipped_weights(rows):
    X, y = rows
    pipeline = load_pretrained()
    flat, stacked = (
        report(pipeline, X[:200], y[:200]),
        report(pipeline, X[:200].reshape(-1, 28, 28), y[:200]),
    )
    assert flat.accuracy > 0.95
    assert stacked.accuracy == flat.accuracy
    assert stacked.log_loss == pytest.approx(flat.log_loss)


# robustness -------------------------------------------------------------------------------------


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


def test_robustness_is_deterministic_and_its_parts_independent(fitted):
    settings = {"scale": 16, "random_state": 0}
    all_of_it = robustness(*fitted, levels=[1, 4], **settings)
    again = robustness(*fitted, levels=[1, 4], **settings)
    np.testing.assert_array_equal(all_of_it.log_loss, again.log_loss)
    part = robustness(*fitted, corruptions=["noise"], levels=[4], **settings)
    row = all_of_it.corruptions.index("noise")
    assert part.log_loss[0, 0] == all_of_it.log_loss[row, 1]
    other = robustness(*fitted, corruptions=["noise"], levels=[4], scale=16, random_state=1)
    assert other.log_loss[0, 0] != part.log_loss[0, 0]


def test_robustness_figures(fitted):
    clf, X, y = fitted
    found = robustness(clf, X, y, levels=[0, 5], scale=16, random_state=0)
    plain = report(clf, X, y)
    assert found.clean["accuracy"] == plain.accuracy
    assert found.clean["log_loss"] == pytest.approx(plain.log_loss)
    assert found.clean["calibration_error"] == pytest.approx(plain.calibration_error)
    assert found.mean_accuracy == pytest.approx(found.accuracy.mean())
    shift = found.corruptions.index("shift")
    assert found.accuracy[shift, 1] < found.accuracy[shift, 0] == plain.accuracy


def test_robustness_frame_and_text(fitted):
    found = robustness(*fitted, corruptions=["blur", "shift"], levels=[1, 2], scale=16)
    frame = found.to_frame()
    assert list(frame["corruption"]) == ["none", "blur", "blur", "shift", "shift"]
    assert list(frame["level"]) == [0, 1, 2, 1, 2]
    assert frame["accuracy"][0] == found.clean["accuracy"]
    assert f"{100 * found.accuracy[1, 1]:.2f}" in str(found)
    assert "blur" in str(found)
    assert "897 rows" in repr(found)


def test_own_corruption(fitted):
    def blank(images, level, rng):
        images[:] = 0
        return images

    clf, X, y = fitted
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
def test_robustness_says_what_is_wrong(fitted, changes, message):
    with pytest.raises(ValueError, match=message):
        robustness(*fitted, **{"scale": 16} | changes)


def test_robustness_notices_pixels_of_0_to_1(fitted):
    clf, X, y = fitted
    with pytest.raises(ValueError, match="X goes from 0 to 1, expected 0 to 255"):
        robustness(clf, X / 16, y)


# leakage ----------------------------------------------------------------------------------------


def random_pictures(n, seed):
    """Pictures that are unlike each other, with room to be moved."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), dtype=np.uint8)
    images[:, 4:24, 4:24] = rng.integers(256, size=(n, 20, 20)) * (rng.random((n, 20, 20)) < 0.3)
    return images


def test_leakage_finds_what_was_planted():
    train, test = random_pictures(500, 0), random_pictures(200, 1)
    noise = np.random.default_rng(2).normal(0, 4, (28, 28))
    test[3] = train[10]
    test[50] = np.clip(train[20] + noise, 0, 255)
    test[70] = np.roll(train[30], (1, -1), axis=(0, 1))
    test[90] = train[40] // 2
    found = leakage(train, test)
    assert (found.n_exact, found.n_near) == (1, 3)
    frame = found.to_frame().set_index("test")
    assert frame["train"].to_dict() == {3: 10, 50: 20, 70: 30, 90: 40}
    assert frame.index[0] == 3
    assert frame.loc[70, ["shift_down", "shift_right"]].tolist() == [-1, 1]
    assert frame.loc[50, ["shift_down", "shift_right"]].tolist() == [0, 0]
    assert frame["similarity"].iloc[1:].is_monotonic_decreasing
    assert (frame["similarity"] >= 0.99).all()


def test_leakage_without_shifts():
    train = random_pictures(50, 0)[:, 2:-2, 2:-2][:, ::2, ::2]
    train = np.pad(train, [(0, 0), (2, 2), (2, 2)])
    moved = np.roll(train[:5], 1, axis=1)
    assert leakage(train, moved, max_shift=0).n_near == 0
    assert leakage(train, moved).n_near == 5
    further = np.roll(train[:5], (2, -2), axis=(1, 2))
    assert leakage(train, further).n_near == 0
    assert leakage(train, further, max_shift=2).n_near == 5


@pytest.mark.parametrize("min_similarity", [0.8, 0.97])
def test_leakage_misses_nothing(rows, min_similarity):
    train, test = rows[0][:700], rows[0][700:1000]
    found = leakage(train, test, min_similarity=min_similarity, max_shift=0)
    a, b = (X / np.linalg.norm(X.astype(float), axis=1)[:, np.newaxis] for X in (train, test))
    cosines = b @ a.T
    like = np.flatnonzero(cosines.max(axis=1) >= min_similarity)
    assert len(like) > 0
    assert set(found.test_indices) == set(like)
    np.testing.assert_array_equal(found.train_indices, cosines.argmax(axis=1)[found.test_indices])
    np.testing.assert_allclose(found.similarity, cosines.max(axis=1)[found.test_indices], atol=1e-5)


def test_leakage_does_not_depend_on_the_block_size(monkeypatch):
    train, test = np.split(load_digits().data[:400], [300])
    at_once = leakage(train, test, min_similarity=0.9)
    monkeypatch.setattr("skdigits._leakage._BLOCK_CELLS", 7 * 300)
    pd.testing.assert_frame_equal(
        leakage(train, test, min_similarity=0.9).to_frame(), at_once.to_frame(), rtol=1e-5
    )


def test_leakage_of_nothing_but_copies():
    X = load_digits().data[:100]
    found = leakage(X, X.astype(np.uint8))
    assert found.n_exact == 100
    assert found.n_near == 0
    assert "exact copies  100" in str(found)
    assert "100 are exact copies" in repr(found)


def test_blank_rows_are_copies_of_blank_rows_only():
    X, blank = load_digits().data[:20], np.zeros((1, 64))
    assert leakage(X, blank).n_near == 0
    assert leakage(blank, X).n_near == 0
    assert leakage(np.vstack([X, blank]), blank).train_indices.tolist() == [20]


def test_leakage_of_equal_rows_names_the_first():
    X = load_digits().data[:5]
    assert leakage(np.vstack([X, X]), X).train_indices.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("train", "test", "changes", "message"),
    [
        ((5, 785), (5, 784), {}, "X_train has 785 columns and X_test 784"),
        ((5, 784), (5, 784), {"min_similarity": 0}, "min_similarity=0"),
        ((5, 784), (5, 784), {"max_shift": -1}, "max_shift=-1"),
        ((5, 784), (5, 784), {"image_shape": (20, 20)}, "400 pixels, but X has 784"),
    ],
)
def test_leakage_says_what_is_wrong(train, test, changes, message):
    with pytest.raises(ValueError, match=message):
        leakage(np.ones(train), np.ones(test), **changes)


# repeat_over_seeds ------------------------------------------------------------------------------


class Recorder(DummyClassifier):
    """Remembers what it was fitted with."""

    fits = []

    def fit(self, X, y):
        self.fits.append((self.random_state, np.sort(np.asarray(X).ravel()), np.asarray(y)))
        return super().fit(X, y)


@pytest.fixture
def fits():
    Recorder.fits.clear()
    return Recorder.fits


def test_scores_and_their_spread():
    X, y = load_digits(return_X_y=True)
    tree = DecisionTreeClassifier()
    found = repeat_over_seeds(tree, X, y, seeds=4, test_size=400, train_size=800)
    assert found.seeds == (0, 1, 2, 3)
    assert found.n == 4
    assert len(set(found.scores)) > 1
    assert (found.n_train, found.n_test) == (800, 400)
    assert found.mean == pytest.approx(np.mean(found.scores))
    assert found.std == pytest.approx(np.sqrt(np.sum((found.scores - found.mean) ** 2) / 3))
    assert (found.fit_cpu_seconds >= 0).all()
    assert str(found) == f"{100 * found.mean:.3f} +- {100 * found.std:.3f} % (n=4)"
    assert tree.random_state is None
    assert not hasattr(tree, "tree_")


def test_scores_are_reproducible_and_each_seed_stands_alone():
    X, y = load_digits(return_X_y=True)
    found = repeat_over_seeds(DecisionTreeClassifier(), X, y, seeds=3)
    np.testing.assert_array_equal(
        repeat_over_seeds(DecisionTreeClassifier(), X, y, seeds=[2, 0]).scores,
        found.scores[[2, 0]],
    )


def test_every_random_state_is_set_and_every_split_another(fits):
    X, y = np.arange(100).reshape(-1, 1), np.repeat([0, 1], [70, 30])
    pipeline = make_pipeline(StandardScaler(with_mean=False, with_std=False), Recorder())
    repeat_over_seeds(pipeline, X, y, seeds=3, test_size=20)
    states, splits, labels = zip(*fits, strict=True)
    assert len(set(states)) == 3
    assert all(isinstance(state, int) for state in states)
    assert len({tuple(split) for split in splits}) == 3
    assert all(np.bincount(y_train).tolist() == [56, 24] for y_train in labels)


def test_one_seed_has_no_spread():
    X, y = load_digits(return_X_y=True)
    found = repeat_over_seeds(GaussianNB(), X, y, seeds=1)
    assert np.isnan(found.std)
    assert str(found) == f"{100 * found.mean:.3f} % (n=1)"


def test_other_scores_are_no_percentages():
    X, y = load_digits(return_X_y=True)
    found = repeat_over_seeds(GaussianNB(), X, y, seeds=2, scoring="neg_log_loss")
    assert found.mean < 0
    assert "%" not in str(found)
    assert str(found).endswith("(n=2)")


@pytest.mark.slow
def test_seeds_in_a_frame_and_in_parallel():
    X, y = load_digits(return_X_y=True, as_frame=True)
    tree = DecisionTreeClassifier()
    found = repeat_over_seeds(tree, X, y, seeds=2, n_jobs=2)
    frame = found.to_frame()
    assert frame.index.tolist() == [0, 1]
    np.testing.assert_array_equal(frame["score"], repeat_over_seeds(tree, X, y, seeds=2).scores)


def test_seeds_that_are_none():
    with pytest.raises(ValueError, match="seeds is empty"):
        repeat_over_seeds(GaussianNB(), np.eye(4), [0, 0, 1, 1], seeds=0)


def test_classifiers_without_probabilities_can_be_repeated():
    X, y = load_digits(return_X_y=True)
    found = repeat_over_seeds(LinearSVC(max_iter=5000), X / 16, y, seeds=1, train_size=200)
    assert found.mean > 0.7


def test_fit_cpu_seconds_are_of_the_fit():
    X, y = load_digits(return_X_y=True)
    quick, slow = (
        repeat_over_seeds(estimator, X, y, seeds=1).fit_cpu_seconds[0]
        for estimator in [DummyClassifier(), RandomForestClassifier(n_estimators=30)]
    )
    assert slow > quick


def test_report_tells_of_unknown_labels(fitted):
    clf, X, y = fitted
    _, X_some, _, y_some = train_test_split(X, y, test_size=10, random_state=0)
    with pytest.raises(ValueError, match="y_true holds"):
        report(clf, X_some, y_some + 100)
