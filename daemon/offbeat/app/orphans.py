"""Episodes that consumers believe open and that nothing holds any more: they are closed, or nobody ever would.

Their sensor's source went while the daemon was down, or the state they were part of was damaged, lost, or never saved.
"""

from __future__ import annotations

import math

import numpy as np
import structlog

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS
from offbeat.core.events import EpisodeEvent
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
    known = _open_ids(pipeline)
    orphans = [episode for episode in history.open() if episode.id not in known]
    if orphans:
        _log.warning(
            "episodes that were open are closed: what was known of them is gone",
            episodes=len(orphans), first=orphans[0].sensor,
        )  # fmt: skip
    return [_closed(episode, now) for episode in orphans]


def _open_ids(pipeline: Pipeline) -> set[str]:
    found = set()
    for state in pipeline.groups:
        slots, tracks = np.nonzero(state.episodes.is_open(np.arange(state.size)))
        started = state.episodes.arrays()["started"][slots, tracks]
        for slot, track, start in zip(slots.tolist(), tracks.tolist(), started.tolist(), strict=True):
            found.add(episode_id(state.group.ids[slot], _KINDS[track], start))
    return found


def _closed(episode: Episode, now: float) -> EpisodeEvent:
    at = max(now, episode.updated_at)
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
        ended_at=at,
        message=f"{episode.sensor}: nothing is known of this episode since the last start, so it is closed.",
        contributions=episode.contributions,
        streams=episode.streams,
    )
