"""The example scripts, run as a user runs them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skdigits import load_pipeline
from skdigits.datasets import load_bundled_digits, make_non_digits
from skdigits.kaggle import read_submission

ROOT = Path(__file__).parent.parent


def run(script, *arguments, folder):
    environment = {k: v for k, v in os.environ.items() if k != "SKDIGITS_DATA"}
    return subprocess.run(
        [sys.executable, ROOT / "examples" / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=environment,
    ).stdout


def write_train_csv(path, X, y):
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    np.savetxt(path, np.column_stack([y, X]), "%d", ",", header=header, comments="")


def write_hands(folder, X, y, writers):
    folder.mkdir()
    np.savez(folder / "mine.npz", X=X.reshape(-1, 28, 28), y=y, writer=writers)
    return folder


@pytest.mark.slow
def test_train_and_submit_with_several_networks(tmp_path):
    arguments = ["--preset", "fast", "--epochs", 1, "--members", 2, "--tta", 2, "--memory", "kept"]
    said = run("train_and_submit.py", *arguments, "--quiet", folder=tmp_path)
    assert said.count("validation accuracy: ") == 2
    assert len(read_submission(tmp_path / "mnist_submission.csv")) == 360
    pipeline = load_pipeline(tmp_path / "model.joblib", trusted=True)
    assert len(pipeline[-1].estimators_) == 2
    assert hasattr(pipeline, "score_samples")
    assert any((tmp_path / "kept").iterdir())


@pytest.mark.slow
def test_tune_grid_search_on_bundled_digits(tmp_path):
    said = run("tune_grid_search.py", "--rows", 200, "--epochs", 1, "--cv", 2, folder=tmp_path)
    assert "learning_rate" in said
    assert "best: {'digitcnnclassifier__augmentation'" in said
    assert (tmp_path / "grid_search.csv").read_text().count("\n") == 7


@pytest.mark.slow
@pytest.mark.release
def test_scale_out_on_bundled_digits(tmp_path):
    said = run("scale_out.py", "--rows", 150, "--epochs", 1, "--cv", 2, folder=tmp_path)
    assert "workers: 2" in said
    assert "results: 12 fits in scale_out_results" in said
    assert "best: {'digitcnnclassifier__" in said


@pytest.mark.slow
@pytest.mark.release
def test_train_and_submit_on_real_data(real_data, tmp_path):
    options = ["--data", real_data, "--preset", "fast", "--epochs", 1, "--quiet"]
    said = run("train_and_submit.py", *options, folder=tmp_path)
    accuracy = float(said.split("validation accuracy: ")[1].split("%")[0])
    assert accuracy > 97
    assert len(read_submission(tmp_path / "mnist_submission.csv")) == 28_000


@pytest.mark.slow
def test_wrong_folder(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run("train_and_submit.py", "--data", tmp_path / "nowhere", folder=tmp_path)
    assert "There is no folder" in failed.value.stderr


@pytest.mark.slow
@pytest.mark.release
def test_train_finder_writes_a_network_and_its_card(tmp_path):
    X, y = load_bundled_digits(return_X_y=True)
    write_train_csv(tmp_path / "train.csv", X[:900], y[:900])
    hands = write_hands(tmp_path / "hands", X[900:], y[900:], writers=y[900:])
    options = ["--data", tmp_path, "--hands", hands, "--output", tmp_path]
    line = ["train_finder.py", *options, "--drawings", 12, "--held-out", 16, "--jobs", 1]
    weights = tmp_path / "kept.weights.h5"
    said = run(*line, "--patches", 16, "--epochs", 1, "--weights", weights, folder=tmp_path)
    assert "of the digits on" in said
    assert (tmp_path / "finder.onnx").stat().st_size < 2_000_000
    card = (tmp_path / "finder.md").read_text()
    assert "--patches 16 --epochs 1 --learning-rate 0.005 --seed 0" in card
    assert "`mine`" in card
    trained = (tmp_path / "finder.onnx").read_bytes()
    run(*line, "--epochs", 0, "--start", weights, weights, folder=tmp_path)
    assert (tmp_path / "finder.onnx").read_bytes() == trained, "the mean of twice the same"


@pytest.mark.slow
@pytest.mark.release
def test_train_pretrained_makes_both(tmp_path):
    X, y = load_bundled_digits(return_X_y=True)
    write_train_csv(tmp_path / "train.csv", X[:900], y[:900])
    many = np.tile(np.arange(900, 1700), 3)  # enough for two epochs to teach what is no digit
    hands = write_hands(tmp_path / "hands", X[many], y[many], np.arange(2400) // 80)
    options = ["--data", tmp_path, "--output", tmp_path, "--target-error", 0.05, "--jobs", 1]
    run("train_pretrained.py", *options, "--preset", "fast", "--unseen", 200, folder=tmp_path)
    options += ["--hands", hands, "--patches", 24]
    said = run("train_pretrained.py", *options, folder=tmp_path)
    assert "4,137 rows, 825 of them no digits" in said
    card = (tmp_path / "hands.md").read_text()
    assert "| mine | 2,000, 25 | 400 |" in card
    assert "| made-up pages |" in card
    made = make_non_digits(100, kinds=["sign", "pair"], random_state=5).data
    model = load_pipeline(tmp_path / "hands.skdigits")
    assert (model.score_samples(made) < 0).mean() > 0.8
    assert model.score(X[1700:], y[1700:]) > 0.8
    assert load_pipeline(tmp_path / "kaggle.skdigits").score(X[1700:], y[1700:]) > 0.8
