"""The write-ahead log of a SQLite file: made safe against a power cut, and folded into the file beside commits."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path

SUFFIX = "-wal"
FOLD_IN_BYTES = 4 * 2**20
"""So long a log is folded into the file by the next `sync`: what is read goes through it, and so does a start."""
_PATIENCE_SECONDS = 0.5
"""For who reads or commits at the moment the log is emptied."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY = 0xFF
"""Of an error code of SQLite: the rest says more of the same error."""


class Synced(StrEnum):
    """What came of a sync that the disk did not refuse."""

    SAFE = "safe"
    """All that was committed outlives a power cut."""
    DEFERRED = "deferred"
    """Likewise, but somebody held the file: the log, which is long, is folded in later."""
    BUSY = "busy"
    """Nobody knows: all has to be written anew, and somebody holds the file. The disk refused nothing."""


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether an error says only that somebody else held the file."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _BUSY


class WriteAheadLog:
    """The log of a file whose commits do not wait for the disk. Used by one thread, beside which others commit.

    Args:
        database: the file.
        version: its `user_version`.
    """

    def __init__(self, database: Path, version: int) -> None:
        self._database = database
        self._version = version
        # Of what another process left in the log nobody knows whether the disk ever got it.
        self._is_sound = False

    def sync(self) -> Synced:
        """Wait until all that was committed outlives a power cut, too.

        After a sync that failed the kernel may take for written what the disk never got, and the next one succeeds
        without it. From then on only that counts which was written anew: from the log into the file.

        Raises:
            OSError: the disk did not take it.
            sqlite3.Error: likewise.
        """
        was_sound, self._is_sound = self._is_sound, False
        if was_sound:
            self._sync_file()
        is_held = (not was_sound or self._bytes() > FOLD_IN_BYTES) and not self._fold_in()
        self._is_sound = was_sound or not is_held
        if not is_held:
            return Synced.SAFE
        return Synced.DEFERRED if was_sound else Synced.BUSY

    def _sync_file(self) -> None:
        with suppress(FileNotFoundError):
            descriptor = os.open(f"{self._database}{SUFFIX}", os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

    def _bytes(self) -> int:
        try:
            return Path(f"{self._database}{SUFFIX}").stat().st_size
        except FileNotFoundError:
            return 0

    def _fold_in(self) -> bool:
        """Write what the log holds into the file, wait until the disk has it, and begin the log anew.

        Returns:
            Whether nothing of before is left in the log; False while somebody holds the file.
        """
        # Through a connection of its own, beside which commits go on. Only the second way keeps them waiting, and to
        # that is left what came in the moment of the first.
        where = f"{self._database.absolute().as_uri()}?mode=rw"
        beside = sqlite3.connect(where, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)
        with closing(beside):
            try:
                beside.execute("PRAGMA synchronous=NORMAL")
                beside.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                busy, *_ = beside.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                return False
            if not busy:
                self._begin(beside)
        return not busy

    def _begin(self, beside: sqlite3.Connection) -> None:
        # Who first writes into an empty log waits until its head is on the disk: so no commit has to.
        try:
            beside.execute("BEGIN IMMEDIATE")
            beside.execute(f"PRAGMA user_version={self._version:d}")
            beside.execute("COMMIT")
        except sqlite3.OperationalError as error:
            # A commit was quicker, and has begun it.
            if not is_busy(error):
                raise
