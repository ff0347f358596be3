"""What `simulate` publishes: irregular synthetic sensors and their faults, planned in advance."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from offbeat.core.counted import counted
from offbeat.errors import OffbeatError, UsageError
from offbeat_models.synthetic import FAULT_KINDS, FaultKind, Stream, inject, make_fleet, stream

UNIVARIATE_FAULTS: tuple[FaultKind, ...] = tuple(kind for kind in FAULT_KINDS if kind != "decoupling")
"""Decoupling needs channels that belong together; these sensors have one each."""

MOST_READINGS = 20_000_000
SPREAD = 3.0
"""The slowest and the fastest sensor differ from the mean rate by this factor."""
FAULT_ROWS = {
    "spike": 1, "contextual_spike": 1, "stuck": 40, "drift": 40, "variance": 40, "frequency": 40,
    "rate_up": 30, "rate_down": 40, "silence": 40,
}  # fmt: skip
"""Rows of the healthy stream that a fault concerns."""
_QUIET_SHARE = 0.25
"""Share of the time before the first fault: whoever watches has to see what is normal."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What to simulate.

    Attributes:
        sensors: how many.
        rate_per_second: mean readings a second and sensor.
        duration_seconds: time on the sensors' own clock.
        faults: kinds; each is put into one sensor in turn.
        fault_count: how many faults; at most one a sensor.
        seed: source of everything random.
        lines: production lines that the sensors stand at, for their topics.
    """

    sensors: int = 20
    rate_per_second: float = 1.0
    duration_seconds: float = 600.0
    faults: tuple[FaultKind, ...] = UNIVARIATE_FAULTS
    fault_count: int = len(UNIVARIATE_FAULTS)
    seed: int = 0
    lines: int = 3

    def check(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            UsageError: a number is out of its range; the message says which.
        """
        for name, number, least in (
            ("--sensors", self.sensors, 1),
            ("--rate", self.rate_per_second, 1e-6),
            ("--duration", self.duration_seconds, 1e-3),
        ):
            if not number >= least:
                raise UsageError(f"{name} is {number:g}; expected at least {least:g}")
        if self.fault_count > self.sensors:
            raise UsageError(
                f"{self.fault_count} faults do not fit {counted(self.sensors, 'sensor')}: at most one each"
            )
        readings = self.sensors * self.rate_per_second * self.duration_seconds
        if readings > MOST_READINGS:
            raise UsageError(
                f"{readings:,.0f} readings are too many to plan in advance; expected at most "
                f"{MOST_READINGS:,}: shorten "
                "--duration, or lower --rate or --sensors"
            )


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault in one sensor, in seconds since the start of the simulation."""

    sensor: str
    kind: FaultKind
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """Readings of all sensors in time order, and the faults among them.

    Attributes:
        topics: by sensor number.
        sensors: ids as the daemon makes them of the topics, by sensor number.
        times: seconds since the start, ascending [n].
        number: of the sensor [n].
        values: [n].
        faults: by start.
    """

    topics: tuple[str, ...]
    sensors: tuple[str, ...]
    times: NDArray[np.float64]
    number: NDArray[np.intp]
    values: NDArray[np.float64]
    faults: tuple[PlannedFault, ...]

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.times)


def parse_faults(text: str) -> tuple[FaultKind, ...]:
    """Return the kinds that a list such as "stuck,silence" names; "all" and "none" do too.

    Raises:
        UsageError: one of them is unknown.
    """
    if text.strip() in ("", "none"):
        return ()
    if text.strip() == "all":
        return UNIVARIATE_FAULTS
    kinds = tuple(part.strip() for part in text.split(","))
    unknown = next((kind for kind in kinds if kind not in UNIVARIATE_FAULTS), None)
    if unknown is not None:
        raise UsageError(
            f'--faults: there is no fault "{unknown}"; known are {", ".join(UNIVARIATE_FAULTS)}, or all, or '
            f"none"
        )
    return cast("tuple[FaultKind, ...]", kinds)


def simulate(plan: SimulationPlan) -> Simulation:
    """Return the readings of a plan; the same plan gives the same readings.

    Raises:
        UsageError: the plan cannot be simulated.
    """
    plan.check()
    streams = _streams(plan)
    count = plan.fault_count if plan.faults else 0
    rng = np.random.default_rng([plan.seed, 1])
    ids = [_id(spec_number, plan) for spec_number in range(plan.sensors)]
    faults = []
    for i, victim in enumerate(rng.permutation(plan.sensors)[:count].tolist()):
        kind = plan.faults[i % len(plan.faults)]
        streams[victim], fault = _with_fault(streams[victim], kind, rng, ids[victim])
        faults.append(fault)
    return _merged(streams, ids, sorted(faults, key=lambda fault: fault.start))


def write_labels(path: Path, faults: Sequence[PlannedFault], clock: Clock) -> None:
    """Write where the faults are as labels of a backtest: series,start,end, and the kind beside.

    Raises:
        OffbeatError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["series", "start", "end", "kind"])
            for fault in faults:
                times = (f"{clock.published(at):.6f}" for at in (fault.start, fault.end))
                writer.writerow([fault.sensor, *times, fault.kind])
    except OSError as error:
        raise OffbeatError(f"{path}: the labels cannot be written: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Clock:
    """When what is simulated is published.

    Attributes:
        start: unix seconds at which the simulation starts.
        speed: seconds of the sensors' clock that pass in a second.
    """

    start: float
    speed: float = 1.0

    def published(self, simulated: float) -> float:
        """Return the unix time at which a moment of the simulation is published."""
        return self.start + simulated / self.speed

    def simulated(self, now: float) -> float:
        """Return the moment of the simulation that has come by a unix time."""
        return (now - self.start) * self.speed


def edges(faults: Sequence[PlannedFault]) -> Iterator[tuple[float, str, PlannedFault]]:
    """Yield (moment, "starts" or "ends", fault) in time order."""
    both = [(f.start, "starts", f) for f in faults] + [(f.end, "ends", f) for f in faults]
    yield from sorted(both, key=lambda edge: edge[0])


def _streams(plan: SimulationPlan) -> list[Stream]:
    middle = 1.0 / plan.rate_per_second
    gaps = (middle / SPREAD, middle * SPREAD) if plan.sensors > 1 else (middle, middle * 1.0001)
    fleet = make_fleet(plan.seed, plan.sensors, gap_seconds=gaps)
    seeds = np.random.SeedSequence(plan.seed).spawn(plan.sensors)
    return [
        stream(
            replace(spec, noise=min(spec.noise, 0.08)),
            np.random.default_rng(seed),
            span=plan.duration_seconds,
        )
        for spec, seed in zip(fleet, seeds, strict=True)
    ]


def _with_fault(
    healthy: Stream, kind: FaultKind, rng: np.random.Generator, sensor: str
) -> tuple[Stream, PlannedFault]:
    rows = len(healthy)
    length = min(FAULT_ROWS[kind], max(1, rows // 8))
    first, last = max(1, int(_QUIET_SHARE * rows)), rows - length - 2
    if last <= first:
        raise UsageError(
            f"the sensor {sensor} has {counted(rows, 'reading')} only, too few for a fault: raise --duration or "
            "--rate, or use --faults none"
        )
    faulty, fault = inject(healthy, kind, rng, int(rng.integers(first, last)), length)
    return faulty, PlannedFault(sensor, kind, fault.start, fault.end)


def _id(number: int, plan: SimulationPlan) -> str:
    return f"line{number % plan.lines + 1}.sensor-{number + 1:03d}"


def _merged(streams: Sequence[Stream], ids: Sequence[str], faults: Sequence[PlannedFault]) -> Simulation:
    times = np.concatenate([one.times for one in streams])
    number = np.repeat(np.arange(len(streams)), [len(one) for one in streams])
    values = np.concatenate([one.values[:, 0] for one in streams])
    order = np.argsort(times, kind="stable")
    topics = tuple(f"plant/{line}/{name}/state" for line, name in (sensor.split(".", 1) for sensor in ids))
    return Simulation(topics, tuple(ids), times[order], number[order], values[order], tuple(faults))
