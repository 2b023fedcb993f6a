"""Threads, forks and pools: the same answers, and an error where there would be a hang."""

import io
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from skdigits import DigitCNNClassifier, DigitEnsembleClassifier, load_pretrained, save_pipeline
from skdigits._networks.session import quietly
from skdigits._networks.spec import NetworkSpec


@pytest.fixture(scope="module")
def fitted(small_digits):
    member = DigitCNNClassifier(epochs=1, augmentation=None)
    ensemble = DigitEnsembleClassifier(member, n_estimators=2, random_state=0)
    return ensemble.fit(*small_digits)


def run(code, *arguments, timeout=120):
    """What a new process prints; it must end."""
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_eight_threads_at_once_get_the_bits_of_one_alone(fitted, small_digits):
    X = small_digits[0]
    sizes = [1, 2, 3, 17, 100, 257, 299, 300]
    alone = [fitted.predict_proba(X[:n]) for n in sizes]
    start = threading.Barrier(8)

    def ask(i):
        start.wait()
        return [fitted.predict_proba(X[: sizes[(i + j) % 8]]) for j in range(16)]

    with ThreadPoolExecutor(8) as pool:
        for i, answers in enumerate(pool.map(ask, range(8))):
            for j, answer in enumerate(answers):
                np.testing.assert_array_equal(answer, alone[(i + j) % 8])


@pytest.mark.slow
def test_the_first_answer_of_a_process_may_come_in_eight_threads():
    said = run(
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from skdigits import load_pretrained
        from skdigits.datasets import load_bundled_digits
        X = load_bundled_digits().data[:20]
        pipeline, start = load_pretrained(trainable=True), threading.Barrier(8)
        def ask(i):
            start.wait()
            return pipeline.predict_proba(X)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
        print(all((a == answers[0]).all() for a in answers))
        """
    )
    assert said == "True\n"


class Waiting(keras.callbacks.Callback):
    has_begun = threading.Event()
    may_end = threading.Event()

    def on_epoch_end(self, epoch, logs=None):
        self.has_begun.set()
        assert self.may_end.wait(60)


@pytest.mark.slow
def test_a_fit_in_another_thread_does_not_hold_up_predict(fitted, small_digits):
    X, y = small_digits
    other = DigitCNNClassifier(epochs=1, augmentation=None, random_state=0, callbacks=[Waiting])
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(other.fit, X, y)
        assert Waiting.has_begun.wait(60)
        try:
            fitted.set_params(tta=3)  # nothing is prepared for that yet
            assert len(fitted.predict(X[:5])) == 5
            assert not fit.done()
        finally:
            fitted.set_params(tta=None)
            Waiting.may_end.set()
        assert fit.result().n_iter_ == 1


FORKED = """
    import os, sys
    from skdigits import load_pipeline
    from skdigits.datasets import load_bundled_digits
    X = load_bundled_digits().data[:20]
    pipeline = load_pipeline(sys.argv[1], trusted=True)
    PARENT
    for _ in range(2):
        if not os.fork():
            try:
                said = pipeline.predict(X).tolist()
            except RuntimeError as error:
                said = error
            os.write(1, f"{said}{os.linesep}".encode())  # whole, however the other child's comes
            os._exit(0)
    for _ in range(2):
        assert os.wait()[1] == 0
    print(pipeline.predict(X).tolist())
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_pipeline(
        load_pretrained(trainable=True), tmp_path_factory.mktemp("model") / "model.joblib"
    )


@pytest.mark.parametrize(
    "preload",
    [
        "",
        "import skdigits._networks.prediction, skdigits._networks.training",
    ],
)
@pytest.mark.slow
def test_workers_forked_from_a_parent_that_only_loaded_answer(preload, model):
    """As gunicorn does it with `preload_app`."""
    child, other_child, parent = run(FORKED.replace("PARENT", preload), model).splitlines()
    assert child == other_child == parent


@pytest.mark.parametrize(
    "what",
    [
        "predict(X)",
        "fit(X, load_bundled_digits().target[:20])",
    ],
)
@pytest.mark.slow
def test_workers_forked_from_a_parent_that_computed_say_so(what, model):
    code = FORKED.replace("PARENT", "pipeline.predict(X[:1])")
    code = code.replace("said = pipeline.predict(X).tolist()", f"said = pipeline.{what}")
    *children, parent = run(code, model).splitlines()
    assert len(children) == 2
    for line in children:
        assert "Fork before the first fit or predict" in line
    assert parent.startswith("[")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.slow
def test_a_pool_of_new_processes_answers(method, model):
    said = run(
        """
        import sys
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from skdigits import load_pipeline
        from skdigits.datasets import load_bundled_digits
        X = load_bundled_digits().data[:20]
        pipeline = load_pipeline(sys.argv[1], trusted=True)
        expected = pipeline.predict(X)
        with ProcessPoolExecutor(2, mp_context=get_context(sys.argv[2])) as pool:
            answers = list(pool.map(pipeline.predict, [X, X]))
        print(all((a == expected).all() for a in answers))
        """,
        model,
        method,
    )
    assert said == "True\n"


@pytest.mark.slow
def test_joblib_answers_in_processes_of_its_own(fitted, small_digits):
    X = small_digits[0][:20]
    answers = joblib.Parallel(n_jobs=2)(joblib.delayed(fitted.predict_proba)(X) for _ in range(2))
    for answer in answers:
        np.testing.assert_allclose(answer, fitted.predict_proba(X), atol=1e-6)


BUSY_THREADS = """
    import os, sys
    from pathlib import Path
    import numpy as np
    from skdigits import load_pretrained
    from skdigits.datasets import load_bundled_digits
    n_threads = int(sys.argv[1])
    X = np.tile(load_bundled_digits().data, (2, 1))
    pipeline = load_pretrained(trainable=True)
    pipeline.set_params(selectiveclassifier__estimator__n_threads=n_threads)
    def seconds():
        ticks = {}
        for task in Path("/proc/self/task").iterdir():
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            ticks[task.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return ticks
    pipeline.predict(X[:300])
    before = seconds()
    pipeline.predict(X)
    used = [after - before.get(name, 0) for name, after in seconds().items()]
    print(sum(share > 0.2 * sum(used) for share in used))
"""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="asks Linux about its threads")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_n_threads_is_how_many_compute(n_threads):
    assert run(BUSY_THREADS, n_threads) == f"{n_threads}\n"


@pytest.mark.parametrize("order", ["first in, first out", "first in, last out", "an error"])
def test_imports_in_two_threads_leave_standard_error_open(order, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    before, environment = os.fstat(2).st_ino, dict(os.environ)
    entered, may_leave = ([threading.Event(), threading.Event()] for _ in range(2))

    def imports(i):
        with quietly():
            entered[i].set()
            assert may_leave[i].wait(60)
            if order == "an error" and i == 0:
                raise ImportError

    with ThreadPoolExecutor(2) as pool:
        done = []
        for i in range(2):
            done.append(pool.submit(imports, i))
            assert entered[i].wait(60)
        assert os.fstat(2).st_ino != before
        for i in (1, 0) if order == "first in, last out" else (0, 1):
            may_leave[i].set()
            done[i].exception(60)
    assert os.fstat(2).st_ino == before
    assert dict(os.environ) == environment
    with quietly():
        assert os.fstat(2).st_ino != before
    assert os.fstat(2).st_ino == before


def test_imports_do_without_the_standard_error_of_python(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        with quietly():
            pass


def drawn(n):
    """Numbers of Python's and NumPy's global generators, from a seed on."""
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    for _ in range(n):
        yield random.random(), np.random.random_sample()  # noqa: NPY002


def building(width):
    spec = NetworkSpec("deep", (8, 8), 10, width=width)
    for seed in range(4):
        spec.build(seed)


@pytest.mark.parametrize("what", ["build", "model_"])
def test_global_generators_belong_to_other_threads(what, fitted):
    member = fitted.estimators_[0]
    do = {
        "build": lambda: building(0.31),
        "model_": lambda: [member.model_ for _ in range(6)],
    }[what]
    started, is_over, seen = threading.Event(), threading.Event(), []

    def draw():
        for numbers in drawn(10**9):
            seen.append(numbers)
            started.set()
            if is_over.is_set():
                return
            time.sleep(1e-4)

    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(draw)
        assert started.wait(60)
        try:
            do()
        finally:
            is_over.set()
        drawing.result(60)
    assert seen == list(drawn(len(seen)))


def with_noise(image_shape, n_classes):
    """A network whose function draws numbers of its own."""
    inputs = keras.Input((*image_shape, 1))
    noise = np.random.normal(size=(*image_shape, 1)).astype("float32")  # noqa: NPY002
    x = keras.layers.Flatten()(inputs + random.random() * keras.ops.convert_to_tensor(noise))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(x))


def test_an_architecture_that_draws_is_the_same_whenever_it_is_built(small_digits):
    X, y = small_digits
    clf = DigitCNNClassifier(with_noise, epochs=1, random_state=0).fit(X, y)
    logits = clf.model_.predict(X.reshape(-1, 8, 8, 1), verbose=0)
    np.testing.assert_allclose(log_softmax(logits, axis=1), clf.predict_log_proba(X), atol=1e-5)
