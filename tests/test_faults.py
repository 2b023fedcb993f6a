"""Faults: what is killed, full, forbidden or gone leaves whole files and a clear message."""

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skdigits import (
    DigitCNNClassifier,
    DigitEnsembleClassifier,
    load_pipeline,
    load_pretrained,
    save_pipeline,
)
from skdigits.datasets import read_digits_csv
from skdigits.exceptions import CheckpointWarning, WorkerLostError
from skdigits.kaggle import check_submission, write_submission
from skdigits.tuning import fit_search, read_results

LABELS = [7] * 28000


@pytest.fixture(scope="module")
def pretrained():
    return load_pretrained(trainable=True)


@pytest.fixture
def search():
    return GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 4, 8]}, cv=2)


def save_anything(pipeline, folder):
    """A file of each kind, as (what writes it, its path)."""
    return [
        (lambda path: save_pipeline(pipeline, path), folder / "model.joblib"),
        (lambda path: save_pipeline(pipeline, path), folder / "model.skdigits"),
        (lambda path: write_submission(path, LABELS), folder / "submission.csv"),
    ]


# No room


@contextmanager
def no_room(n_bytes=65536):
    """No file can grow beyond this size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room_leaves_the_old_file(pretrained, tmp_path):
    for write, path in save_anything(pretrained, tmp_path):
        path.write_bytes(b"the old one")
        with no_room(), pytest.raises(OSError, match=r"was not written.*Free space") as caught:
            write(path)
        assert caught.value.errno == errno.EFBIG
        assert path.name in str(caught.value)
        assert path.read_bytes() == b"the old one"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.slow
def test_no_room_for_a_checkpoint_ends_no_fit(small_digits, tmp_path):
    clf = DigitCNNClassifier(epochs=1, random_state=0, checkpoint_dir=tmp_path)
    with no_room(), pytest.warns(CheckpointWarning, match=r"No checkpoint .*continues"):
        clf.fit(*small_digits)
    assert clf.n_iter_ == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:There are no results in")
def test_no_room_for_results_ends_no_search(search, small_digits, tmp_path, monkeypatch):
    expected = search.fit(*small_digits).cv_results_["mean_test_score"]

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(RuntimeWarning, match=r"not saved: .*No space left on device.*Free space"):
        fit_search(search, *small_digits, results=tmp_path, progress=False)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], expected)
    assert not list(tmp_path.iterdir())


# Not allowed


@pytest.fixture
def forbidden():
    """A folder that this process may look into but not write to."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        nobody = 65534
        if os.geteuid() == 0:
            os.seteuid(nobody)  # root may write anywhere
        try:
            yield Path(folder)
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            os.chmod(folder, 0o755)


def test_forbidden_folder(forbidden, pretrained, search, small_digits):
    for write, path in save_anything(pretrained, forbidden):
        with pytest.raises(PermissionError, match=r"was not written.*get permission"):
            write(path)
    clf = DigitCNNClassifier(epochs=1, random_state=0, checkpoint_dir=forbidden)
    with pytest.raises(PermissionError, match=r"checkpoint_dir=.* is not writable; give"):
        clf.fit(*small_digits)
    clf.set_params(checkpoint_dir=forbidden / "new")
    with pytest.raises(PermissionError, match=r"checkpoint_dir=.* cannot be created; give another"):
        clf.fit(*small_digits)
    with pytest.raises(PermissionError, match=r"results=.* is not writable; give"):
        fit_search(search, *small_digits, results=forbidden, progress=False)
    assert not list(forbidden.iterdir())


def test_a_file_where_a_folder_should_be(pretrained, search, small_digits, tmp_path):
    taken = tmp_path / "taken"
    taken.touch()
    for write, path in save_anything(pretrained, taken):
        with pytest.raises(OSError, match=r"There is no folder .*taken; create it"):
            write(path)
    clf = DigitCNNClassifier(random_state=0, checkpoint_dir=taken)
    with pytest.raises(NotADirectoryError, match="is a file; give the name of a folder"):
        clf.fit(*small_digits)
    with pytest.raises(NotADirectoryError, match="is under a file; give the name of a folder"):
        fit_search(search, *small_digits, results=taken / "results", progress=False)


# Gone or damaged in between


@pytest.mark.parametrize("read", [load_pipeline, check_submission, read_digits_csv])
def test_a_file_that_is_gone_after_the_look(read, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    with pytest.raises(FileNotFoundError, match="gone"):
        read(tmp_path / "gone")


@pytest.mark.parametrize("damaged", [b"", b'{"params": {"max_', b"\xff\xfe", b"[]", b"{}"])
def test_results_that_are_gone_or_damaged_are_done_again(damaged, search, small_digits, tmp_path):
    fit_search(search, *small_digits, results=tmp_path, progress=False)
    expected = search.cv_results_["mean_test_score"]
    first, second, *_ = tmp_path.glob("*.json")
    first.write_bytes(damaged)
    second.unlink()
    second.symlink_to(tmp_path / "gone")
    with pytest.warns(RuntimeWarning, match="damaged or cannot be read; the fit is repeated"):
        fit_search(search, *small_digits, results=tmp_path, progress=False)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], expected)
    assert len(read_results(tmp_path)) == 6


def test_what_a_killed_writer_left_is_swept_up(tmp_path):
    path = tmp_path / "submission.csv"
    names = "submission.csv.1", "submission.csv.2", "another.csv.1"
    old, new, foreign = (tmp_path / f".{name}.part" for name in names)
    for part in (old, new, foreign):
        part.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    os.utime(foreign, (time.time() - 7200,) * 2)
    write_submission(path, LABELS)
    assert sorted(tmp_path.iterdir()) == sorted([path, new, foreign])


# Killed


def run(code, folder, **options):
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


@pytest.mark.slow
def test_killed_while_writing(tmp_path):
    """Six writers are killed, at any moment; each file is always one of those that they wrote."""
    run(
        """
        import os, random, shutil, signal, sys, time
        from pathlib import Path
        from skdigits import load_pretrained, save_pipeline
        from skdigits.kaggle import write_submission
        folder, draw = Path(sys.argv[1]), random.Random(0)
        pipeline = load_pretrained(trainable=True)
        def write(digit):
            write_submission(folder / "submission.csv", [digit] * 28000)
            save_pipeline(pipeline, folder / "model.joblib")
            save_pipeline(pipeline, folder / "model.skdigits")
        write(0)
        for digit in range(1, 7):
            pid = os.fork()
            while not pid:
                write(digit)
            time.sleep(draw.uniform(0.05, 0.5))
            os.kill(pid, signal.SIGKILL)
            assert os.waitpid(pid, 0)[1] == signal.SIGKILL
            shutil.copy(folder / "submission.csv", folder / f"submission{digit}.csv")
        """,
        tmp_path,
    )
    for path in tmp_path.glob("submission*.csv"):
        check_submission(path, n_rows=28000)
        assert len(set(path.read_text().replace("\n", ",").split(",")[3::2])) == 1
    for suffix in (".joblib", ".skdigits"):
        load_pipeline(tmp_path / f"model{suffix}", trusted=True)


@pytest.mark.slow
def test_killed_while_training(tmp_path):
    said = run(
        """
        import os, signal, sys
        import keras
        from sklearn.datasets import load_digits
        from skdigits import DigitCNNClassifier

        class Killer(keras.callbacks.Callback):
            at = None
            def on_train_batch_end(self, batch, logs=None):
                if (len(os.listdir(sys.argv[1])), batch) == (1, self.at):
                    os.kill(os.getpid(), signal.SIGKILL)

        X, y = load_digits(return_X_y=True)
        clf = DigitCNNClassifier(
            epochs=4, validation_fraction=0.2, dropout=0.2, n_threads=1, random_state=0,
            callbacks=[Killer], checkpoint_dir=sys.argv[1],
        )
        for Killer.at in (1, 3):  # in the second epoch; and again, one batch later
            if not (pid := os.fork()):
                clf.fit(X[:300] / 16, y[:300])
                os._exit(0)
            print(os.waitpid(pid, 0)[1], len(os.listdir(sys.argv[1])))
        Killer.at = None
        clf.fit(X[:300] / 16, y[:300])
        weights, history = clf.weights_, clf.history_
        clf.set_params(checkpoint_dir=None).fit(X[:300] / 16, y[:300])
        print(all((a == b).all() for a, b in zip(weights, clf.weights_)), history == clf.history_)
        print(os.listdir(sys.argv[1]))
        """,
        tmp_path,
    )
    assert said.splitlines() == ["9 1", "9 1", "True True", "[]"]


@pytest.mark.slow
def test_a_worker_killed_by_the_kernel_costs_no_ready_member(tmp_path):
    said = run(
        """
        import os, signal, sys, warnings
        from pathlib import Path
        import keras
        from sklearn.datasets import load_digits
        from skdigits import DigitCNNClassifier, DigitEnsembleClassifier

        class KillOnce(keras.callbacks.Callback):
            def __init__(self, flag):
                super().__init__()
                self.flag = flag
            def on_epoch_end(self, epoch, logs=None):
                if self.flag.exists():
                    self.flag.unlink()
                    os.kill(os.getpid(), signal.SIGKILL)

        from functools import partial
        flag = Path(sys.argv[1], "flag")
        X, y = load_digits(return_X_y=True)
        X, y = X[:300] / 16, y[:300]
        member = DigitCNNClassifier(epochs=1, n_threads=1, callbacks=[partial(KillOnce, flag)])
        ensemble = DigitEnsembleClassifier(member, n_estimators=3, random_state=0, n_jobs=2)
        flag.touch()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            survived = ensemble.fit(X, y).predict_proba(X)
        print([str(w.message) for w in said if "A worker was lost" in str(w.message)][0])
        print(flag.exists(), (ensemble.fit(X, y).predict_proba(X) == survived).all())
        """,
        tmp_path,
    )
    message, result = said.splitlines()
    assert "the fit continues from" in message
    assert "use fewer n_jobs" in message
    assert result == "False True"


class Fatal:
    """Kills any other process that it comes to."""

    def __call__(self):
        return keras.callbacks.Callback()

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return os._exit, (1,)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker (was lost|stopped)")
def test_workers_that_always_die_end_the_fit_with_advice(small_digits):
    member = DigitCNNClassifier(epochs=1, callbacks=[Fatal()])
    ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0, n_jobs=2)
    with pytest.raises(WorkerLostError, match=r"died 3 times in a row .*Use fewer n_jobs.*memory"):
        ensemble.fit(*small_digits)
    assert not hasattr(ensemble, "estimators_")


# Ctrl-C

TELL = """
    import os
    import keras

    class Tell(keras.callbacks.Callback):
        def __init__(self, folder):
            super().__init__()
            self.folder = folder
        def on_train_batch_end(self, batch, logs=None):
            (self.folder / f"{os.getpid()}").touch()
"""
INTERRUPTED = """
    import sys
    from functools import partial
    from pathlib import Path
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV
    from skdigits import DigitCNNClassifier, DigitEnsembleClassifier
    from skdigits.tuning import fit_search
    from tell import Tell

    X, y = load_digits(return_X_y=True)
    folder, kind = Path(sys.argv[1]), KIND
    clf = DigitCNNClassifier(epochs=100000, n_threads=1, random_state=0,
                             callbacks=[partial(Tell, folder)])
    try:
        if kind == "ensemble":
            estimator = DigitEnsembleClassifier(clf, n_estimators=4, n_jobs=2, random_state=0)
            estimator.fit(X, y)
        else:
            estimator = GridSearchCV(clf, {"dropout": [0, 0.1]}, n_jobs=2, cv=2)
            fit_search(estimator, X, y, progress=False)
    except KeyboardInterrupt:
        is_fitted = hasattr(estimator, "estimators_") or hasattr(estimator, "cv_results_")
        print("interrupted", is_fitted, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ensemble", "search"])
def test_ctrl_c_ends_all_workers(kind, tmp_path):
    told = tmp_path / "told"
    told.mkdir()
    (tmp_path / "tell.py").write_text(textwrap.dedent(TELL))
    (tmp_path / "script.py").write_text(textwrap.dedent(INTERRUPTED).replace("KIND", repr(kind)))
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", tmp_path / "script.py", told],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        while not list(told.iterdir()):
            assert process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        assert process.communicate(timeout=60)[0] == "interrupted False\n"
    deadline = time.monotonic() + 30
    while is_alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not is_alive(process.pid)


def is_alive(group):
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
