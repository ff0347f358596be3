"""The list of sensors."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.app.sensor_list import ORDERS, SensorList

KNOWN = SensorList(
    sizes=[2, 0, 2],
    ids=["Pump.temp", "fan.temp", "pump.flow", "valve"],
    is_open=np.array([False, True, False, False]),
    score=np.array([0.5, 0.2, np.nan, 3.0], np.float32),
    seen=np.array([10.0, 40.0, -np.inf, 30.0]),
)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("score", [1, 3, 0, 2]), ("name", [0, 1, 2, 3]), ("seen", [1, 3, 0, 2])],
)
def test_a_list_is_sorted(sort: str, expected: list[int]) -> None:
    """Those with an episode and the strangest first, by name, the last heard first; never heard comes last."""
    assert KNOWN.order("", False, sort, False) == expected
    assert KNOWN.order("", False, sort, True) == expected[::-1]


def test_a_search_is_for_a_part_of_the_name_in_any_case() -> None:
    """Whatever the order."""
    for sort in ORDERS:
        assert sorted(KNOWN.order("PUMP", False, sort, False)) == [0, 2]
    assert KNOWN.order("nothing", False, "name", False) == []


def test_only_sensors_with_an_episode_if_that_is_asked_for() -> None:
    """Among those that the search found."""
    assert KNOWN.order("", True, "score", False) == [1]
    assert KNOWN.order("pump", True, "score", False) == []


def test_a_place_is_a_group_and_a_slot_in_it() -> None:
    """A group may be empty."""
    assert [KNOWN.place(i) for i in range(4)] == [(0, 0), (0, 1), (2, 0), (2, 1)]
    with pytest.raises(IndexError, match="4 sensors"):
        KNOWN.place(4)
