"""The benchmark scripts start, explain themselves, and run on little data."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples" / "benchmarks"
SCRIPTS = sorted(path.name for path in FOLDER.glob("[!_]*.py"))


def run(script, *arguments, folder):
    command = [sys.executable, FOLDER / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_help(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.syspath_prepend(FOLDER)
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(FOLDER / script), run_name="__main__")
    assert "--json" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.release
def test_training_cost(tmp_path):
    said = run(
        "training_cost.py",
        *("--presets", "fast", "--seeds", 2, "--unseen", 300, "--json", "out.json"),
        folder=tmp_path,
    )
    assert "fast: 2 epochs" in said
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert [r["seed"] for r in results] == [0, 1]
    assert all(r["cpu_seconds"] > 0 and 10 < r["accuracy"] <= 100 for r in results)


@pytest.mark.slow
def test_mutate_model_files(tmp_path):
    said = run("mutate_model_files.py", "--files", 80, "--json", "out.json", folder=tmp_path)
    assert "80 files, wrong: 0" in said
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert results["wrong"] == []
    assert sum(sum(counted.values()) for counted in results["counts"].values()) == 80
