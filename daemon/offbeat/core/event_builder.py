"""Transitions into events: the facts of the moment, and the sentence made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core import anomaly_kinds, blame, explain
from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import SEVERITIES, TRACKS, Track
from offbeat.core.events import EpisodeEvent, EventType
from offbeat.core.explain import Past
from offbeat.core.facts import Moment, gather
from offbeat.core.group_state import GroupState
from offbeat.core.judgement import PROCESS, Judged
from offbeat.core.learnt import ROW_TRACKS, Learnt
from offbeat.core.messages import sentence
from offbeat.core.orders import REGIME_CHANGE
from offbeat.core.streams import registry
from offbeat.core.transitions import Change, Reason, Transition

Floats = NDArray[np.float32]

_AT_ONCE = 256
_OF_VALUES = np.array([name in registry.VALUE_NAMES for name in registry.STREAM_NAMES])
_EVENT_TYPES: dict[Change, EventType] = {Change.OPEN: "open", Change.UPDATE: "update", Change.CLOSE: "close"}


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


def _moment(state: GroupState, t: Transition, past: Past, judged: Judged | None) -> Moment:
    channels = past.values.shape[1]
    learnt = state.learnt
    center = scale = np.zeros(channels, np.float32)
    if learnt is not None:
        center, scale = learnt.normalisers.center[t.sensor], learnt.normalisers.scale[t.sensor]
    if learnt is None or judged is None or t.index < 0:
        past = past.until(t.time) if t.track is Track.RULE else past
        newest = past.newest()
        bands = explain.bands(newest, center, scale, None, None)
        shares = _blamed(state, t.sensor) if t.track is Track.RULE else None
        return Moment(past, newest, bands, shares, None, math.nan)
    work, answer, i = judged.work, judged.answer, t.index
    past = past.until(float(work.rows.time_seconds[i]))
    mean = None if answer.mean is None else answer.mean[i]
    sigma = None if answer.sigma is None else answer.sigma[i]
    newest = past.newest()
    moment = Moment(
        past,
        newest,
        explain.bands(newest, center, scale, mean, sigma),
        None,
        _heard(learnt, judged.surprise[i]),
        float(work.rows.gap_seconds[i]),
    )
    if t.track is not Track.PROCESS:
        return moment
    voices = moment.voices(t.track)
    nll = None if answer.value_nll is None or not _model_is_heard(learnt) else answer.value_nll[i]
    shares = _shares(learnt, t.sensor, past, nll, voices)
    is_worst = judged.score[i, PROCESS] >= anomaly_kinds.WORST * t.score
    return replace(moment, shares=shares, kind=anomaly_kinds.told(voices) if is_worst else None)


def _heard(learnt: Learnt, surprise: Floats) -> Floats:
    """Return what the streams said that have a vote: the others had no part in the alert, and explain nothing of it."""
    voting = learnt.commission.voting
    return surprise if voting is None else np.where(voting, surprise, np.float32(np.nan))


def _model_is_heard(learnt: Learnt) -> bool:
    """Return whether anything that the model says of values has a vote."""
    voting = learnt.commission.voting
    return voting is None or bool(voting[_OF_VALUES].any())


def _shares(
    learnt: Learnt, sensor: int, past: Past, value_nll: Floats | None, voices: dict[str, float]
) -> Floats:
    """Return how much each channel has to do with what the streams say."""
    scale = learnt.normalisers.scale[sensor]
    known = past.mask.any(axis=0) & (scale > 0)
    if len(known) == 1 or not known.any():
        return np.asarray(known, np.float32)
    normaliser = learnt.normalisers.center[sensor], scale, float(learnt.normalisers.unit_seconds[sensor])
    found = blame.suspects(learnt.commission, int(learnt.row[sensor]), past, normaliser, value_nll)
    return blame.shares(found, voices, known)


def _blamed(state: GroupState, sensor: int) -> Floats | None:
    """Return the whole share for the channel whose limit is broken."""
    breach = state.rules.breach(sensor)
    return None if breach is None else np.eye(len(state.group.channels), dtype=np.float32)[breach.channel]


def _event(state: GroupState, t: Transition, moment: Moment) -> EpisodeEvent:
    rule, channels = TRACKS[t.track], state.group.channels
    sensor_id = state.group.ids[t.sensor]
    model = None if state.learnt is None or t.track not in ROW_TRACKS else state.learnt.model
    return EpisodeEvent(
        id=episode_id(sensor_id, REGIME_CHANGE if t.reason is Reason.LASTS else rule.kind, t.started),
        event=_EVENT_TYPES[t.change],
        sensor=sensor_id,
        family=rule.family,
        kind=_kind(state, t, moment),
        severity=SEVERITIES[t.severity],
        score=t.score,
        p_value=math.nan if t.track is Track.RULE else 10.0**-t.surprise,
        started_at=t.started,
        updated_at=t.time,
        ended_at=t.time if t.change is Change.CLOSE else None,
        message=sentence(gather(state, t, moment)),
        observed={n: float(v) for n, v in zip(channels, moment.newest, strict=True) if np.isfinite(v)},
        expected={n: band for n, band in zip(channels, moment.bands, strict=True) if band is not None},
        contributions=_contributions(channels, moment),
        streams=moment.streams(t.track),
        evidence=explain.evidence(moment.past, int(state.late[t.sensor])),
        model=model,
    )


def _kind(state: GroupState, t: Transition, moment: Moment) -> str:
    """Return the kind of anomaly: of the process what the streams say where it is strangest, else as was told last."""
    if t.reason in (Reason.SETTLED, Reason.CONFIRMED, Reason.LASTS):
        return REGIME_CHANGE
    if t.track is not Track.PROCESS:
        return TRACKS[t.track].kind
    if t.change is not Change.CLOSE and moment.kind is not None:
        state.told[t.sensor] = 1 + registry.STREAM_KINDS.index(moment.kind)
    told = int(state.told[t.sensor])
    return registry.STREAM_KINDS[told - 1] if told else TRACKS[t.track].kind


def _contributions(channels: tuple[str, ...], moment: Moment) -> dict[str, float]:
    if moment.shares is None:
        return {}
    return {n: float(s) for n, s in zip(channels, moment.shares, strict=True) if s > 0}
