"""Everything that the section measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.detection.judge import Alarms
from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.first_minutes import FirstMinutes
from tests.benchmarks.live.memory import Memory
from tests.benchmarks.live.silences import Silences


@dataclass(frozen=True, slots=True)
class Found:
    """What one daemon found.

    Attributes:
        recall: by what it is read from, and by fault; of `alarm` the silences are those in real time.
        of_readings: recall by fault of `alarm`, the silences being those that were played faster than time.
        alerts: that it published.
    """

    recall: Mapping[str, Mapping[str, float]]
    of_readings: Mapping[str, float]
    alerts: Alarms


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that was measured.

    Attributes:
        sensors: of the suite.
        steps: of the training at most.
        lead_rows: healthy ones before the windows of each fault.
        past_seconds: wall time in which the healthy past was played.
        windows_seconds: wall time in which the faults were.
        whole_seconds: wall time of the whole, without the start of the daemons.
        first: what came of the first minutes.
        rates: beside the training.
        memory: of the daemon and its training.
        served_seconds: from the wish until the model was in service; None if it never was.
        told_of_training: what the daemon says came of it.
        found: by daemon.
        silences: in real time, at the end.
    """

    sensors: int
    steps: int
    lead_rows: int
    past_seconds: float
    windows_seconds: float
    whole_seconds: float
    first: FirstMinutes
    rates: Rates
    memory: Memory
    served_seconds: float | None
    told_of_training: str
    found: Mapping[str, Found]
    silences: Silences
