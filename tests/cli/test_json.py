"""JSON of the commands: every reader takes it, whatever the figures are."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from skdigits.cli import main
from skdigits.datasets import load_bundled_digits


def strictly(text):
    """Parsed as others than Python do: Infinity and NaN are no JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


class Answering:
    """Gives each row the same probabilities and score."""

    def __init__(self, classes, share, score, **more):
        self.classes_ = np.asarray(classes)
        self.shares, self.score = [share, *[(1 - share) / 9] * 9], score
        vars(self).update(more)

    def predict_proba(self, X):
        return np.tile(self.shares, (len(X), 1))

    def score_samples(self, X):
        return np.full(len(X), self.score)


@pytest.fixture
def table(tmp_path):
    """Twenty rows of a single class."""
    X, y = load_bundled_digits(return_X_y=True)
    rows = np.column_stack([y, X])[y == 3][:20]
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    np.savetxt(tmp_path / "rows.csv", rows, "%d", ",", header=header, comments="")
    return str(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("facts", "name", "expected"),
    [
        ({"threshold_": math.inf}, "threshold", "Infinity"),
        ({"threshold_": np.float32(np.inf)}, "threshold", "Infinity"),
        ({"temperature_": -math.inf}, "temperature", "-Infinity"),
        ({"temperature_": math.nan}, "temperature", None),
        ({"temperature_": np.float32(0.5)}, "temperature", 0.5),
        ({"target_error": np.int64(0)}, "target error", 0),
        ({"n_features_in_": np.int64(784)}, "columns", 784),
    ],
    ids=str,
)
def test_info(facts, name, expected, use, capsys):
    use("info", Answering(range(10), 0.1, 1.0, **facts))
    assert main(["info", "--json"]) == 0
    assert strictly(capsys.readouterr().out)[name] == expected


def test_info_of_strange_networks(use, capsys):
    network = SimpleNamespace(classes_=np.array([0, np.inf]), estimator=None)
    use("info", network)
    assert main(["info", "--json"]) == 0
    assert strictly(capsys.readouterr().out)["classes"] == [0, "Infinity"]


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_evaluate_where_classes_are_missing(share, use, table, capsys):
    use("evaluate", Answering(range(10), share, 1.0))
    assert main(["evaluate", table, "--json", "--robustness"]) == 0
    figures = strictly(capsys.readouterr().out)
    assert figures["n_samples"] == 20
    assert len(figures["classes"]) == 10


@pytest.mark.parametrize(
    ("score", "expected"), [(-math.inf, "-Infinity"), (math.inf, "Infinity"), (math.nan, None)]
)
@pytest.mark.parametrize("classes", [range(10), list("abcdefghij"), np.arange(10) / 2], ids=str)
def test_predict(classes, score, expected, use, table, capsys):
    use("predict", Answering(classes, 0.5, score))
    assert main(["predict", table, "--format", "json"]) == 0
    records = strictly(capsys.readouterr().out)
    assert len(records) == 20
    (digit,) = records[0]["digits"] + records[0]["others"]
    assert digit["score"] == expected
