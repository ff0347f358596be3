"""The injected suite: heterogeneous sensors that report irregularly, and windows with a fault or without.

Each window is a sensor of its own that begins anew with healthy rows, so that no fault is found thanks to the one
before it; it is judged by what was learnt of the sensor that it is a copy of.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.series import Series
from offbeat_models.synthetic import (
    FAULT_KINDS,
    FaultKind,
    SensorSpec,
    Stream,
    inject,
    make_fleet,
    stream,
)

HISTORY_ROWS = 1500
LEAD_ROWS = 192
"""Healthy rows before a window: the longest mean of the streams has settled by then."""
WINDOW_ROWS = 32
WINDOWS = 4
"""Windows of each fault and sensor."""
CLEAN_COPIES = 8
CLEAN_WINDOWS = 5
"""Windows without a fault of each clean copy, one after the other."""
START_SECONDS = 1e9
CHANNELS = ("a", "b", "c", "d")

AFTER_ROWS = 4
"""Healthy rows behind a window."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Sensors of one group.

    Attributes:
        name: of the fleet.
        specs: of its sensors.
        channels: names.
        kinds: faults that are put into them.
    """

    name: str
    specs: tuple[SensorSpec, ...]
    channels: tuple[str, ...]
    kinds: tuple[FaultKind, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that is judged as a whole.

    Attributes:
        copy: id of the sensor that holds it.
        kind: fault; None = healthy.
        start, end: unix seconds, inclusive.
    """

    copy: str
    kind: FaultKind | None
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cases:
    """Everything that is played to judge a fleet.

    Attributes:
        series: copies of sensors.
        owner: sensor that each copy is of.
        windows: to judge.
    """

    series: list[Series]
    owner: dict[str, str]
    windows: list[Window]


def univariate(sensors: int = 42) -> Fleet:
    """Return sensors of one channel: 7 shapes, 4 rhythms, gaps from a tenth of a second to minutes."""
    kinds = tuple(kind for kind in FAULT_KINDS if kind != "decoupling")
    return Fleet("univariate", tuple(make_fleet(1, sensors)), ("value",), kinds)


def multichannel(sensors: int = 14) -> Fleet:
    """Return sensors of four channels that follow one signal; in every other one readings are missing."""
    whole = make_fleet(2, sensors, channels=len(CHANNELS))
    holey = make_fleet(2, sensors, channels=len(CHANNELS), missing=0.3)
    specs = tuple(pair[index % 2] for index, pair in enumerate(zip(whole, holey, strict=True)))
    return Fleet("multichannel", specs, CHANNELS, FAULT_KINDS)


def paced(fleet: Fleet) -> Fleet:
    """Return a fleet whose sensors all bring a reading a second, each by its own rhythm."""
    specs = tuple(
        replace(
            one,
            gap_seconds=1.0,
            period_seconds=one.period_seconds / one.gap_seconds,
            second_period_seconds=one.second_period_seconds / one.gap_seconds,
            memory_seconds=one.memory_seconds / one.gap_seconds,
        )
        for one in fleet.specs
    )
    return replace(fleet, specs=specs)


def history(fleet: Fleet, seed: int) -> list[Series]:
    """Return what the sensors of a fleet said while nothing was wrong."""
    return [
        as_series(
            spec.name,
            fleet,
            stream(spec, random_for(seed, spec.name, "history"), START_SECONDS, HISTORY_ROWS),
        )
        for spec in fleet.specs
    ]


def contaminated_history(fleet: Fleet, seed: int, share: float) -> list[Series]:
    """Return the same with faults of values in it, until so large a share of readings is anomalous."""
    out = []
    for spec in fleet.specs:
        healthy = stream(spec, random_for(seed, spec.name, "history"), START_SECONDS, HISTORY_ROWS)
        faulty = _contaminated(healthy, random_for(seed, spec.name, "contamination"), share)
        out.append(as_series(spec.name, fleet, faulty))
    return out


def cases(
    fleet: Fleet,
    seed: int,
    windows: int = WINDOWS,
    clean_copies: int = CLEAN_COPIES,
    lead_rows: int = LEAD_ROWS,
) -> Cases:
    """Return copies of every sensor of a fleet, with a fault each or without.

    Args:
        fleet: whose sensors.
        seed: of signals and faults.
        windows: of each fault and sensor.
        clean_copies: of each sensor, of `CLEAN_WINDOWS` windows each.
        lead_rows: healthy rows before the first window of each copy.
    """
    out = Cases([], {}, [])
    for spec in fleet.specs:
        for copy, faulty, found in _copies(fleet, spec, seed, windows, clean_copies, lead_rows):
            out.series.append(as_series(copy, fleet, faulty))
            out.owner[copy] = spec.name
            out.windows.extend(found)
    return out


def _copies(
    fleet: Fleet, spec: SensorSpec, seed: int, windows: int, clean_copies: int, lead_rows: int
) -> Iterator[tuple[str, Stream, list[Window]]]:
    for number in range(clean_copies):
        copy = f"{spec.name}/clean/{number}"
        healthy = _begun(spec, random_for(seed, copy), lead_rows + CLEAN_WINDOWS * WINDOW_ROWS + 1)
        starts = lead_rows + WINDOW_ROWS * np.arange(CLEAN_WINDOWS)
        yield copy, healthy, [window_at(copy, None, healthy, first) for first in starts.tolist()]
    for kind in fleet.kinds:
        for number in range(windows):
            copy = f"{spec.name}/{kind}/{number}"
            random = random_for(seed, copy)
            healthy = _begun(spec, random, lead_rows + WINDOW_ROWS + AFTER_ROWS)
            faulty, _ = inject(healthy, kind, random, *fault_rows(kind, random, lead_rows))
            yield copy, faulty, [window_at(copy, kind, healthy, lead_rows)]


def fault_rows(kind: FaultKind, random: np.random.Generator, first: int) -> tuple[int, int]:
    """Return the first row and the rows of a fault in the window that begins at row `first`.

    A short one lies anywhere in its window, a long one fills it.
    """
    if kind in ("spike", "contextual_spike"):
        return first + int(random.integers(WINDOW_ROWS)), 1
    if kind == "silence":
        length = int(random.integers(8, 25))
        return first + int(random.integers(WINDOW_ROWS - length)), length
    return first, WINDOW_ROWS - 1


def window_at(copy: str, kind: FaultKind | None, healthy: Stream, first: int) -> Window:
    """Return the window that begins at a row of a stream, as the stream is without the fault."""
    times = healthy.times
    return Window(copy, kind, float(times[first]), float(times[first + WINDOW_ROWS - 1]))


def _begun(spec: SensorSpec, random: np.random.Generator, rows: int) -> Stream:
    """Return healthy rows from some moment of the signal on."""
    start = START_SECONDS + 2e6 + random.uniform(0.0, 50.0) * spec.period_seconds
    return stream(spec, random, start, rows)


def _contaminated(healthy: Stream, random: np.random.Generator, share: float) -> Stream:
    """Return a stream with faults put at random until `share` of the rows are anomalous."""
    kinds: tuple[FaultKind, ...] = ("spike", "contextual_spike", "stuck", "drift", "variance", "frequency")
    faulty, anomalous, rows = healthy, np.zeros(len(healthy), np.bool_), len(healthy)
    while anomalous.sum() < share * rows:
        kind = kinds[int(random.integers(len(kinds)))]
        length = 1 if kind in ("spike", "contextual_spike") else WINDOW_ROWS
        first = int(random.integers(1, rows - length - 1))
        if not anomalous[first : first + length].any():
            faulty, _ = inject(faulty, kind, random, first, length)
            anomalous[first : first + length] = True
    return faulty


def as_series(sensor: str, fleet: Fleet, readings: Stream) -> Series:
    """Return a stream as a recording of a sensor of a fleet."""
    return Series(sensor, fleet.channels, readings.times, readings.values.astype(np.float32))


def random_for(seed: int, *names: str) -> np.random.Generator:
    """Return a generator that depends on what it is for, not on what was drawn before it."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def window_rows(times_seconds: NDArray[np.float64], window: Window) -> slice:
    """Return which rows of a copy lie in a window, ends included."""
    first = int(np.searchsorted(times_seconds, window.start, side="left"))
    return slice(first, int(np.searchsorted(times_seconds, window.end, side="right")))


def largest_by_window(
    windows: Sequence[Window],
    times_seconds: Mapping[str, NDArray[np.float64]],
    said: Mapping[str, NDArray[np.floating]],
) -> NDArray[np.float32]:
    """Return the largest that was said of the rows in each window; 0 where nothing was.

    Args:
        windows: to judge.
        times_seconds: of the rows of each copy.
        said: of the same rows; NaN = nothing.
    """
    out = np.zeros(len(windows), np.float32)
    for index, window in enumerate(windows):
        inside = said[window.copy][window_rows(times_seconds[window.copy], window)]
        out[index] = np.nanmax(inside, initial=0.0)
    return out
