"""Recordings on a virtual clock."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player, Step, common_start_shifts

DAY = 86_400.0


def _series(sensor: str, times: list[float], channels: tuple[str, ...] = ("value",)) -> Series:
    values = np.arange(len(times) * len(channels), dtype=np.float32).reshape(len(times), len(channels))
    return Series(sensor, channels, np.array(times, np.float64), values)


def _player(*series: Series, **options: int) -> Player:
    groups = list(dict.fromkeys(one.channels for one in series))
    return Player(series, SensorDirectory(groups, 100), **options)


def _played(steps: list[Step]) -> dict[tuple[int, int], list[tuple[float, int, float]]]:
    rows: dict[tuple[int, int], list[tuple[float, int, float]]] = defaultdict(list)
    for step in steps:
        for batch in step.batches:
            columns = (batch.sensor, batch.time_seconds, batch.channel, batch.value)
            for sensor, time, channel, value in zip(*(column.tolist() for column in columns), strict=True):
                rows[batch.group, sensor].append((time, channel, value))
    return rows


TIMES = st.lists(st.integers(-50, 400).map(float) | st.floats(0, 1e6), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(times=st.lists(TIMES, min_size=1, max_size=5), stride=st.integers(1, 8), limit=st.integers(1, 40))
def test_every_reading_is_played_once_in_recorded_order(
    times: list[list[float]], stride: int, limit: int
) -> None:
    """Whatever the times: nothing is lost, no batch holds more rows than asked, and the clock never steps back."""
    series = [_series(f"s{i}", t, ("a", "b") if i % 2 else ("value",)) for i, t in enumerate(times)]
    player = _player(*series, stride=stride, rows_per_batch=limit)
    steps = list(player.steps())
    rows = _played(steps)
    for track in player.tracks:
        expected = [
            (time, channel, float(value))
            for time, values in zip(track.virtual_seconds.tolist(), track.series.values, strict=True)
            for channel, value in enumerate(values)
        ]
        assert rows[track.group, track.slot] == expected
    assert (np.diff([step.now_seconds for step in steps]) >= 0).all()
    assert steps[-1].tick
    assert steps[-1].played == player.rows == sum(map(len, times))
    for step in steps:
        assert (
            sum(len(set(zip(b.sensor, b.arrival_seconds, b.time_seconds, strict=True))) for b in step.batches)
            <= limit
        )
        for batch in step.batches:
            assert (batch.arrival_seconds <= step.now_seconds).all()
            assert (batch.arrival_seconds >= batch.time_seconds).all()
            first = batch.channel == 0
            assert np.bincount(batch.sensor[first]).max() <= stride


def test_a_row_whose_time_steps_back_arrives_late_by_as_much() -> None:
    """Lateness is judged against arrival, as for live messages."""
    player = _player(_series("s", [100.0, 200.0, 150.0, 210.0]))
    arrivals = np.concatenate([b.arrival_seconds for step in player.steps() for b in step.batches])
    assert arrivals.tolist() == [100.0, 200.0, 200.0, 210.0]


def test_cells_that_were_not_observed_are_no_readings() -> None:
    """A row of which nothing was observed makes no batch, and still time passes."""
    series = Series("s", ("a", "b"), np.array([1.0, 2.0]), np.array([[np.nan, 5.0], [np.nan, np.nan]], "f4"))
    steps = list(_player(series).steps())
    assert _played(steps) == {(0, 0): [(1.0, 1, 5.0)]}
    assert steps[-1].now_seconds == 2.0


def test_recordings_of_different_years_are_played_side_by_side() -> None:
    """Each batch then holds all sensors; times are given back to the last bit."""
    old, new = [1e9 + 60.25 * i for i in range(500)], [1.5e9 + 60.5 * i for i in range(500)]
    player = _player(_series("old", old), _series("new", new))
    both = [b for step in player.steps() for b in step.batches if len(set(b.sensor.tolist())) == 2]
    assert len(both) > 20
    track = player.tracks[1]
    assert (track.virtual_seconds + track.shift_seconds).tolist() == new
    assert player.recorded_seconds("new", float(track.virtual_seconds[7])) == new[7]


def test_recordings_made_together_are_not_moved() -> None:
    """Which came first, and what happened at the same time, means something there."""
    assert common_start_shifts([_series("a", [0.0, DAY]), _series("b", [3600.0, DAY])]) == [0.0, 0.0]


def test_the_clock_ticks_inside_a_long_gap() -> None:
    """Silence is found while it lasts, not when it is over; steady times get no more ticks than needed."""
    steady = [10.0 * i for i in range(400)]
    player = _player(_series("s", [*steady, 8000.0, 8010.0]))
    ticks = np.array([step.now_seconds for step in player.steps() if step.tick])
    inside = ticks[(ticks > steady[-1] + 10) & (ticks < 8000)]
    assert len(inside) >= 4
    assert (np.diff(np.log(inside - steady[-1])) < 1.0).all()
    assert len(ticks) < 60


def test_a_thousand_gaps_of_one_pace_share_their_ticks() -> None:
    """Else sensors that pause now and then would be played a handful of rows at a time."""
    random = np.random.default_rng(0)
    many = [
        Series(
            f"s{i}",
            ("v",),
            np.cumsum(np.where(random.random(200) < 0.01, 20.0, 1.0)),
            np.zeros((200, 1), np.float32),
        )
        for i in range(100)
    ]
    directory = SensorDirectory([("v",)], 100)
    ticks = [step.now_seconds for step in Player(many, directory).steps() if step.tick]
    assert len(ticks) < 400 * 4
    assert len(ticks) > 100


def test_without_silences_time_passes_with_the_rows_only() -> None:
    """Every reading is played all the same, in far fewer steps."""
    times = np.concatenate([np.arange(100.0), 5000.0 + np.arange(100.0)])
    one = Series("s", ("v",), times, np.zeros((200, 1), np.float32))
    with_them, without = (
        list(Player([one], SensorDirectory([("v",)], 1), silences=wanted).steps()) for wanted in (True, False)
    )
    assert not [step for step in without if 100.0 < step.now_seconds < 5000.0]
    assert [step for step in with_them if 100.0 < step.now_seconds < 5000.0]
    assert without[-1].played == with_them[-1].played == 200


def test_a_sensor_whose_recording_ended_is_over() -> None:
    """What comes later is no silence of the sensor."""
    player = _player(_series("short", [0.0, 10.0]), _series("long", [0.0, 10.0, 20.0, 30.0]))
    assert not player.is_over("short", 10.0)
    assert player.is_over("short", 10.5)
    assert not player.is_over("long", 30.0)


def test_playing_is_the_same_every_time() -> None:
    """Identical input, identical steps."""
    rng = np.random.default_rng(0)
    series = [_series(f"s{i}", np.cumsum(rng.exponential(1, 200)).tolist()) for i in range(4)]
    first, second = (
        [(s.now_seconds, [b.time_seconds.tolist() for b in s.batches]) for s in _player(*series).steps()]
        for _ in range(2)
    )
    assert first == second


def test_what_cannot_be_played_is_refused() -> None:
    """No rows, unknown channels, a full table: each says so."""
    directory = SensorDirectory([("value",)], 1)
    with pytest.raises(ConfigError, match="no row is left to play"):
        Player([_series("s", [])], directory)
    with pytest.raises(
        ConfigError, match=r"has the channels a, b, which no model was trained for; known are value"
    ):
        Player([_series("s", [1.0], ("a", "b"))], directory)
    with pytest.raises(ConfigError, match="table of sensors is full at 1"):
        Player([_series("s", [1.0]), _series("t", [1.0])], directory)
