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
