"""What the demo plays: real recordings on a faster clock, and simulated sensors with faults, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files

import numpy as np

from offbeat.app.simulation import PlannedFault, Simulation
from offbeat.core.sensors import UNIVARIATE
from offbeat.replay.csv_recordings import read_csv
from offbeat.replay.series import Series
from offbeat_models.synthetic import FaultKind, Rhythm, SensorSpec, Stream, inject, stream

RECORDED_SECONDS_PER_SECOND = 14_400.0
"""Four recorded hours pass in a second."""
SHOW_SECONDS = 80.0
SIMULATED_TRAINING_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One sensor of the demo.

    Attributes:
        sensor: id; the part before the dot is its line.
        about: what it is, for the display.
        past: what is learnt from, on the demo's clock; ends before 0.
        show: what is played; 0 is the start of the show.
    """

    sensor: str
    about: str
    past: Series
    show: Series

    @property
    def topic(self) -> str:
        """Where it reports."""
        line, name = self.sensor.split(".", 1)
        return f"plant/{line}/{name}/state"


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A recording in the package; times in unix seconds as recorded."""

    sensor: str
    about: str
    learn_until: float
    play_from: float


@dataclass(frozen=True, slots=True)
class _Simulated:
    """A simulated sensor and what happens to it in the show; `rows` from about `at` seconds on."""

    spec: SensorSpec
    about: str
    fault: FaultKind
    at: float
    rows: int


_RECORDED = (
    _Recorded("machine.temperature", "bearing of an industrial machine, 2014", 1_390_800_000, 1_391_248_000),
    _Recorded("cluster.cpu", "processor load of a server cluster, 2014", 1_404_290_000, 1_404_292_800),
    _Recorded("road.occupancy", "traffic detector, irregular, 2015", 1_441_900_000, 1_441_900_000),
    _Recorded("road.speed", "traffic detector, irregular, 2015", 1_441_900_000, 1_441_900_000),
)


def _spec(
    name: str, rhythm: Rhythm, gap: float, period: float, amplitude: float, offset: float
) -> SensorSpec:
    return SensorSpec(
        name=name, shape="sine", rhythm=rhythm, gap_seconds=gap, period_seconds=period,
        second_period_seconds=period / 3, memory_seconds=period, phase=0.2, duty=0.5, quantum=0.1, noise=0.06,
        amplitude=(amplitude,), offset=(offset,),
    )  # fmt: skip


_SIMULATED = (
    _Simulated(
        _spec("press.pressure", "jitter", 0.25, 14.0, 1.5, 6.0),
        "simulated; falls silent",
        "silence",
        26.0,
        56,
    ),
    _Simulated(
        _spec("press.valve", "poisson", 0.4, 11.0, 30.0, 50.0), "simulated; gets stuck", "stuck", 36.0, 90
    ),
    _Simulated(
        _spec("press.flow", "poisson", 0.3, 9.0, 4.0, 20.0), "simulated; one wild reading", "spike", 64.0, 1
    ),
)


def scenes(speed: float = 1.0) -> list[Scene]:
    """Return all sensors on a clock on which the show lasts 80 s / speed.

    Gaps shrink by the same factor in what is learnt from and in what is played, so a model that learnt from
    the one knows the rhythm of the other.

    Args:
        speed: 2 plays twice as fast.
    """
    recorded = [_from_recording(one, speed) for one in _RECORDED]
    return recorded + [_from_simulation(one, speed, seed) for seed, one in enumerate(_SIMULATED, start=1)]


def as_simulation(played: Sequence[Scene]) -> Simulation:
    """Return the show of all scenes as readings in time order."""
    times = np.concatenate([one.show.times_seconds for one in played])
    number = np.repeat(np.arange(len(played)), [len(one.show) for one in played])
    values = np.concatenate([one.show.values[:, 0] for one in played]).astype(np.float64)
    order = np.argsort(times, kind="stable")
    topics, sensors = tuple(one.topic for one in played), tuple(one.sensor for one in played)
    return Simulation(topics, sensors, times[order], number[order], values[order], _NO_FAULTS)


_NO_FAULTS: tuple[PlannedFault, ...] = ()
"""The display tells of alerts, not of faults: whoever watches may judge for themselves."""


def _from_recording(recorded: _Recorded, speed: float) -> Scene:
    data = files("offbeat.replay") / "data" / f"{recorded.sensor}.csv.gz"
    with as_file(data) as path:
        series = read_csv(path, recorded.sensor)
    # All end together with the show, so that none falls silent before it is over.
    factor, end = RECORDED_SECONDS_PER_SECOND * speed, float(series.times_seconds[-1])
    past, show = series.before(recorded.learn_until), series.since(recorded.play_from)
    return Scene(
        recorded.sensor,
        recorded.about,
        _on_demo_clock(past, end, factor, speed),
        _on_demo_clock(show, end, factor, speed),
    )


def _on_demo_clock(series: Series, end: float, factor: float, speed: float) -> Series:
    times = SHOW_SECONDS / speed + (series.times_seconds - end) / factor
    return replace(series, channels=UNIVARIATE, times_seconds=times)


def _from_simulation(simulated: _Simulated, speed: float, seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    spec, length = simulated.spec, SIMULATED_TRAINING_SECONDS + SHOW_SECONDS
    healthy = stream(spec, rng, start=-SIMULATED_TRAINING_SECONDS, span=length)
    past = _series(healthy, speed)
    first = int(np.searchsorted(healthy.times, simulated.at))
    faulty, _ = inject(healthy, simulated.fault, rng, first, simulated.rows)
    return Scene(spec.name, simulated.about, past.before(0.0), _series(faulty, speed).since(0.0))


def _series(made: Stream, speed: float) -> Series:
    return Series(made.spec.name, UNIVARIATE, made.times / speed, made.values.astype(np.float32), "simulated")
