"""The windows against a brute-force oracle: order, repetition and division into batches do not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.joining import Flags, Floats, ordered_bits
from offbeat.core.readings import ReadingBatch
from offbeat.core.windows import Insertion, Windows

SENSORS = 3
Reading = tuple[int, int, float, float]
Case = tuple[int, int, list[list[Reading]]]
Window = list[tuple[float, dict[int, bytes]]]

values = st.sampled_from([-0.0, 0.0, 1.0, -1.0, 2.5, -2.5]) | st.floats(
    width=32, allow_nan=False, allow_infinity=False
)
times = st.integers(0, 12).map(float) | st.floats(-1e9, 4e9, allow_nan=False)


@st.composite
def played(draw: st.DrawFn) -> Case:
    """A window length, a number of channels, and batches of readings with many ties and repeats."""
    length, channels = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    one = st.tuples(st.integers(0, SENSORS - 1), st.integers(0, channels - 1), times, values)
    readings = draw(st.lists(one, max_size=40))
    if readings:
        readings += draw(st.lists(st.sampled_from(readings), max_size=10))
    return length, channels, split(draw, readings)


def split(draw: st.DrawFn, readings: list[Reading]) -> list[list[Reading]]:
    """Cut readings into batches at drawn places."""
    cuts = sorted(draw(st.lists(st.integers(0, len(readings)), max_size=6)))
    return [readings[a:b] for a, b in zip([0, *cuts], [*cuts, len(readings)], strict=True)]


def batch_of(readings: list[Reading], offset: int = 1) -> ReadingBatch:
    """Columns of some readings."""
    sensor, channel, time, value = zip(*readings, strict=True) if readings else ((), (), (), ())
    return ReadingBatch(
        0,
        np.array(sensor, np.int32),
        np.array(channel, np.int16),
        np.array(time, np.float64),
        np.array(value, np.float32),
        np.array(time, np.float64),
        offset,
    )


def number(value: bytes) -> float:
    """The float32 that some bytes are."""
    return float(np.frombuffer(value, np.float32)[0])


def order_of(value: bytes) -> int:
    """The place of a float32 in the total order of values."""
    return int(ordered_bits(np.frombuffer(value, np.float32))[0])


def oracle(readings: list[Reading], sensor: int, length: int) -> Window:
    """The top rows by time, the largest value of each channel and instant, from all readings at once."""
    rows: dict[float, dict[int, bytes]] = {}
    for owner, channel, time, value in readings:
        if owner == sensor:
            row, new = rows.setdefault(time + 0.0, {}), np.float32(value).tobytes()
            row[channel] = max(row.get(channel, new), new, key=order_of)
    return sorted(rows.items())[-length:]


def contents(windows: Windows, sensor: int) -> Window:
    """What a window holds, in the oracle's form."""
    rows = windows.latest(np.array([sensor]), windows.readings)
    return [
        (float(rows.times_seconds[0, i]), cells(rows.values[0, i], rows.mask[0, i]))
        for i in range(int(rows.lengths[0]))
    ]


def cells(row: Floats, mask: Flags) -> dict[int, bytes]:
    """The observed values of a row by channel."""
    return {int(c): row[c].tobytes() for c in np.flatnonzero(mask)}


def accounted(done: Insertion) -> int:
    """How many readings an insertion speaks of."""
    counted = done.duplicates + done.late + done.reordered + done.superseded
    return counted + int(np.count_nonzero(done.rows.mask))


@given(played())
@settings(max_examples=600, deadline=None)
def test_windows_equal_the_oracle(case: Case) -> None:
    """After any sequence of batches each window is the oracle's, and every reading is accounted for."""
    length, channels, batches = case
    windows = Windows(SENSORS, length, channels)
    for batch in batches:
        assert accounted(windows.insert(batch_of(batch))) == len(batch)
    for sensor in range(SENSORS):
        expected = oracle([r for b in batches for r in b], sensor, length)
        assert contents(windows, sensor) == expected
        assert windows.last_time[sensor] == (expected[-1][0] if expected else -np.inf)


@given(played(), st.data())
@settings(max_examples=300, deadline=None)
def test_windows_do_not_depend_on_order_repetition_or_batches(case: Case, data: st.DataObject) -> None:
    """Shuffled, partly repeated and cut elsewhere, the same readings give the same arrays to the bit."""
    length, channels, batches = case
    readings = [r for b in batches for r in b]
    again = data.draw(st.permutations(readings + readings[: len(readings) // 2]))
    first, second = Windows(SENSORS, length, channels), Windows(SENSORS, length, channels)
    for batch in batches:
        first.insert(batch_of(batch))
    for batch in split(data.draw, again):
        second.insert(batch_of(batch))
    mine, other = first.arrays(), second.arrays()
    assert {k: v.tobytes() for k, v in mine.items()} == {k: v.tobytes() for k, v in other.items()}


@given(played())
@settings(max_examples=400, deadline=None)
def test_rows_are_what_moves_sensors_forward(case: Case) -> None:
    """Rows hold new instants by (sensor, time), and new channels of the newest instant with gap 0."""
    length, channels, batches = case
    windows = Windows(SENSORS, length, channels)
    seen: list[Reading] = []
    for batch in batches:
        before = {s: oracle(seen, s, length) for s in range(SENSORS)}
        rows = windows.insert(batch_of(batch)).rows
        expected = []
        for sensor in range(SENSORS):
            last, known = before[sensor][-1] if before[sensor] else (-np.inf, {})
            rank = 0
            previous = last
            for time, row in oracle(batch, sensor, len(batch)):
                new = set(row) if time > last else set(row) - set(known) if time == last else set()
                if new:
                    gap = time - previous if np.isfinite(previous) else None
                    expected.append((sensor, time, gap, {c: row[c] for c in new}, rank))
                    previous, rank = time, rank + 1
        got = [
            (
                int(rows.sensor[i]),
                float(rows.time_seconds[i]),
                None if np.isnan(rows.gap_seconds[i]) else float(rows.gap_seconds[i]),
                cells(rows.values[i], rows.mask[i]),
                int(rows.rank[i]),
            )
            for i in range(len(rows))
        ]
        assert got == expected
        assert not rows.values[~rows.mask].any()
        seen += batch


@given(played(), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_a_snapshot_carries_windows_over_a_restart(case: Case, length: int) -> None:
    """Put into fresh slabs, of another length too, and played on, windows are those of all readings."""
    taken_length, channels, batches = case
    half = len(batches) // 2
    windows = Windows(SENSORS, taken_length, channels)
    for batch in batches[:half]:
        windows.insert(batch_of(batch))
    restored = Windows(SENSORS, length, channels)
    slots = np.array([2, 0])
    restored.put(slots, windows.take(slots))
    for batch in batches[half:]:
        restored.insert(batch_of(batch))
    rest = [r for b in batches[half:] for r in b]
    for sensor in (0, 2):
        held = contents(windows, sensor)[-length:]
        carried = [(sensor, c, t, number(v)) for t, row in held for c, v in row.items()]
        assert contents(restored, sensor) == oracle(carried + rest, sensor, length)
