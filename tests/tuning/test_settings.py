"""Settings on their way from `skdigits tune` to `skdigits train`, and how long training lasts."""

import argparse
import json

import numpy as np
import pytest

from skdigits.cli import main, train
from skdigits.datasets import load_bundled_digits
from skdigits.tuning._settings import read_settings, write_settings


def options(*line):
    parser = argparse.ArgumentParser()
    train.add_training_options(parser)
    return parser.parse_args(line)


def pipeline(*line, n_rows=None):
    digits = load_bundled_digits()
    digits.data = digits.data[:n_rows]
    return train.make_pipeline(options(*line), digits)[-1]


def test_settings_come_back(tmp_path):
    path = tmp_path / "settings.json"
    found = {"digitcnnclassifier__batch_size": np.int64(86), "augmentation": {"zoom": 0.1}}
    write_settings(path, "fast", found)
    assert read_settings(path) == ("fast", {"batch_size": 86, "augmentation": {"zoom": 0.1}})


def test_train_takes_settings(tmp_path):
    path = tmp_path / "settings.json"
    write_settings(path, "accurate", {"learning_rate": 0.02, "width": 0.5})
    network = pipeline("--settings", str(path), "--epochs", "3", "--seed", "7")
    chosen = network.learning_rate, network.width, network.epochs, network.random_state
    assert chosen == (0.02, 0.5, 3, 7)
    assert network.architecture == "deep"
    averaged = pipeline("--settings", str(path), "--members", "2")
    assert averaged.n_estimators == 2
    assert averaged.estimator.learning_rate == 0.02


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is no file of settings"),
        ("[" * 99_000, "is no file of settings"),
        ("[1]", "is no file of settings"),
        (" " * 100_001, "is no file of settings"),
        ('{"preset": "slow"}', "preset is 'slow'; known are fast,"),
        ('{"preset": ["fast"]}', "known are fast,"),
        ('{"learning": 1}', "no setting is called 'learning'"),
        ('{"callbacks": []}', "no setting is called 'callbacks'"),
    ],
)
def test_other_files_are_refused(tmp_path, content, complaint):
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=complaint.replace("'", ".")):
        read_settings(path)


def test_a_wrong_value_is_refused_before_training(tmp_path, capsys):
    (tmp_path / "settings.json").write_text(json.dumps({"learning_rate": "high"}))
    line = ["train", "--settings", str(tmp_path / "settings.json")]
    assert main([*line, "--output", str(tmp_path / "model.skdigits"), "--quiet"]) == 1
    assert "'learning_rate' parameter of DigitCNNClassifier" in capsys.readouterr().err


def test_settings_and_preset_do_not_go_together(capsys):
    assert main(["train", "--settings", "settings.json", "--preset", "fast"]) == 2
    assert "--settings names the preset" in capsys.readouterr().err


@pytest.mark.parametrize("preset", ["fast", "balanced", "accurate", "classic"])
def test_few_rows_are_seen_more_often(preset):
    network = pipeline("--preset", preset, "--validation-fraction", "0")
    steps = network.epochs * np.ceil(1797 / network.batch_size)
    assert 630 <= steps < 660 or network.epochs == train.PRESETS[preset]["epochs"]


def test_many_rows_keep_the_epochs_of_the_preset():
    digits = load_bundled_digits()
    digits.data = np.zeros((42_000, 784), np.uint8)
    assert train.make_pipeline(options("--preset", "fast"), digits)[-1].epochs == 2
    assert train.make_pipeline(options("--members", "fast=1"), digits)[-1].estimator[0].epochs == 2
