"""Search spaces, and searches that go on where they were killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    ParameterGrid,
    PredefinedSplit,
    RandomizedSearchCV,
    ShuffleSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from skdigits import DigitCNNClassifier, SelectiveClassifier, make_digit_pipeline
from skdigits.tuning import fit_search, read_results, search_space

GRID = {"max_depth": [3, 6], "criterion": ["gini", "entropy"]}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


class CountingClassifier(DecisionTreeClassifier):
    """Counts its trainings in this process."""

    n_trained = 0

    def fit(self, X, y, sample_weight=None):
        CountingClassifier.n_trained += 1
        return super().fit(X, y, sample_weight=sample_weight)


@pytest.fixture
def counting():
    CountingClassifier.n_trained = 0
    return CountingClassifier(random_state=0)


def assert_same_scores(one, other):
    for name in one.cv_results_:
        if name.startswith("split"):
            np.testing.assert_array_equal(one.cv_results_[name], other.cv_results_[name])
    assert one.best_params_ == other.best_params_
    assert one.best_score_ == other.best_score_


# Search spaces


@pytest.mark.parametrize("size", ["quick", "full"])
def test_spaces_name_parameters_of_the_pipeline(size):
    assert set(search_space(size)) <= set(make_digit_pipeline().get_params())
    assert set(search_space(size, prefix="")) <= set(DigitCNNClassifier().get_params())


def test_quick_space_is_a_grid_of_six():
    assert len(ParameterGrid(search_space("quick"))) == 6


def test_a_space_is_the_callers_own():
    search_space("quick").clear()
    assert search_space("quick")


def test_unknown_space():
    with pytest.raises(ValueError, match=r"size='huge' is unknown; known are \['quick', 'full'\]"):
        search_space("huge")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_every_setting_of_the_full_space_trains(small_digits, seed):
    classifier = DigitCNNClassifier(epochs=1, random_state=0)
    search = RandomizedSearchCV(
        classifier,
        search_space("full", prefix=""),
        n_iter=1,
        cv=2,
        random_state=seed,
        error_score="raise",
    )
    assert 0 <= search.fit(*small_digits).best_score_ <= 1


# Searches that are recorded


def searches(estimator):
    space = {"max_depth": [2, 4, 6, 8]}
    return {
        "grid": GridSearchCV(estimator, GRID, cv=3),
        "grid with two scores": GridSearchCV(
            estimator, GRID, cv=3, scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss"
        ),
        "random": RandomizedSearchCV(estimator, space, n_iter=3, cv=3, random_state=0),
        "halving": HalvingRandomSearchCV(
            estimator, space, n_candidates=4, cv=3, factor=2, random_state=0
        ),
        "own folds": GridSearchCV(estimator, GRID, cv=ShuffleSplit(2, random_state=0)),
    }


@pytest.mark.parametrize("kind", searches(None))
def test_recorded_search_is_that_of_scikit_learn(kind, counting, digits, tmp_path):
    plain = searches(counting)[kind].fit(*digits)
    search = searches(counting)[kind]
    assert fit_search(search, *digits, results=tmp_path, progress=False) is search
    assert_same_scores(search, plain)
    assert set(vars(search)) == set(vars(plain))
    assert type(search.best_estimator_) is CountingClassifier
    assert search.score(*digits) == plain.score(*digits)
    np.testing.assert_array_equal(search.predict(digits[0]), plain.predict(digits[0]))


@pytest.mark.parametrize("kind", searches(None))
def test_second_run_trains_only_the_last_fit(kind, counting, digits, tmp_path):
    first = fit_search(searches(counting)[kind], *digits, results=tmp_path, progress=False)
    CountingClassifier.n_trained = 0
    again = fit_search(searches(counting)[kind], *digits, results=tmp_path, progress=False)
    assert CountingClassifier.n_trained == 1  # the best setting on all rows
    assert_same_scores(again, first)


def test_more_candidates_train_only_the_new(counting, digits, tmp_path):
    fit_search(GridSearchCV(counting, GRID, cv=3), *digits, results=tmp_path, progress=False)
    CountingClassifier.n_trained = 0
    wider = GridSearchCV(counting, GRID | {"max_depth": [3, 6, 7]}, cv=3, refit=False)
    fit_search(wider, *digits, results=tmp_path, progress=False)
    assert CountingClassifier.n_trained == 2 * 3


@pytest.mark.parametrize("change", ["rows", "labels", "scoring", "parameter", "weights"])
def test_what_a_result_depends_on_is_computed_anew(change, counting, digits, tmp_path):
    X, y = digits
    search = GridSearchCV(counting, GRID, cv=3, refit=False)
    fit_search(search, X, y, results=tmp_path, progress=False)
    CountingClassifier.n_trained = 0
    fit_params = {}
    if change == "rows":
        X = X * 0.5
    elif change == "labels":
        y = (y + 1) % 10
    elif change == "scoring":
        search.set_params(scoring="balanced_accuracy")
    elif change == "parameter":
        search.set_params(estimator__max_features=32)
    else:
        fit_params = {"sample_weight": np.linspace(1, 2, len(y))}
    plain = clone(search).fit(X, y, **fit_params)
    CountingClassifier.n_trained = 0
    fit_search(search, X, y, results=tmp_path, progress=False, **fit_params)
    assert CountingClassifier.n_trained == 12
    assert_same_scores(search, plain)


def test_results_can_be_read(counting, digits, tmp_path):
    search = GridSearchCV(counting, GRID, cv=3, refit=False)
    fit_search(search, *digits, results=tmp_path / "new" / "folder", progress=False)
    table = read_results(tmp_path / "new" / "folder")
    assert len(table) == 12
    assert set(table) == {*GRID, "scoring", "score", "fit_seconds", "n_rows", "n_threads"}
    means = table.groupby(["max_depth", "criterion"])["score"].mean()
    for params, mean in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        assert means[params["max_depth"], params["criterion"]] == pytest.approx(mean)


def test_no_results_yet(tmp_path):
    assert read_results(tmp_path).empty
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        read_results(tmp_path / "nowhere")


def test_results_that_are_a_file(counting, digits, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(NotADirectoryError, match="is a file; give the name of a folder"):
        fit_search(GridSearchCV(counting, GRID), *digits, results=tmp_path / "taken")


def test_progress_line_has_the_best_so_far(counting, digits, capsys):
    search = fit_search(GridSearchCV(counting, GRID, cv=3), *digits)
    last = capsys.readouterr().err.split("\r")[-1]
    assert "12/12" in last
    best = search.best_params_
    setting = f"criterion={best['criterion']}, max_depth={best['max_depth']}"
    assert f"best {search.best_score_:.4f} with {setting}" in last


def test_a_failing_setting_is_reported_as_scikit_learn_does(counting, digits, tmp_path):
    search = GridSearchCV(counting, {"max_depth": [3, -1]}, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="2 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        fit_search(search, *digits, results=tmp_path, progress=False)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert len(read_results(tmp_path)) == 2


# Fair threads


@pytest.mark.slow
def test_workers_share_the_threads(small_digits, tmp_path):
    classifier = DigitCNNClassifier(epochs=1, random_state=0)
    search = GridSearchCV(classifier, {"dropout": [0.1, 0.2]}, cv=2, n_jobs=2)
    fit_search(search, *small_digits, results=tmp_path, progress=False)
    n_threads = read_results(tmp_path)["n_threads"]
    assert (2 * n_threads <= max(2, joblib.cpu_count())).all()
    assert classifier.n_threads is None
    assert search.best_estimator_.n_threads is None


# Early stopping


@pytest.mark.slow
def test_early_stopping_never_sees_the_test_fold(small_digits):
    X, y = small_digits
    is_test = np.arange(len(y)) % 4 == 0
    fold = PredefinedSplit(np.where(is_test, 0, -1))
    spoilt_X, spoilt_y = X.copy(), y.copy()
    spoilt_X[is_test] = 1 - X[is_test]
    spoilt_y[is_test] = (y[is_test] + 3) % 10
    seen = []

    def note(estimator, X, y):
        seen.append(estimator)
        return estimator.score(X, y)

    classifier = DigitCNNClassifier(
        epochs=6, early_stopping=True, n_iter_no_change=1, random_state=0
    )
    for X_, y_ in ((X, y), (spoilt_X, spoilt_y)):
        search = GridSearchCV(
            classifier, {"learning_rate": [0.01]}, cv=fold, scoring=note, refit=False
        )
        search.fit(X_, y_)
    as_is, spoilt = seen
    assert as_is.validation_scores_ == spoilt.validation_scores_
    assert as_is.n_iter_ == spoilt.n_iter_
    for a, b in zip(as_is.weights_, spoilt.weights_, strict=True):
        np.testing.assert_array_equal(a, b)


# Killed

SCRIPT = """
    import os, signal, sys, time
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV
    from skdigits.tuning import fit_search
    from slow_classifier import SlowClassifier

    if __name__ == "__main__":
        X, y = load_digits(return_X_y=True)
        grid = {"C": [0.001, 0.01, 0.1, 1.0]}
        search = GridSearchCV(SlowClassifier(max_iter=200), grid, cv=3, n_jobs=int(sys.argv[1]))
        fit_search(search, X[:300], y[:300], results="results", progress=False)
        print(search.cv_results_["mean_test_score"].tolist())
"""
SLOW_CLASSIFIER = """
    import os, signal, time
    from pathlib import Path
    from sklearn.linear_model import LogisticRegression

    class SlowClassifier(LogisticRegression):
        def fit(self, X, y):
            time.sleep(0.2)
            if Path("die").exists() and len(list(Path("results").glob("*.json"))) >= 4:
                Path("die").unlink(missing_ok=True)
                os.kill(os.getpid(), signal.SIGKILL)
            Path("trained").open("a").write(f"{self.C}\\n")
            return super().fit(X, y)
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    (tmp_path / "slow_classifier.py").write_text(textwrap.dedent(SLOW_CLASSIFIER))
    (tmp_path / "results").mkdir()
    return [sys.executable, "script.py"]


@pytest.fixture
def expected():
    X, y = load_digits(return_X_y=True)
    grid = {"C": [0.001, 0.01, 0.1, 1.0]}
    search = GridSearchCV(LogisticRegression(max_iter=200), grid, cv=3, refit=False)
    return str(search.fit(X[:300], y[:300]).cv_results_["mean_test_score"].tolist())


@pytest.mark.slow
def test_a_killed_search_goes_on(script, expected, tmp_path):
    with subprocess.Popen([*script, "1"], cwd=tmp_path) as process:
        while len(list((tmp_path / "results").glob("*.json"))) < 4:
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    n_saved = len(read_results(tmp_path / "results"))
    assert 4 <= n_saved < 12
    (tmp_path / "trained").unlink()
    done = subprocess.run([*script, "1"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
    n_trained = (tmp_path / "trained").read_text().count("\n")
    assert n_trained == 12 - n_saved + 1  # and the last one on all rows


@pytest.mark.slow
def test_a_killed_worker_is_made_up_for(script, expected, tmp_path):
    (tmp_path / "die").touch()
    done = subprocess.run([*script, "2"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not (tmp_path / "die").exists()
    assert "A worker was lost (TerminatedWorkerError)" in done.stderr
    assert done.stdout.strip() == expected
    assert len(read_results(tmp_path / "results")) == 12
    assert (tmp_path / "trained").read_text().count("\n") <= 12 + 1 + 2  # two were under way


@pytest.mark.slow
def test_a_setting_that_always_kills_ends_the_search(script, tmp_path):
    (tmp_path / "slow_classifier.py").write_text(
        textwrap.dedent(SLOW_CLASSIFIER).replace("time.sleep(0.2)", "os._exit(1)")
    )
    done = subprocess.run([*script, "2"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.count("A worker was lost") == 2
    assert "TerminatedWorkerError: A worker process" in done.stderr
    assert len(read_results(tmp_path / "results")) == 0


# What can be searched


@pytest.mark.slow
def test_augmentation_tta_temperature_and_rejection_are_searched_by_name(small_digits, tmp_path):
    classifier = DigitCNNClassifier(epochs=2, random_state=0)
    grid = [
        {"estimator__augmentation": [None, 0.5], "estimator__tta": [0, 2]},
        {"calibrate": [True, False], "target_error": [None, 0.2]},
    ]
    search = GridSearchCV(
        SelectiveClassifier(classifier, random_state=0),
        grid,
        cv=2,
        scoring="neg_log_loss",
        error_score="raise",
    )
    fit_search(search, *small_digits, results=tmp_path, progress=False)
    assert len(read_results(tmp_path)) == 8 * 2
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(np.unique(scores[:4])) == 4
    assert scores[4] != scores[6]  # one temperature, and none


def test_folds_that_test_on_their_training_rows_and_foreign_files(tmp_path):
    X, y = load_digits(return_X_y=True)
    X, y = X[:300], y[:300]
    (tmp_path / "notes.json").write_text("{}")
    everything = np.arange(len(X))
    tree = DecisionTreeClassifier(random_state=0)
    search = GridSearchCV(tree, GRID, cv=[(everything, everything)])
    fit_search(search, X, y, results=tmp_path)
    assert read_results(tmp_path)["score"].between(0.5, 1).all()
    fit_search(search.set_params(refit=False), X, y, results=tmp_path)
    assert not hasattr(search, "best_estimator_")


def test_workers_caches_and_bars_are_no_other_search(digits, tmp_path):
    """What does not change a fit finds its records again, also inside of a pipeline."""
    X, y = digits

    def search(**changes):
        forest = RandomForestClassifier(3, random_state=0)
        pipeline = Pipeline([("forest", forest)]).set_params(**changes)
        return GridSearchCV(pipeline, {"forest__max_depth": [2, 4]}, cv=2, refit=False)

    fit_search(search(), X, y, results=tmp_path)
    changes = {"forest__n_jobs": 2, "forest__verbose": 0, "memory": str(tmp_path / "kept")}
    fit_search(search(**changes), X, y, results=tmp_path)
    assert len(read_results(tmp_path)) == 4
    fit_search(search(forest__min_samples_leaf=2), X, y, results=tmp_path)
    assert len(read_results(tmp_path)) == 8
