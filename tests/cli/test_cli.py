"""The command ``skdigits``: its help, how it ends, and what it says of mistakes."""

import os
import resource
import signal
import socket
import subprocess
import sys
import tomllib
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import skdigits
from skdigits import load_pretrained
from skdigits.cli import main, run

ROOT = Path(__file__).parents[2]
COMMANDS = ["train", "tune", "predict", "evaluate", "submit", "demo", "export", "info"]


def start(*arguments, **options):
    environment = {k: v for k, v in os.environ.items() if k != "SKDIGITS_DATA"}
    return subprocess.Popen(
        [sys.executable, "-m", "skdigits", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, "PYTHONPATH": str(ROOT)},
        **options,
    )


# --- help, version, completion --------------------------------------------------------------------


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n    {name} " not in said] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"example: skdigits {command}" in said
    assert "None" not in said


def test_help_is_quick_and_loads_nothing_heavy():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = start("--help")
    said, _ = process.communicate(timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.startswith("usage: skdigits ")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
    code = "import skdigits.cli, sys; skdigits.cli.make_parser(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert not {"numpy", "sklearn", "tensorflow", "pandas", "PIL", "shtab"} & set(loaded)


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"skdigits {skdigits.__version__}\n"


def test_the_installed_command_is_this_one():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["skdigits"].partition(":")
    assert getattr(import_module(module), name) is run


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete "), ("zsh", "#compdef skdigits")])
def test_completion(shell, mark, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", shell])
    assert ended.value.code == 0
    script = capsys.readouterr().out
    assert mark in script
    assert [name for name in [*COMMANDS, "--robustness"] if name not in script] == []


def test_bash_takes_the_completion_script():
    script = start("--print-completion", "bash").communicate(timeout=300)[0]
    asked = "COMP_WORDS=(skdigits ev); COMP_CWORD=1; _shtab_skdigits; echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True)
    assert done.stdout.split() == ["evaluate"]


def test_completion_without_shtab(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", "bash"])
    assert ended.value.code == 1
    assert 'pip install "skdigits[completion]"' in capsys.readouterr().err


# --- how it ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("", "COMMAND"),
        ("trian", "choose from"),
        ("train --presett fast", "--presett"),
        ("train --preset slow", "balanced"),
        ("train --epochs 0", "of at least 1"),
        ("train --validation-fraction 1", "less than 1"),
        ("train --validation-fraction x", "less than 1"),
        ("train --members 0", "of at least 1"),
        ("train --members many", "of at least 1"),
        ("train --members slow=2", "PRESET one of fast"),
        ("train --members balanced=2 3", "one number"),
        ("train --members fast=2 fast=3", "once for each preset"),
        ("train --members 2 --n-jobs 0", "--n-jobs"),
        ("tune --cv 1", "of at least 2"),
        ("predict", "PICTURE"),
        ("predict a.png --format xml", "table"),
    ],
)
def test_wrong_usage_is_told_in_one_line(line, hint, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("skdigits: error: ")
    assert said.err.count("\n") == 1
    assert hint in said.err
    assert "--help" in said.err


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("train --n-jobs 2", "--n-jobs has no effect on a single network"),
        ("train --members fast=2 --preset accurate", "leave out --preset"),
        ("submit --model m.joblib --epochs 3", "leave out --epochs"),
    ],
)
def test_options_that_do_not_go_together(line, hint, capsys):
    assert main(line.split()) == 2
    assert hint in capsys.readouterr().err


def test_what_is_not_there(tmp_path, picture, fails):
    assert "There is no folder" in fails("train", "--data", tmp_path / "no")
    assert "no model file" in fails("predict", picture, "--model", tmp_path / "no.joblib")
    assert "no file or folder" in fails("predict", tmp_path / "no.png")
    assert "no pictures in the folder" in fails("predict", tmp_path / "..")
    assert "not there" in fails("evaluate", tmp_path / "no.csv")


def test_a_model_file_that_is_none(tmp_path, picture, fails):
    path = tmp_path / "model.skdigits"
    path.write_bytes(b"label,pixel0\n")
    assert "model.skdigits" in fails("info", path)
    assert "model.skdigits" in fails("predict", picture, "--model", path)


def test_what_nobody_foresaw_is_one_line_too(monkeypatch, fails, capsys):
    def load(path):
        raise KeyError("odd\nthing")

    monkeypatch.setattr("skdigits.cli.info.load_model", load)
    assert "KeyError" in fails("info")
    assert main(["--traceback", "info"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_warning_is_one_line(monkeypatch, capsys):
    def load(path):
        warnings.simplefilter("always")
        warnings.warn("Look\nout.", stacklevel=1)
        return load_pretrained(trainable=True)

    monkeypatch.setattr("skdigits.cli.info.load_model", load)
    assert main(["info"]) == 0
    assert capsys.readouterr().err == "skdigits: warning: Look out.\n"


@pytest.mark.slow
def test_ctrl_c_ends_in_one_line_without_half_a_file(tmp_path):
    process = start("train", "--epochs", 500, cwd=tmp_path)
    said = ""
    while "batch/s" not in said:  # the bar: it trains
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=300)
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "skdigits: interrupted"
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_interrupted_training_goes_on_from_memory(folder, tmp_path):
    line = ["train", "--data", folder, "--epochs", 4, "--memory", "kept", "--output"]
    process = start(*line, "mine.skdigits", cwd=tmp_path)
    said = ""
    while "epoch 2/4" not in said:
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert any((tmp_path / "kept").iterdir())
    for name in ["mine.skdigits", "undisturbed.skdigits"]:
        process = start(*line, name, "--quiet", cwd=tmp_path)
        assert process.communicate(timeout=300)[1] == ""
    again, undisturbed = (tmp_path / n for n in ["mine.skdigits", "undisturbed.skdigits"])
    assert again.read_bytes() == undisturbed.read_bytes()


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(folder):
    # More lines than a pipe holds, so that the writer is still at it when the reader goes.
    process = start("predict", *[folder / "train.csv"] * 20, "--format", "json")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(300) == 141
    process.stderr.close()


@pytest.mark.slow
def test_demo_tells_of_a_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("demo", "--port", taken.getsockname()[1])
        said, error = process.communicate(timeout=300)
    assert process.returncode == 1
    assert said == ""
    assert error.count("\n") == 1
    assert "another program may use that port" in error


@pytest.mark.slow
def test_demo_serves_until_interrupted():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("demo", "--port", port)
    assert "Open http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=300)[1] == "skdigits: interrupted\n"
    assert process.returncode == 130
