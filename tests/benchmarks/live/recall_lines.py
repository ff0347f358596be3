"""What each daemon found of the faults, as lines of the table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from tests.benchmarks.live.course import Course
from tests.benchmarks.live.daemons import ALONE, LEARNING
from tests.benchmarks.live.silences import SILENT_SECONDS, Silences
from tests.benchmarks.live.verdict import MEAN, SILENCE
from tests.benchmarks.table import Line

RECALL_BARS = {ALONE: 0.70, LEARNING: 0.84}
WHATS = {
    ALONE: "live, injected faults, fleet prior alone: mean recall",
    LEARNING: "live, injected faults, after training in the background: mean recall",
}
BARS = {WHATS[ALONE]: ">= .70", WHATS[LEARNING]: ">= .84"}
READ_FROM = "the p-value and the score that /api/v1/sensors tells of each reading"


def recall(name: str, course: Course) -> Line:
    """Return the line on what a daemon found."""
    found = course.found[name]
    alarm, score = found.recall["alarm"], found.recall["score"]
    alerts = found.alerts
    return Line(
        WHATS[name],
        f"{alarm[MEAN]:.2f}",
        f"by score {score[MEAN]:.2f}",
        None,
        BARS[WHATS[name]],
        alarm[MEAN] >= RECALL_BARS[name],
        (
            (
                f"{course.sensors} sensors at a reading a second of event time: 25 healthy minutes, then each fault "
                f"once, {course.lead_rows} healthy readings between any two."
            ),
            f"judged by {READ_FROM}, where 1 % of the calm windows of all sensors are alarmed.",
            f"by fault: {_by_fault(alarm)}.",
            f"by score: {_by_fault(score)}.",
            _of_silence(name, course.silences),
            (
                f"without silence {_without_silence(alarm):.2f}. Of the silences of 8 to 24 readings that were played "
                "faster than time, only the reading that ends one can be judged: of these "
                f"{found.of_readings[SILENCE]:.2f} were found, and the mean with them is {found.of_readings[MEAN]:.2f}."
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


def _of_silence(name: str, silences: Silences) -> str:
    told, early = silences.told[name], silences.early[name]
    missed = [
        f"{sensor} ({rhythm}, needs {silences.needed[sensor]:.0f} s)"
        for sensor, rhythm in sorted(silences.rhythms.items())
        if sensor not in told
    ]
    median = f", the median after {statistics.median(told.values()):.0f} s" if told else ""
    return (
        f"silence by the clock: {len(silences.rhythms)} further sensors sent a reading a second for "
        f"{silences.heard_seconds:.0f} s of real time and then fell silent; alerts, by their budget, told of "
        f"{len(told)} within {SILENT_SECONDS:.0f} s{median}; {early} alerts of silence came before. "
        f"Not told: {', '.join(missed) or 'none'}."
    )


def _without_silence(found: Mapping[str, float]) -> float:
    return statistics.mean(one for kind, one in found.items() if kind not in (MEAN, SILENCE))


def _by_fault(found: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {one:.2f}" for kind, one in found.items() if kind != MEAN)
