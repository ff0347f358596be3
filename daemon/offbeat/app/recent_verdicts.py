"""The newest verdicts on every sensor, for its charts: the score and the expected band of each of its last readings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bands import band, telling_band
from offbeat.core.decisions import ScoredRows
from offbeat.core.pipeline import Pipeline
from offbeat.core.sensors import Group

Floats = NDArray[np.float32]

MOST_READINGS = 256
"""Of a longer window the older readings are shown without a score."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was said of the readings of one sensor.

    Attributes:
        score: float32 [n]; NaN where a reading was not judged, or too long ago.
        low, high: the band it was expected in, float32 [n, C]; NaN likewise.
        surprise: of the newest judged reading by stream; only streams that have an opinion.
    """

    score: Floats
    low: Floats
    high: Floats
    surprise: dict[str, float]


class RecentVerdicts:
    """Rings of verdicts, filled as rows are judged. Used by the thread that owns the pipeline.

    They begin empty after a restart, and when a group is judged by other laws: bands are kept in the terms of those
    that they were told by, and mean something else in the terms of others. What is drawn is not what is decided by, so
    no snapshot holds it. Half precision is finer than a screen.

    Args:
        pipeline: whose sensors they are.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._rings: list[_Ring] = []
        self._follow_directory()

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes, were every sensor there."""
        return sum(ring.nbytes for ring in self._rings)

    def note(self, rows: ScoredRows) -> None:
        """Take in how rows were judged."""
        if len(rows):
            self._ring(rows.group).put(rows)

    def of(
        self,
        group: int,
        slot: int,
        times_seconds: NDArray[np.float64],
        values: Floats,
        strange: NDArray[np.bool_],
    ) -> Verdicts:
        """Return what was said of the readings of a sensor at some times.

        Args:
            group: index of the group.
            slot: of the sensor in it.
            times_seconds: of the readings, ascending.
            values: of the readings, [n, C].
            strange: which readings an alert tells of, bool [n].
        """
        ring, learnt = self._ring(group), self._pipeline.groups[group].learnt
        score, mean, sigma = ring.at(slot, times_seconds)
        if learnt is None:
            low = high = np.full_like(mean, np.nan)
        else:
            center, scale = learnt.normalisers.center[slot], learnt.normalisers.scale[slot]
            low, high = _telling(values, strange, mean, sigma, center, scale)
            # Without a verdict nothing was expected, not even by the normaliser.
            unjudged = np.isnan(score)
            low[unjudged], high[unjudged] = np.nan, np.nan
        return Verdicts(score, low, high, ring.surprise_of(slot))

    def _follow_directory(self) -> None:
        readings = min(self._pipeline.settings.window_readings, MOST_READINGS)
        directory = self._pipeline.directory
        for group in directory.groups[len(self._rings) :]:
            self._rings.append(_Ring(group, directory.max_sensors, readings))

    def _ring(self, group: int) -> _Ring:
        if group >= len(self._rings):
            self._follow_directory()
        self._rings[group].follow(self._pipeline.groups[group].generation)
        return self._rings[group]


class _Ring:
    """The verdicts on one group's sensors. Memory is committed by the system as sensors appear."""

    def __init__(self, group: Group, sensors: int, readings: int) -> None:
        channels = len(group.channels)
        self._generation = 0
        self._readings = readings
        self._names: tuple[str, ...] = ()
        self._surprise = np.zeros((sensors, 0), np.float16)
        self._count = np.zeros(sensors, np.int64)
        self._time = np.zeros((sensors, readings), np.float64)
        self._score = np.zeros((sensors, readings), np.float16)
        self._expected = np.zeros((sensors, readings, channels, 2), np.float16)

    @property
    def nbytes(self) -> int:
        arrays = (self._surprise, self._count, self._time, self._score, self._expected)
        return sum(array.nbytes for array in arrays)

    def follow(self, generation: int) -> None:
        """Forget what was told by another generation of laws."""
        if generation != self._generation:
            self._generation = generation
            self._count.fill(0)

    def put(self, rows: ScoredRows) -> None:
        slot = rows.sensor.astype(np.intp)
        first = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
        length = np.diff(np.r_[first, len(slot)])
        rank = np.arange(len(slot)) - np.repeat(first, length)
        # Of more rows of a sensor than the ring holds, those assigned last stay: the newest.
        place = (self._count[slot] + rank) % self._readings
        self._count[slot[first]] += length
        self._time[slot, place] = rows.time_seconds
        with np.errstate(over="ignore"):
            self._score[slot, place] = rows.score
            self._expected[slot, place] = np.nan if rows.mean is None else _pair(rows)
        self._keep_surprise(slot[first + length - 1], rows, first + length - 1)

    def at(self, slot: int, times: NDArray[np.float64]) -> tuple[Floats, Floats, Floats]:
        """Return score [n], mean and sigma [n, C]; NaN at times that have no verdict."""
        held = min(int(self._count[slot]), self._readings)
        order = np.argsort(self._time[slot, :held], kind="stable")
        known = self._time[slot, :held][order]
        score = np.full(len(times), np.nan, np.float32)
        expected = np.full((len(times), *self._expected.shape[2:]), np.nan, np.float32)
        if held:
            # The last of several verdicts on one time is the one that stands.
            near = np.maximum(np.searchsorted(known, times, side="right") - 1, 0)
            there = known[near] == times
            score[there] = self._score[slot, order[near[there]]]
            expected[there] = self._expected[slot, order[near[there]]]
        return score, expected[:, :, 0], expected[:, :, 1]

    def surprise_of(self, slot: int) -> dict[str, float]:
        said = self._surprise[slot].astype(np.float64)
        if not self._count[slot]:
            return {}
        return {name: float(s) for name, s in zip(self._names, said, strict=True) if np.isfinite(s)}

    def _keep_surprise(self, slot: NDArray[np.intp], rows: ScoredRows, newest: NDArray[np.intp]) -> None:
        if rows.names != self._names:
            self._names = rows.names
            self._surprise = np.full((len(self._count), len(rows.names)), np.nan, np.float16)
        with np.errstate(over="ignore"):
            self._surprise[slot] = rows.surprise[newest]


def _telling(
    values: Floats, strange: NDArray[np.bool_], mean: Floats, sigma: Floats, center: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Return the bands that say why readings are strange, without a change from reading to reading.

    Each reading by itself has that of `telling_band`. Once the usual band has told why, it goes on telling as long as
    an alert goes on and the readings are outside of it, whether the model follows each of them or not: else a chart
    would jump to and fro between the two.
    """
    strange = strange[:, None]
    low, high = telling_band(values, strange, mean, sigma, center, scale)
    usual_low, usual_high = band(np.full_like(mean, np.nan), sigma, center, scale)
    outside = ~((usual_low <= values) & (values <= usual_high))
    by_usual = strange & outside & np.isfinite(values) & (low == usual_low) & (high == usual_high)
    row = np.arange(len(values))[:, None]
    calm_last = np.maximum.accumulate(np.where(strange & outside, -1, row), axis=0)
    told_last = np.maximum.accumulate(np.where(by_usual, row, -1), axis=0)
    goes_on = told_last > calm_last
    return np.where(goes_on, usual_low, low), np.where(goes_on, usual_high, high)


def _pair(rows: ScoredRows) -> Floats:
    assert rows.mean is not None
    assert rows.sigma is not None
    return np.stack([rows.mean, rows.sigma], axis=-1)
