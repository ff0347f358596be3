"""The journal: what arrived, on disk before it is acknowledged.

Messages are appended by the reader thread, which never waits for the disk. The journal's own thread writes
and syncs them in groups, then says up to where the log is durable. While the disk refuses, nothing is durable
and so nothing is acknowledged: the broker holds back what is to come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal

import structlog

from offbeat.config.settings import JournalSettings
from offbeat.errors import UnavailableError
from offbeat.ingest.journal_records import Damage, encode_record
from offbeat.ingest.segment_writer import SegmentWriter
from offbeat.ingest.segments import Segment, list_segments, read_segments, scan_file
from offbeat.ingest.source import LogBatch, RawMessage

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REFUSED = -1
"""Instead of an offset: the messages are not in the log, and must not be acknowledged."""
MOST_PENDING_BYTES = 64 * 1024**2
"""What may wait for a disk that refuses; more is refused, because memory is no journal."""
_RETRY_SECONDS = 1.0
_RETENTION_SECONDS = 60.0
_QUIET_PART = 8
"""After this part of the interval without a message a group is complete: a broker whose window is full sends
nothing more until some messages are acknowledged."""


@dataclass(slots=True)
class JournalCounts:
    """What happened to the journal since it was opened.

    Attributes:
        appended_messages: taken into the log.
        refused_messages: not taken, because too much waited for the disk.
        torn_bytes: cut off at opening: a record that was never completely written.
        damaged_bytes: of whole segments, unreadable; they stay where they are.
        syncs: groups made durable.
        failures: attempts that the disk refused.
    """

    appended_messages: int = 0
    refused_messages: int = 0
    torn_bytes: int = 0
    damaged_bytes: int = 0
    syncs: int = 0
    failures: int = 0


class Journal:
    """An append-only log in a directory. One process at a time may have it open.

    `append` belongs to one thread; everything else may be called from any. `close` must be called in the end.

    Args:
        directory: holds nothing but the journal; made if it is not there.
        settings: sizes, ages and the interval of syncs.
        clock: unix seconds, for the age of segments.

    Attributes:
        on_durable: called in the journal's thread with the offset up to which the log is durable.
        counts: for metrics.

    Raises:
        UnavailableError: another process has it open, or the directory cannot be used.
    """

    def __init__(
        self, directory: Path, settings: JournalSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self.directory = directory
        self.counts = JournalCounts()
        self.on_durable: Callable[[int], None] = lambda _offset: None
        self._settings = settings
        self._clock = clock
        self._damage_seen: set[tuple[int, int]] = set()
        self._condition = threading.Condition()
        self._pending: list[tuple[int, bytes]] = []
        self._pending_bytes = 0
        self._idle = self._hurry = self._closing = False
        self._keep_from = 0
        self._failure = ""
        self._writer = SegmentWriter(directory)
        try:
            self._next = self._durable = self._recover()
        except OSError as error:
            self._writer.close()
            raise UnavailableError(
                f"the journal in {directory} cannot be opened: {error}; the daemon must be able to read and "
                "write all of it"
            ) from error
        self._segment_base = self._writer.base
        self._next_retention = 0.0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def keep(self, settings: JournalSettings) -> None:
        """Go by other sizes, ages and intervals from now on."""
        self._settings = settings
        self._next_retention = 0.0

    @property
    def first_offset(self) -> int:
        """Where what is still there begins."""
        segments = list_segments(self.directory)
        return segments[0].base if segments else self._next

    @property
    def next_offset(self) -> int:
        """Where the next batch will begin."""
        return self._next

    @property
    def durable_offset(self) -> int:
        """Up to where the log survives a power cut."""
        return self._durable

    @property
    def state(self) -> Literal["ok", "degraded"]:
        """Whether the disk takes what is appended."""
        return "degraded" if self._failure else "ok"

    @property
    def reason(self) -> str:
        """Why it is degraded, in words."""
        return self._failure

    @property
    def pending_bytes(self) -> int:
        """What waits for the disk."""
        return self._pending_bytes

    @property
    def alive(self) -> bool:
        """Whether the journal's thread runs."""
        return self._thread.is_alive()

    def size_bytes(self) -> int:
        """Return what all segments take on disk."""
        return sum(segment.size for segment in list_segments(self.directory))

    def append(self, messages: list[RawMessage], arrival_seconds: float) -> int:
        """Take messages into the log and return at once.

        Returns:
            The offset behind them: they are durable when `durable_offset` has reached it. `REFUSED` if they
            were not taken.
        """
        record = encode_record(messages, arrival_seconds)
        with self._condition:
            if self._pending_bytes + len(record) > MOST_PENDING_BYTES and self._pending:
                self.counts.refused_messages += len(messages)
                return REFUSED
            if self._segment_base < 0 or self._next - self._segment_base >= self._settings.segment_bytes:
                self._segment_base = self._next
            self._pending.append((self._segment_base, record))
            self._pending_bytes += len(record)
            self._next += len(record)
            self.counts.appended_messages += len(messages)
            if self._idle:
                self._condition.notify_all()
            return self._next

    def read(self, from_offset: int) -> Iterator[LogBatch]:
        """Return the batches from an offset on that are durable now. Damage is counted and left out."""
        return read_segments(list_segments(self.directory), from_offset, self._durable, self._count_damage)

    def commit(self, offset: int) -> None:
        """Allow retention to remove what lies before an offset; without a commit nothing is ever removed."""
        self._keep_from = max(self._keep_from, offset)

    def skip_to(self, offset: int) -> None:
        """Give the next batch at least this offset.

        To be called before the first `append`, with the offset of the snapshot that the state was loaded
        from: after a power cut the journal may end before it, and no offset may be used twice.
        """
        with self._condition:
            if offset > self._next:
                self._next = self._durable = offset
                self._segment_base = -1

    def sync(self, timeout_seconds: float) -> bool:
        """Make everything appended so far durable; return False if that was not done in time."""
        with self._condition:
            target = self._next
            self._hurry = True
            self._condition.notify_all()
            return self._condition.wait_for(lambda: self._durable >= target, timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Write what is left and close the files; return False if the disk did not take it in time."""
        done = self.sync(timeout_seconds)
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join(timeout_seconds)
        if not self._thread.is_alive():
            self._writer.close()
        return done

    def _recover(self) -> int:
        """Cut a torn record off the newest segment and return where the log ends."""
        segments = list_segments(self.directory)
        if not segments:
            return 0
        last = segments[-1]
        size = last.size
        for found in scan_file(last, size):
            if isinstance(found, Damage) and found.is_tail:
                self.counts.torn_bytes = found.end - found.start
                size = found.start
            elif isinstance(found, Damage):
                self._count_damage(last, found)
        self._writer.cut(last.base, size)
        if self.counts.torn_bytes:
            _log.warning(
                "the journal ended within a record; the rest of it was cut off",
                segment=last.path.name, bytes=self.counts.torn_bytes,
            )  # fmt: skip
        return last.base + size

    def _run(self) -> None:
        while True:
            with self._condition:
                group = self._wait_for_group()
            if not group and self._closing:
                return
            # The thread must outlive everything, also a log that cannot be written to the same full disk.
            with suppress(Exception):
                self._work_off(group)
            if self._failure and self._closing:
                return

    def _work_off(self, group: list[tuple[int, bytes]]) -> None:
        try:
            self._write(group)
            self._remove_old()
        except OSError as error:
            self._fail(f"the journal in {self.directory} cannot be written: {error.strerror or error}")
        except Exception as error:
            self._fail(f"the journal in {self.directory} failed: {error!r}")
            raise

    def _wait_for_group(self) -> list[tuple[int, bytes]]:
        """Return what is to be written together; empty after a while without anything, and when closing."""
        if self._failure and not self._closing:
            self._condition.wait(_RETRY_SECONDS)
        elif not self._pending and not self._closing:
            self._idle = True
            self._condition.wait(_RETENTION_SECONDS)
            self._idle = False
        if not self._failure:
            self._gather()
        self._hurry = False
        return list(self._pending)

    def _gather(self) -> None:
        interval = self._settings.fsync_interval_seconds
        deadline = time.monotonic() + interval
        while self._pending and not self._hurry and not self._closing:
            before, remaining = self._next, deadline - time.monotonic()
            if remaining <= 0:
                return
            self._condition.wait(min(interval / _QUIET_PART, remaining))
            if self._next == before:
                return

    def _write(self, group: list[tuple[int, bytes]]) -> None:
        """Write and sync a group, segment by segment; what is durable leaves the pending list."""
        for base, entries in groupby(group, lambda entry: entry[0]):
            records = [record for _, record in entries]
            data = b"".join(records)
            if base != self._writer.base:
                self._next_retention = 0.0
            self._writer.write(base, self._durable - base, data)
            self._advance(self._durable + len(data), len(records), len(data))

    def _advance(self, durable: int, records: int, size: int) -> None:
        with self._condition:
            del self._pending[:records]
            self._pending_bytes -= size
            self._durable = durable
            recovered, self._failure = bool(self._failure), ""
            self.counts.syncs += 1
            self._condition.notify_all()
        try:
            self.on_durable(durable)
        except Exception:  # noqa: BLE001 - what is durable stays so whoever is told
            _log.exception("nobody could be told that the journal is durable")
        if recovered:
            _log.info("the journal can be written again")

    def _remove_old(self) -> None:
        now = time.monotonic()
        if now < self._next_retention:
            return
        self._next_retention = now + min(_RETENTION_SECONDS, self._settings.max_age_seconds / 4)
        segments = list_segments(self.directory)
        total = sum(segment.size for segment in segments)
        for segment, following in pairwise(segments):
            age = self._clock() - segment.path.stat().st_mtime
            if total <= self._settings.max_bytes and age <= self._settings.max_age_seconds:
                return
            if following.base > self._keep_from:
                return
            total -= segment.size
            segment.path.unlink()

    def _fail(self, reason: str) -> None:
        self.counts.failures += 1
        before, self._failure = self._failure, reason
        if reason != before:
            _log.error(
                "the journal cannot be written; nothing more is acknowledged until it can. "
                "Make room on the disk or check its mount", reason=reason,
            )  # fmt: skip

    def _count_damage(self, segment: Segment, damage: Damage) -> None:
        place = (segment.base, damage.start)
        if place in self._damage_seen:
            return
        self._damage_seen.add(place)
        self.counts.damaged_bytes += damage.end - damage.start
        _log.error(
            "a part of the journal is damaged and is left out; keep the file if its readings matter",
            segment=segment.path.name, from_byte=damage.start, to_byte=damage.end,
        )  # fmt: skip
