"""The facts a sentence is made of, gathered from a sensor's state at a transition."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core import explain
from offbeat.core.episode_rules import Track
from offbeat.core.events import Expected
from offbeat.core.explain import Past
from offbeat.core.group_state import GroupState
from offbeat.core.learnt import ROW_TRACKS
from offbeat.core.messages import Facts
from offbeat.core.streams import registry
from offbeat.core.streams.pace import GAPS
from offbeat.core.transitions import Reason, Transition

_COLUMNS = {
    track: tuple(k for k, name in enumerate(registry.STREAM_TRACKS) if name == registry.TRACKS[track])
    for track in ROW_TRACKS
}

LATELY_ROWS = 5
"""As many as are calm when an episode closes."""

_KINDS = dict(zip(registry.STREAM_NAMES, registry.STREAM_KINDS, strict=True))


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a sensor at a transition.

    Attributes:
        past: its window up to then.
        newest: last value by channel, NaN = none.
        bands: by channel.
        shares: of each channel in the strangeness; None where it makes no sense.
        surprise: of each stream that has a vote, NaN = no opinion or none; None at a tick.
        gap_seconds: since the row before.
        kind: of anomaly, of the process track; None where nobody can say, or a row of the episode was much stranger.
    """

    past: Past
    newest: NDArray[np.float32]
    bands: list[Expected | None]
    shares: NDArray[np.float32] | None
    surprise: NDArray[np.float32] | None
    gap_seconds: float
    kind: str | None = None

    def streams(self, track: Track) -> dict[str, float]:
        """Return the surprises of the streams that are heard on a track."""
        if self.surprise is None or track not in _COLUMNS:
            return {}
        said = {registry.STREAM_NAMES[k]: float(self.surprise[k]) for k in _COLUMNS[track]}
        return {name: value for name, value in said.items() if math.isfinite(value)}

    def voices(self, track: Track) -> dict[str, float]:
        """Return the surprise of the loudest stream of each kind of anomaly that a track speaks of."""
        loudest: dict[str, float] = {}
        for name, value in self.streams(track).items():
            kind = _KINDS[name]
            loudest[kind] = max(value, loudest.get(kind, 0.0))
        return loudest

    def headline(self) -> int:
        """Return the channel that a sentence is about."""
        if self.shares is not None and self.shares.any():
            return int(np.argmax(self.shares))
        seen = np.flatnonzero(np.isfinite(self.newest))
        return int(seen[0]) if len(seen) else 0


def gather(state: GroupState, t: Transition, moment: Moment) -> Facts:
    """Return what a sentence about a transition may say."""
    if t.track is Track.PROCESS:
        facts = _about(state, t, moment, moment.headline())
        return _with_strangeness(facts, t, moment)
    if t.track is Track.STUCK:
        c, seconds, readings = explain.standing_still(moment.past)
        return replace(
            _about(state, t, moment, c),
            unchanged_seconds=seconds,
            unchanged_readings=readings,
            usual_hold_seconds=_usual_hold(state, t.sensor, c),
        )
    if t.track is Track.RULE:
        breach = state.rules.breach(t.sensor)
        if breach is None:
            return _about(state, t, moment, moment.headline())
        facts = _about(state, t, moment, breach.channel)
        return replace(facts, breach=breach, unit=breach.rule.unit or facts.unit)
    usual = float(state.cadence.median_seconds(np.array([t.sensor], np.intp))[0])
    facts = replace(_about(state, t, moment, moment.headline()), usual_gap_seconds=usual)
    if t.track is not Track.RHYTHM or _loudest(moment, t) == "gap":
        return facts
    return replace(facts, pace_seconds=explain.pace_seconds(moment.past, usual), pace_readings=GAPS)


def _about(state: GroupState, t: Transition, moment: Moment, c: int) -> Facts:
    """Return the facts that any sentence about a channel may need."""
    channels, sensor_id = state.group.channels, state.group.ids[t.sensor]
    of_all = len(channels) == 1 or t.track in (Track.SILENT, Track.RHYTHM)
    band = moment.bands[c]
    quiet = math.nan
    if t.reason is Reason.QUIET:
        quiet = t.time - float(state.episodes.arrays()["hot_seen"][t.sensor, t.track])
    return Facts(
        sensor=sensor_id if of_all else f"{sensor_id} {channels[c]}",
        track=t.track,
        change=t.change,
        reason=t.reason,
        score=t.score,
        now=t.time,
        started=t.started,
        unit=state.settings.units.get(channels[c], ""),
        value=math.nan if t.track is Track.RHYTHM else float(moment.newest[c]),
        low=math.nan if band is None else band.low,
        high=math.nan if band is None else band.high,
        lately=_lately(moment.past, c),
        gap_seconds=moment.gap_seconds,
        quiet_seconds=quiet,
        learnt_in_seconds=state.settings.learning.regime_learn_after_seconds,
    )


def _lately(past: Past, c: int) -> float:
    """Return the middle of the last few readings of a channel, NaN without any: one alone may be off by chance."""
    seen = past.values[past.mask[:, c], c][-LATELY_ROWS:]
    return float(np.median(seen)) if len(seen) else math.nan


def _with_strangeness(facts: Facts, t: Transition, moment: Moment) -> Facts:
    c = moment.headline()
    extreme, since = explain.extreme(moment.past, c, moment.bands[c])
    return replace(facts, extreme=extreme, extreme_since=since, loudest=_loudest(moment, t))


def _loudest(moment: Moment, t: Transition) -> str | None:
    streams = moment.streams(t.track)
    speaking = [name for name in streams if _KINDS[name] == moment.kind] or list(streams)
    return max(speaking, key=lambda name: streams[name], default=None)


def _usual_hold(state: GroupState, sensor: int, c: int) -> float:
    """Return the time within which this channel's value nearly always changes, NaN if that is not known."""
    learnt = state.learnt
    if learnt is None:
        return math.nan
    row = int(learnt.row[sensor])
    runs = learnt.commission.runs
    unit = float(learnt.normalisers.unit_seconds[sensor])
    known = float(runs.count[row, c]) > 0 and unit > 0
    return float(runs.knots[row, c, -1]) * unit if known else math.nan
