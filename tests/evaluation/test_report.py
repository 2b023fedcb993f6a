"""Reports, calibration, risk and repeated seeds, on any classifier."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
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
from skdigits.evaluation import (
    expected_calibration_error,
    repeat_over_seeds,
    report,
    risk_coverage_area,
    risk_coverage_curve,
)


@pytest.fixture(scope="module")
def small_report(weak):
    return report(*weak)


def random_answers(seed, n=40, n_classes=4):
    rng = np.random.default_rng(seed)
    # Rounded, so that confidences are tied.
    y_proba = np.round(rng.dirichlet(np.ones(n_classes), n), 1) + 0.01
    return rng.integers(n_classes, size=n), y_proba / y_proba.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", evaluation.__all__)
def test_public_names_are_described(name):
    assert getattr(evaluation, name).__doc__


# Calibration and risk -----------------------------------------------------------------------------


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


# report -------------------------------------------------------------------------------------------


def test_report_agrees_with_scikit_learn(weak, small_report):
    clf, X, y = weak
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


def test_report_of_the_most_confident_errors(weak, small_report):
    clf, X, y = weak
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


def test_report_with_string_labels_and_frame(weak):
    _, X, y = weak
    frame = pd.DataFrame(X).rename(columns=lambda i: f"pixel{i}")
    names = np.array([f"digit {i}" for i in range(10)])[y]
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(frame, names)
    result = report(clf, frame, names)
    assert result.accuracy == clf.score(frame, names)
    assert "digit 3" in str(result)
    assert set(result.errors_to_frame()["predicted"]) <= set(names)


def test_report_on_rows_that_lack_a_class(weak):
    clf, X, y = weak
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


# repeat_over_seeds --------------------------------------------------------------------------------


class Recorder(DummyClassifier):
    """Remembers what it was weak with."""

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


def test_report_tells_of_unknown_labels(weak):
    clf, X, y = weak
    _, X_some, _, y_some = train_test_split(X, y, test_size=10, random_state=0)
    with pytest.raises(ValueError, match="y_true holds"):
        report(clf, X_some, y_some + 100)
