"""The source that is a journal's folder on disk: what a daemon heard, told again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from offbeat.errors import UnavailableError
from offbeat.ingest.journal_records import Damage
from offbeat.ingest.segments import Segment, list_segments, read_segments
from offbeat.ingest.source import Deliver, LogBatch

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class RecordedLog:
    """A journal that is only read: `Source` over its segments. A daemon may go on writing it meanwhile.

    Args:
        directory: of the journal.

    Attributes:
        damaged_bytes: that were no records; left out. A record that is being written this moment is none of them.

    Raises:
        UnavailableError: there is no such directory.
    """

    def __init__(self, directory: Path) -> None:
        if not directory.is_dir():
            raise UnavailableError(
                f"there is no journal in {directory}: expected the folder that a daemon writes, "
                "<state directory>/journal"
            )
        self.damaged_bytes = 0
        self._directory = directory
        self._seen: set[tuple[int, int]] = set()

    @property
    def next_offset(self) -> int:
        """The end of what is written now."""
        segments = list_segments(self._directory)
        return segments[-1].base + segments[-1].size if segments else 0

    def read(self, from_offset: int) -> Iterator[LogBatch]:
        """Return the batches from an offset on."""
        segments = list_segments(self._directory)
        end = segments[-1].base + segments[-1].size if segments else 0
        newest = segments[-1].base if segments else 0

        def note(segment: Segment, damage: Damage) -> None:
            place = (segment.base, damage.start)
            if place in self._seen or (damage.is_tail and segment.base == newest):
                return
            self._seen.add(place)
            self.damaged_bytes += damage.end - damage.start
            _log.warning(
                "a part of the journal is damaged and is left out",
                segment=segment.path.name, from_byte=damage.start, to_byte=damage.end,
            )  # fmt: skip

        return read_segments(segments, from_offset, end, note)

    def start(self, deliver: Deliver) -> None:
        """Do nothing: nothing enters a log that is only read."""

    def commit(self, offset: int) -> None:
        """Do nothing: the log is its writer's to shorten."""

    def stop(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - as `Source`
        """Return True: there is nothing to end."""
        return True
