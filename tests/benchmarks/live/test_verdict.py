"""What daemons published is held against faults whose place is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from offbeat.replay.series import Series
from tests.benchmarks.detection.suite import Cases, Window
from tests.benchmarks.live.playing import Said, surprise
from tests.benchmarks.live.verdict import alerts, by_clock, recalls

SHIFT = 1000.0


def played() -> Cases:
    """Return two sensors of sixty rows a second apart: ten rows calm, ten of a spike, ten calm, ten stuck."""
    series = [
        Series(name, ("value",), np.arange(60.0), np.zeros((60, 1), np.float32)) for name in ("one", "two")
    ]
    windows = [
        Window(name, kind, start, start + 9.0)
        for name in ("one", "two")
        for kind, start in ((None, 10.0), ("spike", 20.0), (None, 30.0), ("stuck", 40.0))
    ]
    return Cases(series, {"one": "one", "two": "two"}, windows)


def said(**loud: tuple[int, float]) -> dict[str, np.ndarray]:
    """Return what was said of the rows from 10 to 49: 1, and of one row of each sensor as much as is named."""
    out = {
        name: np.where((np.arange(60) >= 10) & (np.arange(60) < 50), 1.0, np.nan) for name in ("one", "two")
    }
    for name, (row, value) in loud.items():
        out[name][row] = value
    return out


def an_alert(at: float, sensor: str = "suite.one", **changes: Any) -> dict[str, Any]:
    """Return an opening as it is published."""
    stamp = np.datetime64(int((at + SHIFT) * 1000), "ms")
    return {"event": "open", "sensor": sensor, "kind": "spike", "updated_at": f"{stamp}Z"} | changes


def test_a_fault_is_found_where_it_is_louder_than_every_calm_window() -> None:
    """The spike of one sensor is; that of the other, and all that is stuck, is as quiet as the calm windows."""
    found = recalls(played(), Said(alarm=said(one=(25, 5.0)), score=said(two=(45, 2.0))))
    assert found["alarm"] == {"spike": 0.5, "stuck": 0.0, "mean": 0.25}
    assert found["score"] == {"spike": 0.0, "stuck": 0.5, "mean": 0.25}


def test_a_calm_window_that_is_loud_takes_the_faults_below_it_away() -> None:
    """One of four calm windows is far more than 1 %."""
    loud = said(one=(25, 5.0), two=(35, 6.0))
    assert recalls(played(), Said(alarm=loud, score=loud))["alarm"]["spike"] == 0.0


def test_alerts_count_inside_of_faults_once_and_outside_as_false() -> None:
    """What goes by the clock is no alert here; nor are updates, nor what came before the faults began."""
    events = [
        an_alert(22.0),
        an_alert(24.0),
        an_alert(35.0),
        an_alert(45.0, "suite.two"),
        an_alert(36.0, kind="silent"),
        an_alert(36.0, event="update"),
        an_alert(5.0),
        an_alert(36.0, "suite.three"),
    ]
    found = alerts(played(), events, {"one": 10.0, "two": 10.0}, SHIFT)
    assert (found.events, found.found, found.false) == (4, 2, 1)
    assert found.sensor_weeks == pytest.approx(2 * 49.0 / 604_800.0)


def test_silences_are_those_that_were_told_in_real_time() -> None:
    """The mean is of all faults."""
    assert by_clock({"spike": 0.5, "silence": 0.0, "mean": 0.25}, 0.9) == pytest.approx(
        {"spike": 0.5, "silence": 0.9, "mean": 0.7}
    )


@pytest.mark.parametrize(("p_value", "expected"), [(0.01, 2.0), (1.0, 0.0), (0.0, 300.0)])
def test_a_p_value_is_as_loud_as_it_is_small(p_value: float, expected: float) -> None:
    """Also where it is too small to be written."""
    assert surprise(p_value) == pytest.approx(expected)


def test_without_a_p_value_nothing_was_said() -> None:
    """A sensor that waits has none."""
    assert np.isnan(surprise(None))
