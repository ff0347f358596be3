"""Windows by example: what an insertion reports, what slices hold, what snapshots refuse."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.readings import ReadingBatch
from offbeat.core.windows import Insertion, Windows


def batch(
    *readings: tuple[int, float, float], channels: tuple[int, ...] | None = None, offset: int = 1
) -> ReadingBatch:
    """Readings given as (sensor, time, value), all of channel 0 unless said."""
    sensor, time, value = zip(*readings, strict=True) if readings else ((), (), ())
    times = np.array(time, np.float64)
    return ReadingBatch(
        3,
        np.array(sensor, np.int32),
        np.array(channels or (0,) * len(sensor), np.int16),
        times,
        np.array(value, np.float32),
        times,
        offset,
    )


def counts(done: Insertion) -> tuple[int, int, int, int]:
    """Duplicates, late, reordered, superseded."""
    return done.duplicates, done.late, done.reordered, done.superseded


def times_of(windows: Windows, sensor: int, length: int = 99, span: float | None = None) -> list[float]:
    """The times a window holds."""
    rows = windows.latest(np.array([sensor]), length, span)
    return [float(t) for t in rows.times_seconds[0, : rows.lengths[0]]]


def test_an_empty_batch_gives_no_rows() -> None:
    """Nothing in, nothing out, nothing counted."""
    done = Windows(2, 4, 1).insert(batch())
    assert len(done.rows) == 0
    assert counts(done) == (0, 0, 0, 0)


def test_a_first_row_has_no_gap_and_later_rows_have_theirs() -> None:
    """Gaps go on over batches; rank numbers a sensor's rows within one."""
    windows = Windows(2, 4, 1)
    first = windows.insert(batch((1, 10.0, 1.0), (0, 5.0, 2.0), (1, 12.5, 3.0), offset=7)).rows
    assert (first.group, first.offset) == (3, 7)
    assert first.sensor.tolist() == [0, 1, 1]
    assert first.rank.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(first.gap_seconds, [np.nan, np.nan, 2.5])
    second = windows.insert(batch((1, 20.0, 1.0))).rows
    np.testing.assert_array_equal(second.gap_seconds, [7.5])


def test_a_batch_longer_than_the_window_leaves_its_newest_rows() -> None:
    """All rows go to the streams, the last W stay."""
    windows = Windows(1, 3, 1)
    done = windows.insert(batch(*((0, float(t), 0.0) for t in range(10))))
    assert len(done.rows) == 10
    assert times_of(windows, 0) == [7.0, 8.0, 9.0]
    assert counts(done) == (0, 0, 0, 0)


def test_what_arrives_out_of_order_is_in_the_window_but_not_scored() -> None:
    """A row of the past is counted as reordered and moves what is behind it."""
    windows = Windows(1, 3, 1)
    windows.insert(batch((0, 1.0, 0.0), (0, 2.0, 0.0), (0, 4.0, 0.0)))
    done = windows.insert(batch((0, 3.0, 9.0)))
    assert len(done.rows) == 0
    assert counts(done) == (0, 0, 1, 0)
    assert times_of(windows, 0) == [2.0, 3.0, 4.0]


def test_older_than_everything_in_a_full_window_is_late() -> None:
    """It is dropped, whatever else the batch holds."""
    windows = Windows(1, 2, 1)
    windows.insert(batch((0, 5.0, 0.0), (0, 6.0, 0.0)))
    assert counts(windows.insert(batch((0, 1.0, 0.0), (0, 7.0, 0.0)))) == (0, 1, 0, 0)
    assert times_of(windows, 0) == [6.0, 7.0]


def test_an_exact_repeat_is_a_duplicate_and_another_value_is_superseded() -> None:
    """Within a batch and between batches; the larger value stays either way."""
    windows = Windows(1, 4, 1)
    assert counts(windows.insert(batch((0, 1.0, 2.0), (0, 1.0, 2.0), (0, 1.0, 1.0)))) == (1, 0, 0, 1)
    assert counts(windows.insert(batch((0, 1.0, 2.0)))) == (1, 0, 0, 0)
    done = windows.insert(batch((0, 1.0, 3.0)))
    assert counts(done) == (0, 0, 0, 1)
    assert len(done.rows) == 0
    assert windows.latest(np.array([0]), 1).values[0, 0, 0] == 3.0


def test_a_new_channel_at_the_newest_instant_is_a_row_with_gap_zero() -> None:
    """Only the new channel is in its mask; the window holds one row of both."""
    windows = Windows(1, 4, 2)
    windows.insert(batch((0, 1.0, 5.0), channels=(0,)))
    rows = windows.insert(batch((0, 1.0, 5.0), (0, 1.0, 6.0), (0, 2.0, 7.0), channels=(0, 1, 1))).rows
    np.testing.assert_array_equal(rows.gap_seconds, [0.0, 1.0])
    np.testing.assert_array_equal(rows.mask, [[False, True], [False, True]])
    np.testing.assert_array_equal(rows.values, [[0.0, 6.0], [0.0, 7.0]])
    held = windows.latest(np.array([0]), 4)
    assert held.lengths.tolist() == [2]
    np.testing.assert_array_equal(held.values[0, 0], [5.0, 6.0])


def test_times_around_zero_are_one_instant() -> None:
    """-0.0 and 0.0 seconds are the same time."""
    windows = Windows(1, 4, 1)
    windows.insert(batch((0, -0.0, 1.0)))
    assert counts(windows.insert(batch((0, 0.0, 1.0)))) == (1, 0, 0, 0)


def test_a_slice_is_right_padded_with_zeros_and_has_the_asked_width() -> None:
    """Also for a sensor without rows; no wider than the window."""
    windows = Windows(3, 4, 1)
    windows.insert(batch(*((s, t, 1.0) for s in (0, 2) for t in range(10 * s + 2))))
    rows = windows.latest(np.array([2, 1, 0]), 3)
    assert rows.times_seconds.shape == (3, 3)
    assert rows.lengths.tolist() == [3, 0, 2]
    np.testing.assert_array_equal(rows.times_seconds, [[19.0, 20.0, 21.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(rows.mask[:, :, 0], rows.values[:, :, 0] == 1.0)
    assert windows.latest(np.array([2]), 100).times_seconds.shape == (1, 4)


def test_a_slice_can_be_bounded_by_wall_time() -> None:
    """Rows exactly as old as the span are in."""
    windows = Windows(2, 8, 1)
    windows.insert(batch(*((0, t, 0.0) for t in (1.0, 5.0, 7.0, 10.0)), (1, 3.0, 0.0)))
    assert times_of(windows, 0, span=5.0) == [5.0, 7.0, 10.0]
    assert times_of(windows, 0, length=2, span=5.0) == [7.0, 10.0]
    rows = windows.latest(np.array([0, 1]), 8, np.array([0.0, 100.0]))
    assert rows.lengths.tolist() == [1, 1]


def test_replayed_batches_are_absorbed_as_duplicates() -> None:
    """The window stays as it was, and no row moves forward."""
    windows = Windows(2, 4, 1)
    part = batch((0, 1.0, 1.0), (1, 1.0, 1.0), offset=50)
    windows.insert(part)
    again = windows.insert(part)
    assert (again.duplicates, len(again.rows)) == (2, 0)


def test_arrays_and_restore_carry_everything() -> None:
    """Also what `reset` then forgets."""
    windows, other = Windows(2, 4, 1), Windows(2, 4, 1)
    windows.insert(batch(*((1, float(t), float(t)) for t in range(6))))
    other.insert(batch((0, 99.0, 1.0)))
    other.restore(windows.arrays())
    assert times_of(other, 1) == [2.0, 3.0, 4.0, 5.0]
    assert times_of(other, 0) == []
    assert other.last_time.tolist() == [-np.inf, 5.0]
    other.reset(np.array([1]))
    assert other.counts.tolist() == [0, 0]
    assert len(other.insert(batch((1, 0.5, 1.0))).rows) == 1


def test_a_snapshot_of_other_channels_is_refused_with_advice() -> None:
    """The sentence gives both shapes."""
    arrays = Windows(2, 4, 2).arrays()
    with pytest.raises(ValueError, match=r"\(2, 4, 2\).*do not fit \(2, 4, 1\).*start without it"):
        Windows(2, 4, 1).restore(arrays)


def test_what_was_put_into_the_past_is_handed_on_once() -> None:
    """For those who look further back: new readings only, neither repeated ones nor those that were dropped."""
    windows = Windows(1, 3, 2)
    windows.insert(batch((0, 1.0, 1.0), (0, 2.0, 2.0), (0, 4.0, 4.0)))
    assert windows.insert(batch((0, 5.0, 5.0))).past is None
    both = ((0, 3.0, 3.0), (0, 4.0, 9.0), (0, 0.5, 7.0))
    done = windows.insert(batch(*both, channels=(0, 1, 0)))
    assert done.past is not None
    assert done.past.time_seconds.tolist() == [3.0, 4.0]
    assert done.past.mask.tolist() == [[True, False], [False, True]]
    assert windows.insert(batch(*both[:2], channels=(0, 1))).past is None
