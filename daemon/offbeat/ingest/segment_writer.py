"""Writes segments, and keeps other processes from doing so."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from offbeat.errors import UnavailableError
from offbeat.ingest.segments import segment_path
from offbeat.storage.atomic_file import sync_directory


class SegmentWriter:
    """The only writer of the segments in a directory. All methods belong to one thread at a time.

    Args:
        directory: of the journal; made if it is not there.

    Attributes:
        base: of the segment that is open; -1 if none is.

    Raises:
        UnavailableError: another process writes there, or the directory cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self.base = -1
        self._directory = directory
        self._descriptor = -1
        self._lock = _lock(directory)

    def cut(self, base: int, size: int) -> None:
        """Open a segment that is there, give it a size, and make it durable as it stands.

        What a killed process had written but not synced is in the file, but not yet surely on the disk.
        """
        self._open(base)
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    def write(self, base: int, position: int, data: bytes) -> None:
        """Write at a place of a segment, made if it is new, and sync it.

        The place is explicit, so that a second attempt writes over what a failed one left.
        """
        if base != self.base:
            self._open(base)
            sync_directory(self._directory)
        written, view = 0, memoryview(data)
        while written < len(data):
            written += os.pwrite(self._descriptor, view[written:], position + written)
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the segment and let other processes in."""
        self._close_segment()
        os.close(self._lock)

    def _open(self, base: int) -> None:
        self._close_segment()
        path = segment_path(self._directory, base)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.base = base

    def _close_segment(self) -> None:
        descriptor, self._descriptor, self.base = self._descriptor, -1, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)


def _lock(directory: Path) -> int:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise UnavailableError(
            f"the journal's directory {directory} cannot be used: {error.strerror}; the daemon must be able "
            "to write there (see [state] directory)"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise UnavailableError(
            f"the journal in {directory} is in use by another process: is another daemon running with the "
            "same [state] directory? Stop it, or give each a directory of its own"
        ) from None
    return descriptor
