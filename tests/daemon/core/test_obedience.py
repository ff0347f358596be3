"""Putting into effect what people said of learning."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.obedience import obey
from offbeat.core.orders import Freeze, Orders
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.testing.playing import directory_of

SENSORS = ("pump", "fan", "mill")
NAMES = {"sensor": ("pump", "fan", "nobody"), "group": ("value", "another"), "all": ("",)}


class Counted(Freeze):
    """A freeze that counts how often it is looked at."""

    looks = 0

    def covers(self, sensor: str, group: str = "") -> bool:
        """Return the same as any freeze."""
        Counted.looks += 1
        return super().covers(sensor, group)

    def holds_at(self, now: float) -> bool:
        """Return the same as any freeze."""
        Counted.looks += 1
        return super().holds_at(now)


@given(
    st.lists(
        st.sampled_from(sorted(NAMES)).flatmap(
            lambda scope: st.builds(
                Freeze,
                st.just(1),
                st.just(scope),
                st.sampled_from(NAMES[scope]),
                st.integers(0, 9).map(float),
                st.one_of(st.just(np.inf), st.integers(0, 9).map(float)),
            )
        ),
        max_size=8,
    )
)
def test_who_is_frozen_is_who_a_freeze_that_holds_covers(freezes: list[Freeze]) -> None:
    """At each time, whatever was frozen before; and what was read meanwhile is never learnt."""
    pipeline = Pipeline(directory_of(SENSORS), CoreSettings(window_readings=32))
    (state,) = pipeline.groups
    orders = Orders(tuple(freezes))
    slots = np.arange(len(SENSORS))
    for now in range(10):
        obey(state, orders, float(now))
        covered = [
            any(one.covers(sensor, "value") and one.holds_at(now) for one in freezes) for sensor in SENSORS
        ]
        assert state.holds.frozen[: len(SENSORS)].tolist() == covered
        free = state.holds.free(slots, np.full((len(SENSORS), 1), float(now)))
        assert not free[np.array(covered)].any()


def test_each_freeze_is_looked_at_once_however_many_sensors_there_are() -> None:
    """It is done on the thread that judges; freezes are never removed."""
    sensors = tuple(f"s{i}" for i in range(200))
    pipeline = Pipeline(directory_of(sensors), CoreSettings(window_readings=32))
    freezes = tuple(Counted(i, "sensor", f"s{i}", float(i), i + 5.0) for i in range(100))
    Counted.looks = 0
    obey(pipeline.groups[0], Orders(freezes), 50.0)
    assert Counted.looks == len(freezes)
    assert np.flatnonzero(pipeline.groups[0].holds.frozen).tolist() == [46, 47, 48, 49, 50]


def test_a_sensor_that_appears_is_frozen_and_those_before_it_are_not_looked_at_again() -> None:
    """Nothing that was said is new for them."""
    directory = directory_of(SENSORS)
    pipeline = Pipeline(directory, CoreSettings(window_readings=32))
    pipeline.order(Orders((Freeze(1, "all", "", 0.0),)))
    pipeline.tick(10.0)
    holds = pipeline.groups[0].holds
    holds.frozen[0] = False  # so that it shows whether it is gone through again
    directory.admit(0, "newcomer")
    pipeline.tick(11.0)
    assert holds.frozen[:4].tolist() == [False, True, True, True]
