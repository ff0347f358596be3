"""What open episodes have reached by now: the history knows what their last event told, and it may be worse since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.pipeline import Pipeline
from offbeat.state.store import Episode


@dataclass(frozen=True, slots=True)
class Peak:
    """What an open episode has reached.

    Attributes:
        sensor: its id.
        track: that the episode is on.
        started: when it began.
        score: the highest so far.
    """

    sensor: str
    track: Track
    started: float
    score: float

    @property
    def episode(self) -> str:
        """The episode's id: a hash, and so the work of the thread that asks."""
        return episode_id(self.sensor, TRACKS[self.track].kind, self.started)


def peaks_of_open(pipeline: Pipeline, sensors: Iterable[str]) -> list[Peak]:
    """Return what the open episodes of some sensors have reached.

    To be called by the thread that owns the pipeline.
    """
    wanted = set(sensors)
    peaks: list[Peak] = []
    for directory, state in zip(pipeline.directory.groups, pipeline.groups, strict=True):
        slots = {sensor: slot for sensor in wanted if (slot := directory.slots.get(sensor)) is not None}
        if not slots:
            continue
        arrays, rows = state.episodes.arrays(), np.array(list(slots.values()), np.intp)
        for sensor, slot, is_open in zip(slots, rows, state.episodes.is_open(rows), strict=True):
            for track in np.flatnonzero(is_open).tolist():
                started, score = arrays["started"][slot, track], arrays["peak_score"][slot, track]
                peaks.append(Peak(sensor, Track(track), float(started), float(score)))
    return peaks


def with_peaks(episodes: Sequence[Episode], peaks: Iterable[Peak]) -> list[Episode]:
    """Return episodes of which the open ones have the higher of what was told and what they have reached since."""
    reached = {peak.episode: peak.score for peak in peaks}
    return [_raised(one, reached.get(one.id)) if one.closed_at is None else one for one in episodes]


def _raised(episode: Episode, peak: float | None) -> Episode:
    """An episode that told of no score has none: that of a silence says nothing."""
    if peak is None or episode.peak_score is None or peak <= episode.peak_score:
        return episode
    return replace(episode, peak_score=peak)
