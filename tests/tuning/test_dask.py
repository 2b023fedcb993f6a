"""The same search on a cluster: equal results, and none lost with a worker."""

import os
import signal
import threading
import time
import warnings
from contextlib import contextmanager

import joblib
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, make_digit_pipeline
from skdigits.tuning import fit_search, read_results

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def a_worker_killed(client, when):
    """Kills one of two workers as soon as `when()` is true; gives what that was."""
    pid = next(iter(client.run(os.getpid).values()))
    seen = []

    def kill():
        while not (found := when()):
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        seen.append(found)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with joblib.parallel_config(backend="dask"), warnings.catch_warnings():
        # Said only if the worker took with it what Dask cannot compute again.
        warnings.filterwarnings("ignore", "A worker was lost", RuntimeWarning)
        yield seen
    killer.join(timeout=5)
    assert seen


@pytest.mark.release
def test_a_search_gives_the_same_results_and_none_is_lost(client, few_rows, tmp_path):
    pipeline = make_digit_pipeline(epochs=1, n_threads=1, random_state=0)
    grid = {"digitcnnclassifier__learning_rate": [0.003, 0.01, 0.02, 0.04]}
    search = GridSearchCV(pipeline, grid, cv=3, refit=False)
    alone = client.submit(clone(search).fit, *few_rows).result()  # as scikit-learn does it
    spread, recorded, survivor = clone(search), clone(search), clone(search)
    with joblib.parallel_config(backend="dask"):
        spread.fit(*few_rows)
        fit_search(recorded, *few_rows, results=tmp_path / "undisturbed", progress=False)
    with a_worker_killed(client, lambda: len(list(tmp_path.glob("*.json"))) // 3) as killed:
        fit_search(survivor, *few_rows, results=tmp_path, progress=False)
    assert killed[0] < 4
    assert len(read_results(tmp_path)) == 12
    for other in (spread, recorded, survivor):
        for fold in range(3):
            name = f"split{fold}_test_score"
            np.testing.assert_array_equal(other.cv_results_[name], alone.cv_results_[name])
        assert other.best_params_ == alone.best_params_


def test_an_ensemble_has_the_same_members_and_none_is_lost(client, few_rows, tmp_path):
    """The worker that dies takes the rows with it, which Dask cannot compute again."""
    X, y = few_rows[0] / 255, few_rows[1]
    member = DigitCNNClassifier(epochs=1, n_threads=1)
    ensemble = DigitEnsembleClassifier(member, n_estimators=4, random_state=0)
    alone = client.submit(clone(ensemble).fit, X, y).result()
    spread = clone(ensemble)
    survivor = clone(ensemble).set_params(memory=str(tmp_path / "members"))
    with joblib.parallel_config(backend="dask"):
        spread.fit(X, y)
    with a_worker_killed(client, lambda: list(tmp_path.rglob("output.pkl"))):
        survivor.fit(X, y)
    for other in (spread, survivor):
        for here, there in zip(alone.estimators_, other.estimators_, strict=True):
            for a, b in zip(here.weights_, there.weights_, strict=True):
                np.testing.assert_array_equal(a, b)
