"""The suite's sensors published to daemons, faster than time; and what the daemons say of each reading in a window.

A reading carries its own time, so what is judged by it goes as fast as the daemons judge. In a window the readings come
one by one: behind each of them every daemon is asked what it says of the newest reading of each sensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.series import Series
from tests.benchmarks.live.daemons import SUITE
from tests.support.waiting import wait_until

PATIENCE_SECONDS = 120.0
_LEAST_P = 1e-300

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """What a daemon published of the rows of its sensors; NaN of rows that nobody asked about.

    Attributes:
        alarm: -log10 of the least p-value over the tracks, which is what opens alerts, by sensor.
        score: the largest over the tracks.
    """

    alarm: dict[str, Doubles]
    score: dict[str, Doubles]


class Judge(Protocol):
    """What a daemon tells of what it has judged; see `LiveDaemon`."""

    @property
    def name(self) -> str:
        """Of the daemon."""

    def judged(self) -> int:
        """Return how many rows it has judged, whoever sent them."""

    def newest(self, prefix: str, most: int) -> dict[str, dict[str, Any]]:
        """Return the newest of each sensor, by id."""

    def sensor(self, sensor: str) -> dict[str, Any] | None:
        """Return one sensor in full, with its window."""


class Stage:
    """Publishes rows and waits until they were judged.

    Args:
        publish: a payload to a topic.
        daemons: that hear it.
        series: what the sensors say.
        shift_seconds: from the times of the series to those that are published.
        patience_seconds: after which what was not judged never will be.
    """

    def __init__(
        self,
        publish: Callable[[str, bytes], object],
        daemons: Sequence[Judge],
        series: Sequence[Series],
        shift_seconds: float,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._publish = publish
        self._daemons = daemons
        self._patience = patience_seconds
        self._series = {one.sensor: one for one in series}
        self._shift = shift_seconds

    def play(self, rows: Mapping[str, slice]) -> None:
        """Publish rows of all sensors, in the order of time, and return when all of them were judged.

        What others have sent before is judged then, too: a broker and a daemon keep the order.
        """
        self._play(rows)
        last = {sensor: part.stop - 1 for sensor, part in rows.items() if part.stop > part.start}
        for daemon in self._daemons:
            for sensor, row in last.items():
                at = float(self._stamp(sensor, row))
                wait_until(
                    lambda one=daemon, sensor=sensor, at=at: _is_judged(one.sensor(f"{SUITE}.{sensor}"), at),
                    self._patience,
                    f"{daemon.name} to judge the row of {sensor} at {at:.6f}",
                )

    def _play(self, rows: Mapping[str, slice]) -> None:
        """Publish rows, and return when so many more were judged: these, where nobody else's wait to be."""
        marks = [
            (float(self._series[sensor].times_seconds[row]), sensor, row)
            for sensor, part in rows.items()
            for row in range(part.start, part.stop)
        ]
        wanted = {daemon.name: daemon.judged() + len(marks) for daemon in self._daemons}
        for _, sensor, row in sorted(marks):
            self._publish(*self._message(sensor, row))
        for daemon in self._daemons:
            wait_until(
                lambda one=daemon: one.judged() >= wanted[one.name],
                self._patience,
                f"{daemon.name} to judge {wanted[daemon.name]} rows",
            )

    def ask(self, rows: Mapping[str, slice], said: Mapping[str, Said]) -> None:
        """Publish the rows one by one, and write down what each daemon says of each.

        What was played before has been judged, and nobody else sends any more: so rows may be waited for by their
        number, which costs the daemons less than to show the windows of all sensors.
        """
        for step in range(max((part.stop - part.start for part in rows.values()), default=0)):
            now = {
                sensor: part.start + step for sensor, part in rows.items() if part.start + step < part.stop
            }
            self._play({sensor: slice(row, row + 1) for sensor, row in now.items()})
            for daemon in self._daemons:
                newest = daemon.newest(f"{SUITE}.", len(self._series))
                for sensor, row in now.items():
                    told = newest[f"{SUITE}.{sensor}"]
                    said[daemon.name].alarm[sensor][row] = surprise(told["p_value"])
                    said[daemon.name].score[sensor][row] = np.nan if told["score"] is None else told["score"]

    def _message(self, sensor: str, row: int) -> tuple[str, bytes]:
        one = self._series[sensor]
        return (
            f"{SUITE}/{sensor}",
            b'{"ts": %s, "value": %.7g}' % (self._stamp(sensor, row), one.values[row, 0]),
        )

    def _stamp(self, sensor: str, row: int) -> bytes:
        return b"%.6f" % (self._series[sensor].times_seconds[row] + self._shift)


def _is_judged(sensor: Mapping[str, Any] | None, at: float) -> bool:
    """Return whether the newest reading that is shown of a sensor is that of a time, and has its verdict."""
    if sensor is None or not sensor["window"]["times"]:
        return False
    window = sensor["window"]
    return bool(window["times"][-1] == at and window["scores"][-1] is not None)


def surprise(p_value: float | None) -> float:
    """Return -log10 of a p-value; NaN without one."""
    return np.nan if p_value is None else float(-np.log10(max(p_value, _LEAST_P)))


def play_windows(
    stage: Stage,
    daemons: Iterable[Judge],
    watched: Mapping[str, NDArray[np.bool_]],
    first_row: int,
) -> dict[str, Said]:
    """Play all rows from one on; return what each daemon said of those that are watched.

    Args:
        stage: that publishes.
        daemons: that are asked.
        watched: rows of each sensor; all sensors have as many stretches of them.
        first_row: what was played before.
    """
    said = {daemon.name: Said(_nothing(watched), _nothing(watched)) for daemon in daemons}
    parts = {sensor: stretches(rows, first_row) for sensor, rows in watched.items()}
    for number in range(max(map(len, parts.values()))):
        now = {sensor: found[number] for sensor, found in parts.items() if number < len(found)}
        stage.play({sensor: quiet for sensor, (quiet, _) in now.items()})
        stage.ask({sensor: asked for sensor, (_, asked) in now.items()}, said)
    return said


def stretches(watched: NDArray[np.bool_], first_row: int) -> list[tuple[slice, slice]]:
    """Return the rows from one on as pairs: a stretch that is not watched, and the watched one behind it."""
    rows = watched[first_row:].astype(np.int8)
    begins = np.flatnonzero(np.diff(rows, prepend=0) == 1) + first_row
    ends = np.flatnonzero(np.diff(rows, append=0) == -1) + 1 + first_row
    before = [first_row, *ends.tolist()]
    return [
        (slice(quiet, begin), slice(begin, end))
        for quiet, begin, end in zip(before, begins.tolist(), ends.tolist(), strict=False)
    ]


def _nothing(watched: Mapping[str, NDArray[np.bool_]]) -> dict[str, Doubles]:
    return {sensor: np.full(len(rows), np.nan) for sensor, rows in watched.items()}
