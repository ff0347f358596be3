"""Work back from the scorer: calibrated, fused, and judged by the state machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import ScoredRows
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.fusion import Fused
from offbeat.core.group_state import GroupState
from offbeat.core.learnt import CHEAP_COLUMNS, LONG_COLUMN, ROW_TRACKS, Learnt
from offbeat.core.normalisers import COMMISSIONED
from offbeat.core.own_measure import surprise_of
from offbeat.core.streams import registry
from offbeat.core.streams.pace import OFF_PACE
from offbeat.core.transitions import Marks, Transition
from offbeat.core.work import Answer, Work

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]

_Q = len(ROW_TRACKS)
_COLUMNS = np.array(ROW_TRACKS, np.intp)


PROCESS = registry.TRACKS.index("process")
RHYTHM = registry.TRACKS.index("rhythm")
STUCK = registry.TRACKS.index("stuck")
PACE = registry.STREAM_NAMES.index("pace")
_MUST_WAIT = np.arange(_Q) != STUCK
"""Tracks that say nothing of a sensor before it has enough rows."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows with everything that was found out about them.

    Attributes:
        work, answer: as they came.
        raw, surprise: by stream, float32 [n, K].
        fused, severity, score: g, F and the score by track, float32 [n, Q].
        p_value: of g by track, float64 [n, Q].
        transitions: that the rows caused, in time order; `index` is the row.
    """

    work: Work
    answer: Answer
    raw: Floats
    surprise: Floats
    fused: Floats
    severity: Floats
    score: Floats
    p_value: Doubles
    transitions: list[Transition]

    def scored_rows(self, collect: bool) -> ScoredRows:
        """Return the rows' scores, with what commissioning needs if `collect`."""
        rows = self.work.rows
        return ScoredRows(
            group=rows.group,
            sensor=rows.sensor,
            time_seconds=rows.time_seconds,
            score=self.score[:, PROCESS],
            p_value=self.p_value[:, PROCESS],
            track_score=self.score,
            surprise=self.surprise,
            names=registry.STREAM_NAMES,
            mean=self.answer.mean,
            sigma=self.answer.sigma,
            raw=self.raw if collect else None,
            fused=self.fused if collect else None,
            severity=self.severity if collect else None,
            track_p_value=self.p_value if collect else None,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What rows are judged by. What is said of moves is put in round by round, as the state machines take them in.

    Attributes:
        p_value: by track, float64 [n, Q].
        alarm: its surprise, float32 [n, Q].
        score: by track, float32 [n, Q].
        threshold: surprise that opens an episode, float32 [n, Q].
        opens: the same of sensors that are to be judged with caution: more, or infinite.
        most: score that an episode may be given, float32 [n].
        moves: surprise at the moves of sensors that never moved, float32 [n]; 0 where nothing is to be said.
    """

    p_value: Doubles
    alarm: Floats
    score: Floats
    threshold: Floats
    opens: Floats
    most: Floats
    moves: Floats


def judge(state: GroupState, learnt: Learnt, work: Work, answer: Answer) -> Judged:
    """Judge the rows of a work: each sensor's in time order; sensors do not touch each other."""
    slot = work.rows.sensor.astype(np.intp)
    row = learnt.row[slot]
    raw = _with_model(learnt, work, slot, row, answer)
    surprise = surprise_of(learnt.commission, row, raw)
    threshold = learnt.threshold(slot)
    opens, most = _cautious(state, learnt, work, slot, threshold)
    strange_from = opens - state.episodes.rules.margin
    fused, p_value = _fuse(state, learnt, work, raw, surprise, strange_from)
    score = learnt.score(slot, fused.severity)
    alarm = _alarm(p_value)
    moves = learnt.still.update(work, row, threshold[:, PROCESS], state.holds.frozen)
    verdict = Verdict(p_value, alarm, score, threshold, opens, most, moves)
    transitions = _episodes(state, work, slot, verdict)
    judged = Judged(work, answer, raw, surprise, fused.surprise, fused.severity, score, p_value, transitions)
    _remember(state, learnt, work, slot, judged, alarm >= strange_from)
    return judged


def rehearse(state: GroupState, learnt: Learnt, work: Work, answer: Answer) -> None:
    """Let streams and trailing calibrations learn of rows that were judged before; no episode changes by it."""
    slot = work.rows.sensor.astype(np.intp)
    row = learnt.row[slot]
    raw = _with_model(learnt, work, slot, row, answer)
    threshold = learnt.threshold(slot)
    opens, _ = _cautious(state, learnt, work, slot, threshold)
    surprise = surprise_of(learnt.commission, row, raw)
    _fuse(state, learnt, work, raw, surprise, opens - state.episodes.rules.margin)
    learnt.still.update(work, row, threshold[:, PROCESS], state.holds.frozen)


def _cautious(
    state: GroupState, learnt: Learnt, work: Work, slot: Slots, threshold: Floats
) -> tuple[Floats, Floats]:
    """Return thresholds and highest scores for episodes of sensors, some of which the commission does not know.

    They raise no alert before they have as many rows as a commission needs, and none is critical: what is
    ordinary for them was guessed from the fleet and from little of their own. How long a value stands still needs no
    guess: it is compared with how long it stood before. Nor does one that has just begun anew raise an alert.
    """
    guessed = learnt.normalisers.stage[slot] != COMMISSIONED
    most = np.full(len(work), np.inf, np.float32)
    if not (guessed | (learnt.anew_at[slot] > 0)).any():
        return threshold, most
    early = work.age < learnt.alerts_from(slot)
    most[guessed] = np.nextafter(np.float32(state.episodes.rules.critical_score), np.float32(0))
    return np.where(early[:, None] & _MUST_WAIT, np.float32(np.inf), threshold), most


def _with_model(learnt: Learnt, work: Work, slot: Slots, row: Slots, answer: Answer) -> Floats:
    """Return the raw strangeness of all streams, now that the model has answered."""
    raw = work.raw.copy()
    for index in work.rounds:
        raw[index, LONG_COLUMN] = learnt.long.said(slot[index], work.rows.time_seconds[index])
        raw[index, CHEAP_COLUMNS:LONG_COLUMN] = learnt.models.step(
            slot[index],
            learnt.commission.constant[row[index]],
            work.gap[index],
            work.rows.gap_seconds[index],
            None if answer.value_nll is None else answer.value_nll[index],
            None if answer.gap_nll is None else answer.gap_nll[index],
        )
    return raw


def _of_rhythm(learnt: Learnt, row: Slots, raw: Floats, fused: Floats, trailing: Doubles) -> Doubles:
    """Return the p-values of the rhythm [n] for those against the last weeks.

    To a sensor that never missed a reading, one that was lost is as unlikely as can be. That is no rhythm to tell
    anybody of: several gaps in a row have to be longer, or shorter. And where nothing ever happens the first small
    thing is rare against the last weeks, and still no reason to wake anybody: the commission has to find it rare, too.
    """
    off, law = np.flatnonzero(raw[:, PACE] >= OFF_PACE), learnt.commission.alarm
    out = np.ones(len(row))
    out[off] = trailing[off]
    if len(off) and law is not None:
        usual = 10.0 ** -law.surprise(row[off], fused[off])[:, RHYTHM].astype(np.float64)
        out[off] = np.maximum(trailing[off], usual)
    return out


def _fuse(
    state: GroupState, learnt: Learnt, work: Work, raw: Floats, surprise: Floats, strange_from: Floats
) -> tuple[Fused, Doubles]:
    """Return g and F, and the p-value of g for each row and track. Rows are judged before they are learnt.

    The trailing calibration learns in episodes, too, so that the budget is kept; of frozen sensors it does not. A
    stranger's own measure is made of neither: rows that open an episode, or keep one open, are left out.

    Args:
        state: of the group: which sensors are frozen.
        learnt: of the group.
        work: whose rows they are.
        raw: strangeness by stream [n, K].
        surprise: by stream [n, K]; that of strangers is brought to their own measure in place.
        strange_from: surprise of the p-value from which an episode stays open, by track [n, Q].
    """
    slot = work.rows.sensor.astype(np.intp)
    row, free = learnt.row[slot], ~state.holds.frozen[slot]
    shape = (len(work), _Q)
    fused, severity = np.empty(shape, np.float32), np.empty(shape, np.float32)
    p_value = np.empty(shape, np.float64)
    for index in work.rounds:
        strangers = index[row[index] == 0]
        by_fleet = surprise[strangers]
        if len(strangers):
            surprise[strangers] = learnt.own.measured(slot[strangers], by_fleet)
        said = learnt.fusion.of(surprise[index])
        fused[index], severity[index] = said.surprise, said.severity
        trailing = learnt.trailing.p_value(slot[index], row[index], said.surprise)
        # A run grows row by row and the rows before it always look like it: only the sensor's own law can judge it.
        trailing[:, STUCK] = 10.0 ** -said.surprise[:, STUCK].astype(np.float64)
        trailing[:, RHYTHM] = _of_rhythm(learnt, row[index], raw[index], said.surprise, trailing[:, RHYTHM])
        p_value[index] = trailing
        if len(strangers):
            calm = free[strangers] & ~(_alarm(p_value[strangers]) >= strange_from[strangers]).any(axis=1)
            learnt.own.learn(slot[strangers[calm]], by_fleet[calm])
        learns = index[free[index]]
        learnt.trailing.update(slot[learns], row[learns], fused[learns])
    return Fused(fused, severity), p_value


def _alarm(p_value: Doubles) -> Floats:
    with np.errstate(divide="ignore"):
        return -np.log10(p_value).astype(np.float32)


def _episodes(state: GroupState, work: Work, slot: Slots, verdict: Verdict) -> list[Transition]:
    """Step the state machines of sensors that are strange or not idle; others would stay as they are."""
    key = slot[:, None] * len(TRACKS) + _COLUMNS
    concerned = state.episodes.concern(key, verdict.alarm, verdict.opens).any(axis=1) | (verdict.moves > 0)
    if not concerned.any():
        return []
    sensors = np.zeros(state.sensors, np.bool_)
    sensors[slot[concerned]] = True
    concerned = sensors[slot]
    out: list[Transition] = []
    for index in work.rounds:
        here = index[concerned[index]]
        if not len(here):
            continue
        _let_speak(verdict, here)
        transitions = state.episodes.judge(_marks(work, here, key, verdict))
        for t in transitions:
            if t.lasts and t.track is Track.PROCESS:
                # The next row may be of this work or of another one: how batches were cut must not matter.
                verdict.moves[slot == t.sensor] = 0.0
        out += transitions
    return out


def _let_speak(verdict: Verdict, index: Slots) -> None:
    """Judge the process of some rows by moves of sensors that never moved, in place, where they are the stranger."""
    at = index[verdict.moves[index] > 0]
    if not len(at):
        return
    said = verdict.moves[at]
    p_value, alarm, score = (of[:, PROCESS] for of in (verdict.p_value, verdict.alarm, verdict.score))
    p_value[at] = np.fmin(p_value[at], 10.0 ** -said.astype(np.float64))
    alarm[at] = np.fmax(alarm[at], said)
    score[at] = np.fmax(score[at], said / verdict.threshold[at, PROCESS])


def _marks(work: Work, index: Slots, key: NDArray[np.intp], verdict: Verdict) -> Marks:
    time = np.repeat(work.rows.time_seconds[index], _Q)
    return Marks(
        key=key[index].reshape(-1),
        index=np.repeat(index, _Q),
        time=time,
        start=time,
        seen=np.repeat(work.seen_seconds[index], _Q),
        surprise=verdict.alarm[index].reshape(-1),
        threshold=verdict.opens[index].reshape(-1),
        score=np.minimum(verdict.score[index], verdict.most[index, None]).reshape(-1),
    )


def _remember(
    state: GroupState, learnt: Learnt, work: Work, slot: Slots, judged: Judged, hot: NDArray[np.bool_]
) -> None:
    """Keep each sensor's last score, and have the windows of strange sensors scored soon."""
    # A slot that stands here several times keeps what is assigned last: its newest row.
    state.score[slot] = np.fmax.reduce(judged.score, axis=1)
    state.p_value[slot] = np.fmin.reduce(judged.p_value, axis=1)
    if judged.answer.mean is not None and judged.answer.sigma is not None:
        state.expected[slot, :, 0], state.expected[slot, :, 1] = judged.answer.mean, judged.answer.sigma
    suspects = hot.any(axis=1)
    if learnt.model is not None and suspects.any():
        state.schedule.suspect(np.unique(slot[suspects]), float(work.seen_seconds[suspects].max()))
