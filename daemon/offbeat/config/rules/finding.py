"""What a rule says, and the valid parts of the settings that it may look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from offbeat.config.places import Key
from offbeat.config.settings import (
    AlertSettings,
    JournalSettings,
    LearningSettings,
    LimitSettings,
    MetricsSettings,
    ModelSettings,
    MqttSettings,
    RuleSettings,
    SourceSettings,
    StateSettings,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule about the option at a path."""

    path: Key
    message: str
    help: str = ""
    severity: Literal["error", "warning"] = "error"


@dataclass(slots=True)
class Parts:
    """The tables that are valid by themselves; None or absent where one is not.

    Rules run over what there is, so that a mistake in one table hides none in another.

    Attributes:
        credentials: folder of credentials that the process was given.
    """

    credentials: Path | None = None

    mqtt: MqttSettings | None = None
    sources: dict[int, SourceSettings] = field(default_factory=dict)
    rules: dict[int, RuleSettings] = field(default_factory=dict)
    alerts: AlertSettings | None = None
    limits: LimitSettings | None = None
    journal: JournalSettings | None = None
    model: ModelSettings | None = None
    learning: LearningSettings | None = None
    state: StateSettings | None = None
    metrics: MetricsSettings | None = None
