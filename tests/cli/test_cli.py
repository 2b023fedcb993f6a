"""The command ``skdigits``: what it writes where, how it ends, and what it says of mistakes."""

import csv
import io
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tomllib
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import skdigits
from skdigits import load_pretrained
from skdigits.cli import main
from skdigits.kaggle import read_submission

ROOT = Path(__file__).parents[2]
COMMANDS = ["train", "tune", "predict", "evaluate", "submit", "demo", "export", "info"]
HEADER = ",".join(f"pixel{i}" for i in range(784))
QUICK = ["--preset", "fast", "--epochs", "1", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, rows):
    """A folder as Kaggle's: 200 rows to train on, 30 to predict."""
    X, y = rows
    folder = tmp_path_factory.mktemp("digits")
    write_rows(folder / "train.csv", X[:200], y[:200])
    write_rows(folder / "test.csv", X[200:230])
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory, folder):
    """The file of a small model, trained by the command."""
    path = tmp_path_factory.mktemp("model") / "model.skdigits"
    assert main(["train", "--data", str(folder), "--output", str(path), *QUICK]) == 0
    return str(path)


@pytest.fixture
def picture(tmp_path, rows):
    """A picture of a 7."""
    X, y = rows
    return draw(tmp_path / "seven.png", X[y == 7][0])


def write_rows(path, X, y=None):
    table = X if y is None else np.column_stack([y, X])
    header = HEADER if y is None else f"label,{HEADER}"
    np.savetxt(path, table, fmt="%d", delimiter=",", header=header, comments="")


def draw(path, row):
    """A row as dark ink on a larger light page."""
    page = Image.new("L", (200, 200), 255)
    page.paste(Image.fromarray(255 - row.reshape(28, 28)).resize((112, 112)), (44, 44))
    page.save(path)
    return str(path)


def pipe(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


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


def fails(capsys, *arguments):
    """The one line that a command ends with when it cannot do what it should."""
    assert main([*map(str, arguments)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("skdigits: error: ")
    return error


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
    assert getattr(import_module(module), name) is main


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


def test_what_is_not_there(tmp_path, capsys, picture):
    assert "There is no folder" in fails(capsys, "train", "--data", tmp_path / "no")
    assert "no model file" in fails(capsys, "predict", picture, "--model", tmp_path / "no.joblib")
    assert "no file or folder" in fails(capsys, "predict", tmp_path / "no.png")
    assert "no pictures in the folder" in fails(capsys, "predict", tmp_path / "..")
    assert "not there" in fails(capsys, "evaluate", tmp_path / "no.csv")


def test_a_model_file_that_is_none(tmp_path, capsys, picture):
    path = tmp_path / "model.skdigits"
    path.write_bytes(b"label,pixel0\n")
    assert "model.skdigits" in fails(capsys, "info", path)
    assert "model.skdigits" in fails(capsys, "predict", picture, "--model", path)


def test_what_nobody_foresaw_is_one_line_too(monkeypatch, capsys):
    def load(path):
        raise KeyError("odd\nthing")

    monkeypatch.setattr("skdigits.cli.info.load_model", load)
    assert "KeyError" in fails(capsys, "info")
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
    line = ["train", "--data", folder, "--epochs", 12, "--memory", "kept", "--output"]
    process = start(*line, "mine.skdigits", cwd=tmp_path)
    said = ""
    while "epoch 2/12" not in said:
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


def test_evaluate_reads_a_pipe(folder, capsys, monkeypatch):
    pipe(monkeypatch, (folder / "train.csv").read_bytes())
    assert main(["evaluate", "-"]) == 0
    assert "200 rows, " in capsys.readouterr().out
    pipe(monkeypatch, (folder / "test.csv").read_bytes())
    assert "standard input, line 1: column 'label' is missing" in fails(capsys, "evaluate", "-")


# --- submit, tune ---------------------------------------------------------------------------------


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


# --- predict --------------------------------------------------------------------------------------


def test_predict_a_picture_in_each_format(picture, capsys):
    assert main(["predict", picture]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert (last[0], last[2]) == (picture, "7")
    assert main(["predict", picture, "--format", "csv"]) == 0
    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (line["source"], line["row"], line["text"]) == (picture, "", "7")
    assert main(["predict", picture, "--format", "json", "--one-digit"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    (digit,) = record["digits"]
    assert digit["label"] == 7
    assert record["confidence"] == digit["confidence"] == digit["probabilities"]["7"]
    assert len(digit["box"]) == 4


def test_predict_a_folder_with_what_is_no_digit(tmp_path, rows, capsys):
    X, y = rows
    draw(tmp_path / "a.png", X[y == 0][0])
    Image.new("L", (50, 50), 255).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("not read")
    assert main(["predict", str(tmp_path), "--format", "csv"]) == 1
    said = capsys.readouterr()
    lines = list(csv.DictReader(io.StringIO(said.out)))
    assert [Path(line["source"]).name for line in lines] == ["a.png", "b.png", "c.png"]
    assert [line["text"] for line in lines] == ["0", "", ""]
    assert lines[1]["remark"] == "no digit"
    assert "is not a picture" in lines[2]["remark"]
    assert "c.png" in said.err
    assert said.err.count("\n") == 1


def test_unsure_digits_and_others_are_marked(use, picture, capsys):
    class Doubting:
        """Never sure, and takes nothing for a digit when told so."""

        classes_ = np.arange(10)
        offset_ = 0.0

        def __init__(self, score):
            self.score = score

        def predict_proba(self, X):
            return np.tile([0.19, *[0.09] * 9], (len(X), 1))

        def score_samples(self, X):
            return np.full(len(X), self.score)

    use("predict", Doubting(1.0))
    assert main(["predict", picture]) == 0
    assert "7  (1 unsure)" in capsys.readouterr().out
    use("predict", Doubting(-1.0))
    assert main(["predict", picture, "--one-digit"]) == 0
    assert "(no digit, 1 not a digit)" in capsys.readouterr().out


def test_a_table_is_written(tmp_path, capsys):
    from PIL import Image

    from skdigits.datasets import make_page

    page = make_page("table", n_rows=3, n_columns=3, blank=0.0, tilt=0, random_state=3)
    Image.fromarray(page.image).save(tmp_path / "page.png")
    out = tmp_path / "out.csv"
    assert main(["predict", str(tmp_path / "page.png"), "--table", str(out)]) == 0
    assert "3 rows, 3 columns" in capsys.readouterr().out
    lines = list(csv.reader(out.read_text().splitlines()))
    assert [len(line) for line in lines] == [3, 3, 3]
    right = [
        cell == truth
        for a, b in zip(lines, page.rows, strict=True)
        for cell, truth in zip(a, b, strict=True)
    ]
    assert sum(right) >= 5  # bundled digits of 8x8 pixels, enlarged, are hard to read


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.png", "b.png"], "takes one picture; got 2"),
        (["nowhere.png"], "there is no file or folder nowhere.png"),
    ],
)
def test_a_table_is_of_one_picture(given, message, tmp_path, capsys):
    assert main(["predict", *given, "--table", str(tmp_path / "out.csv")]) != 0
    assert message in capsys.readouterr().err


def test_predict_rows(folder, model, rows, capsys):
    line = ["predict", str(folder / "test.csv"), "--model", model]
    assert main([*line, "--format", "csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    labels = skdigits.load_pipeline(model).predict(rows[0][200:230])
    assert [line["row"] for line in lines] == [str(i) for i in range(1, 31)]
    assert [line["text"] for line in lines] == [str(label) for label in labels]
    assert main([*line, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 30


@pytest.mark.parametrize("kind", ["picture", "rows", "gzip"])
def test_predict_reads_a_pipe(kind, picture, folder, capsys, monkeypatch):
    content = Path(picture).read_bytes()
    if kind != "picture":
        content = (folder / "test.csv").read_bytes()
    if kind == "gzip":
        import gzip

        content = gzip.compress(content)
    pipe(monkeypatch, content)
    assert main(["predict", "-", "--format", "json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert len(records) == (1 if kind == "picture" else 30)
    assert {record["source"] for record in records} == {"standard input"}


def test_pipes_with_nothing_useful_in_them(capsys, monkeypatch):
    pipe(monkeypatch, b"")
    assert "standard input is empty" in fails(capsys, "predict", "-")
    for content, hint in [(b"\x89PNG but cut", "not a picture"), (b"1,2,3\n", "no header")]:
        pipe(monkeypatch, content)
        assert main(["predict", "-", "--quiet"]) == 1
        assert hint in capsys.readouterr().err
    monkeypatch.setattr("skdigits.cli._inputs._MAX_STDIN", 10)
    pipe(monkeypatch, b"12345678901")
    assert "more than 10 bytes" in fails(capsys, "predict", "-")


@pytest.mark.slow
def test_a_whole_pipeline_of_the_shell(folder):
    shell = f"cat {folder}/test.csv | {sys.executable} -m skdigits predict - --format csv"
    done = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("\n") == 31


@pytest.mark.slow
def test_an_onnx_file_answers_the_same(model, folder, tmp_path, capsys):
    path = str(skdigits.export_onnx(skdigits.load_pipeline(model), tmp_path / "model.onnx"))
    answers = []
    for file in (model, path):
        line = ["predict", str(folder / "test.csv"), "--model", file, "--format", "csv"]
        assert main(line) == 0
        answers.append([r["text"] for r in csv.DictReader(io.StringIO(capsys.readouterr().out))])
    assert answers[0] == answers[1]
    assert main(["info", path, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["format"] == "ONNX"
    assert facts["classes"] == list(range(10))


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
