"""Which rows of a recording lie before and after a time, and which come along to warm up."""

from __future__ import annotations

import numpy as np

from offbeat.replay.series import Series


def recorded(*times: float) -> Series:
    """Return a recording with rows at these times."""
    return Series("s", ("value",), np.array(times), np.zeros((len(times), 1), np.float32))


def test_rows_and_time_before_come_along_whichever_reaches_further() -> None:
    """A lead in rows for windows, one in time for long views."""
    one = recorded(0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
    assert one.since(40.0).times_seconds.tolist() == [40.0, 50.0]
    assert one.since(40.0, lead_rows=1).times_seconds.tolist() == [30.0, 40.0, 50.0]
    assert one.since(40.0, lead_rows=1, lead_seconds=25.0).times_seconds.tolist() == [20.0, 30.0, 40.0, 50.0]
    assert one.since(40.0, lead_rows=3, lead_seconds=5.0).times_seconds.tolist() == [
        10.0,
        20.0,
        30.0,
        40.0,
        50.0,
    ]


def test_who_has_nothing_after_a_time_has_no_lead_either() -> None:
    """There is nothing to warm up for."""
    assert len(recorded(0.0, 10.0).since(40.0, lead_rows=5, lead_seconds=100.0)) == 0
