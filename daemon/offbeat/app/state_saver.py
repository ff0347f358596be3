"""Saving and restoring the core's state, a shard at a time."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np
import structlog
from numpy.typing import NDArray

from offbeat.core.pipeline import Pipeline
from offbeat.core.sensors import SensorDirectory
from offbeat.state.snapshot_file import Snapshot
from offbeat.state.snapshots import GENERATIONS, SnapshotStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


LISTENING_SINCE = "listening_since"
"""Since when the broker was heard, at the snapshot's offset: what follows in the log says only what changed."""
TOPICS = "topics"
"""Which topic named each sensor last, as a list in JSON: a configuration of tomorrow may not have it any more."""


class StateSaver:
    """Takes copies of shards in the loop thread, one at a time, and writes them in a thread of its own.

    Shards are saved in turn, so that no copy holds the loop up for long; each carries the offset that it was taken at.

    Args:
        pipeline: whose state is saved.
        store: where to.
        models: version of each group's artifact by the group's index.
        interval_seconds: time in which every shard is saved once.
        before_write: waits in the writing thread until every event decided so far is durable, and says whether it is:
            a snapshot must not forget the readings behind an event that could still be lost.
        on_saved: called in the writing thread with the smallest offset that a restart may need to read from.

    Attributes:
        last_saved_seconds: unix seconds when the oldest of what a restart would begin from was copied; 0 until every
            shard is on the disk.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: SnapshotStore,
        models: dict[int, str],
        interval_seconds: float,
        before_write: Callable[[], bool],
        on_saved: Callable[[int], None],
    ) -> None:
        self._pipeline = pipeline
        self._directory: SensorDirectory = pipeline.directory
        self._store = store
        self._models = models
        self.save_every(interval_seconds)
        self._before_write = before_write
        self._on_saved = on_saved
        self._next_shard = self._soon = 0
        self._next_at = 0.0
        self._offsets: dict[tuple[str, int], deque[int]] = {}
        self._queue: SimpleQueue[tuple[float, Snapshot] | None] = SimpleQueue()
        self._now = 0.0
        self._saved: dict[tuple[str, int], float] = {}
        self._thread = threading.Thread(target=self._write, name="snapshots", daemon=True)
        self.last_saved_seconds = 0.0

    def start(self) -> None:
        """Start the writing thread."""
        self._thread.start()

    def save_every(self, seconds: float) -> None:
        """Save every shard once in this time from now on."""
        self._every = seconds / self._directory.shard_count

    def save_due(self, now_seconds: float, timer_seconds: float, offset: int) -> None:
        """Copy the shards whose turn it is; call it while no work is pending.

        Args:
            now_seconds: unix seconds, for `last_saved_seconds`.
            timer_seconds: monotonic seconds, by which turns come whatever happens to the clock.
            offset: position in the log behind all that the state holds.
        """
        self._now = now_seconds
        if not self._next_at:
            self._next_at = timer_seconds + self._every
        # A reload may ask for shorter turns than the one that is waited for.
        self._next_at = min(self._next_at, timer_seconds + self._every)
        # A slow disk makes turns late, not longer: what waits to be written holds memory.
        while timer_seconds >= self._next_at and self._may_queue():
            self._next_at += self._every
            self._save_next(offset)
            self._soon = max(0, self._soon - 1)
        if self._soon and self._may_queue():
            self._soon -= 1
            self._save_next(offset)

    def save_soon(self) -> None:
        """Save every shard once, one at each of the next turns."""
        self._soon = self._directory.shard_count

    def save_all(self, offset: int) -> None:
        """Copy every shard."""
        for shard in range(self._directory.shard_count):
            self._save(shard, offset)

    def stop(self, timeout_seconds: float) -> bool:
        """Write what was copied, then end; return whether that was done in time."""
        self._queue.put(None)
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _may_queue(self) -> bool:
        return self._queue.qsize() < self._directory.shard_count

    def _save_next(self, offset: int) -> None:
        self._save(self._next_shard, offset)
        self._next_shard = (self._next_shard + 1) % self._directory.shard_count

    def _save(self, shard: int, offset: int) -> None:
        # An empty shard is saved too: its file says that no reading before the offset belongs to it.
        for index in range(len(self._directory.groups)):
            slots = np.flatnonzero(self._directory.shards(index) == shard)
            self._queue.put((self._now, self._snapshot(index, shard, slots, offset)))

    def _snapshot(self, index: int, shard: int, slots: NDArray[np.intp], offset: int) -> Snapshot:
        group = self._directory.groups[index]
        return Snapshot(
            group.name, shard, offset, group.channels, tuple(group.ids[slot] for slot in slots),
            self._pipeline.state_of(index, slots), self._models.get(index, ""),
            {
                LISTENING_SINCE: repr(float(self._pipeline.listening_since)),
                TOPICS: json.dumps([group.topics[slot] for slot in slots]),
            },
        )  # fmt: skip

    def _write(self) -> None:
        while (copied := self._queue.get()) is not None:
            try:
                self._write_one(*copied)
            except Exception:  # noqa: BLE001 - without this thread no state is ever saved again, and the log only grows
                self._store.failed += 1
                _log.exception("a snapshot could not be made; the one before stays")

    def _write_one(self, copied_at: float, snapshot: Snapshot) -> None:
        if self._before_write() and self._store.write(snapshot):
            key = (snapshot.group, snapshot.shard)
            self._saved[key] = copied_at
            self._offsets.setdefault(key, deque(maxlen=GENERATIONS)).append(snapshot.offset)
            self._tell()

    def _tell(self) -> None:
        shards = len(self._directory.groups) * self._directory.shard_count
        if len(self._saved) == shards:
            self.last_saved_seconds = min(self._saved.values())
        full = [offsets[0] for offsets in self._offsets.values() if len(offsets) == GENERATIONS]
        # An older generation may be needed should the newest be damaged, so the log is kept for the oldest one.
        if len(full) == shards:
            self._on_saved(min(full))


def restore(pipeline: Pipeline, store: SnapshotStore, models: dict[int, str]) -> int:
    """Put the newest valid snapshots back; return the offset from which the log is to be read again.

    Args:
        pipeline: new, with its commissions installed.
        store: of snapshots.
        models: version of each group's artifact by the group's index.
    """
    snapshots = [
        (index, store.newest_valid(group.name, shard))
        for index, group in enumerate(pipeline.directory.groups)
        for shard in range(pipeline.directory.shard_count)
    ]
    found = [(index, snapshot) for index, snapshot in snapshots if snapshot is not None]
    for index, snapshot in found:
        restore_shard(pipeline, index, snapshot, models.get(index, ""))
    if len(found) < len(snapshots):
        return 0
    oldest = min((snapshot for _, snapshot in found), key=lambda snapshot: snapshot.offset)
    pipeline.listen(float(oldest.extra.get(LISTENING_SINCE, "-inf")))
    return oldest.offset


def restore_shard(pipeline: Pipeline, index: int, snapshot: Snapshot, model: str) -> None:
    """Put one snapshot back into a group.

    Args:
        pipeline: with room for the group.
        index: of the group.
        snapshot: of a shard of it.
        model: version of the group's artifact now; "" without one.
    """
    topics = json.loads(snapshot.extra.get(TOPICS, "null")) or [""] * len(snapshot.ids)
    named = zip(snapshot.ids, topics, strict=True)
    admitted = [(i, pipeline.directory.admit(index, *one)) for i, one in enumerate(named)]
    kept = [i for i, slot in admitted if slot >= 0]
    if len(kept) < len(admitted):
        _log.warning(
            "sensors of a snapshot are more than limits.max_sensors allows", group=snapshot.group,
            shard=snapshot.shard, left_out=len(admitted) - len(kept),
        )  # fmt: skip
    slots = np.array([slot for _, slot in admitted if slot >= 0], np.intp)
    # What was learnt under another artifact does not fit this one; windows and cadence do.
    arrays = {
        name: array[kept]
        for name, array in snapshot.arrays.items()
        if snapshot.model == model or not name.startswith("learnt.")
    }
    pipeline.put_state(index, slots, arrays, snapshot.offset)
