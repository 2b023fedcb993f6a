"""What the commands say and draw: accuracies, scores to expect, bars, pictures."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skdigits._measures.confidence import describe_accuracy
from skdigits.cli import main, train
from skdigits.cli._parts.progress import WithProgress
from skdigits.datasets import load_bundled_digits


class Answering:
    """Gives a row the class of its first pixels, a made-up 3 for pictures."""

    classes_ = np.arange(10)

    def __init__(self, **more):
        vars(self).update(more)

    def predict_proba(self, X):
        return np.tile([0.1, 0.1, 0.1, 0.91 - 0.7, *[0.49 / 6] * 6], (len(X), 1))

    def predict(self, X):
        return np.asarray(X)[:, 0]


@pytest.fixture
def folder(tmp_path):
    """Forty rows to learn and thirty to submit."""
    X, y = load_bundled_digits(return_X_y=True)
    header = ",".join(f"pixel{i}" for i in range(784))
    rows = np.column_stack([y, X])[:40]
    for name, table, first in [("train", rows, f"label,{header}"), ("test", X[:30], header)]:
        np.savetxt(tmp_path / f"{name}.csv", table, "%d", ",", header=first, comments="")
    return tmp_path


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((190, 200), "95.0 % (91.0 to 97.3) of 200 rows"),
        ((19, 20), "95 % (76 to 99) of 20 rows"),
        ((20, 20), "100 % (84 to 100) of 20 rows"),
        ((0, 1), "0 % (0 to 79) of 1 rows"),
        ((5973, 6000), "99.55 % (99.35 to 99.69) of 6,000 rows"),
        ((27900, 28000), "99.64 % (99.57 to 99.71) of 28,000 rows"),
    ],
)
def test_an_accuracy_has_the_digits_that_its_rows_give(counts, text):
    assert describe_accuracy(*counts) == text


def fitted(*scores, fraction=0.1):
    networks = [
        SimpleNamespace(validation_scores_=[0.5, score], validation_fraction=fraction)
        for score in scores
    ]

    class Pipeline(list):
        classes_ = np.arange(10)

    return Pipeline([SimpleNamespace(estimators_=networks)])


@pytest.fixture
def digits():
    """2,000 different rows, of which 500 come twice."""
    X = np.arange(2000)[:, None] * np.ones((1, 4), int)
    X = np.concatenate([X, X[:500]])
    return SimpleNamespace(data=X, target=X[:, 0] % 10)


def test_train_says_of_how_many_rows(digits):
    assert train.describe_validation(fitted(0.95), digits) == (
        "validation accuracy: 95.0 % (91.0 to 97.3) of 200 rows held out"
    )
    assert train.describe_validation(fitted(0.95, 0.9), digits).splitlines() == [
        "network 1 alone, validation accuracy: 95.0 % (91.0 to 97.3) of 200 rows held out",
        "network 2 alone, validation accuracy: 90.0 % (85.1 to 93.4) of 200 rows held out",
    ]
    nothing = SimpleNamespace(validation_scores_=[], validation_fraction=0)
    assert "none are left" in train.describe_validation([nothing], digits)


def test_submit_says_what_score_to_expect(digits):
    assert train.expected_score(fitted(0.95), digits) == (
        "expect a score of 0.910 to 0.973, by the rows held out"
    )
    assert "best network alone" in train.expected_score(fitted(0.95, 0.9), digits)
    nothing = SimpleNamespace(validation_scores_=[], validation_fraction=0)
    assert "--validation-fraction 0.1" in train.expected_score([nothing], digits)


def test_submit_with_a_model_says_what_score_to_expect(folder, use, capsys):
    line = ["submit", "--data", str(folder), "--model", "m", "--output", str(folder / "s.csv")]
    use("submit", Answering(validation_score_=0.995, n_held_out_=6000))
    assert main(line) == 0
    said = capsys.readouterr().out
    assert "30 predictions\nexpect a score of 0.993 to 0.996, by 6,000 rows" in said
    use("submit", Answering())
    assert main(line) == 0
    assert "run skdigits evaluate on rows" in capsys.readouterr().out


def test_evaluate_gives_an_interval(folder, use, capsys):
    use("evaluate", Answering())
    assert main(["evaluate", str(folder / "train.csv")]) == 0
    said = capsys.readouterr().out
    assert "accuracy           8 % (3 to 20) of 40 rows; 95 % interval\n" in said


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame])
@pytest.mark.parametrize("n_rows", [1, 3999, 4000, 4001, 9001])
def test_answers_in_blocks_are_those_of_one_call(n_rows, form):
    X = form(np.arange(n_rows)[:, None] % 10)
    watched = WithProgress(Answering(), is_quiet=True)
    np.testing.assert_array_equal(watched.predict(X), Answering().predict(X))
    assert watched.predict_proba(X).shape == (n_rows, 10)
    assert watched.classes_ is Answering.classes_
    assert not hasattr(watched, "score_samples")


@pytest.mark.parametrize(
    ("is_terminal", "is_quiet", "n_rows", "is_shown"),
    [
        (True, False, 9000, True),
        (True, True, 9000, False),
        (False, False, 9000, False),
        (True, False, 90, False),
    ],
)
def test_a_bar_for_those_who_wait(is_terminal, is_quiet, n_rows, is_shown, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    WithProgress(Answering(), is_quiet).predict(np.zeros((n_rows, 1)))
    assert ("rows" in capsys.readouterr().err) == is_shown


@pytest.mark.slow
def test_evaluate_draws_into_a_folder(folder, use, capsys):
    use("evaluate", Answering())
    line = ["evaluate", str(folder / "train.csv"), "--plot", str(folder / "new" / "figures")]
    assert main([*line, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["n_samples"] == 40
    path = folder / "new" / "figures" / "report.png"
    assert said.err == f"wrote {path}\n"
    with Image.open(path) as figure:
        assert min(figure.size) > 500


def test_predict_draws_into_a_folder(tmp_path, use, capsys):
    use("predict", Answering())
    X, y = load_bundled_digits(return_X_y=True)
    page = Image.new("L", (120, 120), 255)
    page.paste(Image.fromarray(255 - X[y == 7][0].reshape(28, 28)).resize((84, 84)), (18, 18))
    for name in ("a/page.png", "b/page.jpg", "b/other.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        page.save(tmp_path / name)
    (tmp_path / "b" / "broken.png").write_bytes(b"no picture")
    drawn = tmp_path / "drawn"
    for _ in range(2):  # again: the same names
        line = ["predict", str(tmp_path / "a"), str(tmp_path / "b"), "--draw", str(drawn)]
        assert main(line) == 1
        assert "broken.png" in capsys.readouterr().err
        assert sorted(path.name for path in drawn.iterdir()) == [
            "other.png",
            "page-2.png",
            "page.png",
        ]
    with Image.open(drawn / "page.png") as image:
        picture = np.asarray(image)
    assert picture.shape == (120, 120, 3)
    assert (picture[..., 0] != picture[..., 2]).any()  # the boxes have colour


def test_info_says_what_the_shipped_weights_were_trained_on(capsys):
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    assert "trained on         132,154 digits and 30,038 rows that are none" in said
    assert "accuracy           98.83 % of 3,676 rows" in said


def test_export_of_what_cannot_be_written_is_one_line(use, capsys):
    use("export", Answering())
    assert main(["export"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("skdigits: error: ")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_export(tmp_path, capsys):
    path = tmp_path / "new" / "digits.onnx"
    assert main(["export", "--output", str(path)]) == 0
    assert f"wrote {path}, {path.stat().st_size:,} bytes" in capsys.readouterr().out
    assert main(["info", str(path)]) == 0
