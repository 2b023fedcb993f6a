"""SelectiveClassifier: temperature, threshold, rejection."""

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdigits import DigitCNNClassifier, PixelScaler, SelectiveClassifier, make_digit_pipeline
from skdigits._estimators.pipeline import DigitPipeline
from skdigits.evaluation import expected_calibration_error
from skdigits.exceptions import SelectionWarning


class TooSure(ClassifierMixin, BaseEstimator):
    """Knows the true log-odds of two classes, the first column of X, and says `factor` times it."""

    def __init__(self, factor=1.0, classes=(0, 1)):
        self.factor = factor
        self.classes = classes

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_seen_ = len(X)
        return self

    def predict_proba(self, X):
        logits = np.stack([np.zeros(len(X)), self.factor * X[:, 0]], axis=1)
        return np.exp(log_softmax(logits, axis=1))


@pytest.fixture(scope="module")
def coins():
    """20,000 rows whose labels are drawn with the log-odds in the first column."""
    rng = np.random.default_rng(0)
    X = rng.normal(0, 4, (20_000, 4))
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    return X, y


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_finds_the_true_temperature(coins, factor):
    X, y = coins
    selective = SelectiveClassifier(TooSure(factor), validation_fraction=0.5, random_state=0)
    selective.fit(X, y)
    assert selective.temperature_ == pytest.approx(factor, rel=0.1)
    raw = selective.estimator_.predict_proba(X)
    if factor != 1:
        assert log_loss(y, selective.predict_proba(X)) < log_loss(y, raw)
    assert expected_calibration_error(y, selective.predict_proba(X)) < 0.01
    np.testing.assert_array_equal(raw.argmax(1), selective.predict_proba(X).argmax(1))


def test_few_rows_without_an_error_make_nothing_certain():
    X = np.tile([[-4.0], [4.0]], (70, 1))  # 140 rows, all right at 98 %
    y = (X[:, 0] > 0).astype(int)
    selective = SelectiveClassifier(FrozenEstimator(TooSure(1.0).fit(X, y))).fit(X, y)
    assert 0.3 < selective.temperature_ < 1
    assert 0.98 < selective.predict_proba(X).max() < 0.9999999


def test_calibration_can_be_left_out(coins):
    selective = SelectiveClassifier(TooSure(3.0), calibrate=False, random_state=0).fit(*coins)
    assert selective.temperature_ == 1
    np.testing.assert_allclose(
        selective.predict_proba(coins[0]), selective.estimator_.predict_proba(coins[0])
    )


@pytest.mark.parametrize("target_error", [0.005, 0.02, 0.08])
def test_the_error_of_accepted_rows_is_the_one_wanted(coins, target_error):
    X, y = coins
    selective = SelectiveClassifier(
        TooSure(), target_error=target_error, validation_fraction=0.5, random_state=0
    ).fit(X[:10_000], y[:10_000])
    accepted = selective.accepts(X[10_000:])
    wrong = selective.predict(X[10_000:]) != y[10_000:]
    assert wrong[accepted].mean() < 1.5 * target_error
    assert wrong[~accepted].mean() > target_error
    assert accepted.mean() == pytest.approx(selective.coverage_, abs=0.03)
    assert selective.coverage_ > 0.3


def test_all_is_accepted_without_a_target(coins):
    selective = SelectiveClassifier(TooSure(), reject_label=-1, random_state=0).fit(*coins)
    assert selective.threshold_ == 0
    assert selective.coverage_ == 1
    assert selective.accepts(coins[0]).all()
    assert set(selective.predict(coins[0])) == {0, 1}


@pytest.mark.parametrize(
    ("labels", "reject_label", "dtype"),
    [([0, 1], -1, "i"), ([0, 1], "?", "O"), (["no", "yes"], "?", "U"), (["no", "yes"], -1, "O")],
)
def test_reject_label(coins, labels, reject_label, dtype):
    X, y = coins
    selective = SelectiveClassifier(
        TooSure(), target_error=0.01, reject_label=reject_label, random_state=0
    ).fit(X, np.array(labels)[y])
    answers = selective.predict(X)
    assert answers.dtype.kind == dtype
    assert set(answers.tolist()) == {*labels, reject_label}
    np.testing.assert_array_equal(answers != reject_label, selective.accepts(X))
    assert selective.classes_.tolist() == labels


def test_too_few_rows_to_show_the_target(coins):
    X, y = coins
    selective = SelectiveClassifier(TooSure(), target_error=0.001, random_state=0)
    with pytest.warns(SelectionWarning, match="at least 1000 held out"):
        selective.fit(X[:2000], y[:2000])
    assert selective.coverage_ == 0
    assert not selective.accepts(X).any()


def test_trains_without_the_held_out_rows_and_again_with_them(coins):
    X, y = coins
    selective = SelectiveClassifier(TooSure(), random_state=0).fit(X, y)
    assert selective.estimator_.n_seen_ == 18_000
    assert selective.n_held_out_ == 2_000
    assert selective.validation_score_ == pytest.approx(selective.score(X, y), abs=0.02)
    again = clone(selective).set_params(refit=True).fit(X, y)
    assert again.estimator_.n_seen_ == 20_000
    assert again.temperature_ == selective.temperature_


def test_with_cv_each_row_is_held_out_once(coins):
    X, y = coins
    asked = []

    class Remembers(TooSure):
        def fit(self, X, y):
            self.seen_ = set(X[:, 1])
            return super().fit(X, y)

        def predict_proba(self, X):
            assert not self.seen_ & set(X[:, 1])
            asked.extend(X[:, 1])
            return super().predict_proba(X)

    selective = SelectiveClassifier(Remembers(3.0), target_error=0.02, cv=4, random_state=0)
    selective.fit(X, y)
    assert sorted(asked) == sorted(X[:, 1])
    assert selective.n_held_out_ == selective.estimator_.n_seen_ == len(X)
    assert selective.temperature_ == pytest.approx(3, rel=0.05)


def test_takes_a_cross_validation_generator(coins):
    X, y = coins
    selective = SelectiveClassifier(TooSure(3.0), cv=ShuffleSplit(2, test_size=0.4)).fit(X, y)
    assert selective.n_held_out_ == 16_000
    assert selective.estimator_.n_seen_ == 20_000


def test_cv_needs_rows_of_each_class_in_each_fold(coins):
    X, y = coins[0][:100], np.repeat([0, 1], [97, 3])
    with pytest.raises(ValueError, match=r"Class 1 has 3 different rows, fewer than cv=4"):
        SelectiveClassifier(TooSure(), cv=4).fit(X, y)


@pytest.mark.parametrize("cv", [None, 3])
def test_copies_of_a_row_are_held_out_together(coins, cv):
    X, y = np.repeat(coins[0][:500], 4, axis=0), np.repeat(coins[1][:500], 4)

    class Remembers(TooSure):
        def fit(self, X, y):
            self.seen_ = {row.tobytes() for row in X}
            return super().fit(X, y)

        def predict_proba(self, X):
            if len(X) < 1000:
                assert not self.seen_ & {row.tobytes() for row in X}
            return super().predict_proba(X)

    SelectiveClassifier(Remembers(), cv=cv, random_state=0).fit(X, y)


def test_a_fitted_estimator_is_taken_as_it_is(coins):
    X, y = coins
    fitted = TooSure(2.0).fit(X[:10], y[:10])
    selective = SelectiveClassifier(FrozenEstimator(fitted)).fit(X, y)
    assert selective.estimator_.n_seen_ == 10
    assert selective.temperature_ == pytest.approx(2, rel=0.1)


def test_a_frozen_estimator_keeps_the_names_of_its_columns(coins):
    X, y = (values[:2000] for values in coins)
    frame = pd.DataFrame(X, columns=["answer", "b", "c", "d"])
    fitted = LogisticRegression().fit(frame, y)
    named = SelectiveClassifier(FrozenEstimator(fitted), target_error=0.4).fit(frame, y)
    plain = SelectiveClassifier(LogisticRegression(), target_error=0.4).fit(frame, y)
    assert named.temperature_ > 0
    assert plain.predict(frame).shape == named.predict(frame).shape == y.shape
    np.testing.assert_array_equal(named.predict(frame), named.classes_[fitted.predict(frame)])
    renamed = frame.rename(columns={"answer": "other"})
    with pytest.raises(ValueError, match="feature names should match"):
        SelectiveClassifier(FrozenEstimator(fitted)).fit(renamed, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        SelectiveClassifier(FrozenEstimator(fitted)).fit(X, y)


def test_network_around_and_inside_a_pipeline(small_digits, tmp_path):
    X, y = small_digits
    rows = (X * 255).astype(np.uint8)
    inner = make_digit_pipeline("fast", random_state=0)
    outer = SelectiveClassifier(inner, target_error=0.3, reject_label=-1, random_state=0)
    outer.fit(rows, y)
    joblib.dump(outer, tmp_path / "reader.joblib")
    loaded = joblib.load(tmp_path / "reader.joblib")
    np.testing.assert_array_equal(loaded.predict(rows), outer.predict(rows))
    within = make_digit_pipeline("fast", random_state=0)
    within.steps[-1] = ("selectiveclassifier", SelectiveClassifier(within[-1], random_state=0))
    within.fit(rows, y)
    np.testing.assert_array_equal(
        within.predict_proba(rows), within[-1].predict_proba(rows / np.float32(255))
    )
    assert within[-1].temperature_ != 1


@pytest.mark.slow
def test_grid_search_by_name(small_digits):
    X, y = small_digits
    selective = SelectiveClassifier(DigitCNNClassifier(epochs=1, random_state=0), random_state=0)
    grid = {
        "calibrate": [True, False],
        "target_error": [None, 0.5],
        "estimator__augmentation": [0.5],
        "estimator__tta": [0, 1],
    }
    search = GridSearchCV(selective, grid, cv=2, scoring="neg_log_loss").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_weights_reach_the_end_of_a_pipeline(small_digits):
    X, y = small_digits
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    weight = np.where(y == 3, 5.0, 1.0)
    weighted = SelectiveClassifier(pipeline, random_state=0).fit(X, y, sample_weight=weight)
    plain = SelectiveClassifier(pipeline, random_state=0).fit(X, y)
    assert (weighted.predict_proba(X) - plain.predict_proba(X))[:, 3].mean() > 0


def test_probabilities_of_zero_do_not_decide_the_temperature(small_digits):
    X, y = small_digits
    forest = RandomForestClassifier(5, random_state=0)
    selective = SelectiveClassifier(forest, validation_fraction=0.4, random_state=0).fit(X, y)
    assert 0.3 < selective.temperature_ < 5
    assert np.isfinite(selective.predict_log_proba(X)).all()


def test_score_is_of_all_answers(coins):
    X, y = coins
    selective = SelectiveClassifier(
        TooSure(), target_error=0.01, reject_label="?", random_state=0
    ).fit(X, y)
    labels = selective.classes_[selective.predict_proba(X).argmax(axis=1)]
    assert selective.score(X, y) == np.mean(labels == y)


def test_any_classifier_will_do(small_digits):
    X, y = small_digits
    selective = SelectiveClassifier(LogisticRegression(), target_error=0.2, random_state=0)
    assert 0 < selective.fit(X, y).coverage_ <= 1


def test_a_class_that_is_only_held_out_is_named(coins):
    X, y = coins
    fitted = TooSure().fit(X[:10], y[:10])
    with pytest.raises(ValueError, match=r"labels \[2\].*was not trained on"):
        SelectiveClassifier(FrozenEstimator(fitted)).fit(X, np.where(X[:, 1] > 9, 2, y))


def test_classes_of_one_row(coins):
    X, _ = coins
    with pytest.raises(ValueError, match="only one row"):
        SelectiveClassifier(TooSure()).fit(X[:2], [0, 1])
    with pytest.raises(ValueError, match="only one class"):
        SelectiveClassifier(TooSure()).fit(X[:9], np.ones(9))
    y = np.repeat([0, 1], [20, 1])
    assert SelectiveClassifier(TooSure(), random_state=0).fit(X[:21], y).n_held_out_ == 2


class Fixed(ClassifierMixin, BaseEstimator):
    """Says the probabilities that stand in the first two columns of X."""

    def __init__(self, logs=False):
        self.logs = logs

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        return X[:, :2]


def probabilities(*of_the_second):
    second = np.array(of_the_second)
    return np.column_stack([1 - second, second, np.arange(len(second))])


@pytest.mark.parametrize("finest", [1 / 3000, 1e-5, 1e-12])
def test_fine_probabilities_rank_behind_1_and_before_0(finest):
    X = probabilities(0, finest, 2 * finest, 0.4, 0.6, 1 - 2 * finest, 1 - finest, 1)
    y = (X[:, 1] > 0.5).astype(int)
    frozen = FrozenEstimator(Fixed().fit(X, y))
    selective = SelectiveClassifier(frozen, calibrate=False).fit(X, y)
    second = selective.predict_proba(X)[:, 1]
    assert (np.diff(selective.predict_log_proba(X)[:, 1]) > 0).all()
    assert (np.diff(second) >= 0).all()
    # A row is answered alike in any company, also where it has the first 0 that was ever seen.
    np.testing.assert_array_equal(selective.predict_proba(X[:1])[:, 1], second[:1])
    unseen = SelectiveClassifier(frozen, calibrate=False).fit(X[1:-1], y[1:-1])
    assert (np.diff(unseen.predict_log_proba(X)[:, 1]) > 0).all()


def test_probabilities_finer_than_any_before_do_not_rank_behind_0():
    X = probabilities(0, 1e-4, 0.4, 0.6, 1 - 1e-4, 1)
    y = (X[:, 1] > 0.5).astype(int)
    frozen = FrozenEstimator(Fixed().fit(X, y))
    selective = SelectiveClassifier(frozen, calibrate=False).fit(X, y)
    finer = selective.predict_log_proba(probabilities(0, 1e-9, 1e-6, 1e-4))[:, 1]
    assert (np.diff(finer) >= 0).all()


@pytest.mark.slow
def test_a_large_forest_ranks_what_it_is_sure_of(small_digits):
    X, y = small_digits
    forest = RandomForestClassifier(1500, max_depth=6, random_state=0, n_jobs=1).fit(X, y)
    selective = SelectiveClassifier(FrozenEstimator(forest)).fit(X, y)
    said, calibrated = forest.predict_proba(X), selective.predict_log_proba(X)
    for row in range(len(X)):
        order = np.argsort(said[row], kind="stable")
        assert (np.diff(calibrated[row][order]) >= 0).all()
        rises = np.diff(said[row][order]) > 1e-9
        assert (np.diff(calibrated[row][order])[rises] > 0).all()


@pytest.mark.parametrize(
    "last",
    [
        RandomForestClassifier(5, random_state=0),
        CalibratedClassifierCV(GaussianNB(), cv=2),
        VotingClassifier([("nb", GaussianNB())], voting="soft"),
        GridSearchCV(Fixed(), {"logs": [True]}, cv=2, scoring="neg_log_loss"),
    ],
)
@pytest.mark.parametrize("kind", [Pipeline, DigitPipeline])
def test_over_pipelines_of_any_classifier(last, kind, small_digits):
    X, y = small_digits
    X, y = X[y < 2] * 255, y[y < 2]
    if isinstance(last, GridSearchCV):
        X[:, :2] = 255 * np.column_stack([1 - y, y])
    pipeline = kind([("pixelscaler", PixelScaler()), ("last", last)])
    selective = SelectiveClassifier(pipeline, random_state=0).fit(X, y)
    np.testing.assert_allclose(selective.predict_proba(X).sum(axis=1), 1)
    assert selective.score(X, y) > 0.9


class Dense(GaussianNB):
    """A classifier that knows a density, and no limit of it."""

    def score_samples(self, X):
        return self._joint_log_likelihood(X).max(axis=1)


class Limited(Dense):
    """One that knows a limit, too, as scikit-learn's detectors of outliers do."""

    def fit(self, X, y):
        super().fit(X, y)
        self.offset_ = np.quantile(self.score_samples(X), 0.1)
        return self


def of_search(estimator):
    return GridSearchCV(estimator, {"var_smoothing": [1e-2]}, cv=2)


@pytest.mark.parametrize(
    "around",
    [
        lambda e: e,
        lambda e: make_pipeline(StandardScaler(), e),
        of_search,
        lambda e: make_pipeline(StandardScaler(), of_search(e)),
        lambda e: SelectiveClassifier(e, random_state=0),
    ],
)
def test_a_foreign_score_is_judged_by_its_own_limit(around, small_digits):
    X, y = small_digits
    dense = SelectiveClassifier(around(Dense(var_smoothing=1e-2)), reject_label=-1, random_state=0)
    dense.fit(X, y)
    assert dense.accepts(X).all()
    assert not hasattr(dense, "offset_")
    assert -1 not in dense.predict(X)
    limited = SelectiveClassifier(around(Limited(var_smoothing=1e-2)), random_state=0).fit(X, y)
    np.testing.assert_array_equal(limited.accepts(X), limited.score_samples(X) >= limited.offset_)
    assert 0.6 < limited.accepts(X).mean() < 1
