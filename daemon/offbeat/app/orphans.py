"""Episodes of which consumers know otherwise than the state that was restored.

Some are open to them and nothing holds them any more: they are closed, or nobody ever would. Their sensor's source went
while the daemon was down, or the state they were part of was damaged, lost, or never saved. Some were closed, and the
process was killed before that was on its way to them. Some are open in the state and closed to them: it was saved
before, of a group that was closed as above and has come back, or the log was lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import structlog

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS
from offbeat.core.events import EpisodeEvent
from offbeat.core.group_state import GroupState
from offbeat.core.pipeline import Pipeline
from offbeat.state.store import Episode, EpisodeHistory

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_KINDS = [rule.kind for rule in TRACKS.values()]


def close_orphans(pipeline: Pipeline, history: EpisodeHistory, now: float) -> list[EpisodeEvent]:
    """Return the closes of episodes that the history has open and the pipeline has not.

    To be called once state is restored and the log is played.

    Args:
        pipeline: as restored.
        history: of what was told.
        now: unix seconds.
    """
    known = {found.id for state in pipeline.groups for found in _open_of(state)}
    orphans = [episode for episode in history.open() if episode.id not in known]
    if orphans:
        _log.warning(
            "episodes that were open are closed: what was known of them is gone",
            episodes=len(orphans), first=orphans[0].sensor,
        )  # fmt: skip
    return [_closed(episode, now) for episode in orphans]


def close_untold(history: EpisodeHistory, unclosed: Iterable[str]) -> list[EpisodeEvent]:
    """Return the closes that the history has and consumers were never told.

    The process was killed in the moment between the two, and it may be that nothing that is left decides these closes
    again: there is no journal, or it ends before the readings that they were decided by. To be called before the log is
    played: what that decides is on its way.

    Args:
        history: of what was decided.
        unclosed: ids of episodes that consumers know, and that are open to them.
    """
    found = [history.find(id, 1)[0] for id in history.closed(unclosed)]
    if found:
        _log.warning(
            "episodes were closed, and nobody was told: it is told now",
            episodes=len(found),
            first=found[0].sensor,
        )
    return [_close_of(one, one.updated_at, one.closed_at, one.message) for one in found]


def forget_closed(state: GroupState, history: EpisodeHistory) -> None:
    """Let a group take for closed what the history has closed: under an id that closed nothing is told any more.

    To be called once state is restored and, where there is a log to play, that is played: it tells the same closes.

    Args:
        state: as restored.
        history: of what was told.
    """
    found = list(_open_of(state))
    ended = history.closed(one.id for one in found)
    if closed := [one for one in found if one.id in ended]:
        state.take_as_closed(
            np.array([one.slot for one in closed], np.intp),
            np.array([one.track for one in closed], np.intp),
            np.array([ended[one.id] for one in closed]),
        )
        _log.info(
            "episodes of restored state had been told as closed before: they stay closed",
            group=state.group.name, episodes=len(closed), first=state.group.ids[closed[0].slot],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Open:
    id: str
    slot: int
    track: int


def _open_of(state: GroupState) -> Iterator[_Open]:
    slots, tracks = np.nonzero(state.episodes.is_open(np.arange(state.size)))
    started = state.episodes.arrays()["started"][slots, tracks]
    for slot, track, start in zip(slots.tolist(), tracks.tolist(), started.tolist(), strict=True):
        yield _Open(episode_id(state.group.ids[slot], _KINDS[track], start), slot, track)


def _closed(episode: Episode, now: float) -> EpisodeEvent:
    at = max(now, episode.updated_at)
    message = f"{episode.sensor}: nothing is known of this episode since the last start, so it is closed."
    return _close_of(episode, at, at, message)


def _close_of(episode: Episode, at: float, ended_at: float | None, message: str) -> EpisodeEvent:
    return EpisodeEvent(
        id=episode.id,
        event="close",
        sensor=episode.sensor,
        family=episode.family,  # type: ignore[arg-type] # as an event of ours told it
        kind=episode.kind,
        severity=episode.severity,  # type: ignore[arg-type] # likewise
        score=math.nan if episode.peak_score is None else episode.peak_score,
        p_value=math.nan,
        started_at=episode.opened_at,
        updated_at=at,
        ended_at=ended_at,
        message=message,
        contributions=episode.contributions,
        streams=episode.streams,
    )
