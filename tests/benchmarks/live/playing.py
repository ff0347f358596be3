"""The suite's sensors published to daemons, faster than time; and what the daemons say of each reading in a window.

A reading carries its own time, so what is judged by it goes as fast as the daemons judge. In a window the readings come
one by one: behind each of them every daemon is asked what it says of the newest reading of each sensor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import paho.mqtt.client as mqtt
from numpy.typing import NDArray

from offbeat.replay.series import Series
from tests.benchmarks.live.daemons import SUITE, LiveDaemon
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


class Stage:
    """Publishes rows and waits until they were judged.

    Args:
        client: that publishes.
        daemons: that hear it.
        series: what the sensors say.
        shift_seconds: from the times of the series to those that are published.
    """

    def __init__(
        self,
        client: mqtt.Client,
        daemons: Sequence[LiveDaemon],
        series: Sequence[Series],
        shift_seconds: float,
    ) -> None:
        self._client = client
        self._daemons = daemons
        self._series = {one.sensor: one for one in series}
        self._shift = shift_seconds

    def play(self, rows: Mapping[str, slice]) -> None:
        """Publish rows of all sensors, in the order of time, and return when all of them were judged."""
        marks = [
            (float(self._series[sensor].times_seconds[row]), sensor, row)
            for sensor, part in rows.items()
            for row in range(part.start, part.stop)
        ]
        wanted = {daemon.name: daemon.judged() + len(marks) for daemon in self._daemons}
        for _, sensor, row in sorted(marks):
            self._client.publish(*self._message(sensor, row))
        for daemon in self._daemons:
            wait_until(
                lambda one=daemon: one.judged() >= wanted[one.name],
                PATIENCE_SECONDS,
                f"{daemon.name} to judge {wanted[daemon.name]} rows",
            )

    def ask(self, rows: Mapping[str, slice], said: Mapping[str, Said]) -> None:
        """Publish the rows one by one, and write down what each daemon says of each."""
        for step in range(max((part.stop - part.start for part in rows.values()), default=0)):
            now = {
                sensor: part.start + step for sensor, part in rows.items() if part.start + step < part.stop
            }
            self.play({sensor: slice(row, row + 1) for sensor, row in now.items()})
            for daemon in self._daemons:
                newest = daemon.newest(f"{SUITE}.", len(self._series))
                for sensor, row in now.items():
                    told = newest[f"{SUITE}.{sensor}"]
                    said[daemon.name].alarm[sensor][row] = surprise(told["p_value"])
                    said[daemon.name].score[sensor][row] = np.nan if told["score"] is None else told["score"]

    def _message(self, sensor: str, row: int) -> tuple[str, bytes]:
        one = self._series[sensor]
        at, value = one.times_seconds[row] + self._shift, one.values[row, 0]
        return f"{SUITE}/{sensor}", b'{"ts": %.6f, "value": %.7g}' % (at, value)


def surprise(p_value: float | None) -> float:
    """Return -log10 of a p-value; NaN without one."""
    return np.nan if p_value is None else float(-np.log10(max(p_value, _LEAST_P)))


def play_windows(
    stage: Stage,
    daemons: Iterable[LiveDaemon],
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
