"""A file that tells whether the process that wrote it still runs: that holds a lock on it until it ends, however."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from offbeat.storage.atomic_file import TEMPORARY_SUFFIX, write_fresh

TRIES = 10
"""Looks at a file that is replaced again and again."""


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
        # The folder is not synced: after a power cut nobody holds the file, whichever of the two it is.
        self.close()
        self._held = held

    def withdraw(self) -> None:
        """Let go of the file and remove it, as far as that is possible: nobody is to go by it any more."""
        self.close()
        with suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        """Let go of the file, which stays."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds whose writer runs.

    Attributes:
        data: of the file.
        owner: number of the user whose file it is.
    """

    data: bytes
    owner: int


def read_held(path: Path, most_bytes: int) -> Held | None:
    """Return what a file holds while the process that wrote it runs; None where it has ended.

    Who wrote it may wish the reader ill: no link is followed, nothing is waited for, and what is told is all of one
    and the same file.

    Raises:
        OSError: there is none, it cannot be read, it is no ordinary file, or it is larger than allowed.
    """
    for _ in range(TRIES):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
            if _is_locked(descriptor):
                return Held(_read(descriptor, path, most_bytes), about.st_uid)
        finally:
            os.close(descriptor)
        # One that was replaced since it was opened has been let go of, while another is held in its place.
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (about.st_dev, about.st_ino):
            return None
    raise OSError(errno.EBUSY, "it is replaced faster than it can be read", str(path))


def _read(descriptor: int, path: Path, most_bytes: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes:,} bytes", str(path))
    return data


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
