"""The files of the journal: named by where in the log they begin."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from offbeat.ingest.journal_records import Damage, Record, scan
from offbeat.ingest.source import LogBatch

SUFFIX = ".journal"
_NAME = re.compile(r"\d{20}\.journal")
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file.

    Attributes:
        base: offset of its first byte in the log.
        path: where it is.
    """

    base: int
    path: Path

    @property
    def size(self) -> int:
        """Bytes in the file; 0 if it is gone."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


def segment_path(directory: Path, base: int) -> Path:
    """Return the file of the segment that begins at an offset."""
    return directory / f"{base:020d}{SUFFIX}"


def list_segments(directory: Path) -> list[Segment]:
    """Return the segments of a journal in the order of the log."""
    names = sorted(p.name for p in directory.iterdir() if _NAME.fullmatch(p.name))
    return [Segment(int(name[:20]), directory / name) for name in names]


def read_segments(
    segments: list[Segment], from_offset: int, end_offset: int, on_damage: Callable[[Segment, Damage], None]
) -> Iterator[LogBatch]:
    """Yield the batches from an offset to another one. Damage is reported, left out, and read on behind."""
    for segment, following in zip(segments, [*segments[1:], None], strict=False):
        if following is not None and following.base <= from_offset:
            continue
        if segment.base >= end_offset:
            return
        for found in scan_file(segment, min(segment.size, end_offset - segment.base)):
            if isinstance(found, Damage):
                if segment.base + found.end > from_offset:
                    on_damage(segment, found)
            elif segment.base + found.start >= from_offset:
                batch = _batch(segment, found, on_damage)
                if batch is not None:
                    yield batch


def scan_file(segment: Segment, size: int) -> Iterator[Record | Damage]:
    """Yield what the first bytes of a segment hold."""
    if size <= 0:
        return
    with segment.path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        try:
            for found in scan(view):
                # A record outlives the map: its body must be its own.
                yield found if isinstance(found, Damage) else _own(found)
        finally:
            view.release()


def _own(record: Record) -> Record:
    body = bytes(record.body)
    if isinstance(record.body, memoryview):
        record.body.release()
    return Record(record.start, record.end, record.arrival_seconds, body)


def _batch(segment: Segment, record: Record, on_damage: Callable[[Segment, Damage], None]) -> LogBatch | None:
    try:
        messages = record.messages()
    except msgspec.MsgspecError:
        on_damage(segment, Damage(record.start, record.end, is_tail=False))
        return None
    base = segment.base
    return LogBatch(base + record.start, base + record.end, record.arrival_seconds, messages)
