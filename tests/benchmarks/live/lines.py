"""What the section found, as lines of the table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.detection.judge import Alarms
from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.daemons import ALONE, LEARNING
from tests.benchmarks.live.first_minutes import SECONDS, FirstMinutes
from tests.benchmarks.table import Line, skipped

MEAN, SILENCE = "mean", "silence"
RECALL_BARS = {ALONE: 0.70, LEARNING: 0.84}
WHATS = {
    ALONE: "live, injected faults, fleet prior alone: mean recall",
    LEARNING: "live, injected faults, after training in the background: mean recall",
}
FIRST_ALERT = "live, first reading to the alert of silence or standstill, real time, 1 Hz"
FIRST_VAE = "live, first reading to the first that the VAE spoke of, real time, 1 Hz"
IN_SERVICE = "live, from the wish to a trained model in service, wall time"
INGEST = "live, readings taken in beside a training in the background"
READ_FROM = "the p-value and the score that /api/v1/sensors tells of each reading"
VAE_BAR_SECONDS = 900.0
INGEST_BAR = 0.9
_BARS = {
    FIRST_ALERT: "<= 5 min",
    FIRST_VAE: "<= 15 min",
    WHATS[ALONE]: ">= .70",
    IN_SERVICE: "",
    WHATS[LEARNING]: ">= .84",
    INGEST: ">= 0.9",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one daemon found.

    Attributes:
        recall: by what it is read from, and by fault.
        alerts: that it published.
    """

    recall: Mapping[str, Mapping[str, float]]
    alerts: Alarms


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that was measured.

    Attributes:
        sensors: of the suite.
        steps: of the training at most.
        past_seconds: wall time in which the healthy past was played.
        windows_seconds: wall time in which the faults were.
        whole_seconds: wall time of the whole, without the start of the daemons.
        first: what came of the first minutes.
        rates: beside the training.
        served_seconds: from the wish until the model was in service; None if it never was.
        told_of_training: what the daemon says came of it.
        found: by daemon.
    """

    sensors: int
    steps: int
    past_seconds: float
    windows_seconds: float
    whole_seconds: float
    first: FirstMinutes
    rates: Rates
    served_seconds: float | None
    told_of_training: str
    found: Mapping[str, Found]


def nothing(why: str) -> list[Line]:
    """Return the lines of a section that could not be measured."""
    return [skipped(what, bar, why) for what, bar in _BARS.items()]


def of(course: Course) -> list[Line]:
    """Return the lines of what was measured."""
    return [
        _first_alert(course.first),
        _first_vae(course.first),
        _recall(ALONE, course),
        _in_service(course),
        _recall(LEARNING, course)
        if course.served_seconds is not None
        else skipped(WHATS[LEARNING], _BARS[WHATS[LEARNING]], _not_in_service(course)),
        _ingest(course.rates),
    ]


def _first_alert(first: FirstMinutes) -> Line:
    after = [seconds for seconds in first.told.values() if seconds is not None]
    missed = sorted(name for name in first.kinds if first.told.get(name) is None)
    return Line(
        FIRST_ALERT,
        f"{len(after)} of {len(first.kinds)}, the last after {max(after):.0f} s" if after else "none",
        f"median of these {statistics.median(after):.0f} s" if after else "",
        None,
        _BARS[FIRST_ALERT],
        not missed and max(after) <= SECONDS,
        (
            "real time is event time here: a reading a second, and the fault from second 150 on to the end.",
            f"told by fault: {_told_by_fault(first)}.",
            f"not told within {SECONDS:.0f} s: {', '.join(_with_fault(first, missed)) or 'none'}.",
            f"{first.early} alerts of these sensors came before their faults.",
        ),
    )


def _told_by_fault(first: FirstMinutes) -> str:
    told = Counter(first.kinds[name] for name, seconds in first.told.items() if seconds is not None)
    return ", ".join(
        f"{kind} {told[kind]} of {count}" for kind, count in Counter(first.kinds.values()).items()
    )


def _with_fault(first: FirstMinutes, names: list[str]) -> list[str]:
    return [f"{name} ({first.kinds[name]}, {first.rhythms[name]})" for name in names]


def _first_vae(first: FirstMinutes) -> Line:
    after = list(first.backed.values())
    part = (
        "and takes part in the score" if first.votes else "beside the score: by default it has no vote in it"
    )
    return Line(
        FIRST_VAE,
        f"{max(after):.0f} s" if after else "never",
        f"median {statistics.median(after):.0f} s" if after else "",
        None,
        _BARS[FIRST_VAE],
        len(after) == len(first.kinds) and max(after) <= VAE_BAR_SECONDS,
        (
            (
                f"{len(after)} of {len(first.kinds)} sensors, looked at every two seconds until all faults were told; "
                f"what the VAE says stands {part}."
            ),
        ),
    )


def _recall(name: str, course: Course) -> Line:
    found = course.found[name]
    alarm, score = found.recall["alarm"], found.recall["score"]
    others = [recall for kind, recall in alarm.items() if kind not in (MEAN, SILENCE)]
    alerts = found.alerts
    return Line(
        WHATS[name],
        f"{alarm[MEAN]:.2f}",
        f"by score {score[MEAN]:.2f}",
        None,
        _BARS[WHATS[name]],
        alarm[MEAN] >= RECALL_BARS[name],
        (
            f"{course.sensors} sensors at a reading a second of event time: 25 healthy minutes, then each fault once.",
            f"judged by {READ_FROM}, where 1 % of the calm windows of all sensors are alarmed.",
            f"by fault: {_by_fault(alarm)}.",
            f"by score: {_by_fault(score)}.",
            (
                f"without silence {statistics.mean(others):.2f}: silence is told by the clock, and played faster than "
                "time only the reading that ends it can be judged."
            ),
            (
                f"alerts on MQTT, by their budget: {alerts.found} of {alerts.events} faults told while they lasted, "
                f"{alerts.false} alerts outside of them in {alerts.sensor_weeks * 168:.0f} sensor-hours of event time."
            ),
            (
                f"played in {course.windows_seconds:.0f} s of wall time, the past in {course.past_seconds:.0f} s; the "
                f"whole took {course.whole_seconds / 60:.1f} minutes."
            ),
        ),
    )


def _by_fault(recall: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {found:.2f}" for kind, found in recall.items() if kind != MEAN)


def _in_service(course: Course) -> Line:
    if course.served_seconds is None:
        return skipped(IN_SERVICE, _BARS[IN_SERVICE], _not_in_service(course))
    return Line(
        IN_SERVICE,
        f"{course.served_seconds / 60:.1f} minutes",
        notes=(
            (
                f"{course.steps} steps at most, at normal priority: at the lowest, the default, it takes as long as "
                "the machine is busy; it stood still or was at the lowest for the bursts below."
            ),
            f"the daemon says: {course.told_of_training}",
        ),
    )


def _not_in_service(course: Course) -> str:
    return f"the daemon says of its training: {course.told_of_training or 'it is not at its end'}"


def _ingest(rates: Rates) -> Line:
    if not rates.beside:
        why = rates.trouble or "the training was over before a pair of bursts was."
        return skipped(INGEST, _BARS[INGEST], why)
    beside, halted = max(rates.beside), max(rates.halted)
    return Line(
        INGEST,
        f"{beside:,.0f} readings/s",
        f"training halted {halted:,.0f}/s",
        beside / halted,
        _BARS[INGEST],
        beside / halted >= INGEST_BAR,
        (
            f"best of {len(rates.beside)} bursts each, in turns, through mosquitto; load by {rates.generator}.",
            "the training was at the lowest priority meanwhile, as by default.",
            f"all bursts beside it: {_each(rates.beside)}; halted: {_each(rates.halted)}.",
        ),
    )


def _each(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate / 1e3:.1f}k" for rate in rates)
