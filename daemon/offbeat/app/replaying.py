"""Recorded messages through decoder and core on virtual time: the same log gives the same output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from offbeat.app.core_building import Core
from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.core.events import EpisodeEvent
from offbeat.errors import ConfigError
from offbeat.ingest.file import RecordedLog
from offbeat.ingest.source import LogBatch
from offbeat.publish.event_json import to_json
from offbeat.replay.episodes_jsonl import write_episodes
from offbeat.replay.jsonl_recordings import read_messages
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.scores_csv import write_scores
from offbeat.replay.series import Series

TICK_SECONDS = 1.0
MOST_TICKS_PER_GAP = 3600
"""In a longer pause of the log ticks lie further apart."""


@dataclass(slots=True)
class Replay:
    """What a replay said.

    Attributes:
        messages: played.
        scores: of every row, in order.
        events: in order.
    """

    messages: int = 0
    scores: list[ScoredRows] = field(default_factory=list)
    events: list[EpisodeEvent] = field(default_factory=list)

    def add(self, decisions: Decisions) -> None:
        """Take in what was decided."""
        self.events += decisions.events
        if decisions.scores is not None:
            self.scores.append(decisions.scores)


def replay(core: Core, path: Path) -> Replay:
    """Play a journal's folder or a file of messages through a new core.

    Raises:
        ConfigError: it holds no messages, or cannot be read.
    """
    result, now = Replay(), None
    for batch in read_log(path):
        if (since := batch.listening_since) is not None:
            # What a daemon that was not there did not hear is no silence: the time before the mark counts for nothing.
            core.pipeline.listen(since)
        if now is not None:
            _let_time_pass(core, now, batch.arrival_seconds, result)
        core.engine.feed(core.decoder.decode(batch), batch.arrival_seconds, result.add)
        result.messages += len(batch.messages) if since is None else 0
        # At a mark log time may begin anew, earlier: the clock was set back.
        now = batch.arrival_seconds if now is None or since is not None else max(now, batch.arrival_seconds)
    if now is None:
        raise ConfigError(f"{path}: holds no message; expected a journal's folder, or JSON lines of messages")
    core.engine.tick(now, result.add)
    return result


def read_log(path: Path) -> Iterator[LogBatch]:
    """Yield the batches of a journal's folder or of a file of messages.

    Raises:
        ConfigError: there is no such file, or a line or a record cannot be used.
    """
    if path.is_dir():
        log = RecordedLog(path)
        yield from log.read(0)
        if log.damaged_bytes:
            raise ConfigError(
                f"{path}: {log.damaged_bytes} bytes of the journal are damaged; "
                "a replay of the rest would not be what was heard"
            )
        return
    for number, message in enumerate(read_messages(path)):
        flags = message.qos << 1 | int(message.retain)
        yield LogBatch(number, number + 1, message.time_seconds, [(message.topic, message.payload, flags)])


def _let_time_pass(core: Core, since: float, until: float, result: Replay) -> None:
    """Tick at whole steps of log time, so that where batches were cut decides nothing."""
    step = max(TICK_SECONDS, (until - since) / MOST_TICKS_PER_GAP)
    tick = (since // step + 1) * step
    while tick <= until:
        core.engine.tick(tick, result.add)
        tick += step


def write_replay(folder: Path, core: Core, result: Replay) -> int:
    """Write scores.csv, a line a judged row, and episodes.jsonl; return how many rows there are."""
    folder.mkdir(parents=True, exist_ok=True)
    write_episodes(folder / "episodes.jsonl", result.events, to_json)
    judged = [
        one for group in range(len(core.directory.groups)) for one in _judged(core, group, result.scores)
    ]
    return write_scores(folder / "scores.csv", judged)


def _judged(core: Core, group: int, scores: list[ScoredRows]) -> list[JudgedSeries]:
    """Return the judged rows of a group by sensor, in the order of its slots."""
    parts = [part for part in scores if part.group == group and len(part)]
    if not parts:
        return []
    ids, channels = core.directory.groups[group].ids, core.directory.groups[group].channels
    sensor = np.concatenate([part.sensor for part in parts])
    order = np.argsort(sensor, kind="stable")
    times = np.concatenate([part.time_seconds for part in parts])[order]
    score = np.concatenate([part.score for part in parts])[order]
    p_value = np.concatenate([part.p_value for part in parts])[order]
    surprise = np.concatenate([part.surprise for part in parts])[order]
    slots, starts = np.unique(sensor[order], return_index=True)
    cuts = [*starts.tolist(), len(order)]
    return [
        JudgedSeries(
            Series(ids[slot], channels, times[a:b], np.zeros((b - a, 0), np.float32)),
            parts[0].names, score[a:b], p_value[a:b], surprise[a:b],
        )
        for slot, a, b in zip(slots.tolist(), cuts, cuts[1:], strict=False)
    ]  # fmt: skip
