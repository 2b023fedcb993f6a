"""The records of searches that share a folder."""

from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skdigits.tuning import fit_search, read_results
from skdigits.tuning._progress import ProgressLine


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


def make_search(scoring, **params):
    tree = DecisionTreeClassifier(random_state=0)
    return GridSearchCV(tree, {"max_depth": [3, 5]}, scoring=scoring, cv=2, refit=False, **params)


def half_right(estimator, X, y):
    return estimator.score(X, y) / 2


@pytest.mark.parametrize(
    "scorings",
    [
        ["accuracy", "neg_log_loss"],
        [None, "f1_macro"],
        [half_right, "accuracy"],
        [make_scorer(fbeta_score, beta=2, average="macro"), "accuracy"],
        [["accuracy", "f1_macro"], "accuracy"],
        [{"own": "accuracy"}, None],
        [partial(half_right), "accuracy"],
    ],
)
def test_searches_of_other_scorers_are_kept_apart(scorings, digits, tmp_path, capsys):
    searches = [fit_search(make_search(s), *digits, results=tmp_path) for s in scorings]
    table = read_results(tmp_path)
    assert len(table) == 2 * 4
    assert table["scoring"].nunique() == 2
    for search, (_, rows) in zip(searches, table.groupby("scoring", sort=False), strict=True):
        for name in [name for name in search.cv_results_ if name.startswith("mean_test_")]:
            metric = name.removeprefix("mean_test_")
            column = rows["score" if metric == "score" else f"score_{metric}"]
            means = column.groupby(rows["max_depth"]).mean()
            np.testing.assert_allclose(means, search.cv_results_[name])
    best = max(searches[1].cv_results_["mean_test_score"])
    assert f"best {best:.4f} with" in capsys.readouterr().err.split("\r")[-1]


def test_a_search_beside_counts_its_own_fits_alone(digits, tmp_path):
    """Its progress line meets the records of a search that runs in the same folder."""
    with ProgressLine(tmp_path, 4, 2, "accuracy", is_shown=False) as line:
        fit_search(make_search("neg_log_loss"), *digits, results=tmp_path, progress=False)
        assert line.count() == 0
        fit_search(make_search("accuracy"), *digits, results=tmp_path, progress=False)
        assert line.count() == 4


def test_training_scores_are_not_taken_for_those_of_the_fold(digits, tmp_path):
    search = make_search("accuracy", return_train_score=True)
    fit_search(search, *digits, results=tmp_path, progress=False)
    means = read_results(tmp_path).groupby("max_depth")["score"].mean()
    np.testing.assert_allclose(means, search.cv_results_["mean_test_score"])
