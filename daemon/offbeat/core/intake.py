"""Readings into the state of a group, and out as work for the scorer: the first half of a reading's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import Track
from offbeat.core.group_state import GroupState
from offbeat.core.jobs import StepJob
from offbeat.core.learnt import COLUMNS, Learnt
from offbeat.core.ledger import Drop
from offbeat.core.readings import ReadingBatch
from offbeat.core.rows import Rows
from offbeat.core.streams.base import Round
from offbeat.core.windows import Insertion
from offbeat.core.work import Messages, Work, split_by_rank
from offbeat_models.windows import squash

Floats = NDArray[np.float32]
Slots = NDArray[np.intp]


def take_in(state: GroupState, batch: ReadingBatch, listening_since: float) -> list[Work]:
    """Insert a batch and return its new rows as work, in the order in which it is to be given back.

    Args:
        state: of the batch's group.
        batch: readings in order of arrival.
        listening_since: log time from which on messages could have been heard.
    """
    received = len(batch)
    batch = state.not_applied(batch)
    state.ledger.drop(Drop.REPLAYED, received - len(batch))
    if not len(batch):
        return []
    state.meet()
    heard, messages = _hear(state, batch, listening_since)
    if state.learnt is not None:
        state.learnt.learn_again(heard, state.windows, state.rows, state.holds)
    _count_late(state, batch)
    insertion = state.windows.insert(batch)
    _book(state, insertion, len(batch))
    _look_far(state, insertion, float(batch.arrival_seconds[-1]))
    rows = insertion.rows
    slot = rows.sensor.astype(np.intp)
    age = state.rows[slot] + rows.rank
    np.add.at(state.rows, slot, 1)
    for c in range(rows.values.shape[1]):
        seen = rows.mask[:, c]
        state.values[slot[seen], c] = rows.values[seen, c]
    if state.learnt is not None:
        _learn_first_rows(state, state.learnt, slot)
        if state.learnt.model is not None and len(rows):
            state.schedule.note(rows, float(batch.arrival_seconds[-1]))
    parts = split_by_rank(rows, state.settings.step_rows)
    works = []
    for i, part in enumerate(parts):
        part_age = age if len(parts) == 1 else age[rows.rank // state.settings.step_rows == i]
        works.append(work_of(state, part, part_age, heard if i == 0 else heard[:0]))
    works[-1] = replace(works[-1], messages=messages)
    return works


def _hear(state: GroupState, batch: ReadingBatch, listening_since: float) -> tuple[Slots, Messages]:
    """Note when sensors were heard; return which were heard of, and their messages."""
    order = np.argsort(batch.sensor, kind="stable")
    slot, arrival = batch.sensor[order].astype(np.intp), batch.arrival_seconds[order]
    first = np.ones(len(slot), np.bool_)
    np.not_equal(slot[1:], slot[:-1], out=first[1:])
    before = np.where(first, state.heard[slot], np.roll(arrival, 1))
    new = arrival > before
    # For as long as nothing named it a sensor was not silent, it was not listened to.
    known = np.isfinite(before) & (before >= listening_since) & ~(state.retired[slot] & first)
    gap = np.where(known, arrival - before, np.nan)
    silent = state.episodes.is_open(slot)[:, Track.SILENT] & first
    # Of several messages in one batch only the first ends a silence: how batches were cut must not matter.
    returned = np.where(first, state.returned[slot], np.roll(silent, 1))
    messages = Messages(
        _messages(state, slot[new], arrival[new], gap[new]),
        (~silent | returned)[new],
        (silent & returned)[new],
    )
    heard = slot[first]
    state.returned[heard] = silent[np.roll(first, -1)]
    never = np.isneginf(state.heard[heard])
    state.first_heard[heard[never]] = arrival[first][never]
    state.heard[slot[new]] = arrival[new]
    state.retired[heard] = False
    return heard, messages


def learn_cadence(state: GroupState, messages: Messages) -> None:
    """Learn the times between messages, but not those of episodes and of frozen sensors.

    Silences that follow one another are learnt in an episode, too: else each of them would be told of.
    """
    slot, gap = messages.rows.sensor.astype(np.intp), messages.rows.gap_seconds
    free = state.holds.rhythm_free(slot, messages.rows.time_seconds)
    learn = messages.learn & (free | messages.follows) & ~state.holds.frozen[slot]
    state.cadence.update(messages.rows, learn)
    learnt = learn & np.isfinite(gap)
    np.maximum.at(state.longest_gap, slot[learnt], gap[learnt])


def _messages(state: GroupState, slot: Slots, arrival: NDArray[np.float64], gap: NDArray[np.float64]) -> Rows:
    nothing = np.zeros((len(slot), 0), np.float32)
    return Rows(
        group=state.index,
        sensor=slot.astype(np.int32),
        time_seconds=arrival,
        gap_seconds=gap,
        values=nothing,
        mask=nothing.astype(np.bool_),
        rank=np.zeros(len(slot), np.int32),
        offset=0,
    )


def _count_late(state: GroupState, batch: ReadingBatch) -> None:
    late = batch.time_seconds < state.windows.last_time[batch.sensor]
    if late.any():
        np.add.at(state.late, batch.sensor[late], 1)


def _book(state: GroupState, insertion: Insertion, received: int) -> None:
    """Count every reading once: dropped with its reason, or accepted."""
    state.ledger.drop(Drop.DUPLICATE, insertion.duplicates)
    state.ledger.drop(Drop.LATE, insertion.late)
    state.ledger.accept(received - insertion.duplicates - insertion.late)


def _look_far(state: GroupState, insertion: Insertion, now: float) -> None:
    """Let the long view see new rows, and those that were put into the past."""
    if state.long_view is None:
        return
    rows, past = insertion.rows, insertion.past
    state.long_view.insert(rows.sensor.astype(np.intp), rows.time_seconds, rows.values, rows.mask, now)
    if past is not None:
        state.long_view.insert(past.sensor, past.time_seconds, past.values, past.mask, now)


def _learn_first_rows(state: GroupState, learnt: Learnt, slot: Slots) -> None:
    new = slot[learnt.normalisers.stage[slot] == 0]
    if len(new):
        learnt.normalisers.learn(np.unique(new), state.windows, state.holds)


def work_of(
    state: GroupState, rows: Rows, age: NDArray[np.int64], heard: Slots, *, is_rehearsal: bool = False
) -> Work:
    """Let the cheap streams see rows, and write down what the model is to be asked about them.

    Args:
        state: of the group.
        rows: sorted by (sensor, time).
        age: how many rows of its sensor came before each row.
        heard: sensors that were heard of.
        is_rehearsal: the rows were judged before, under another commission.
    """
    learnt, slot = state.learnt, rows.sensor.astype(np.intp)
    n, channels = rows.values.shape
    rounds = list(rows.rounds())
    gap = np.full(n, np.nan, np.float32)
    z = np.zeros((n, channels), np.float32)
    known = np.zeros((n, channels), np.bool_)
    raw = np.full((n, COLUMNS), np.nan, np.float32)
    place = job = at_rest = None
    if learnt is not None and n:
        applies = learnt.normalisers.applies(slot, age)
        unit = learnt.normalisers.unit_seconds[slot]
        gap = (rows.gap_seconds / np.where(applies, unit, np.nan)).astype(np.float32)
        known = learnt.normalisers.known(slot, rows.mask & applies[:, None])
        z = learnt.normalisers.normalise(slot, rows.values, known)
        at_rest = learnt.still.at_rest(slot, learnt.row[slot], known)
        for index in rounds:
            raw[index] = learnt.update(_round(learnt, rows, slot, gap, z, known, index))
        if learnt.model is not None:
            place, job = _step_job(rows, learnt.row, gap, z, known)
    work = Work(
        group=rows.group,
        number=state.handed_out,
        generation=state.generation,
        rows=rows,
        rounds=rounds,
        age=age,
        gap=gap,
        z=z,
        known=known,
        raw=raw,
        place=place,
        job=job,
        heard=heard,
        heard_seconds=state.heard[heard],
        seen_seconds=state.heard[slot],
        is_rehearsal=is_rehearsal,
        at_rest=at_rest,
    )
    state.handed_out += 1
    return work


def _round(
    learnt: Learnt, rows: Rows, slot: Slots, gap: Floats, z: Floats, known: NDArray[np.bool_], index: Slots
) -> Round:
    here = slot[index]
    return Round(
        sensor=here,
        row=learnt.row[here],
        time_seconds=rows.time_seconds[index],
        gap=gap[index],
        gap_seconds=rows.gap_seconds[index],
        raw=rows.values[index],
        z=z[index],
        mask=known[index],
        center=learnt.normalisers.center[here],
        constant=learnt.commission.constant[learnt.row[here]],
        still=learnt.normalisers.still[here],
    )


def _step_job(
    rows: Rows, row_of_slot: NDArray[np.intp], gap: Floats, z: Floats, known: NDArray[np.bool_]
) -> tuple[tuple[Slots, Slots], StepJob]:
    """Lay rows out as padded sequences, one a sensor; return also where each row went."""
    first = np.flatnonzero(rows.rank == 0)
    lengths = np.diff(np.append(first, len(rows)))
    place = (np.repeat(np.arange(len(first)), lengths), rows.rank.astype(np.intp))
    shape = (len(first), int(lengths.max()))
    x = np.zeros((*shape, z.shape[1]), np.float32)
    mask, gaps = np.zeros_like(x), np.zeros(shape, np.float32)
    x[place] = squash(z)
    mask[place] = known
    gaps[place] = np.nan_to_num(gap, nan=0.0)
    sensor = rows.sensor[first]
    return place, StepJob(
        group=rows.group,
        sensor=sensor,
        row=row_of_slot[sensor].astype(np.int64),
        x=x,
        mask=mask,
        gap=gaps,
        lengths=lengths.astype(np.int64),
    )
