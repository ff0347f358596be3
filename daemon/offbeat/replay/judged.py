"""How the rows of a recording were judged, put back beside the rows as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import ScoredRows
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Track

Floats = NDArray[np.float32]
T = TypeVar("T", bound=np.generic)
F = TypeVar("F", bound=np.floating[Any])


@dataclass(frozen=True, slots=True)
class JudgedSeries:
    """One sensor's recording with what was known at each row; NaN where nothing was known yet.

    Attributes:
        series: the rows, in recorded order.
        names: streams, K.
        score: float32 [n].
        p_value: float64 [n].
        surprise: float32 [n, K].
        low, high: the band that was expected to hold the next reading, float32 [n, C], or None if it was not
            kept.
    """

    series: Series
    names: tuple[str, ...]
    score: Floats
    p_value: NDArray[np.float64]
    surprise: Floats
    low: Floats | None = None
    high: Floats | None = None

    def since(self, time_seconds: float) -> JudgedSeries:
        """Return the rows recorded at or after a time: without those that only warmed the windows up."""
        keep = self.series.times_seconds >= time_seconds
        return replace(
            self,
            series=self.series.where(keep),
            score=self.score[keep],
            p_value=self.p_value[keep],
            surprise=self.surprise[keep],
            low=None if self.low is None else self.low[keep],
            high=None if self.high is None else self.high[keep],
        )


class Judgements:
    """Collects what a pipeline says about rows, batch by batch, and hands it out by recording."""

    def __init__(self) -> None:
        self._scored: dict[int, list[ScoredRows]] = {}
        self._bands: dict[int, list[_Bands]] = {}

    def add(self, scored: ScoredRows | None) -> None:
        """Take in the scores of a batch."""
        if scored is not None and len(scored):
            self._scored.setdefault(scored.group, []).append(scored)

    def add_bands(
        self,
        group: int,
        sensor: NDArray[np.int32],
        time_seconds: NDArray[np.float64],
        low: Floats,
        high: Floats,
    ) -> None:
        """Take in what each row [n] was expected to read, by channel [n, C], in order of (sensor, time)."""
        self._bands.setdefault(group, []).append(_Bands(sensor, time_seconds, low, high))

    def of(self, tracks: Sequence[Track]) -> list[JudgedSeries]:
        """Return each track's recording with its judgements.

        There is an answer for every recorded row, made of what was known when the row arrived: a row that the
        core did not judge, because it came late or only repeated one, shows what its sensor's newest row was
        given.
        """
        judged: dict[int, JudgedSeries] = {}
        for group in {track.group for track in tracks}:
            scores, bands = _GroupScores(self._scored.get(group, [])), _GroupBands(self._bands.get(group, []))
            for i, track in enumerate(tracks):
                if track.group == group:
                    judged[i] = bands.beside(track, scores.beside(track))
        return [judged[i] for i in range(len(tracks))]


@dataclass(frozen=True, slots=True)
class _Bands:
    sensor: NDArray[np.int32]
    time_seconds: NDArray[np.float64]
    low: Floats
    high: Floats


class _BySensor:
    """Rows of one group, sorted by sensor and in order of arrival within each."""

    def __init__(self, sensor: NDArray[np.int32], time_seconds: NDArray[np.float64]) -> None:
        self.order = np.argsort(sensor, kind="stable")
        self._sensor = sensor[self.order]
        self._time = time_seconds[self.order]

    def answers(self, track: Track) -> NDArray[np.intp]:
        """Return for each recorded row the sorted place of the answer that was known then; -1 for none."""
        first, last = np.searchsorted(self._sensor, [track.slot, track.slot + 1])
        place = answer_places(track.virtual_seconds, self._time[first:last])
        return np.where(place >= 0, place + first, -1)


class _GroupScores(_BySensor):
    def __init__(self, scored: list[ScoredRows]) -> None:
        super().__init__(
            _joined([s.sensor for s in scored], np.zeros(0, np.int32)),
            _joined([s.time_seconds for s in scored], np.zeros(0)),
        )
        self.names = scored[0].names if scored else ()
        self.score = _joined([s.score for s in scored], np.zeros(0, np.float32))[self.order]
        self.p_value = _joined([s.p_value for s in scored], np.zeros(0))[self.order]
        empty = np.zeros((0, len(self.names)), np.float32)
        self.surprise = _joined([s.surprise for s in scored], empty)[self.order]

    def beside(self, track: Track) -> JudgedSeries:
        place = self.answers(track)
        return JudgedSeries(
            track.series,
            self.names,
            _taken(self.score, place),
            _taken(self.p_value, place),
            _taken(self.surprise, place),
        )


class _GroupBands(_BySensor):
    def __init__(self, bands: list[_Bands]) -> None:
        super().__init__(
            _joined([b.sensor for b in bands], np.zeros(0, np.int32)),
            _joined([b.time_seconds for b in bands], np.zeros(0)),
        )
        self._known = bool(bands)
        empty = np.zeros((0, 0), np.float32)
        self._low = _joined([b.low for b in bands], empty)[self.order]
        self._high = _joined([b.high for b in bands], empty)[self.order]

    def beside(self, track: Track, judged: JudgedSeries) -> JudgedSeries:
        if not self._known:
            return judged
        place = self.answers(track)
        return replace(judged, low=_taken(self._low, place), high=_taken(self._high, place))


def answer_places(times: NDArray[np.float64], answered: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return for each row the place of the newest answer known when it arrived; -1 where there was none.

    Args:
        times: event times of a sensor's rows in order of arrival; they may repeat or step back [n].
        answered: event times of the rows that were judged, ascending; an instant may stand there several
            times when channels of it came one after the other [m].
    """
    newest = np.maximum.accumulate(times) if len(times) else times
    first = np.searchsorted(answered, newest, side="left")
    last = np.searchsorted(answered, newest, side="right") - 1
    # The k-th row of an instant knows the k-th answer about it, not those that came after it.
    begins = np.r_[True, np.diff(newest) > 0] if len(newest) else np.zeros(0, np.bool_)
    index = np.arange(len(newest))
    nth = index - np.maximum.accumulate(np.where(begins, index, 0))
    return np.asarray(np.minimum(first + nth, last), np.intp)


def _taken(column: NDArray[F], place: NDArray[np.intp]) -> NDArray[F]:
    out = np.full((len(place), *column.shape[1:]), np.nan, column.dtype)
    known = place >= 0
    out[known] = column[place[known]]
    return out


def _joined(parts: list[NDArray[T]], empty: NDArray[T]) -> NDArray[T]:
    return np.concatenate(parts) if parts else empty
