"""The same search on a cluster: equal results, and none lost with a worker."""

import os
import signal
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import joblib
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, make_digit_pipeline
from skdigits.tuning import fit_search, read_results

pytestmark = pytest.mark.slow


def in_new_process(function, *arguments):
    """Call it where TensorFlow has not started, so that it still listens to `n_threads`."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@pytest.fixture(scope="module")
def search():
    pipeline = make_digit_pipeline(epochs=1, n_threads=1, random_state=0)
    grid = {"digitcnnclassifier__learning_rate": [0.003, 0.01, 0.02, 0.04]}
    return GridSearchCV(pipeline, grid, cv=3, refit=False)


@pytest.fixture(scope="module")
def alone(search, few_rows):
    """The search as scikit-learn does it."""
    return in_new_process(clone(search).fit, *few_rows)


@pytest.fixture(scope="module")
def ensemble():
    member = DigitCNNClassifier(epochs=1, n_threads=1)
    return DigitEnsembleClassifier(member, n_estimators=4, random_state=0)


@pytest.fixture(scope="module")
def ensemble_alone(ensemble, few_rows):
    return in_new_process(clone(ensemble).fit, few_rows[0] / 255, few_rows[1])


@contextmanager
def two_workers():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        LocalCluster(**options, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with two_workers() as client:
        yield client


@pytest.fixture
def mortal_client():
    """Workers that only one test has, which kills one of them."""
    with two_workers() as client:
        yield client


def assert_same_results(one, other):
    for fold in range(3):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(one.cv_results_[name], other.cv_results_[name])
    assert one.best_params_ == other.best_params_


def test_same_results_with_and_without(client, search, few_rows, alone, tmp_path):
    plain, recorded = clone(search), clone(search)
    with joblib.parallel_config(backend="dask"):
        plain.fit(*few_rows)
        fit_search(recorded, *few_rows, results=tmp_path, progress=False)
    assert_same_results(plain, alone)
    assert_same_results(recorded, alone)


def test_no_result_is_lost_with_a_worker(mortal_client, search, few_rows, alone, tmp_path):
    pids = list(mortal_client.run(os.getpid).values())
    killed = []

    def kill_one_midway():
        while len(list(tmp_path.glob("*.json"))) < 3:
            time.sleep(0.05)
        os.kill(pids[0], signal.SIGKILL)
        killed.append(len(read_results(tmp_path)))

    killer = threading.Thread(target=kill_one_midway, daemon=True)
    killer.start()
    survivor = clone(search)
    with joblib.parallel_config(backend="dask"), warnings.catch_warnings():
        # Said only if the worker took with it what Dask cannot compute again.
        warnings.filterwarnings("ignore", "A worker was lost", RuntimeWarning)
        fit_search(survivor, *few_rows, results=tmp_path, progress=False)
    killer.join(timeout=5)
    assert killed
    assert 3 <= killed[0] < 12
    assert len(read_results(tmp_path)) == 12
    assert_same_results(survivor, alone)


def assert_same_members(one, other):
    for member, twin in zip(one.estimators_, other.estimators_, strict=True):
        for a, b in zip(member.weights_, twin.weights_, strict=True):
            np.testing.assert_array_equal(a, b)


def test_same_ensemble_with_and_without(client, few_rows, ensemble, ensemble_alone):
    with joblib.parallel_config(backend="dask"):
        there = clone(ensemble).fit(few_rows[0] / 255, few_rows[1])
    assert_same_members(there, ensemble_alone)


def test_no_member_is_lost_with_a_worker(
    mortal_client, few_rows, ensemble, ensemble_alone, tmp_path
):
    """The worker that dies takes the rows with it, which Dask cannot compute again."""
    pids = list(mortal_client.run(os.getpid).values())

    def kill_one_midway():
        while not list(tmp_path.rglob("output.pkl")):
            time.sleep(0.05)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one_midway, daemon=True)
    killer.start()
    there = clone(ensemble).set_params(memory=str(tmp_path / "members"))
    with joblib.parallel_config(backend="dask"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker was lost", RuntimeWarning)
        there.fit(few_rows[0] / 255, few_rows[1])
    killer.join(timeout=5)
    assert not killer.is_alive()
    assert_same_members(there, ensemble_alone)
