"""Labels of every kind, and what stands in their place."""

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitReader,
    SelectiveClassifier,
    make_digit_pipeline,
)

quick = functools.partial(DigitCNNClassifier, epochs=1, augmentation=None, random_state=0)


@pytest.fixture(scope="module")
def three(small_digits):
    """Rows of the digits 0 to 2."""
    X, y = small_digits
    return X[y < 3], y[y < 3]


MAKERS = {
    "network": quick,
    "ensemble": lambda: DigitEnsembleClassifier(quick(), n_estimators=1, random_state=0),
    "selective": lambda: SelectiveClassifier(GaussianNB(), random_state=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    ("dtype", "kind"), [("Int64", "i"), ("UInt8", "u"), ("boolean", "b"), ("category", "i")]
)
def test_nullable_labels_stay_what_they_are(make, dtype, kind, three):
    X, y = three
    given = pd.Series(y > 0 if dtype == "boolean" else y).astype(dtype)
    estimator = make().fit(X, given)
    assert estimator.classes_.dtype.kind == kind
    assert estimator.predict(X).dtype.kind == kind
    assert estimator.score(X, given) > 0.3


def test_nullable_labels_in_a_partial_fit(three):
    X, y = three
    clf = quick().partial_fit(X, pd.Series(y, dtype="Int64"), classes=pd.array([0, 1, 2]))
    assert clf.classes_.dtype.kind == "i"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_missing_labels_are_counted(make, three):
    X, y = three
    with pytest.raises(ValueError, match=r"y has 2 missing labels \(NA\)\. Drop these rows"):
        make().fit(X, pd.Series([pd.NA, pd.NA, *y[2:]], dtype="Int64"))


class Says:
    """A classifier of whatever labels, sure of the last."""

    def __init__(self, classes):
        self.classes_ = np.asarray(classes)

    def predict_proba(self, rows):
        return np.tile(np.eye(len(self.classes_))[-1], (len(rows), 1))


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        ([2.0, 7.0], "7"),
        (np.array([2, 7], np.float32), "7"),
        ([2.5, 7.5], "7.5"),
        ([2, 7], "7"),
        (["two", "seven"], "seven"),
        ([False, True], "True"),
        (np.array([2, 7.0], object), "7"),
    ],
)
def test_a_picture_is_read_in_whole_numbers(classes, text):
    picture = np.full((60, 60), 255, np.uint8)
    picture[15:45, 28:33] = 0
    result = DigitReader(Says(classes)).read(picture)
    assert result.text == text
    assert result.draw().size == (60, 60)


@pytest.mark.parametrize(
    ("labels", "reject_label"),
    [
        ([0, 1], 0),
        ([0, 1], 1.0),
        ([0, 1], np.int64(1)),
        ([0, 1], False),
        (["no", "?"], "?"),
        ([-1, 1], -1),
    ],
)
def test_a_class_cannot_stand_for_a_rejected_row(labels, reject_label, three):
    X, y = three
    y = np.array(labels)[(y > 0).astype(int)]
    with pytest.raises(ValueError, match="is one of the classes"):
        SelectiveClassifier(GaussianNB(), reject_label=reject_label).fit(X, y)
    late = SelectiveClassifier(GaussianNB(), random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"is one of the classes.*such as -1 or '\?'"):
        late.set_params(reject_label=reject_label).predict(X)
    frozen = FrozenEstimator(GaussianNB().fit(X, y))
    with pytest.raises(ValueError, match="is one of the classes"):
        SelectiveClassifier(frozen, reject_label=reject_label).fit(X, y).predict(X)


def test_a_reject_label_is_one_value(three):
    with pytest.raises(ValueError, match="must be one number or string"):
        SelectiveClassifier(GaussianNB(), reject_label=[-1, -2]).fit(*three)


@pytest.mark.parametrize(("labels", "other"), [([0, 1], "0"), (["0", "1"], 0), ([0, 1], -1)])
def test_what_only_looks_like_a_class_may_stand_for_it(labels, other, three):
    X, y = three
    y = np.array(labels)[(y > 0).astype(int)]
    selective = SelectiveClassifier(GaussianNB(), reject_label=other, random_state=0).fit(X, y)
    assert set(selective.predict(X).tolist()) <= {*labels, other}


# a class of one row


@pytest.mark.parametrize(
    "make",
    [
        lambda: quick(validation_fraction=0.1),
        lambda: quick(early_stopping=True),
        lambda: quick(validation_fraction=0.9),
        lambda: SelectiveClassifier(LogisticRegression()),
        lambda: SelectiveClassifier(quick(validation_fraction=0.2), validation_fraction=0.6),
        lambda: DigitEnsembleClassifier(quick(validation_fraction=0.1), n_estimators=1),
    ],
)
def test_the_only_row_of_a_class_is_trained_on(make, small_digits):
    X, _ = small_digits
    clf = make().fit(X[:100], ["cat"] * 99 + ["dog"])
    assert clf.classes_.tolist() == ["cat", "dog"]


@pytest.mark.slow
def test_equal_rows_of_a_class_count_once(small_digits):
    X = small_digits[0][:100].copy()
    X[98] = X[99]
    clf = quick(validation_fraction=0.1).fit(X, ["cat"] * 98 + ["dog"] * 2)
    assert clf.classes_.tolist() == ["cat", "dog"]


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_two_rows_of_each_class_are_cut_in_halves(fraction, small_digits):
    X, y = small_digits
    rows = np.concatenate([np.flatnonzero(y == digit)[:2] for digit in range(10)])
    clf = quick(validation_fraction=fraction).fit(X[rows], y[rows])
    n_right = clf.validation_scores_[0] * 10
    assert n_right == pytest.approx(round(n_right))


@pytest.mark.parametrize(
    "clf", [quick(validation_fraction=0.1), SelectiveClassifier(LogisticRegression())]
)
def test_only_rows_of_their_own_class(clf, small_digits):
    with pytest.raises(ValueError, match="Every class has only one row"):
        clf.fit(small_digits[0][:3], ["a", "b", "c"])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["Int64", float])
def test_numbers_in_a_picture_are_written_without_points(dtype, rows):
    X, y = rows
    labels = pd.Series(y[:600], dtype=dtype)
    reader = DigitReader(make_digit_pipeline("fast", random_state=0).fit(X[:600], labels))
    paper = np.full((90, 300), 255, np.uint8)
    for i, k in enumerate((0, 1, 2, 3)):
        paper[20:76, 20 + 65 * i : 76 + 65 * i] = 255 - np.kron(
            X[k].reshape(28, 28), np.ones((2, 2))
        )
    text = reader.read(paper).text
    assert len(text) >= 3
    assert text.replace(" ", "").isdigit()
