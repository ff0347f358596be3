"""Sensors that never moved while they were learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.normalisers import Normalisers
from offbeat.core.rows import Rows
from offbeat.core.still_sensors import StillSensors
from offbeat.core.work import Work
from tests.support.commissioned import GAP_SECONDS, commissioned, recording

PERIOD = 1000
"""Rows in which the budget allows one false alert."""
THRESHOLD = np.float32(np.log10(PERIOD))
REST = 5.0

Floats = NDArray[np.float32]


def still(rows: int, sensors: int = 1) -> Commission:
    """Return what is learnt of sensors that read the same all the time."""
    return commissioned(*(recording(np.full(rows, REST), f"s{i}") for i in range(sensors)))


def counted(commission: Commission, sensors: int) -> StillSensors:
    """Return the count of the moves of sensors that are scaled as they were commissioned; slot s has row s + 1."""
    normalisers = Normalisers(commission, sensors, 8)
    slot = np.arange(min(sensors, len(commission.sensors)))
    normalisers.commission(slot, slot + 1)
    return StillSensors(commission, normalisers, sensors)


def work_of(values: NDArray[np.floating], rounds: int = 1, gap_seconds: float = GAP_SECONDS) -> Work:
    """Return a work of so many rows a sensor at even gaps, sorted by (sensor, time); NaN = not observed."""
    raw = np.asarray(values, np.float32)
    n = len(raw)
    mask = np.isfinite(raw)
    rank = np.tile(np.arange(rounds, dtype=np.int32), n // rounds)
    rows = Rows(
        group=0,
        sensor=np.repeat(np.arange(n // rounds, dtype=np.int32), rounds),
        time_seconds=rank * gap_seconds,
        gap_seconds=np.full(n, gap_seconds),
        values=np.where(mask, raw, np.float32(0.0)),
        mask=mask,
        rank=rank,
        offset=0,
    )
    return Work(
        group=0,
        number=0,
        generation=0,
        rows=rows,
        rounds=list(rows.rounds()),
        age=np.zeros(n, np.int64),
        gap=np.ones(n, np.float32),
        z=np.zeros_like(raw),
        known=mask,
        raw=np.zeros((n, 0), np.float32),
        place=None,
        job=None,
        heard=np.zeros(0, np.intp),
        heard_seconds=np.zeros(0),
        seen_seconds=np.zeros(n),
    )


def taken_in(sensors: StillSensors, work: Work) -> Work:
    """Return a work with what is known of its sensors now; slot s has row s + 1 of the commission."""
    slot = work.rows.sensor.astype(np.intp)
    return replace(work, at_rest=sensors.at_rest(slot, slot + 1, work.known))


def judged(sensors: StillSensors, work: Work, frozen: bool = False) -> Floats:
    """Return what is said of the rows of a work that was taken in."""
    row = work.rows.sensor.astype(np.intp) + 1
    threshold = np.full(len(work), THRESHOLD)
    return sensors.update(work, row, threshold, np.full(int(row.max()), frozen))


def update(sensors: StillSensors, work: Work, frozen: bool = False) -> Floats:
    """Return what is said of a work's rows, taken in and judged at once."""
    return judged(sensors, taken_in(sensors, work), frozen)


def said(sensors: StillSensors, values: NDArray[np.floating], frozen: bool = False) -> Floats:
    """Return what is said of the rows of one sensor, one at a time."""
    return np.concatenate([update(sensors, work_of(np.array([[value]])), frozen) for value in values])


def moved(*readings: tuple[int, float]) -> NDArray[np.float64]:
    """Return readings, each so many times."""
    return np.concatenate([np.full(times, value) for times, value in readings])


def openings(told: Floats) -> NDArray[np.intp]:
    """Return how often each sensor comes to be told of, [S], by what is said of it [rows, S]."""
    strange = told >= THRESHOLD
    begins = strange & ~np.concatenate([np.zeros_like(strange[:1]), strange[:-1]])
    return np.asarray(np.count_nonzero(begins, axis=0), np.intp)


@pytest.mark.parametrize("rows", [50, 300, 20 * PERIOD])
def test_a_first_move_is_told_however_short_the_past(rows: int) -> None:
    """It is the first one only once, and that is within any budget."""
    out = said(counted(still(rows), 1), moved((20, REST), (20, 7.0)))
    assert (out[:20] == 0).all()
    assert (out[20:] >= THRESHOLD).all()


def test_of_a_handful_of_readings_nobody_knows_whether_they_stand_still() -> None:
    """No chance above the ceiling of the track opens an episode."""
    assert (said(counted(still(20), 1), moved((5, REST), (20, 7.0))) < THRESHOLD).all()


def test_how_far_it_goes_does_not_matter() -> None:
    """There is nothing that it could be measured by."""
    near, far = (
        said(counted(still(300), 1), moved((5, REST), (90, to)))
        for to in (np.nextafter(np.float32(REST), np.float32(6)), 1e9)
    )
    assert np.array_equal(near, far)


def test_the_longer_it_stood_still_the_stranger_is_a_move() -> None:
    """By the rule of succession, as long as anybody remembers."""
    peaks = [said(counted(still(rows), 1), np.array([7.0]))[0] for rows in (1200, 2400, 20 * PERIOD)]
    assert peaks[:2] == pytest.approx(np.log10([1201, 2401]))
    assert peaks[2] == pytest.approx(np.log10(4 * PERIOD + 1), abs=1e-3)


def test_a_bout_of_moves_is_one_case_and_ends_64_gaps_after_the_last() -> None:
    """A flag that flaps is told once, and not of every time."""
    flapping = np.tile([7.0, 7.0, REST], 50)
    out = said(counted(still(300), 1), np.concatenate([flapping, np.full(100, REST)]))
    assert (out[:150] == out[0]).all()
    assert out[0] >= THRESHOLD
    assert 60 <= np.count_nonzero(out[150:]) <= 70


def test_a_bout_of_an_hourly_sensor_is_over_after_some_hours() -> None:
    """And not after 64 of them."""
    sensors, values = counted(still(300), 1), moved((10, 7.0))
    out = [update(sensors, work_of(np.array([[value]]), gap_seconds=3600.0))[0] for value in values]
    assert np.count_nonzero(out) in (4, 5)


def test_after_moves_the_next_is_the_less_strange_until_it_has_stood_still_again() -> None:
    """A second one soon after is told only where a budget's rows are so many; after a long rest it is."""
    sensors = counted(still(300), 1)
    assert said(sensors, moved((100, 7.0)))[0] >= THRESHOLD
    assert 0 < said(sensors, moved((100, REST)))[0] < THRESHOLD
    assert said(sensors, moved((8 * PERIOD, REST), (1, 7.0)))[-1] >= THRESHOLD


def test_two_moves_are_told_where_the_past_was_still_for_long() -> None:
    """Both together are no more than the budget of that time."""
    sensors = counted(still(3 * PERIOD), 1)
    assert said(sensors, moved((100, 7.0)))[0] >= THRESHOLD
    assert said(sensors, moved((100, REST)))[0] >= THRESHOLD
    assert said(sensors, moved((100, 7.0)))[0] >= THRESHOLD
    assert said(sensors, moved((100, REST)))[0] < THRESHOLD


@pytest.mark.parametrize("past", [300, 3000])
def test_moves_that_come_at_random_are_told_of_within_the_budget(past: int) -> None:
    """However often they come: two thirds of it are used at most, and where they are many none is told."""
    rates, each, periods = np.array([0.1, 0.3, 0.6, 1.0, 2.0, 5.0, 15.0]), 50, 10
    sensors = counted(still(past, len(rates) * each), len(rates) * each)
    chance = np.repeat(rates, each) / PERIOD
    flips = np.random.default_rng(0).random((periods * PERIOD, len(chance))) < chance
    values = REST + np.cumsum(flips, axis=0) % 2
    told = np.array([update(sensors, work_of(row[:, None])) for row in values])
    alerts = openings(told).reshape(len(rates), each)
    assert (alerts.mean(axis=1) < 0.7 * periods).all()
    assert alerts[-1].max() <= 4
    later = openings(told[4 * PERIOD :]).reshape(len(rates), each).mean(axis=1) / (periods - 4)
    assert (later < 2 / 3).all()
    assert later[-1] == 0


@pytest.mark.parametrize("past", [60, 300, 3 * PERIOD])
def test_regular_moves_between_two_set_points_are_told_of_within_the_budget(past: int) -> None:
    """Beyond the first, and what was not used of it while the sensor was learnt; those that move often soon never."""
    rows, every = 6 * PERIOD, np.geomspace(70, 3 * PERIOD, 24).astype(int)
    sensors = counted(still(past, len(every)), len(every))
    values = REST + np.arange(1, rows + 1)[:, None] // every % 2
    told = np.array([update(sensors, work_of(row[:, None])) for row in values])
    assert (openings(told) <= 1 + (past + rows) / PERIOD).all()
    assert (openings(told[rows // 2 :])[every < PERIOD / 2] == 0).all()


def test_of_a_sensor_that_moved_at_all_nothing_is_said_or_kept() -> None:
    """Also where another of its channels never did."""
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=300), np.full(300, REST)])
    commission = commissioned(recording(values), recording(np.full((300, 2), REST), "b"))
    assert commission.still_rows is not None
    assert commission.still_rows.tolist() == [[0, 0], [0, 0], [300, 300]]
    sensors = counted(commission, 2)
    out = [update(sensors, work_of(np.full((2, 2), value))) for value in (REST, 99.0)]
    assert out[1][0] == 0 < out[1][1]
    assert not any(array[0].any() for array in sensors.arrays().values())


def test_a_channel_that_was_never_seen_does_not_move_when_it_appears() -> None:
    """Its first value is where it rests, from then on; channels that are missing do not move either."""
    values = np.column_stack([np.full(300, REST), np.full(300, np.nan)])
    sensors = counted(commissioned(recording(values)), 1)
    rows = ([REST, 3.0], [np.nan, 3.0], [REST, np.nan], [REST, 3.0])
    assert [update(sensors, work_of(np.array([row])))[0] for row in rows] == [0, 0, 0, 0]
    assert update(sensors, work_of(np.array([[np.nan, 4.0]])))[0] >= THRESHOLD


def test_a_sensor_nobody_knows_is_left_alone() -> None:
    """And so are all of them where the model is of a release that did not count."""
    work = work_of(np.array([[REST], [9.0]]), rounds=2)
    old = replace(still(300), still_rows=None)
    for commission, row in ((still(300), 0), (old, 1)):
        rows, threshold, sensors = np.full(2, row), np.full(2, THRESHOLD), counted(commission, 1)
        work = replace(work, at_rest=sensors.at_rest(np.zeros(2, np.intp), rows, work.known))
        assert (sensors.update(work, rows, threshold, np.zeros(1, np.bool_)) == 0).all()


def test_of_a_frozen_sensor_nothing_is_learnt() -> None:
    """It is judged all the same, and a move in a maintenance does not use up the first one."""
    sensors = counted(still(300), 1)
    assert said(sensors, moved((100, 7.0), (100, REST)), frozen=True)[0] >= THRESHOLD
    assert said(sensors, np.array([7.0]))[0] >= THRESHOLD


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_it_does_not_matter_who_else_is_there_or_how_rows_are_cut(seed: int) -> None:
    """All at once, row by row, or with its state kept in between: the same to the last bit."""
    rng = np.random.default_rng(seed)
    values = REST + (rng.random((3, 40)) < 0.05)
    values[rng.random(values.shape) < 0.1] = np.nan
    commission = still(300, 3)
    at_once = update(counted(commission, 3), work_of(values.reshape(-1, 1), rounds=40)).reshape(3, 40)
    sensors, rows = counted(commission, 3), []
    for i, row in enumerate(values.T):
        if i == 20:
            kept = {name: array.copy() for name, array in sensors.arrays().items()}
            sensors = counted(commission, 3)
            sensors.restore(kept)
        rows.append(update(sensors, work_of(row[:, None])))
    alone = said(counted(commission, 3), values[0])
    assert np.array_equal(at_once, np.array(rows).T)
    assert np.array_equal(at_once[0], alone)


def test_what_has_become_the_way_of_a_sensor_is_said_no_more() -> None:
    """Until it is taken for what it was learnt as, again."""
    sensors = counted(still(300), 1)
    assert said(sensors, np.array([7.0]))[0] >= THRESHOLD
    sensors.give_up(0)
    assert (said(sensors, moved((100, REST), (10, 7.0), (100, REST), (10, 7.0))) == 0).all()
    sensors.reset(np.array([0]))
    assert said(sensors, np.array([7.0]))[0] >= THRESHOLD


def test_what_was_given_up_is_told_again_when_that_change_is_over() -> None:
    """By all that was counted: its next move has to be rare."""
    sensors = counted(still(300), 1)
    said(sensors, np.array([7.0]))
    sensors.give_up(0)
    assert (said(sensors, moved((100, REST), (1, 7.0))) == 0).all()
    sensors.take_up(np.array([0]))
    assert 0 < said(sensors, moved((100, REST), (1, 7.0)))[-1] < THRESHOLD
    assert said(sensors, moved((8 * PERIOD, 7.0), (1, REST)))[-1] >= THRESHOLD


def test_rows_under_way_are_judged_by_what_was_known_when_they_were_taken_in() -> None:
    """A sensor that is learnt again while they are: it stands elsewhere, or moves, only for rows taken in since."""
    for stands, center in ((True, 7.0), (False, REST)):
        played = []
        for in_flight in (False, True):
            commission = still(300)
            normalisers = Normalisers(commission, 1, 8)
            normalisers.commission(np.array([0]), np.array([1]))
            sensors = StillSensors(commission, normalisers, 1)
            before = taken_in(sensors, work_of(np.full((5, 1), REST), rounds=5))
            out = [] if in_flight else [judged(sensors, before)]
            normalisers.center[0], normalisers.still[0] = center, stands
            sensors.reset(np.array([0]))
            after = taken_in(sensors, work_of(np.array([[7.0], [7.0], [9.0]]), rounds=3))
            out += [judged(sensors, work) for work in ([before] if in_flight else []) + [after]]
            played.append((out, sensors.arrays()))
        (at_once, one), (later, other) = played
        assert all(np.array_equal(a, b) for a, b in zip(at_once, later, strict=True))
        assert all(np.array_equal(one[name], other[name]) for name in one)
        assert (later[1] >= THRESHOLD).tolist() == [False, False, stands]


def carried(sensors: StillSensors, commission: Commission) -> StillSensors:
    """Return the count of the moves of the same sensors under another commission."""
    other = counted(commission, len(commission.sensors))
    slot = np.arange(len(commission.sensors))
    other.carry_on(slot, slot + 1, {name: array.copy() for name, array in sensors.arrays().items()})
    return other


def test_what_was_counted_goes_on_under_another_commission() -> None:
    """A move is a first one once, and the bout that goes on is not another one."""
    values = moved((100, 7.0), (100, REST), (30, 7.0), (100, 7.0), (1, REST))
    at_once = counted(still(300), 1)
    expected = said(at_once, values)
    sensors = counted(still(300), 1)
    said(sensors, values[:230])
    sensors = carried(sensors, still(500))
    assert np.array_equal(said(sensors, values[230:]), expected[230:])


def test_a_rehearsal_adds_nothing_to_what_was_carried_over() -> None:
    """Its rows were counted under the commission before; those of a sensor that is new to this one were not."""
    sensors = counted(still(300, 2), 2)
    update(sensors, work_of(np.array([[7.0]])))
    sensors = carried(sensors, still(500, 2))
    rehearsal = replace(work_of(np.array([[REST], [7.0]] * 2), rounds=2), is_rehearsal=True)
    update(sensors, rehearsal)
    assert sensors.arrays()["bouts"] == pytest.approx([1, 1], abs=0.01)
    assert sensors.arrays()["rows"] == pytest.approx([301, 502], abs=1)
    sensors.reset(np.array([0]))
    update(sensors, rehearsal)
    assert sensors.arrays()["rows"][0] == pytest.approx(502, abs=1)


def test_nothing_is_carried_over_of_what_moved_or_was_kept_otherwise() -> None:
    """Of a sensor that moved in what was learnt now, of one that was to begin anew, and of an earlier release."""
    sensors = counted(still(300), 1)
    said(sensors, np.array([7.0]))
    moving = commissioned(recording(np.random.default_rng(0).normal(size=300)))
    assert not carried(sensors, moving).arrays()["rows"].any()
    other = counted(still(300), 1)
    other.carry_on(np.array([0]), np.array([1]), {"rows": np.array([9.0])})
    assert not other.arrays()["rows"].any()
    sensors.reset(np.array([0]))
    assert not carried(sensors, still(300)).arrays()["rows"].any()
