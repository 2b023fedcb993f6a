"""What `skdigits/_networks/training.py` takes for granted of SciKeras, Keras and scikit-learn.

A failure here means that one of the three has changed under the adapter: `train` in
`skdigits/_networks/training.py` is the one place to mend, and no other test need be read first.
"""

import ast
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from packaging.requirements import Requirement
from scikeras.wrappers import KerasClassifier

import skdigits

ROOT = Path(__file__).parents[2]
PACKAGE = Path(skdigits.__file__).parent
FOUND = ", ".join(f"{name} {version(name)}" for name in ("scikeras", "keras", "scikit-learn"))
MEND = (
    f"Found {FOUND}. Mend `train` in skdigits/_networks/training.py, the only place that uses "
    "SciKeras."
)
WAY_OUT = (
    "If SciKeras is given up for good, call `network.fit` there with the same arguments: "
    "nothing else of it is used."
)


class Listener(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.logs = logs


class Recorder(keras.Model):
    """A compiled network that notes what its `fit` is given."""

    @classmethod
    def compiled(cls):
        inputs = keras.Input((4, 4, 1))
        network = cls(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
        network.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        return network

    def fit(self, x, y, **options):
        self.given = {"x": x, "y": y, **options}
        return SimpleNamespace(history={"loss": [0.5]})


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    codes = np.arange(12) % 3
    return {
        "X": random.random((12, 4, 4, 1), dtype=np.float32),
        "y": np.eye(3, dtype=np.float32)[codes],
        "sample_weight": random.random(12).astype(np.float32),
    }


@pytest.fixture(scope="module")
def trained(rows):
    """SciKeras asked as `train` asks it; the wrapper, the network and our callbacks."""
    network = Recorder.compiled()
    callbacks = [Listener(), Listener()]
    before = network.optimizer, network.loss
    wrapper = KerasClassifier(model=lambda: network, epochs=2, callbacks=callbacks, verbose=0)
    try:
        wrapper.fit(**rows, initial_epoch=3)
    except Exception as error:
        pytest.fail(f"SciKeras does not take what train gives it: {error!r}. {MEND} {WAY_OUT}")
    return SimpleNamespace(wrapper=wrapper, network=network, callbacks=callbacks, before=before)


def test_versions_are_those_that_were_tried():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for need in map(Requirement, project["dependencies"]):
        found = version(need.name)
        assert need.specifier.contains(found, prereleases=True), (
            f"{need.name} {found} is installed, pyproject.toml asks for {need.specifier}. Run the "
            f"whole suite on it (.ci/matrix --cell newest), then move the ceiling."
        )


def test_the_wrapper_has_the_arguments_that_we_name():
    named = inspect.signature(KerasClassifier).parameters
    missing = {"model", "epochs", "callbacks", "verbose"} - set(named)
    assert not missing, f"KerasClassifier has no argument {sorted(missing)} any more. {MEND}"
    fit = inspect.signature(KerasClassifier.fit).parameters
    takes_more = any(p.kind is p.VAR_KEYWORD for p in fit.values())
    assert "sample_weight" in fit, f"KerasClassifier.fit has no sample_weight any more. {MEND}"
    assert takes_more or "initial_epoch" in fit, f"fit takes no initial_epoch any more. {MEND}"


def test_our_network_itself_is_trained(trained):
    assert trained.wrapper.model_ is trained.network, (
        f"SciKeras trains a copy: the kept network would stay untrained. {MEND} {WAY_OUT}"
    )
    assert (trained.network.optimizer, trained.network.loss) == trained.before, (
        f"SciKeras compiles a compiled network again: optimizer and loss are lost. {MEND}"
    )


def test_arrays_arrive_as_they_are(trained, rows):
    given = trained.network.given
    names = {"x": "X", "y": "y", "sample_weight": "sample_weight"}
    for there, here in names.items():
        assert there in given, f"model.fit is not given {there} any more. {MEND}"
        got, expected = np.asarray(given[there]), rows[here]
        assert got.shape == expected.shape, f"{there} became {got.shape}. {MEND}"
        assert got.dtype == expected.dtype, f"{there} became {got.dtype}. {MEND}"
        assert np.array_equal(got, expected), f"SciKeras changes the values of {there}. {MEND}"


def test_epochs_go_on_from_the_initial_one(trained):
    got = trained.network.given["initial_epoch"], trained.network.given["epochs"]
    assert got == (3, 5), (
        f"epochs=2 from initial_epoch=3 became {got}, expected (3, 5): a fit that goes on from a "
        f"checkpoint would train another number of epochs. {MEND}"
    )


def test_our_callbacks_arrive_in_their_order(trained):
    got = [c for c in trained.network.given["callbacks"] if isinstance(c, Listener)]
    assert [id(c) for c in got] == [id(c) for c in trained.callbacks], (
        f"Callbacks are copied or put in another order; the checkpoint must come last. {MEND}"
    )


def test_history_is_kept(trained):
    assert dict(trained.wrapper.history_) == {"loss": [0.5]}, f"history_ has changed. {MEND}"


def test_keras_lets_callbacks_add_to_the_logs(rows):
    network = Recorder.compiled()
    first, second = Listener(), Listener()
    first.on_epoch_end = lambda epoch, logs=None: logs.update(val_loss=0.25)
    keras.Model.fit(network, rows["X"], rows["y"], callbacks=[first, second], verbose=0)
    assert second.logs.get("val_loss") == 0.25, (
        "What one callback adds to the logs the next does not see: validation scores would be "
        f"missing from history_ (skdigits/_networks/monitor.py). Found {FOUND}."
    )


def test_one_module_knows_scikeras():
    def imports(path):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""

    users = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == "scikeras" for name in imports(path))
    ]
    assert users == ["training.py"], f"SciKeras is imported in {users}, expected training.py alone."


def test_one_module_knows_tensorflow():
    users = [path.name for path in PACKAGE.rglob("*.py") if "import tensorflow" in path.read_text()]
    assert users == ["compute_tensorflow.py"], f"TensorFlow is imported in {users}."
