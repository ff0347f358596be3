"""The long view: bins by example, late readings, far jumps, snapshots, and the same bins from a recording."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.long_view import BINS, BinSlice, LongView, binned
from offbeat.core.recording import Recording

HOUR = 64.0 * 60.0
"""A horizon whose bins are a minute long."""


def insert(view: LongView, *readings: tuple[int, float, float], now: float = 0.0) -> None:
    """Take readings of one channel in, given as (sensor, time, value)."""
    sensor, time, value = (np.array(column) for column in zip(*readings, strict=True))
    values = value.astype(np.float32)[:, None]
    view.insert(sensor.astype(np.intp), time.astype(np.float64), values, np.isfinite(values), now)


def held(view: LongView, sensor: int = 0) -> list[tuple[float, float]]:
    """Return (number, mean) of a sensor's closed bins."""
    bins = view.closed(np.array([sensor]))
    n = int(bins.lengths[0])
    return list(zip(bins.bin[0, :n].tolist(), bins.values[0, :n, 0].tolist(), strict=True))


def assert_same(one: BinSlice, other: BinSlice) -> None:
    """Two slices are the same to the last bit."""
    for name in BinSlice.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_bin_is_shown_once_a_later_one_begins() -> None:
    """What is being filled says nothing yet; empty bins are left out."""
    view = LongView(1, HOUR, 1)
    insert(view, (0, 0.0, 1.0), (0, 59.0, 3.0))
    assert held(view) == []
    insert(view, (0, 180.0, 8.0))
    assert held(view) == [(0.0, 2.0)]
    insert(view, (0, 240.0, 9.0))
    assert held(view) == [(0.0, 2.0), (3.0, 8.0)]


def test_a_late_reading_goes_into_its_own_bin() -> None:
    """Closed bins still take what was late; what is older than all of them is left out."""
    view = LongView(1, HOUR, 1)
    insert(view, (0, 0.0, 1.0), (0, 6000.0, 5.0))
    insert(view, (0, 5700.0, 2.0), (0, 5701.0, 4.0))
    assert held(view) == [(95.0, 3.0)]
    insert(view, (0, 10.0, 7.0))
    assert held(view) == [(95.0, 3.0)]


def test_the_oldest_bin_is_held_and_the_one_before_is_not() -> None:
    """A horizon is as many closed bins as there are, to the bin."""
    view = LongView(1, HOUR, 1)
    insert(view, (0, 0.0, 1.0), (0, 60.0, 2.0), (0, 60.0 * (BINS + 1), 3.0))
    assert held(view) == [(1.0, 2.0)]


def test_channels_have_their_own_masks() -> None:
    """A bin in which one channel said nothing is a bin with a hole."""
    view = LongView(1, HOUR, 2)
    values = np.array([[1.0, np.nan], [np.nan, 4.0], [5.0, 6.0]], np.float32)
    times = np.array([0.0, 60.0, 120.0])
    view.insert(np.zeros(3, np.intp), times, np.nan_to_num(values), np.isfinite(values), 0.0)
    bins = view.closed(np.array([0]))
    assert bins.mask[0].tolist() == [[True, False], [False, True]]
    assert bins.values[0].tolist() == [[1.0, 0.0], [0.0, 4.0]]


def test_who_waited_longest_is_due_first_and_only_once() -> None:
    """A sensor is due when a bin of it was closed, not with its first reading."""
    view = LongView(3, HOUR, 1)
    insert(view, (0, 0.0, 1.0), (1, 0.0, 1.0), (2, 0.0, 1.0))
    assert not len(view.due(9))
    insert(view, (2, 60.0, 1.0), now=5.0)
    insert(view, (0, 60.0, 1.0), now=6.0)
    insert(view, (2, 120.0, 1.0), now=7.0)
    assert view.due(9).tolist() == [2, 0]
    assert view.due(1).tolist() == [2]
    view.done(np.array([2]))
    assert view.due(9).tolist() == [0]


def test_a_snapshot_goes_to_another_slot_and_on_from_there() -> None:
    """What was taken of one slot is whole in another; a view of another horizon begins anew."""
    view, again = LongView(3, HOUR, 1), LongView(2, HOUR, 1)
    insert(view, (1, 0.0, 1.0), (1, 60.0, 2.0))
    again.put(np.array([0]), view.take(np.array([1])))
    insert(view, (1, 130.0, 3.0))
    insert(again, (0, 130.0, 3.0))
    assert_same(view.closed(np.array([1])), again.closed(np.array([0])))
    assert again.due(9).tolist() == [0]
    other = LongView(2, 2 * HOUR, 1)
    other.put(np.array([0]), view.take(np.array([1])))
    assert held(other) == []


def test_a_reset_sensor_is_as_new() -> None:
    """Nothing is left of it, and it is not due."""
    view = LongView(2, HOUR, 1)
    insert(view, (0, 0.0, 1.0), (0, 60.0, 2.0))
    view.reset(np.array([0]))
    assert held(view) == []
    assert not len(view.due(9))


TIMES = st.lists(st.floats(0.0, 30_000.0), min_size=1, max_size=120).map(sorted)


@given(times=TIMES, cuts=st.lists(st.integers(0, 120), max_size=6), seed=st.integers(0, 99))
def test_neither_cuts_nor_company_matter(times: list[float], cuts: list[int], seed: int) -> None:
    """Readings in order give the same bins to the last bit, however they are cut and whoever is beside."""
    values = np.random.default_rng(seed).normal(size=len(times))
    alone, beside = LongView(1, HOUR, 1), LongView(3, HOUR, 1)
    insert(alone, *((0, t, v) for t, v in zip(times, values, strict=True)))
    edges = sorted({0, len(times), *(c for c in cuts if c < len(times))})
    for start, end in pairwise(edges):
        part = [(2, t, v) for t, v in zip(times[start:end], values[start:end], strict=True)]
        insert(beside, *part, *((0, t + 7.0, 1.0) for _, t, _ in part))
    assert_same(alone.closed(np.array([0])), beside.closed(np.array([2])))


@given(times=TIMES)
def test_a_recording_has_the_bins_that_the_view_had(times: list[float]) -> None:
    """Training sees, bin by bin, what service shows."""
    values = np.arange(len(times), dtype=np.float32)
    view = LongView(1, HOUR, 1)
    insert(view, *((0, t, float(v)) for t, v in zip(times, values, strict=True)))
    past = binned(Recording("a", np.array(times), values[:, None]), view.width_seconds)
    shown = view.closed(np.array([0]))
    n = int(shown.lengths[0])
    recent = past.times_seconds >= np.floor(times[-1] / view.width_seconds) - BINS
    np.testing.assert_array_equal(shown.bin[0, :n], past.times_seconds[recent])
    np.testing.assert_allclose(shown.values[0, :n, 0], past.values[recent, 0], rtol=1e-6)


@pytest.mark.parametrize("times", [[], [5.0], [5.0, 6.0]])
def test_a_recording_without_a_closed_bin_has_none(times: list[float]) -> None:
    """Nothing, one reading, one bin: no row."""
    one = Recording("a", np.array(times), np.zeros((len(times), 2), np.float32))
    assert binned(one, 60.0).values.shape == (0, 2)


def test_memory_does_not_grow_with_the_horizon() -> None:
    """A month costs what an hour costs: below 1.5 KiB for a sensor of one channel."""
    hour, month = LongView(10, HOUR, 1), LongView(10, 30 * 86_400.0, 1)
    insert(hour, (0, 0.0, 1.0))
    assert hour.nbytes == month.nbytes < 10 * 1536
