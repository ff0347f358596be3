"""Schedule: due by new rows, by age, by suspicion; fair; nothing handed out twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.rows import Rows
from offbeat.core.schedule import Schedule


def rows(*sensors: int) -> Rows:
    """One new row for each sensor named, which may stand there several times."""
    n = len(sensors)
    return Rows(
        0,
        np.sort(np.array(sensors, np.int32)),
        np.zeros(n),
        np.zeros(n),
        np.zeros((n, 1), np.float32),
        np.ones((n, 1), np.bool_),
        np.zeros(n, np.int32),
        0,
    )


def due(schedule: Schedule, now: float, limit: int = 99) -> list[int]:
    """The sensors that are due, as a list."""
    return [int(s) for s in schedule.due(now, limit)]


def test_nothing_new_is_never_due() -> None:
    """Not even after a long time, or for an empty batch of rows."""
    schedule = Schedule(3, 2, 10.0)
    schedule.note(rows(), 0.0)
    assert due(schedule, 1e9) == []


def test_a_window_is_due_with_enough_new_rows() -> None:
    """They may come over several batches."""
    schedule = Schedule(3, 3, 10.0)
    schedule.note(rows(1, 1, 2), 0.0)
    assert due(schedule, 0.0) == []
    schedule.note(rows(1), 1.0)
    assert due(schedule, 1.0) == [1]


def test_a_lone_row_is_due_by_age() -> None:
    """Counted from the first row that waits."""
    schedule = Schedule(3, 3, 10.0)
    schedule.note(rows(1), 0.0)
    schedule.note(rows(1), 9.0)
    assert due(schedule, 9.9) == []
    assert due(schedule, 10.0) == [1]


def test_suspicion_makes_a_window_due_at_once() -> None:
    """Of a sensor without new rows, as soon as it has one."""
    schedule = Schedule(3, 3, 10.0)
    schedule.note(rows(1), 0.0)
    schedule.suspect(np.array([1, 2]), 0.5)
    assert due(schedule, 0.5) == [1]
    schedule.note(rows(2), 1.0)
    assert due(schedule, 1.0) == [2]


def test_what_is_handed_out_does_not_come_again_before_it_is_done() -> None:
    """Rows that came meanwhile make it due again then, at the age they have."""
    schedule = Schedule(2, 2, 10.0)
    schedule.note(rows(0, 0), 0.0)
    assert due(schedule, 0.0) == [0]
    schedule.note(rows(0, 0), 1.0)
    assert due(schedule, 100.0) == []
    assert schedule.waiting == 1
    schedule.done(np.array([0]))
    assert due(schedule, 1.0) == [0]
    schedule.done(np.array([0]))
    assert schedule.waiting == 0


def test_windows_that_went_into_a_later_one_are_counted() -> None:
    """Seven rows at a stride of two are three windows, of which one is scored."""
    schedule = Schedule(1, 2, 10.0)
    schedule.note(rows(*[0] * 7), 0.0)
    assert due(schedule, 0.0) == [0]
    assert schedule.superseded == 2


def test_the_longest_due_come_first() -> None:
    """By the time since which they are due; the limit cuts the others off till next time."""
    schedule = Schedule(4, 2, 10.0)
    schedule.note(rows(3), 0.0)
    schedule.note(rows(1, 1), 9.0)
    schedule.note(rows(0, 0), 10.5)
    assert due(schedule, 20.0, limit=2) == [1, 3]
    assert due(schedule, 20.0, limit=2) == [0]


@given(st.integers(1, 3), st.integers(2, 6))
def test_a_slow_sensor_is_not_starved_by_fast_ones(limit: int, fast: int) -> None:
    """Though the scorer keeps up with a part of the load only, each sensor gets its turn."""
    schedule = Schedule(fast + 1, 1, 5.0)
    schedule.note(rows(fast), 0.0)
    served: set[int] = set()
    for now in range(20):
        schedule.note(rows(*range(fast), *range(fast)), float(now))
        chosen = schedule.due(float(now), limit)
        served.update(int(s) for s in chosen)
        schedule.done(chosen)
    assert served == set(range(fast + 1))


def test_a_snapshot_holds_what_was_handed_out_as_due() -> None:
    """For the answer to it will not survive the restart."""
    schedule, other = Schedule(3, 2, 10.0), Schedule(3, 2, 10.0)
    schedule.note(rows(0, 0, 1), 0.0)
    assert due(schedule, 0.0) == [0]
    other.put(np.array([0]), schedule.take(np.array([0])))
    assert due(other, 0.0) == [0]
    other.restore(schedule.arrays())
    assert due(other, 10.0) == [0, 1]
