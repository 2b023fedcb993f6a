"""From training rows to a submission: train, info, evaluate, submit and tune."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import skdigits
from skdigits.cli import main
from skdigits.kaggle import read_submission

QUICK = ["--preset", "fast", "--epochs", "1", "--quiet"]


# --- train, info, evaluate ------------------------------------------------------------------------


def test_train_says_what_it_did(folder, tmp_path, capsys):
    path = tmp_path / "new" / "mine.skdigits"
    quick = [word for word in QUICK if word != "--quiet"]
    assert main(["train", "--data", str(folder), "--output", str(path), *quick]) == 0
    said = capsys.readouterr()
    assert "200 training rows from" in said.out
    assert "validation accuracy: " in said.out
    assert re.search(r"accuracy: \d+ % \(\d+ to \d+\) of 20 rows held out", said.out)
    assert f"wrote {path}" in said.out
    assert "batch" in said.err  # the bar
    assert path.is_file()


def test_train_on_all_rows_measures_nothing(folder, tmp_path, capsys):
    options = ["--data", str(folder), "--output", str(tmp_path / "m.skdigits"), *QUICK]
    options += ["--validation-fraction", "0", "--memory", str(tmp_path / "kept")]
    assert main(["train", *options]) == 0
    said = capsys.readouterr()
    assert "validation accuracy" not in said.out
    assert "trained on all rows" in said.out
    assert said.err == ""


def test_info(model, capsys):
    assert main(["info", model, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["model"] == model
    assert facts["bytes"] == Path(model).stat().st_size
    assert facts["format"] == "plain parts, skdigits format 1"
    assert facts["versions"]["skdigits"] == skdigits.__version__
    assert facts["kind"] == "DigitPipeline of DigitCNNClassifier"
    assert facts["classes"] == list(range(10))
    assert facts["preset"] == "fast, but epochs=1"
    assert facts["architecture"] == ["compact"]
    assert facts["epochs trained"] == [1]
    assert 0 <= facts["held-out accuracy"][0] <= 1
    assert main(["info", model]) == 0
    assert "fast, but epochs=1\n" in capsys.readouterr().out


def test_a_joblib_file_warns_in_one_line(model, tmp_path, capsys):
    path = skdigits.save_pipeline(skdigits.load_pipeline(model), tmp_path / "model.joblib")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["info", str(path), "--json"]) == 0
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert facts["format"] == "joblib, skdigits format 1"
    assert facts["versions"]["skdigits"] == skdigits.__version__
    assert said.err.startswith(f"skdigits: warning: {path} is a joblib file")
    assert said.err.count("\n") == 1


def test_info_of_the_weights_that_ship(capsys):
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["preset"].startswith("accurate, but ")
    assert facts["architecture"] == ["deep"]
    assert facts["temperature"] > 0
    assert 0 < facts["threshold"] < 1
    assert facts["tells non-digits"] is True


def test_evaluate(model, folder, capsys):
    data = str(folder / "train.csv")
    assert main(["evaluate", data, "--model", model, "--json", "--robustness"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n_samples"] == 200
    assert figures["n_errors"] == round(200 * (1 - figures["accuracy"]))
    assert len(figures["confusion_matrix"]) == 10
    assert figures["robustness"][0]["accuracy"] == pytest.approx(figures["accuracy"])
    assert main(["evaluate", str(folder), "--model", model, "--rows", "50"]) == 0
    assert "50 rows, " in capsys.readouterr().out


def test_evaluate_says_which_rows_flatter(model, folder, tmp_path, capsys, rows):
    assert main(["evaluate", str(folder), "--model", model]) == 0
    said = capsys.readouterr().out
    assert "the model was trained on all of these rows" in said
    mixed = tmp_path / "mixed.csv"
    lines = (folder / "train.csv").read_text().splitlines(keepends=True)
    X, y = (a[300:340].astype(int) for a in rows)
    fresh = [",".join(map(str, [label, *row])) + "\n" for row, label in zip(X, y, strict=True)]
    mixed.write_text("".join(lines[:61] + fresh))
    assert main(["evaluate", str(mixed), "--model", model]) == 0
    said = capsys.readouterr().out
    assert "the model was trained on 60 of these rows\non the others " in said
    assert main(["evaluate", str(mixed), "--model", model, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["n_seen"] == 60
    assert 0 <= figures["unseen_accuracy"] <= 1
    mixed.write_text("".join(lines[:1] + fresh))
    assert main(["evaluate", str(mixed), "--model", model]) == 0
    assert "was trained on" not in capsys.readouterr().out


def test_evaluate_reads_a_pipe(folder, pipe, fails, capsys):
    pipe((folder / "train.csv").read_bytes())
    assert main(["evaluate", "-"]) == 0
    assert "200 rows, " in capsys.readouterr().out
    pipe((folder / "test.csv").read_bytes())
    assert "standard input, line 1: column 'label' is missing" in fails("evaluate", "-")


# --- submit, tune ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_command_writes_the_submission_of_an_ensemble(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--epochs", "1", "--quiet", "--memory", "kept", "--validation-fraction", "0"]
    line = ["submit", "--data", str(folder), "--members", "fast=1", "accurate=1", *options]
    assert main(line) == 0
    first = read_submission("mnist_submission.csv")
    assert len(first) == 30
    assert main(["info", "model.skdigits", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.partition("{")[2].join(["{", ""]))
    assert facts["networks"] == 2
    assert facts["architecture"] == ["compact", "deep"]

    # The same again from what the saved model says.
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "test.csv").write_bytes((folder / "test.csv").read_bytes())
    line = ["submit", "--data", "only", "--model", "model.skdigits", "--output", "again.csv"]
    assert main(line) == 0
    np.testing.assert_array_equal(read_submission("again.csv"), first)


def test_no_submission_without_test_rows(folder, tmp_path, capsys):
    (tmp_path / "train.csv").write_bytes((folder / "train.csv").read_bytes())
    assert main(["submit", "--data", str(tmp_path), *QUICK]) == 1
    assert "there is no test.csv" in capsys.readouterr().err


@pytest.mark.slow
def test_tune_goes_on_where_it_was(folder, tmp_path, capsys):
    options = ["--data", str(folder), "--rows", "60", "--epochs", "1", "--cv", "2", "--quiet"]
    line = ["tune", *options, "--output", str(tmp_path), "--space", "full", "--n-iter", "1"]
    assert main(line) == 0
    said = capsys.readouterr().out
    assert "60 rows from" in said
    assert "best: {" in said
    assert (tmp_path / "tuning.csv").read_text().startswith("augmentation,batch_size,")
    assert (tmp_path / "best_model.skdigits").is_file()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "tuning_results").iterdir()}
    changed = {name: path.read_bytes() for name, path in [("t", tmp_path / "tuning.csv")]}
    assert main(line) == 0
    assert {path.name for path in (tmp_path / "tuning_results").iterdir()} == {
        path.name for path in kept
    }
    assert changed["t"] == (tmp_path / "tuning.csv").read_bytes()
