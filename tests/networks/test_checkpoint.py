"""`checkpoint_dir`: a fit that was cut off goes on, and ends as if it had never been."""

import hashlib
import io

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, make_digit_pipeline
from skdigits._networks.monitor import Monitor
from skdigits.exceptions import CheckpointWarning
from skdigits.tuning import fit_search, read_results


class CutOff:
    """Counts epochs, and ends a fit as Ctrl-C does, before its epoch number `at` is complete.

    It is no callback: a fit with callbacks builds a network of its own, which takes seconds.
    """

    at = None
    n_seen = 0


@pytest.fixture(autouse=True, scope="module")
def epochs_are_counted():
    def on_epoch_end(self, epoch, logs=None):
        watched(self, epoch, logs)
        CutOff.n_seen += 1
        if epoch == CutOff.at:
            CutOff.at = None
            raise KeyboardInterrupt

    watched = Monitor.on_epoch_end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Monitor, "on_epoch_end", on_epoch_end)
        yield


@pytest.fixture(autouse=True)
def nothing_is_cut_off():
    CutOff.at = None


def one_layer(image_shape, n_classes):
    inputs = keras.Input((*image_shape, 1))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(keras.layers.Flatten()(inputs)))


def quick(**params):
    """A network that is built in no time, unless another is asked for."""
    defaults = {"architecture": one_layer, "epochs": 4, "random_state": 0}
    return DigitCNNClassifier(**defaults | params)


def cut_off(estimator, X, y, at=2, **fit_params):
    CutOff.at, CutOff.n_seen = at, 0
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y, **fit_params)
    CutOff.n_seen = 0


def assert_same_fit(one, other):
    for a, b in zip(one.weights_, other.weights_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.history_ == other.history_
    assert (one.n_iter_, one.best_epoch_) == (other.n_iter_, other.best_epoch_)
    assert one.validation_scores_ == other.validation_scores_


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {
            "architecture": "compact",
            "dropout": 0.3,
            "augmentation": {"rotation": 10, "elastic": 0.02},
        },
        {"epochs": 12, "early_stopping": True, "n_iter_no_change": 2},
        {"validation_fraction": 0.2, "restore_best": False, "optimizer": "sgd"},
        {"architecture": "classic", "width": 0.2, "optimizer": "rmsprop", "class_weight": {3: 2}},
    ],
    ids=["random parts", "early stopping", "validation", "classic"],
)
def test_a_fit_that_was_cut_off_ends_as_one_that_was_not(params, small_digits, tmp_path):
    undisturbed = quick(**params).fit(*small_digits)
    kept = quick(**params, checkpoint_dir=tmp_path / "new" / "folder")
    cut_off(kept, *small_digits)
    again = clone(kept).fit(*small_digits)
    assert CutOff.n_seen == undisturbed.n_iter_ - 2
    assert_same_fit(again, undisturbed)
    assert not list((tmp_path / "new" / "folder").iterdir())


def test_same_bits_without_an_accident(small_digits, tmp_path):
    assert_same_fit(quick(checkpoint_dir=tmp_path).fit(*small_digits), quick().fit(*small_digits))


def test_a_fit_that_was_over_trains_nothing(small_digits, tmp_path, monkeypatch):
    """It was killed while it learned what digits look like."""
    kept = quick(novelty=True, checkpoint_dir=str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(DigitCNNClassifier, "_learn_digits", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept.fit(*small_digits)
    CutOff.n_seen = 0
    again = clone(kept).fit(*small_digits)
    assert CutOff.n_seen == 0
    assert_same_fit(again, quick().fit(*small_digits))


@pytest.mark.slow
def test_other_fits_in_the_folder_have_their_own(small_digits, tmp_path):
    X, y = small_digits
    kept = quick(checkpoint_dir=tmp_path)
    cut_off(kept, X, y)
    weight = np.linspace(1, 2, len(X))
    for params, data in (
        ({"learning_rate": 0.02}, (X, y)),
        ({"epochs": 5}, (X, y)),
        ({"random_state": 1}, (X, y)),
        ({}, (X[:-1], y[:-1])),
        ({}, (X, np.roll(y, 1))),
        ({}, (X, y, weight)),
    ):
        CutOff.n_seen = 0
        other = clone(kept).set_params(**params).fit(*data)
        assert CutOff.n_seen == other.n_iter_
        assert len(list(tmp_path.iterdir())) == 1
    CutOff.n_seen = 0
    clone(kept).set_params(verbose=1, tta=3).fit(X, y)
    assert CutOff.n_seen == 2, "a bar and views are no reason to start anew"


@pytest.mark.slow
def test_warm_start_goes_on_from_its_own_start(small_digits, tmp_path):
    params = {"warm_start": True, "validation_fraction": 0.1}
    undisturbed = quick(**params).fit(*small_digits).fit(*small_digits)
    kept = quick(**params, checkpoint_dir=tmp_path).fit(*small_digits)
    before = kept.predict_proba(small_digits[0])
    cut_off(kept, *small_digits)
    np.testing.assert_array_equal(kept.predict_proba(small_digits[0]), before)
    kept.fit(*small_digits)
    assert CutOff.n_seen == 2
    assert_same_fit(kept, undisturbed)


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def signed(body):
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def packed(*arrays, save=np.savez):
    buffer = io.BytesIO()
    save(buffer, *arrays)
    return signed(buffer.getvalue())


@pytest.fixture(scope="module")
def unfinished(small_digits, tmp_path_factory):
    """The checkpoint of a fit that was cut off."""
    folder = tmp_path_factory.mktemp("unfinished")
    cut_off(quick(checkpoint_dir=folder), *small_digits)
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize(
    "damage",
    [
        flipped,
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: b"no checkpoint at all",
        lambda content: signed(b"PK no archive"),
        lambda content: packed(np.array([print], dtype=object)),
        lambda content: packed(np.zeros(10**6), save=np.savez_compressed),
        lambda content: packed(np.frombuffer(b"[]", np.uint8)),
        lambda content: packed(np.zeros((2, 2))),
    ],
    ids=["a bit", "cut", "empty", "text", "no zip", "pickle", "bomb", "list", "numbers"],
)
def test_a_damaged_checkpoint_is_not_trusted(damage, unfinished, small_digits, tmp_path):
    kept = quick(checkpoint_dir=tmp_path)
    (tmp_path / unfinished.name).write_bytes(damage(unfinished.read_bytes()))
    CutOff.n_seen = 0
    with pytest.warns(CheckpointWarning, match=r"damaged .*starts from scratch"):
        kept.fit(*small_digits)
    assert CutOff.n_seen == 4
    assert_same_fit(kept, quick().fit(*small_digits))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_checkpoint_of_another_fit_is_not_taken(small_digits, tmp_path):
    paths = []
    for seed in (0, 1):
        cut_off(quick(random_state=seed, checkpoint_dir=tmp_path / str(seed)), *small_digits)
        paths += (tmp_path / str(seed)).iterdir()
    paths[0].write_bytes(paths[1].read_bytes())
    with pytest.warns(CheckpointWarning, match="another fit"):
        quick(checkpoint_dir=tmp_path / "0").fit(*small_digits)


def test_what_cannot_be_found_again_is_refused(small_digits, tmp_path):
    with pytest.raises(ValueError, match="Set random_state to an integer"):
        quick(checkpoint_dir=tmp_path, random_state=None).fit(*small_digits)
    with pytest.raises(ValueError, match="Set random_state to an integer"):
        DigitEnsembleClassifier(quick(checkpoint_dir=tmp_path)).fit(*small_digits)
    with pytest.raises(ValueError, match="Define it in a module"):
        quick(checkpoint_dir=tmp_path, callbacks=[lambda: keras.callbacks.Callback()]).fit(
            *small_digits
        )


@pytest.mark.slow
def test_in_a_pipeline_and_a_search(small_digits, tmp_path):
    X, y = small_digits
    pipeline = make_digit_pipeline(
        architecture=one_layer, epochs=3, random_state=0, checkpoint_dir=tmp_path / "fits"
    )
    grid = {"digitcnnclassifier__learning_rate": [0.005, 0.02]}
    search = GridSearchCV(pipeline, grid, cv=2)
    cut_off(search, X * 255, y, at=1)
    search.fit(X * 255, y)
    assert CutOff.n_seen == 4 * 3 - 1 + 3
    pipeline.set_params(digitcnnclassifier__checkpoint_dir=None)
    undisturbed = GridSearchCV(pipeline, grid, cv=2).fit(X * 255, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], undisturbed.cv_results_["mean_test_score"]
    )
    assert_same_fit(search.best_estimator_[-1], undisturbed.best_estimator_[-1])
    kept = {"results": tmp_path / "results", "progress": False}
    fit_search(clone(search), X * 255, y, **kept)
    fit_search(clone(undisturbed), X * 255, y, **kept)
    assert len(read_results(tmp_path / "results")) == 4, "the folder is no part of a result"


@pytest.mark.slow
def test_in_an_ensemble(small_digits, tmp_path):
    member = quick(epochs=3, checkpoint_dir=tmp_path / "fits")
    ensemble = DigitEnsembleClassifier(
        member, n_estimators=2, random_state=0, memory=str(tmp_path / "members")
    )
    cut_off(ensemble, *small_digits, at=2)
    ensemble.fit(*small_digits)
    assert CutOff.n_seen == 1 + 3
    undisturbed = clone(ensemble).set_params(memory=None, estimator__checkpoint_dir=None)
    undisturbed.fit(*small_digits)
    for one, other in zip(ensemble.estimators_, undisturbed.estimators_, strict=True):
        assert_same_fit(one, other)
    ensemble.set_params(estimator__checkpoint_dir=None)
    CutOff.n_seen = 0
    ensemble.fit(*small_digits)
    assert CutOff.n_seen == 0, "the folder is no part of a member"
