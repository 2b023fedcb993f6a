"""`SelectiveClassifier` learns its limits from writers that were not trained on."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skdigits import SelectiveClassifier
from skdigits._estimators.novelty import NoveltyMixin, find_zero

FITS = []


class Watched(ClassifierMixin, BaseEstimator):
    """Keeps the second column of X, the writer, of each of its fits."""

    def fit(self, X, y):
        FITS.append(set(X[:, 1].tolist()))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        proba = np.full((len(X), len(self.classes_)), 0.1)
        proba[np.arange(len(X)), X[:, 0].astype(int)] = 0.9
        return proba / proba.sum(axis=1, keepdims=True)


class Scored(NoveltyMixin, Watched):
    """Scores rows by the third column, as a network with examples of what is no digit does."""

    other_label = -1

    def fit(self, X, y):
        super().fit(X, y[y != -1])
        self.digits_ = {"offset": 1.0}
        return self

    def score_samples(self, X):
        return X[:, 2] - self.digits_["offset"]


@pytest.fixture(autouse=True)
def forget_fits():
    FITS.clear()


def make_rows(n=1200, n_writers=12):
    """Columns: class, writer, score."""
    rng = np.random.default_rng(0)
    y, groups = np.arange(n) % 3, np.arange(n) // (n // n_writers)
    return np.column_stack([y, groups, rng.permutation(n)]), y, groups


def test_groups_are_held_out_whole():
    X, y, groups = make_rows()
    selective = SelectiveClassifier(Watched(), validation_fraction=0.25, random_state=0)
    selective.fit(X, y, groups=groups)
    (trained_on,) = FITS
    assert 8 <= len(trained_on) <= 10
    assert selective.n_held_out_ == 100 * (12 - len(trained_on))


def test_a_number_of_folds_keeps_groups_together():
    X, y, groups = make_rows()
    selective = SelectiveClassifier(Watched(), cv=3, random_state=0).fit(X, y, groups=groups)
    *of_folds, last = FITS
    assert len(of_folds) == 3
    assert len(last) == 12
    assert all(len(writers) == 8 for writers in of_folds)
    assert selective.n_held_out_ == 1200


def test_group_k_fold():
    X, y, groups = make_rows()
    SelectiveClassifier(Watched(), cv=GroupKFold(4)).fit(X, y, groups=groups)
    assert sorted(map(len, FITS)) == [9, 9, 9, 9, 12]


def test_one_fold_is_trained_on_all_rows_only_if_asked():
    X, y, groups = make_rows()
    cv = GroupShuffleSplit(1, test_size=3, random_state=0)
    SelectiveClassifier(Watched(), cv=cv).fit(X, y, groups=groups)
    assert [len(writers) for writers in FITS] == [9]
    SelectiveClassifier(Watched(), cv=cv, refit=True).fit(X, y, groups=groups)
    assert [len(writers) for writers in FITS] == [9, 9, 12]


def test_group_k_fold_without_groups_says_so():
    X, y, _ = make_rows()
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        SelectiveClassifier(Watched(), cv=GroupKFold(4)).fit(X, y)


def test_groups_and_weights_go_together():
    X, y, groups = make_rows()
    weight = np.where(groups == 0, 0, 1)
    selective = SelectiveClassifier(GaussianNB(), cv=GroupKFold(3))
    selective.fit(X, y, sample_weight=weight, groups=groups)
    assert selective.n_held_out_ == 1100


def test_through_metadata_routing():
    X, y, groups = make_rows()
    with sklearn.config_context(enable_metadata_routing=True):
        selective = SelectiveClassifier(Watched(), cv=GroupKFold(4))
        selective.fit(X, y, groups=groups)
        assert sorted(map(len, FITS)) == [9, 9, 9, 9, 12]
        FITS.clear()
        pipeline = make_pipeline("passthrough", selective.set_fit_request(groups=True))
        pipeline.fit(X, y, groups=groups)
    assert sorted(map(len, FITS)) == [9, 9, 9, 9, 12]


def test_in_a_pipeline_by_the_name_of_the_step():
    X, y, groups = make_rows()
    pipeline = make_pipeline("passthrough", SelectiveClassifier(Watched(), cv=GroupKFold(4)))
    pipeline.fit(X, y, selectiveclassifier__groups=groups)
    assert sorted(map(len, FITS)) == [9, 9, 9, 9, 12]


def test_rows_that_are_no_digit_train_and_nothing_else():
    X, y, groups = make_rows()
    y = np.where(groups == 11, -1, y)
    selective = SelectiveClassifier(Scored(), cv=GroupKFold(12), reject_label=-1)
    selective.fit(X, y, groups=groups)
    assert selective.n_held_out_ == 1100
    assert selective.classes_.tolist() == [0, 1, 2]
    assert selective.validation_score_ == 1


def test_two_in_a_thousand_held_out_digits_lie_below_zero():
    X, y, groups = make_rows()
    selective = SelectiveClassifier(Scored(), cv=GroupKFold(4)).fit(X, y, groups=groups)
    assert (selective.score_samples(X) < 0).sum() == 2
    assert selective.accepts(X).sum() == 1198


def test_few_held_out_rows_leave_the_zero_alone():
    X, y, groups = make_rows(n=480)
    selective = SelectiveClassifier(Scored(), cv=GroupKFold(4)).fit(X, y, groups=groups)
    assert selective.estimator_.digits_ == {"offset": 1.0}


def test_find_zero_heeds_weights():
    score = np.arange(1000.0)
    assert find_zero(score, np.ones(1000)) == 1
    weight = np.ones(1000)
    weight[0] = 100
    assert find_zero(score, weight) == 0
