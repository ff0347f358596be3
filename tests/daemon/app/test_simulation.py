"""What is simulated, before it is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offbeat.app.simulation import (
    UNIVARIATE_FAULTS,
    Clock,
    SimulationPlan,
    edges,
    parse_faults,
    simulate,
    write_labels,
)
from offbeat.errors import OffbeatError, UsageError
from offbeat.replay.labels import read_labels

PLAN = SimulationPlan(sensors=12, rate_per_second=2.0, duration_seconds=300.0, seed=3)


def test_the_same_seed_gives_the_same_readings_and_another_one_others() -> None:
    """A simulation can be told of by its command line."""
    first, second = simulate(PLAN), simulate(PLAN)
    np.testing.assert_array_equal(first.times, second.times)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.faults == second.faults
    other = simulate(SimulationPlan(sensors=12, rate_per_second=2.0, duration_seconds=300.0, seed=4))
    assert len(other) != len(first) or not np.array_equal(other.values, first.values)


def test_readings_come_in_time_order_at_about_the_rate_asked_for() -> None:
    """Irregular, each sensor at its own pace around the mean rate."""
    made = simulate(PLAN)
    assert (np.diff(made.times) >= 0).all()
    assert 0 <= made.times[0] < made.times[-1] <= 300.0
    assert 0.4 < len(made) / (12 * 2.0 * 300.0) < 2.5
    gaps = np.diff(made.times[made.number == 3])
    assert gaps.std() > 0


def test_topics_name_line_and_sensor_as_the_daemon_reads_them() -> None:
    """plant/{line}/{sensor}/state, captures joined by dots."""
    made = simulate(PLAN)
    assert made.topics[0] == "plant/line1/sensor-001/state"
    assert made.sensors[0] == "line1.sensor-001"
    assert len(set(made.topics)) == 12


def test_each_fault_has_a_sensor_of_its_own_and_lies_inside_the_time() -> None:
    """Every kind is there once, after a while in which one can see what is normal."""
    made = simulate(PLAN)
    assert {fault.kind for fault in made.faults} == set(UNIVARIATE_FAULTS)
    assert len({fault.sensor for fault in made.faults}) == len(made.faults)
    assert all(30.0 < fault.start <= fault.end < 300.0 for fault in made.faults)
    silent = next(fault for fault in made.faults if fault.kind == "silence")
    times = made.times[made.number == made.sensors.index(silent.sensor)]
    assert not ((times >= silent.start) & (times < silent.end)).any()
    told = list(edges(made.faults))
    assert [at for at, _, _ in told] == sorted(at for at, _, _ in told)


def test_labels_are_those_of_a_backtest_on_the_clock_of_what_was_published(tmp_path: Path) -> None:
    """A recording of the simulation can be judged with them."""
    made, clock = simulate(PLAN), Clock(start=1000.0, speed=10.0)
    write_labels(tmp_path / "labels.csv", made.faults, clock)
    labels = read_labels(tmp_path / "labels.csv")
    for fault in made.faults:
        assert labels[fault.sensor] == [
            (pytest.approx(1000 + fault.start / 10), pytest.approx(1000 + fault.end / 10))
        ]
    with pytest.raises(OffbeatError, match="labels cannot be written"):
        write_labels(tmp_path / "none" / "labels.csv", made.faults, clock)


def test_faults_are_named_on_the_command_line() -> None:
    """all, none, or a list; a misspelt one is refused with those that are known."""
    assert parse_faults("all") == UNIVARIATE_FAULTS
    assert parse_faults("none") == ()
    assert parse_faults("stuck, silence") == ("stuck", "silence")
    with pytest.raises(UsageError, match='there is no fault "stcuk"; known are spike'):
        parse_faults("stcuk")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (SimulationPlan(sensors=0), "--sensors is 0; expected at least 1"),
        (SimulationPlan(rate_per_second=0.0), "--rate is 0"),
        (SimulationPlan(duration_seconds=-1.0), "--duration is -1"),
        (SimulationPlan(sensors=2, fault_count=3), "3 faults do not fit 2 sensors"),
        (SimulationPlan(sensors=1000, rate_per_second=1000.0), "readings are too many"),
        (SimulationPlan(duration_seconds=2.0), "too few for a fault: raise --duration"),
    ],
)
def test_what_cannot_be_simulated_is_refused(plan: SimulationPlan, message: str) -> None:
    """Each message names the option to change."""
    with pytest.raises(UsageError, match=message):
        simulate(plan)
