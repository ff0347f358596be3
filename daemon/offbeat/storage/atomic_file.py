"""Files that are either the old ones or the new ones, whole, whatever happens in between."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file: temporary file, fsync, rename, fsync of the folder.

    Raises:
        OSError: nothing was replaced and no temporary file is left, as far as the disk allows.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY_SUFFIX}")
    try:
        write_fresh(temporary, data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def write_fresh(path: Path, data: bytes) -> None:
    """Write a new file and make its content durable; what a killed process left in its place is removed.

    A link in its place is not followed: root writes in folders that others may write, too.

    Raises:
        OSError: it cannot be written.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Make renames and removals in a folder survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale_temporaries(directory: Path) -> int:
    """Remove what a killed process left half written; return how many files that were.

    Only for folders that one process owns: another's write in progress looks the same.
    """
    removed = 0
    for path in directory.glob(f".*{TEMPORARY_SUFFIX}"):
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed
