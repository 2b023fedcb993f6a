"""Accuracy on rows of the training set flatters a model, and the report says so."""

import pickle

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    DigitNormalizer,
    PixelScaler,
    SelectiveClassifier,
    export_onnx,
    load_onnx,
    load_pipeline,
    load_pretrained,
    make_digit_pipeline,
    save_pipeline,
)
from skdigits._measures.seen import rows_seen
from skdigits._utils.images import hash_rows
from skdigits.datasets import load_available
from skdigits.evaluation import report


@pytest.fixture(scope="module")
def trained(rows):
    X, y = rows
    return make_digit_pipeline("fast", epochs=1, random_state=0).fit(X[:200], y[:200])


def count_seen(model, X):
    return int(rows_seen(model, X).sum())


@pytest.mark.parametrize("scale", [1 / 255, 1 / 16, 7.3])
def test_hashes_do_not_depend_on_the_scale(rows, scale):
    X = rows[0][:300]
    assert (hash_rows(X * scale) == hash_rows(X)).all()
    assert len(np.unique(hash_rows(X))) == len(np.unique(X, axis=0))
    # Every ratio of two whole numbers up to 255.
    ratios = np.stack([np.arange(256) * (top / 255) // 1 for top in range(1, 256)])
    assert (hash_rows(ratios * scale) == hash_rows(ratios)).all()


def test_report_scores_the_rest_apart(trained, rows):
    X, y = rows
    found = report(trained, X[150:400], y[150:400])
    assert found.n_seen == 50
    assert found.unseen_accuracy == pytest.approx(trained.score(X[200:400], y[200:400]))
    assert "the model was trained on 50 of these rows\non the others      " in str(found)
    assert "of 200 rows" in str(found)


def test_report_says_it_of_all_and_is_silent_of_none(trained, rows):
    X, y = rows
    found = report(trained, X[:50], y[:50])
    assert (found.n_seen, found.unseen_accuracy) == (50, None)
    assert "was trained on all of these rows: its accuracy on them says little" in str(found)
    found = report(trained, X[200:400], y[200:400])
    assert (found.n_seen, found.unseen_accuracy) == (0, found.accuracy)
    assert "was trained on" not in str(found)
    stranger = GaussianNB().fit(X[:200], y[:200])
    found = report(stranger, X[:50], y[:50])
    assert (found.n_seen, found.unseen_accuracy) == (None, None)
    assert "was trained on" not in str(found)


def test_files_keep_it(trained, rows, tmp_path):
    X = rows[0][150:250]
    plain = load_pipeline(save_pipeline(trained, tmp_path / "model.skdigits"))
    light = load_onnx(export_onnx(trained, tmp_path / "model.onnx"))
    assert [count_seen(m, X) for m in (plain, light, pickle.loads(pickle.dumps(light)))] == [50] * 3
    n_bytes = [len(pickle.dumps(m)) for m in (trained, forgetful(trained))]
    assert n_bytes[0] - n_bytes[1] < 5 * 200 + 300


def forgetful(pipeline):
    bare = pickle.loads(pickle.dumps(pipeline))
    del bare[-1].training_rows_
    return bare


def test_a_fit_that_goes_on_remembers_both(rows):
    X, y = rows[0] / 255, rows[1]
    clf = DigitCNNClassifier(epochs=1, random_state=0).fit(X[:100], y[:100])
    clf.partial_fit(X[100:200], y[100:200])
    assert count_seen(clf, X[:300]) == 200
    clf.set_params(warm_start=True).fit(X[200:300], y[200:300])
    assert count_seen(clf, X[:300]) == 300
    clf.set_params(warm_start=False).fit(X[:100], y[:100])
    assert count_seen(clf, X[:300]) == 100


def test_the_outermost_remembers_for_all_inside(rows):
    X, y = rows[0][:200] / 255, rows[1][:200]
    member = DigitCNNClassifier(epochs=1)
    ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0).fit(X, y)
    selective = SelectiveClassifier(member, validation_fraction=0.3).fit(X, y)
    frozen = SelectiveClassifier(FrozenEstimator(ensemble)).fit(
        rows[0][200:260] / 255, rows[1][200:260]
    )
    assert [count_seen(m, rows[0][:300]) for m in (ensemble, selective, frozen)] == [200, 200, 260]
    inside = [*ensemble.estimators_, selective.estimator_]
    assert not any(hasattr(part, "training_rows_") for part in inside)


def test_pictures_of_any_shape_are_looked_up_as_the_rows_they_become(rows):
    rims = (0, 0), (4, 4), (8, 8)
    images, y = list(255 - np.pad(rows[0][:30].reshape(-1, 28, 28), rims)), rows[1][:30]
    pipeline = make_pipeline(DigitNormalizer(), PixelScaler(), DigitCNNClassifier(epochs=1))
    found = report(pipeline.fit(images[:20], y[:20]), images, y)
    assert found.n_seen == 20


def test_of_a_search_the_best_counts(rows):
    X, y = rows
    pipeline = make_digit_pipeline("fast", random_state=0)
    search = GridSearchCV(pipeline, {"digitcnnclassifier__epochs": [1]}, cv=2)
    assert count_seen(search.fit(X[:100], y[:100]), X[:150]) == 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hands", "kaggle"])
def test_what_ships_knows_kaggles_rows(name, rows, real_data):
    X = load_available(real_data).data
    for trainable in (False, True):
        model = load_pretrained(name, trainable=trainable)
        assert count_seen(model, X[::50]) == 840
        assert count_seen(model, rows[0]) == 0
