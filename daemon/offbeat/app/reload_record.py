"""What became of the reloads of the configuration: for metrics, the status line, and whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Result = Literal["applied", "refused", "rolled_back"]


@dataclass(slots=True)
class ReloadRecord:
    """Written by the thread that reloads, read by all.

    Attributes:
        loaded_at: unix seconds at which the configuration that runs was read.
        problem: why the last reload came to nothing, in one line; empty if it did not.
        counts: reloads by result.
    """

    loaded_at: float
    problem: str = ""
    counts: dict[Result, int] = field(default_factory=lambda: {"applied": 0, "refused": 0, "rolled_back": 0})

    @property
    def successful(self) -> bool:
        """Whether what runs is what was read last."""
        return not self.problem

    def applied(self, now: float) -> None:
        """Note that a configuration was read and runs."""
        self.loaded_at, self.problem = now, ""
        self.counts["applied"] += 1

    def failed(self, result: Result, problem: str) -> None:
        """Note that the one before runs on, and why."""
        self.problem = problem
        self.counts[result] += 1
