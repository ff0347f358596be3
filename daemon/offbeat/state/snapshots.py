"""Snapshots on disk: one file per group, shard and offset, in three generations."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from pathlib import Path

import structlog

from offbeat.errors import UnavailableError
from offbeat.state.snapshot_file import Snapshot, decode, encode
from offbeat.storage.atomic_file import remove_stale_temporaries, sync_directory, write_atomically

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

GENERATIONS = 3
BAD_SUFFIX = ".bad"
BAD_KEPT = 3

_SUFFIX = ".safetensors"
_LONGEST_GROUP_NAME = 60
_NAME = re.compile(r"(?P<group>.+)-(?P<shard>\d+)-(?P<offset>\d+)\.safetensors")


class SnapshotStore:
    """A folder of snapshots that one process owns.

    A snapshot's name holds its offset, and state is a function of the log up to there, so an older one is
    never wrong, only longer to replay from. A file that fails its check is renamed to ".bad", and the one
    before it is taken.

    Args:
        directory: made when missing; half-written files of a killed process are removed.

    Raises:
        UnavailableError: the folder cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.written = 0
        self.failed = 0
        self.quarantined = 0
        try:
            directory.mkdir(parents=True, exist_ok=True)
            remove_stale_temporaries(directory)
        except OSError as error:
            raise UnavailableError(
                f"the snapshot folder {directory} cannot be used: {error}; expected a folder that the "
                "daemon may write to: check state.directory and its owner"
            ) from error

    def write(self, snapshot: Snapshot) -> bool:
        """Write a snapshot and drop the generations that are too old.

        Returns:
            False if the disk did not take it; what was there before stays valid whatever happens.
        """
        path = self.directory / _file_name(snapshot.group, snapshot.shard, snapshot.offset)
        try:
            write_atomically(path, encode(snapshot))
        except OSError as error:
            self.failed += 1
            _log.error(
                "a snapshot cannot be written; the one before stays", path=str(path), reason=str(error)
            )
            return False
        self.written += 1
        self._drop_old(snapshot.group, snapshot.shard)
        return True

    def newest_valid(self, group: str, shard: int) -> Snapshot | None:
        """Return the newest snapshot that passes its check, or None: then state begins empty."""
        for path in self.generations(group, shard):
            try:
                snapshot = decode(path.read_bytes())
            except OSError as error:
                # Unreadable is not damaged: the next start may fare better.
                _log.error(
                    "a snapshot cannot be read; an older one is tried", path=str(path), reason=str(error)
                )
                continue
            except ValueError as error:
                self._quarantine(path, str(error))
                continue
            if (snapshot.group, snapshot.shard) == (group, shard):
                return snapshot
            self._quarantine(path, f"it holds group {snapshot.group!r}, shard {snapshot.shard}")
        return None

    def model_of(self, group: str) -> str:
        """Return the model under which a group's state was saved where the log is read on from; "" without one."""
        newest: dict[int, int] = {}
        for path in self.directory.glob(f"*{_SUFFIX}"):
            match = _NAME.fullmatch(path.name)
            if match and match["group"] == _group_name(group):
                shard, offset = int(match["shard"]), int(match["offset"])
                newest[shard] = max(newest.get(shard, 0), offset)
        if not newest:
            return ""
        snapshot = self.newest_valid(group, min(newest, key=lambda shard: (newest[shard], shard)))
        return "" if snapshot is None else snapshot.model

    def generations(self, group: str, shard: int) -> list[Path]:
        """Return the snapshot files of a shard, newest first."""
        name = _group_name(group)
        found = []
        for path in self.directory.glob(f"*{_SUFFIX}"):
            match = _NAME.fullmatch(path.name)
            if match and match["group"] == name and int(match["shard"]) == shard:
                found.append((int(match["offset"]), path))
        return [path for _, path in sorted(found, reverse=True)]

    def _drop_old(self, group: str, shard: int) -> None:
        old = self.generations(group, shard)[GENERATIONS:]
        for path in old:
            with suppress(OSError):
                path.unlink()
        if old:
            with suppress(OSError):
                sync_directory(self.directory)

    def _quarantine(self, path: Path, reason: str) -> None:
        self.quarantined += 1
        aside = path.with_name(path.name + BAD_SUFFIX)
        # A file that cannot even be renamed is passed over again at the next start.
        with suppress(OSError):
            path.replace(aside)
            for old in sorted(self.directory.glob(f"*{BAD_SUFFIX}"), key=_modified)[:-BAD_KEPT]:
                old.unlink()
        _log.error(
            "a snapshot is damaged: put aside, an older one is used if there is one",
            path=str(path),
            kept_as=str(aside),
            reason=reason,
        )


def _modified(path: Path) -> float:
    return path.stat().st_mtime


def _file_name(group: str, shard: int, offset: int) -> str:
    return f"{_group_name(group)}-{shard}-{offset}{_SUFFIX}"


def _group_name(group: str) -> str:
    """Return a group's name as part of a file name: channels come from payloads and may hold anything."""
    plain = re.sub(r"[^A-Za-z0-9_+.]", "_", group)[:_LONGEST_GROUP_NAME]
    if plain == group and not plain.startswith("."):
        return plain
    return f"{plain.lstrip('.')}_{zlib.crc32(group.encode('utf-8', 'surrogatepass')):08x}"
