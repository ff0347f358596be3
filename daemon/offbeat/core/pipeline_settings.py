"""The numbers the core runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.orders import LearningRules
from offbeat.core.rulebook import Rule


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """What a pipeline needs to know beside its sensors and what was learnt of them.

    Attributes:
        window_readings: rows a window holds.
        budget_per_week: false alerts a sensor may raise per week.
        window_stride_readings: new rows after which a window is due to be scored again.
        window_recent_rows: newest rows of a window that its score speaks of, where they came within some hours.
        window_max_age_seconds: a new row waits no longer than this for its window to be due.
        step_rows: most rows of one sensor in one `Work`, so that a backlog of one does not pad all jobs.
        provisional_readings: rows after which a sensor the artifact does not know gets its normaliser.
        ready_readings: rows that make a sensor ready to be learnt, where there is no artifact yet.
        collect: hand out raw stream values and fused surprises with the scores, for commissioning.
        units: unit by channel name, for the sentences.
        episodes: the numbers of the state machines.
        rules: in engineering units, of all groups.
        learning: how what was strange is treated by what learns.
    """

    window_readings: int = 256
    budget_per_week: float = 1.0
    window_stride_readings: int = 16
    window_recent_rows: int = 16
    window_max_age_seconds: float = 60.0
    step_rows: int = 64
    provisional_readings: int = 64
    ready_readings: int = 300
    collect: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    episodes: EpisodeRules = field(default_factory=EpisodeRules)
    rules: tuple[Rule, ...] = ()
    learning: LearningRules = field(default_factory=LearningRules)

    def __post_init__(self) -> None:
        """Refuse numbers no pipeline can run on.

        Raises:
            ValueError: a number is out of its range; the message names it.
        """
        for name in (
            "window_readings",
            "window_stride_readings",
            "window_recent_rows",
            "step_rows",
            "provisional_readings",
            "ready_readings",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        if not self.budget_per_week > 0:
            raise ValueError(f"budget_per_week is {self.budget_per_week}, expected more than 0 alerts a week")
