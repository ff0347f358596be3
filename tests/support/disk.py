"""A disk that is full or does not sync, or no file left to open, for this process and for a while."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def no_file_beyond(size_bytes: int) -> Iterator[None]:
    """Let every write fail that would make a file larger than this.

    Python ignores the signal that comes with it, so the write fails with an error, as on a full disk.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def one_free_descriptor() -> Iterator[None]:
    """Let one file be open at a time beside those that are."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def log_that_cannot_be_synced(database: Path) -> Iterator[None]:
    """Let every sync of a database's write-ahead log fail; commits go on."""
    log = Path(f"{database}-wal")
    aside = log.rename(f"{log}-aside")
    log.symlink_to(log)
    try:
        yield
    finally:
        aside.replace(log)
