"""Variants of recorded sets: thinned, with short faults in what is judged, with shifted blocks in what is learnt."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from tests.benchmarks.detection import judge, short_faults, thinning
from tests.benchmarks.detection.recorded import RecordedSet

WHOLE, INJECTED, SPOILT, BOTH = "whole", "i", "c", "ic"
"""Names: as it is; with short faults; learnt from spoilt rows; both."""
LEVELS = (70, 50, 30, 15)
"""Percent of the test rows that are left."""
SPOILT_SHARE = 0.05
ROWS_TO_RECOVER = 64
"""After an event of its own a recording is neither ordinary nor is anything to be found, for as long as means last."""
MOST_ROWS, MOST_CELLS = 40_000, 600_000
"""Test rows and values of a set that are enough; of larger sets some series are drawn."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of recordings to judge.

    Attributes:
        series: whole, by sensor.
        labels: what is to be found.
        ignored: spans that are not judged.
    """

    series: dict[str, Series]
    labels: Spans
    ignored: Spans = field(default_factory=dict)


def thin(level: int) -> str:
    """Return the name of the variant with so many percent of its rows."""
    return f"thin {level}"


def drawn(recorded: RecordedSet, seed: int) -> RecordedSet:
    """Return a set with those series that can be learnt and judged, or with some of them if they are many.

    Where a set has labels, series without an event in their test part say nothing of precision.
    """
    usable = [one for one in recorded.series if _is_usable(one, recorded)]
    most = min(MOST_ROWS, MOST_CELLS // len(usable[0].channels)) if usable else 0
    rows, chosen = 0, []
    for index in random_of(seed, recorded.name, "series").permutation(len(usable)).tolist():
        if rows < most:
            chosen.append(index)
            rows += _tested(usable[index], recorded)
    return dataclasses.replace(recorded, series=tuple(usable[index] for index in sorted(chosen)))


def as_it_is(recorded: RecordedSet) -> Variant:
    """Return a set without any change."""
    return Variant({one.sensor: one for one in recorded.series}, recorded.labels)


def thinned(recorded: RecordedSet, level: int, pace: Sequence[Series], seed: int) -> Variant:
    """Return a set with a percentage of its test rows; a row that is left at one level may be gone at a higher one.

    Args:
        recorded: the set.
        level: percent of the test rows to keep.
        pace: recordings whose gaps decide which.
        seed: of the choice of a record for each series, the same at every level.
    """
    records, series = thinning.gap_records(pace), {}
    for one in recorded.series:
        start, random = recorded.splits.test_from(one.sensor), random_of(seed, one.sensor, "thin")
        series[one.sensor] = thinning.thinned(one, start, level / 100, records, random)
    return Variant(series, recorded.labels)


def with_faults(recorded: RecordedSet, seed: int) -> Variant:
    """Return a set with short faults in its test part: they are to be found, its own events are not judged."""
    series, labels, ignored = {}, {}, {}
    for one in recorded.series:
        start, random = recorded.splits.test_from(one.sensor), random_of(seed, one.sensor, "faults")
        ignored[one.sensor] = _with_recovery(one, recorded.labels.get(one.sensor, []))
        series[one.sensor], labels[one.sensor] = short_faults.injected(
            one, start, ignored[one.sensor], random
        )
    return Variant(series, labels, ignored)


def _with_recovery(one: Series, events: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return events that last until some rows after their end."""
    times = np.sort(one.times_seconds)
    after = np.searchsorted(times, [end for _, end in events], side="right") + ROWS_TO_RECOVER - 1
    ends = times[np.minimum(after, len(times) - 1)]
    return [(start, max(end, float(late))) for (start, end), late in zip(events, ends, strict=True)]


def spoilt(recorded: RecordedSet, seed: int) -> RecordedSet:
    """Return a set with shifted blocks in a twentieth of the rows that are learnt from."""
    series = []
    for one in recorded.series:
        start, random = recorded.splits.test_from(one.sensor), random_of(seed, one.sensor, "blocks")
        series.append(short_faults.spoilt(one, start, SPOILT_SHARE, random))
    return dataclasses.replace(recorded, series=tuple(series))


def random_of(seed: int, *names: str) -> np.random.Generator:
    """Return a generator that depends on what it is for, not on what was drawn before it."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def _is_usable(one: Series, recorded: RecordedSet) -> bool:
    tested, start = _tested(one, recorded), recorded.splits.test_from(one.sensor)
    events = judge.test_spans(recorded.labels.get(one.sensor, []), start)
    return 2 <= len(one) - tested < len(one) and (bool(events) or not recorded.labels)


def _tested(one: Series, recorded: RecordedSet) -> int:
    return int((one.times_seconds >= recorded.splits.test_from(one.sensor)).sum())
