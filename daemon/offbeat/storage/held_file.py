"""A file that tells whether the process that wrote it still runs: that holds a lock on it until it ends, however."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from offbeat.storage.atomic_file import TEMPORARY_SUFFIX, sync_directory, write_fresh


class HeldFile:
    """A file of this process.

    Args:
        path: the file; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None

    def put(self, data: bytes) -> None:
        """Replace the file as a whole, and hold it; it is held before anybody can see it.

        Raises:
            OSError: it cannot be written; the one before stays, and is held.
        """
        temporary = self._path.with_name(f".{self._path.name}{TEMPORARY_SUFFIX}")
        try:
            write_fresh(temporary, data)
            held = _hold(temporary)
            try:
                temporary.replace(self._path)
            except OSError:
                os.close(held)
                raise
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        self.close()
        self._held = held
        sync_directory(self._path.parent)

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def read_held(path: Path) -> bytes | None:
    """Return what a file holds while the process that wrote it runs; None where none does.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read()
    return None


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
