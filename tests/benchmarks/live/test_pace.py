"""Sensors that send at their own pace."""

from __future__ import annotations

import json
import threading

import numpy as np

from offbeat_models.synthetic import Stream
from tests.benchmarks.detection import suite
from tests.benchmarks.live.pace import Pace, rows_of


def test_every_reading_is_published_once_it_is_time_and_with_that_time() -> None:
    """When each was is written down, by sensor."""
    heard: list[tuple[str, float, float]] = []

    def publish(topic: str, payload: bytes) -> None:
        said = json.loads(payload)
        heard.append((topic, said["ts"], said["value"]))

    pace = Pace(publish, "first", [(0.0, "a", 1.0), (0.02, "b", 2.0), (0.04, "a", 3.0)])
    pace.run()
    assert [(topic, value) for topic, _, value in heard] == [
        ("first/a", 1.0),
        ("first/b", 2.0),
        ("first/a", 3.0),
    ]
    np.testing.assert_allclose([at - pace.began for _, at, _ in heard], [0.0, 0.02, 0.04], atol=1e-5)
    assert [len(pace.sent[name]) for name in ("a", "b")] == [2, 1]
    assert all(pace.sent["a"][i] >= heard[row][1] - 1e-5 for i, row in enumerate((0, 2)))
    assert pace.latest_seconds >= 0.0


def test_all_fall_silent_when_it_is_asked_for() -> None:
    """Though there is more to say: whoever waits for the next reading is woken."""
    said = threading.Event()
    pace = Pace(lambda *_: said.set(), "first", [(0.0, "a", 1.0), (3600.0, "a", 2.0)])
    sender = threading.Thread(target=pace.run)
    sender.start()
    assert said.wait(10.0)
    pace.stop()
    sender.join(10.0)
    assert not sender.is_alive()
    assert len(pace.sent["a"]) == 1


def test_a_reading_that_is_under_way_when_all_fall_silent_is_their_last_and_written_down() -> None:
    """Else a silence would be counted from the reading before."""
    known_at_the_stop: list[int] = []
    told = threading.Event()

    def stop() -> None:
        pace.stop()
        known_at_the_stop.append(len(pace.sent["a"]))
        told.set()

    stopper = threading.Thread(target=stop)

    def publish(*_: object) -> None:
        stopper.start()
        told.wait(0.3)

    pace = Pace(publish, "first", [(0.0, "a", 1.0), (0.0, "a", 2.0)])
    pace.run()
    stopper.join(10.0)
    assert known_at_the_stop == [1]
    assert len(pace.sent["a"]) == 1


def test_what_several_sensors_say_is_sent_in_the_order_of_time() -> None:
    """Whichever of them it is."""
    one, other = suite.univariate(2).specs
    streams = [
        Stream(one, np.array([0.0, 2.0]), np.array([[1.0], [2.0]])),
        Stream(other, np.array([1.0]), np.array([[3.0]])),
    ]
    assert rows_of(streams) == [(0.0, one.name, 1.0), (1.0, other.name, 3.0), (2.0, one.name, 2.0)]
