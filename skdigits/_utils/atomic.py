"""Atomic writes: a crash at any moment leaves the old file or the new one, never a part."""

import glob
import os
import shutil
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED = 3600  # seconds without a write after which a part counts as left by a killed process


@contextmanager
def replacing(path):
    """Open a new binary file beside `path` that replaces it when the block ends without an error.

    Parameters
    ----------
    path : path-like
        The file to write. A symbolic link is followed, not replaced; permissions and owner of an
        existing file are kept. Anything but a regular file, such as /dev/null or a pipe, is written
        to directly.

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
        If an existing file of that name is write-protected.
    OSError
        If the file cannot be written: a full disk, a folder without permission. An existing file of
        that name is left as it was.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent}; create it, or give another.")
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    is_there = target.is_file()
    if is_there and not _is_writable(target):
        raise PermissionError(f"{path} is write-protected; permit writing, or give another name.")
    _remove_abandoned(target)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            if is_there:  # while it is still empty, as it may be readable by others until then
                _copy_permissions(target, part)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename not in (None, str(part)):  # about another file
            raise
        raise OSError(
            error.errno,
            f"{error.strerror or error}: {path} was not written; an existing file is unchanged. "
            "Free space or get permission there, or give another folder.",
        ) from error
    finally:
        with suppress(OSError):  # a folder without permission to create may not allow this either
            part.unlink(missing_ok=True)


def _is_writable(path, mode=os.W_OK):
    effective = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
    return os.access(path, mode, **effective)


def _copy_permissions(target, part):
    """Give a new file the permissions of another and, where that is allowed, its owner."""
    known = target.stat()
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(part, known.st_uid, known.st_gid)
    shutil.copymode(target, part)


def _remove_abandoned(target):
    """Remove parts of this file that killed processes left behind."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def make_folder(path, name):
    """Create a folder if it is missing.

    Parameters
    ----------
    path : path-like
    name : str
        The name of the caller's parameter, for messages.

    Returns
    -------
    folder : pathlib.Path
        Absolute.

    Raises
    ------
    NotADirectoryError
        If `path` is a file, or under one.
    PermissionError
        If the folder may not be created or written to.
    OSError
        If it cannot be created for another reason.
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
            error.errno, f"{error.strerror}: {name}={str(path)!r} cannot be created; give another."
        ) from error
    if not _is_writable(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{name}={str(path)!r} is not writable; give a folder that is.")
    return folder
