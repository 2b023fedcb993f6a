"""``skdigits adapt``: corrections in a CSV file, with their writers, become a model."""

import numpy as np
import pytest

import skdigits
from skdigits._estimators.adapting import Adapted
from skdigits.cli import main
from skdigits.cli._parts.inputs import read_written


@pytest.fixture
def corrections(rows, tmp_path):
    X, y = rows[0][:4], rows[1][:4]
    lines = [",".join(["label", *(f"pixel{i}" for i in range(784)), "writer"])]
    for row, label, writer in zip(X, y, ["Ada", "Ada", "Alan", ""], strict=True):
        lines.append(",".join([str(label), *map(str, row), writer]))
    path = tmp_path / "corrections.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_writers_stand_in_the_last_column(corrections, rows):
    X, y, writers = read_written(str(corrections))
    np.testing.assert_array_equal(X, rows[0][:4])
    np.testing.assert_array_equal(y, rows[1][:4])
    assert writers == ["Ada", "Ada", "Alan", ""]
    corrections.write_text(
        "\n".join(line.rpartition(",")[0] for line in corrections.read_text().splitlines())
    )
    assert read_written(str(corrections))[2] is None


def test_what_it_brought_is_said_and_the_model_saved(corrections, tmp_path, monkeypatch, capsys):
    asked = []

    def adapt(pipeline, X, y, *, groups, random_state):
        asked.append((len(X), groups, random_state))
        return Adapted(pipeline, 0.9, 0.95, 20, 1)

    monkeypatch.setattr(skdigits, "adapt", adapt)
    output = tmp_path / "mine.skdigits"
    assert main(["adapt", str(corrections), "--output", str(output), "--seed", "3"]) == 0
    assert asked == [(4, ["Ada", "Ada", "Alan", ""], 3)]
    said = capsys.readouterr().out
    assert "of 20 rows held out 90.0% were right before and 95.0% are after; 1 rows" in said
    assert output.is_file()


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["adapt", str(tmp_path / "no.csv"), "--output", str(tmp_path / "m.skdigits")]) == 1
    assert "there is no file" in capsys.readouterr().err
