"""Transitions into events: the facts of the moment, and the sentence made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core import explain
from offbeat.core.episode_rules import SEVERITIES, TRACKS, Track
from offbeat.core.episodes import Change, Reason, Transition, episode_id
from offbeat.core.events import EpisodeEvent, EventType, Expected
from offbeat.core.explain import Past
from offbeat.core.group_state import GroupState
from offbeat.core.judgement import Judged
from offbeat.core.learnt import ROW_TRACKS
from offbeat.core.messages import Facts, sentence
from offbeat.core.streams import registry

_AT_ONCE = 256
_EVENT_TYPES: dict[Change, EventType] = {Change.OPEN: "open", Change.UPDATE: "update", Change.CLOSE: "close"}
_COLUMNS = {
    track: tuple(k for k, name in enumerate(registry.STREAM_TRACKS) if name == registry.TRACKS[track])
    for track in ROW_TRACKS
}


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is known of a sensor at a transition.

    Attributes:
        past: its window up to then.
        newest: last value by channel, NaN = none.
        bands: by channel.
        shares: of each channel in the strangeness; None where it makes no sense.
        surprise: of each stream, NaN = no opinion; None at a tick.
        gap_seconds: since the row before.
    """

    past: Past
    newest: NDArray[np.float32]
    bands: list[Expected | None]
    shares: NDArray[np.float32] | None
    surprise: NDArray[np.float32] | None
    gap_seconds: float


def build(
    state: GroupState, transitions: Sequence[Transition], judged: Judged | None = None
) -> list[EpisodeEvent]:
    """Return the events of some transitions, in their order.

    Args:
        state: of the group.
        transitions: of this group; an `index` is a row of `judged`.
        judged: the rows that caused them; None for what a tick or a returning sensor caused.
    """
    return [_event(state, t, _moment(state, t, past, judged)) for t, past in _with_past(state, transitions)]


def _with_past(state: GroupState, transitions: Sequence[Transition]) -> Iterator[tuple[Transition, Past]]:
    """Yield each transition with its sensor's window; a storm of them is fetched in parts."""
    for start in range(0, len(transitions), _AT_ONCE):
        part = transitions[start : start + _AT_ONCE]
        windows = state.windows.latest(np.array([t.sensor for t in part], np.intp), state.windows.readings)
        for i, t in enumerate(part):
            n = int(windows.lengths[i])
            yield t, Past(windows.times_seconds[i, :n], windows.values[i, :n], windows.mask[i, :n])


def _moment(state: GroupState, t: Transition, past: Past, judged: Judged | None) -> _Moment:
    channels = past.values.shape[1]
    learnt = state.learnt
    center = scale = np.zeros(channels, np.float32)
    if learnt is not None:
        center, scale = learnt.normalisers.center[t.sensor], learnt.normalisers.scale[t.sensor]
    if judged is None or t.index < 0:
        return _Moment(past, past.newest(), explain.bands(center, scale, None, None), None, None, math.nan)
    work, answer, i = judged.work, judged.answer, t.index
    past = past.until(float(work.rows.time_seconds[i]))
    mean = None if answer.mean is None else answer.mean[i]
    sigma = None if answer.sigma is None else answer.sigma[i]
    nll = None if answer.value_nll is None else answer.value_nll[i]
    return _Moment(
        past,
        past.newest(),
        explain.bands(center, scale, mean, sigma),
        explain.shares(work.z[i], nll, work.known[i]) if t.track is Track.PROCESS else None,
        judged.surprise[i],
        float(work.rows.gap_seconds[i]),
    )


def _event(state: GroupState, t: Transition, moment: _Moment) -> EpisodeEvent:
    rule, channels = TRACKS[t.track], state.group.channels
    sensor_id = state.group.ids[t.sensor]
    model = None if state.learnt is None or t.track not in ROW_TRACKS else state.learnt.model
    return EpisodeEvent(
        id=episode_id(sensor_id, rule.kind, t.started),
        event=_EVENT_TYPES[t.change],
        sensor=sensor_id,
        family=rule.family,
        kind=rule.kind,
        severity=SEVERITIES[t.severity],
        score=t.score,
        p_value=10.0**-t.surprise,
        started_at=t.started,
        updated_at=t.time,
        ended_at=t.time if t.change is Change.CLOSE else None,
        message=sentence(_facts(state, t, moment)),
        observed={n: float(v) for n, v in zip(channels, moment.newest, strict=True) if np.isfinite(v)},
        expected={n: band for n, band in zip(channels, moment.bands, strict=True) if band is not None},
        contributions=_contributions(channels, moment),
        streams=_streams(t.track, moment),
        evidence=explain.evidence(moment.past, int(state.late[t.sensor])),
        model=model,
    )


def _contributions(channels: tuple[str, ...], moment: _Moment) -> dict[str, float]:
    if moment.shares is None:
        return {}
    return {n: float(s) for n, s in zip(channels, moment.shares, strict=True) if s > 0}


def _streams(track: Track, moment: _Moment) -> dict[str, float]:
    """Return the surprises of the streams that speak to the track."""
    if moment.surprise is None or track not in _COLUMNS:
        return {}
    said = {registry.STREAM_NAMES[k]: float(moment.surprise[k]) for k in _COLUMNS[track]}
    return {name: value for name, value in said.items() if math.isfinite(value)}


def _facts(state: GroupState, t: Transition, moment: _Moment) -> Facts:
    still, still_seconds, still_readings = explain.standing_still(moment.past)
    c = still if t.track is Track.STUCK else _headline(moment)
    band = moment.bands[c]
    extreme, extreme_since = explain.extreme(moment.past, c, band)
    streams = _streams(t.track, moment)
    channels = state.group.channels
    sensor_id = state.group.ids[t.sensor]
    slot = np.array([t.sensor], np.intp)
    return Facts(
        sensor=sensor_id if len(channels) == 1 else f"{sensor_id} {channels[c]}",
        track=t.track,
        change=t.change,
        reason=t.reason,
        score=t.score,
        now=t.time,
        started=t.started,
        last_time=t.started,
        unit=state.settings.units.get(channels[c], ""),
        value=float(moment.newest[c]),
        low=math.nan if band is None else band.low,
        high=math.nan if band is None else band.high,
        extreme=extreme,
        extreme_since=extreme_since,
        loudest=max(streams, key=lambda name: streams[name], default=None),
        gap_seconds=moment.gap_seconds,
        usual_gap_seconds=float(state.cadence.median_seconds(slot)[0]),
        unchanged_seconds=still_seconds,
        unchanged_readings=still_readings,
        usual_hold_seconds=_usual_hold(state, t.sensor, c),
        quiet_seconds=_quiet(state, t),
    )


def _headline(moment: _Moment) -> int:
    """Return the channel a sentence is about."""
    if moment.shares is not None and moment.shares.any():
        return int(np.argmax(moment.shares))
    seen = np.flatnonzero(np.isfinite(moment.newest))
    return int(seen[0]) if len(seen) else 0


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


def _quiet(state: GroupState, t: Transition) -> float:
    if t.reason is not Reason.QUIET:
        return math.nan
    return t.time - float(state.episodes.arrays()["hot_seen"][t.sensor, t.track])
