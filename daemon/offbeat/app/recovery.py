"""Coming back: the newest valid snapshots, then the log from there on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import structlog

from offbeat.app.core_building import Core
from offbeat.app.retiring import retire_unnamed
from offbeat.app.state_saver import restore
from offbeat.core.decisions import Decisions
from offbeat.ingest.clock_steps import STEP_SECONDS
from offbeat.ingest.journal import Journal
from offbeat.ingest.source import LogBatch
from offbeat.ingest.volatile_log import VolatileLog
from offbeat.state.snapshots import SnapshotStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TICK_SECONDS = 1.0


def recover(
    core: Core,
    store: SnapshotStore,
    log: Journal | VolatileLog,
    act: Callable[[Decisions], None],
    on_progress: Callable[[], object],
) -> int:
    """Bring the core to where the log ends; return the offset behind all that it holds.

    Args:
        core: new.
        store: of snapshots.
        log: the journal, or what stands in its place.
        act: takes what is decided while the log is played, as in service.
        on_progress: called after each batch.
    """
    offset = restore(core.pipeline, store, core.versions)
    # Before the log is played: who is not listened to any more must not become silent in it.
    act(retire_unnamed(core, core.pipeline.heard_to))
    for job in core.pipeline.rebuild_jobs():
        core.engine.scorer.rebuild(job)
    # Shards are saved in turn. Where the log was lost, new offsets must lie behind what the newest of them holds.
    holds_to = max(offset, core.pipeline.holds_to)
    log.skip_to(holds_to)
    if isinstance(log, Journal) and offset < log.first_offset:
        _log.warning(
            "the journal begins behind the newest snapshots; what lay between is forgotten",
            snapshot_offset=offset, journal_begins_at=log.first_offset,
        )  # fmt: skip
    messages, read_to = _play(core, log.read(offset), act, on_progress)
    offset = max(offset, read_to, holds_to)
    core.pipeline.listen(math.inf)  # until the source says that it hears the broker
    _log.info(
        "state is restored", sensors=len(core.directory), replayed_messages=messages, offset=offset,
    )  # fmt: skip
    return offset


def _play(
    core: Core,
    batches: Iterable[LogBatch],
    act: Callable[[Decisions], None],
    on_progress: Callable[[], object],
) -> tuple[int, int]:
    """Judge what the log holds as it was judged, or would have been; return how many messages, and up to where."""
    messages, read_to, next_tick = 0, 0, 0.0
    for batch in batches:
        if (since := batch.listening_since) is not None:
            core.pipeline.listen(since)
        core.engine.feed(core.decoder.decode(batch), batch.arrival_seconds, act)
        # A clock that was set back, in the log as in service, stops no ticks.
        if not next_tick - TICK_SECONDS - STEP_SECONDS <= batch.arrival_seconds < next_tick:
            next_tick = batch.arrival_seconds + TICK_SECONDS
            core.engine.tick(batch.arrival_seconds, act)
        messages += len(batch.messages)
        read_to = max(read_to, batch.next_offset)
        on_progress()
    return messages, read_to
