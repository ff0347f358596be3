"""What judges a group: the family of its model, and how far back a second one looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelChoice:
    """A source's choice of models.

    Attributes:
        family: of the model of the recent window.
        horizon_seconds: how far back the long view looks; None = there is none.
    """

    family: str = "lstm_vae"
    horizon_seconds: float | None = None

    def __str__(self) -> str:
        """Return the choice in words."""
        if self.horizon_seconds is None:
            return self.family
        return f"{self.family} with a horizon of {self.horizon_seconds / 3600.0:g} h"

    @property
    def suffix(self) -> str:
        """What tells groups of the same channels apart by name; empty for the usual choice."""
        long = "" if self.horizon_seconds is None else f"@{self.horizon_seconds:.0f}s"
        return f"@{self.family}{long}" if self != ModelChoice() else ""
