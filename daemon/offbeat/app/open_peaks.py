"""What open episodes have reached by now: the history knows what their last event told, and it may be worse since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS
from offbeat.core.pipeline import Pipeline
from offbeat.state.store import Episode


def peaks_of_open(pipeline: Pipeline, sensors: Iterable[str]) -> dict[str, float]:
    """Return the highest score so far of the open episodes of some sensors, by the episodes' ids.

    To be called by the thread that owns the pipeline.
    """
    peaks: dict[str, float] = {}
    for sensor in set(sensors):
        for directory, state in zip(pipeline.directory.groups, pipeline.groups, strict=True):
            if (slot := directory.slots.get(sensor)) is None:
                continue
            arrays = state.episodes.arrays()
            for track, rule in TRACKS.items():
                started = float(arrays["started"][slot, track])
                peaks[episode_id(sensor, rule.kind, started)] = float(arrays["peak_score"][slot, track])
    return peaks


def with_peaks(episodes: Sequence[Episode], peaks: dict[str, float]) -> list[Episode]:
    """Return episodes of which the open ones have the higher of what was told and what they have reached since."""
    return [_raised(one, peaks.get(one.id)) if one.closed_at is None else one for one in episodes]


def _raised(episode: Episode, peak: float | None) -> Episode:
    """An episode that told of no score has none: that of a silence says nothing."""
    if peak is None or episode.peak_score is None or peak <= episode.peak_score:
        return episode
    return replace(episode, peak_score=peak)
