"""Raw stream values gathered by sensor."""

from __future__ import annotations

import numpy as np

from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.learn.collected import Collected

IDS = ("pump", "fan", "never heard")


def decided(sensors: list[int], times: list[float], raw: list[float] | None) -> Decisions:
    """Return decisions about rows of some sensors with one stream."""
    n = len(sensors)
    nothing = np.full(n, np.nan, np.float32)
    return Decisions(
        scores=ScoredRows(
            group=0,
            sensor=np.array(sensors, np.int32),
            time_seconds=np.array(times, np.float64),
            score=nothing,
            p_value=nothing.astype(np.float64),
            track_score=nothing[:, None],
            surprise=nothing[:, None],
            names=("level",),
            raw=None if raw is None else np.array(raw, np.float32)[:, None],
        )
    )


def test_rows_are_gathered_by_sensor_in_the_order_in_which_they_came() -> None:
    """Over many calls; a sensor that never spoke is not there."""
    collected = Collected()
    collected.add(decided([0, 0, 1], [1, 2, 1.5], [10, 20, 100]))
    collected.add(Decisions())
    collected.add(decided([], [], []))
    collected.add(decided([1, 0], [2.5, 3], [200, 30]))
    assert {name: rows.tolist() for name, rows in collected.raw(IDS).items()} == {
        "pump": [[10], [20], [30]],
        "fan": [[100], [200]],
    }
    assert {name: times.tolist() for name, times in collected.times_seconds(IDS).items()} == {
        "pump": [1, 2, 3],
        "fan": [1.5, 2.5],
    }


def test_nothing_heard_is_nothing_gathered() -> None:
    """And no error."""
    assert Collected().raw(IDS) == {}
    assert Collected().times_seconds(IDS) == {}
