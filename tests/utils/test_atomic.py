"""Files that are written whole, and what they keep of the one before."""

import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from skdigits import export_onnx, load_pretrained, save_pipeline
from skdigits.kaggle import write_submission

NOBODY = 65534


@pytest.fixture(params=["model", "submission", "ONNX", "card"])
def write(request):
    """A function that writes a file of some kind."""
    pipeline = load_pretrained(trainable=True)

    def save_with_card(path):
        save_pipeline(pipeline, path.with_suffix(".skdigits"), card=path)

    return {
        "model": lambda path: save_pipeline(pipeline, path),
        "submission": lambda path: write_submission(path, [1, 2, 3]),
        "ONNX": lambda path: export_onnx(pipeline, path),
        "card": save_with_card,
    }[request.param]


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o660])
def test_a_file_written_over_keeps_its_permissions(mode, tmp_path):
    path = tmp_path / "submission.csv"
    path.write_text("old")
    path.chmod(mode)
    write_submission(path, [1, 2, 3])
    assert permissions(path) == mode


@pytest.mark.slow
def test_whatever_writes_keeps_permissions(write, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write(path)
    assert path.stat().st_size > 3
    assert permissions(path) == 0o600


def test_permissions_are_those_of_what_a_link_names(tmp_path):
    path, link = tmp_path / "private.csv", tmp_path / "link.csv"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    write_submission(link, [1])
    assert permissions(path) == 0o600
    assert link.is_symlink()


def test_a_new_file_has_the_permissions_of_every_new_file(tmp_path):
    path, other = tmp_path / "submission.csv", tmp_path / "other.csv"
    write_submission(path, [1])
    other.write_text("new")
    assert permissions(path) == permissions(other)


def test_nobody_else_reads_a_private_file_while_it_is_written(tmp_path, monkeypatch):
    path, seen = tmp_path / "submission.csv", []
    path.write_text("old")
    path.chmod(0o600)
    sync = os.fsync

    def look(descriptor):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_submission(path, [1])
    assert seen == [0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "submission.csv"
    path.write_text("old")
    os.chown(path, NOBODY, NOBODY)
    write_submission(path, [1])
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY)


@pytest.fixture
def shared():
    """A folder that everybody may write to, by a process that is not root."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)  # root may write to any file
        try:
            yield Path(folder)
        finally:
            if os.getuid() == 0:
                os.seteuid(0)


def test_a_write_protected_file_is_left_alone(shared):
    path = shared / "submission.csv"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match=r"is write-protected.*another name"):
        write_submission(path, [1])
    assert path.read_text() == "old"
    assert list(shared.iterdir()) == [path]


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    """So are /dev/null and /dev/stdout, which to replace would harm the whole machine."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()), daemon=True)
    reader.start()
    write_submission(path, [7])
    if not stat.S_ISFIFO(path.stat().st_mode):
        path.unlink()  # it was replaced: let the reader go, whose pipe nobody will open
    reader.join(5)
    assert got == [b"ImageId,Label\n1,7\n"]
