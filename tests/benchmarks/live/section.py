"""The course of the section: first minutes in real time, a healthy past, a training in the background, the faults.

Beside all of it further sensors send in real time, until all of them fall silent at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.detection import plan, suite
from tests.benchmarks.detection.life import CALM_WINDOWS, in_windows, lives
from tests.benchmarks.detection.prior import LEAD_ROWS
from tests.benchmarks.detection.suite import Cases
from tests.benchmarks.live import lines
from tests.benchmarks.live.bursts import Rates, measure_bursts
from tests.benchmarks.live.course import Course, Found
from tests.benchmarks.live.daemons import ALONE, LEARNING, STEADY, LiveDaemon, LiveSite, running
from tests.benchmarks.live.first_minutes import live_through
from tests.benchmarks.live.memory import watched
from tests.benchmarks.live.pace import rows_of, sending
from tests.benchmarks.live.playing import Said, Stage, play_windows
from tests.benchmarks.live.silences import Silences, fall_silent, steady
from tests.benchmarks.live.verdict import alerts, by_clock, recalls
from tests.benchmarks.site import NO_BROKER, Site
from tests.benchmarks.table import Line
from tests.support.mosquitto import MOSQUITTO
from tests.support.publishing import connected

SENSORS = 28
"""Each of the seven shapes with each of the four rhythms once."""
SEED = 0
PAST_SECONDS = 3600.0
"""So long ago the newest of what is played has happened."""
TRAINING_SECONDS = 300.0
"""A training that is not in service by then is waited for no longer."""
LOOK_SECONDS = 1.0
PROMOTED = ": promoted"
"""Of what a daemon says of a training whose model it takes into service within seconds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played.

    Attributes:
        sensors: of the suite, and of the first minutes.
        calm_windows: before each fault.
        steps: of the training; None = as many as the suite is learnt with elsewhere.
        lead_rows: healthy ones before the windows of each fault.
    """

    sensors: int = SENSORS
    calm_windows: int = CALM_WINDOWS
    steps: int | None = None
    lead_rows: int = LEAD_ROWS


def measure(folder: Path, size: Size | None = None) -> list[Line]:
    """Return the lines of the section."""
    if MOSQUITTO is None:
        return lines.nothing(NO_BROKER)
    return lines.of(_run(folder / "live", size or Size()))


def _run(folder: Path, size: Size) -> Course:
    folder.mkdir(exist_ok=True)
    fleet = suite.paced(suite.univariate(size.sensors))
    played = lives(fleet, SEED, size.calm_windows, lead_rows=size.lead_rows)
    steps = size.steps or plan.steps_for(size.sensors * suite.HISTORY_ROWS)
    shift = time.time() - PAST_SECONDS - max(float(one.times_seconds[-1]) for one in played.series)
    streams = steady(size.sensors)
    with (
        running(folder, steps) as site,
        connected(site.broker.port) as client,
        sending(site.broker.port, STEADY, rows_of(streams)) as pace,
        ThreadPoolExecutor(1) as pool,
    ):
        began, daemons = time.monotonic(), list(site.daemons.values())
        first = pool.submit(live_through, site.daemons[ALONE], site.broker.port, size.sensors)
        stage = Stage(client.publish, daemons, played.series, shift)
        stage.play({one.sensor: slice(0, suite.HISTORY_ROWS) for one in played.series})
        past = time.monotonic() - began
        with watched(Site(site.broker, site.daemons[LEARNING].process).daemon_pid) as memory:
            rates, served = _train(folder, site)
        minutes = first.result()
        windows = time.monotonic()
        said = play_windows(stage, daemons, in_windows(played), suite.HISTORY_ROWS)
        ended = time.monotonic()
        silences = fall_silent(pace, streams, daemons)
        return Course(
            sensors=size.sensors,
            steps=steps,
            lead_rows=size.lead_rows,
            past_seconds=past,
            windows_seconds=ended - windows,
            whole_seconds=time.monotonic() - began,
            first=minutes,
            rates=rates,
            memory=memory,
            served_seconds=served,
            told_of_training=_told_of_training(site.daemons[LEARNING]),
            found={one.name: _found(played, said[one.name], one, shift, silences) for one in daemons},
            silences=silences,
        )


def _found(played: Cases, said: Said, daemon: LiveDaemon, shift: float, silences: Silences) -> Found:
    recall = recalls(played, said)
    return Found(
        recall=recall | {"alarm": by_clock(recall["alarm"], silences.share(daemon.name))},
        of_readings=recall["alarm"],
        alerts=alerts(played, daemon.events(), _begins(played), shift),
    )


def _train(folder: Path, site: LiveSite) -> tuple[Rates, float | None]:
    """Ask for a training; return the rates beside it, and the seconds until its model was in service, if it came."""
    learning = site.daemons[LEARNING]
    asked = time.monotonic()
    learning.ask_for_training()
    end = asked + TRAINING_SECONDS
    while time.monotonic() < end and not (_is_at_the_model(learning) or _told_of_training(learning)):
        time.sleep(LOOK_SECONDS)
    rates = rates_or_why_not(lambda: measure_bursts(folder, site))
    while time.monotonic() < end:
        if learning.served():
            return rates, time.monotonic() - asked
        if (told := _told_of_training(learning)) and PROMOTED not in told:
            break
        time.sleep(LOOK_SECONDS)
    return rates, None


def rates_or_why_not(measured: Callable[[], Rates]) -> Rates:
    """Return the rates; or why a burst did not arrive, for the other figures are wanted all the same."""
    try:
        return measured()
    except AssertionError as error:
        return Rates(trouble=f"a burst did not arrive: {error}.")


def _is_at_the_model(daemon: LiveDaemon) -> bool:
    said = _learning(daemon)
    return said.get("stage") == "training" and "training the model" in str(said.get("reason"))


def _told_of_training(daemon: LiveDaemon) -> str:
    return str(_learning(daemon).get("last") or "")


def _learning(daemon: LiveDaemon) -> Mapping[str, object]:
    said: Mapping[str, object] = daemon.status()["learning"].get("value", {})
    return said


def _begins(played: Cases) -> dict[str, float]:
    return {one.sensor: float(one.times_seconds[suite.HISTORY_ROWS]) for one in played.series}
