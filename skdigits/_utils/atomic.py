"""Writing files whole: a crash at any moment leaves the old file or the new one, never a part."""

import glob
import os
import shutil
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED = 3600  # seconds after which a part that nobody writes to was left by a killed process


@contextmanager
def replacing(path):
    """Open a new binary file beside `path` that takes its place when the block ends well.

    Parameters
    ----------
    path : path-like
        The file to write. A symbolic link is followed, so that the link stays one; permissions and
        owner of an older file stay. What is no file, as /dev/null or a pipe, is written to.

    Yields
    ------
    file : binary file object

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    PermissionError
        If an older file of that name is write-protected.
    OSError
        If the file cannot be written: a full disk, a folder without permission. An older file of
        that name is left as it was.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent}; make it, or give another.")
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    is_there = target.is_file()
    if is_there and not _may_write(target):
        raise PermissionError(f"{path} is write-protected; permit writing, or give another name.")
    _sweep(target)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            if is_there:  # before anything is in it that others might read
                _take_after(target, part)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename not in (None, str(part)):  # of another file
            raise
        raise OSError(
            error.errno,
            f"{error.strerror or error}: {path} was not written, an older one is as it was. Make "
            "room or get permission there, or give another folder.",
        ) from error
    finally:
        with suppress(OSError):  # a folder that takes no file may not give one either
            part.unlink(missing_ok=True)


def _may_write(path, mode=os.W_OK):
    effective = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
    return os.access(path, mode, **effective)


def _take_after(target, part):
    """Give a new file the owner, where that is allowed, and the permissions of another one."""
    known = target.stat()
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(part, known.st_uid, known.st_gid)
    shutil.copymode(target, part)


def _sweep(target):
    """Remove the parts of this file that killed processes left behind."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def make_folder(path, name):
    """The folder, made where it does not exist.

    Parameters
    ----------
    path : path-like
    name : str
        What the caller's parameter is called.

    Returns
    -------
    folder : pathlib.Path
        Absolute.

    Raises
    ------
    NotADirectoryError
        If `path` is a file, or under one.
    PermissionError
        If the folder may not be made or written to.
    OSError
        If it cannot be made for another reason.
    """
    folder = Path(path).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        what = "is a file" if folder.exists() else "is under a file"
        raise NotADirectoryError(
            f"{name}={str(path)!r} {what}; give the name of a folder."
        ) from error
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}: {name}={str(path)!r} cannot be made; give another."
        ) from error
    if not _may_write(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{name}={str(path)!r} cannot be written to; give a folder that can.")
    return folder
