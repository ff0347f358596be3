"""The hand-off from the reader thread to the loop thread: bounded by bytes, never blocking the reader."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from offbeat.core.ledger import Drop, Ledger
from offbeat.core.readings import ReadingBatch

READINGS_PER_GET = 16_384
"""About what one turn of the loop takes, so that it looks up from its work now and then."""


@dataclass(frozen=True, slots=True)
class InboxStatistics:
    """How full the inbox is.

    Attributes:
        depth_batches: batches that wait.
        depth_readings: readings that wait.
        depth_bytes: memory of what waits.
        capacity_bytes: where shedding begins.
        peak_bytes: the deepest it ever was.
    """

    depth_batches: int
    depth_readings: int
    depth_bytes: int
    capacity_bytes: int
    peak_bytes: int


class Inbox:
    """A queue of batches between two threads.

    What is put together stays together: a `get` returns all batches of a `put` or none, so the offset behind
    what was got is always the end of a whole batch of the log.

    Args:
        capacity_bytes: memory of waiting readings; when it is exceeded the oldest are shed.
        ledger: counts readings; those shed under `Drop.INBOX_FULL`, accepted are those that were got.

    Attributes:
        taken_offset: position in the log behind all that was got, shed, or held no reading.
    """

    def __init__(self, capacity_bytes: int, ledger: Ledger | None = None) -> None:
        self.ledger = ledger if ledger is not None else Ledger("inbox", "reading")
        self._capacity = capacity_bytes
        self._condition = threading.Condition()
        self._puts: deque[tuple[list[ReadingBatch], int, int, int]] = deque()
        self._bytes = self._readings = self._peak = 0
        self._woken = False
        self._too_few: float = 0
        self.taken_offset = 0

    def hold(self, capacity_bytes: int) -> None:
        """Hold so much from now on; what is too much is shed when the next batch comes."""
        with self._condition:
            self._capacity = capacity_bytes

    def put(self, batches: list[ReadingBatch]) -> None:
        """Hand batches over. Never blocks; sheds the oldest when the inbox is full."""
        readings = sum(len(batch) for batch in batches)
        if not readings:
            return
        size = sum(batch.nbytes for batch in batches)
        with self._condition:
            self._puts.append((batches, readings, size, batches[-1].offset))
            self._readings += readings
            self._bytes += size
            # The newest stays even if it alone is too large: an inbox that takes nothing would be deaf.
            while self._bytes > self._capacity and len(self._puts) > 1:
                self.ledger.drop(Drop.INBOX_FULL, self._pop()[1])
            self._peak = max(self._peak, self._bytes)
            # Who waits for many is not woken by each: both threads would lose time at every put.
            if self._readings > self._too_few:
                self._condition.notify()

    def passed(self, offset: int) -> None:
        """Say that the log has gone on to an offset without a reading: what nobody can use must not hold it up."""
        with self._condition:
            if self._puts:
                self._puts[-1] = (*self._puts[-1][:3], offset)
            else:
                self.taken_offset = max(self.taken_offset, offset)

    def get(self, timeout_seconds: float) -> list[ReadingBatch]:
        """Return what waits, one batch a group, in order; wait for it up to the timeout.

        Returns:
            About `READINGS_PER_GET` readings at most; empty when none came in time or `wake` was called.
        """
        with self._condition:
            if not self._puts and not self._woken:
                self._condition.wait(timeout_seconds)
            self._woken = False
            taken: list[ReadingBatch] = []
            readings = 0
            while self._puts and (not taken or readings + self._puts[0][1] <= READINGS_PER_GET):
                batches, count, *_ = self._pop()
                taken.extend(batches)
                readings += count
            self.ledger.accept(readings)
        return coalesce(taken)

    def wake(self) -> None:
        """End the present or the next wait of the other thread early."""
        with self._condition:
            self._woken = True
            self._condition.notify()

    def wait_for_wake(self, timeout_seconds: float, too_few: float = math.inf) -> bool:
        """Wait for `wake`, or for more than so many readings, and leave what is in the inbox there.

        Returns:
            Whether either came in time.
        """
        with self._condition:
            self._too_few = too_few
            came = self._condition.wait_for(lambda: self._woken or self._readings > too_few, timeout_seconds)
            self._too_few = 0
            self._woken = False
            return came

    @property
    def depth_batches(self) -> int:
        """How many batches wait."""
        return len(self._puts)

    @property
    def depth_readings(self) -> int:
        """How many readings wait."""
        return self._readings

    @property
    def oldest_arrival(self) -> float:
        """Log time at which the oldest of what waits came; infinite while nothing waits."""
        with self._condition:
            waiting = self._puts[0][0] if self._puts else []
        return min(
            (float(batch.arrival_seconds.min(initial=math.inf)) for batch in waiting), default=math.inf
        )

    def statistics(self) -> InboxStatistics:
        """Return how full the inbox is."""
        with self._condition:
            return InboxStatistics(len(self._puts), self._readings, self._bytes, self._capacity, self._peak)

    def _pop(self) -> tuple[list[ReadingBatch], int, int, int]:
        put = self._puts.popleft()
        self.taken_offset = max(self.taken_offset, put[3])
        self._readings -= put[1]
        self._bytes -= put[2]
        return put


def coalesce(batches: list[ReadingBatch]) -> list[ReadingBatch]:
    """Join the batches of each group, in order of arrival. All carry the last offset of the whole."""
    if not batches:
        return batches
    offset = batches[-1].offset
    by_group: dict[int, list[ReadingBatch]] = {}
    for batch in batches:
        by_group.setdefault(batch.group, []).append(batch)
    return [_join(group, parts, offset) for group, parts in by_group.items()]


def _join(group: int, parts: list[ReadingBatch], offset: int) -> ReadingBatch:
    if len(parts) == 1 and parts[0].offset == offset:
        return parts[0]
    return ReadingBatch(
        group,
        np.concatenate([part.sensor for part in parts]),
        np.concatenate([part.channel for part in parts]),
        np.concatenate([part.time_seconds for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.arrival_seconds for part in parts]),
        offset,
    )
