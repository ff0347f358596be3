"""Which rows are played at once, and which one by one; and whose verdicts are written down."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from offbeat.replay.series import Series
from tests.benchmarks.live.playing import Said, Stage, play_windows, stretches

SENSORS = ("one", "two")
ROWS = 12
SHIFT = 1000.0


@dataclass
class LateDaemon:
    """Judges one row whenever it is asked how many it has judged, in the order in which they came.

    Attributes:
        waiting: rows that were sent and are not judged yet: sensor, time, value.
    """

    name: str = "late"
    waiting: deque[tuple[str, float, float]] = field(default_factory=deque)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message."""
        said = json.loads(payload)
        self.waiting.append((topic.replace("/", "."), said["ts"], said["value"]))

    def judged(self) -> int:
        """Return how many rows it has judged."""
        self._judge_one()
        return self.count

    def newest(self, prefix: str, most: int) -> dict[str, dict[str, Any]]:
        """Return the newest of each sensor."""
        return {sensor: one for sensor, one in self.shown.items() if sensor.startswith(prefix)}

    def sensor(self, sensor: str) -> dict[str, Any] | None:
        """Return a sensor with its window, in which rows stand before they are judged."""
        self._judge_one()
        judged = self.shown.get(sensor)
        times = [at for one, at, _ in self.waiting if one == sensor]
        scores = [None for _ in times]
        if judged is None:
            return None if not times else {"window": {"times": times, "scores": scores}}
        return {"window": {"times": [judged["at"], *times], "scores": [judged["score"], *scores]}}

    def _judge_one(self) -> None:
        if self.waiting:
            sensor, at, value = self.waiting.popleft()
            self.shown[sensor] = {"at": at, "score": value, "p_value": 10.0**-value}
            self.count += 1


@pytest.fixture
def series() -> list[Series]:
    """Return sensors whose values are the numbers of their rows, so that a verdict tells of which row it is."""
    numbers = np.arange(ROWS, dtype=np.float32)[:, None]
    return [Series(name, ("value",), 10.0 * np.arange(ROWS) + i, numbers) for i, name in enumerate(SENSORS)]


def test_watched_rows_follow_those_that_are_not() -> None:
    """What lies before the first row, and behind the last watched one, is not played."""
    watched = np.zeros(30, np.bool_)
    watched[2:4] = watched[10:15] = watched[20:22] = True
    assert stretches(watched, 5) == [
        (slice(5, 10), slice(10, 15)),
        (slice(15, 20), slice(20, 22)),
    ]


def test_nothing_is_played_where_nothing_is_watched() -> None:
    """Nobody would ask about it."""
    assert stretches(np.zeros(30, np.bool_), 5) == []


def test_every_verdict_is_of_its_own_row_though_others_sent_before(series: list[Series]) -> None:
    """A burst that did not arrive in time is judged among the rows of the suite, and counted with them."""
    daemon = LateDaemon()
    for number in range(100):
        daemon.hear(f"plant/line/{number}", b'{"ts": 1.0, "value": 99}')
    stage = Stage(daemon.hear, [daemon], series, SHIFT, patience_seconds=10.0)
    watched = np.zeros(ROWS, np.bool_)
    watched[4:7] = watched[9:11] = True
    said = play_windows(stage, [daemon], dict.fromkeys(SENSORS, watched), 1)["late"]
    expected = np.where(watched, np.arange(ROWS), np.nan)
    for sensor in SENSORS:
        np.testing.assert_allclose(said.alarm[sensor], expected, rtol=1e-6)
        np.testing.assert_array_equal(said.score[sensor], expected)
    assert not daemon.waiting


def test_a_row_that_is_never_judged_ends_the_wait_by_name(series: list[Series]) -> None:
    """Though as many rows were judged as were published: of somebody else."""
    daemon = LateDaemon()

    def publish(topic: str, _: bytes) -> None:
        daemon.hear("plant/line/1", b'{"ts": 1.0, "value": 99}')

    stage = Stage(publish, [daemon], series, SHIFT, patience_seconds=0.05)
    with pytest.raises(AssertionError, match=r"late to judge the row of one at 1020\.000000"):
        stage.play({"one": slice(0, 3)})


def test_rows_that_are_not_asked_about_have_no_verdict(series: list[Series]) -> None:
    """What a daemon says of them is not waited for."""
    daemon = LateDaemon()
    stage = Stage(daemon.hear, [daemon], series, SHIFT, patience_seconds=10.0)
    said = {"late": Said({"one": np.full(ROWS, np.nan)}, {"one": np.full(ROWS, np.nan)})}
    stage.play({"one": slice(0, 5)})
    stage.ask({"one": slice(5, 7)}, said)
    assert np.flatnonzero(np.isfinite(said["late"].score["one"])).tolist() == [5, 6]
