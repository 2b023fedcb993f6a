"""Writing files whole: a crash at any moment leaves the old file or the new one, never a part."""

import os
import uuid
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """Open a new binary file beside `path` that takes its place when the block ends well.

    Parameters
    ----------
    path : path-like
        The file to write. A symbolic link is followed, so that the link stays one.

    Yields
    ------
    file : binary file object

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent}; make it, or give another.")
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
