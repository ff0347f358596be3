"""Which sensors have metrics of their own, as the settings say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Policy = Literal["all", "anomalous", "top", "off"]


@dataclass(frozen=True, slots=True)
class SensorChoice:
    """A parsed `metrics.sensors`.

    Attributes:
        policy: every sensor, those with an open episode, the strangest, or none.
        most: sensors at most, for "top".
    """

    policy: Policy
    most: int = 0

    def __str__(self) -> str:
        return f"top:{self.most}" if self.policy == "top" else self.policy

    @classmethod
    def parse(cls, text: str) -> SensorChoice:
        """Return the choice of "all", "anomalous", "top:100" or "off".

        Raises:
            ValueError: it is none of these.
        """
        name, colon, digits = text.partition(":")
        if name == "top" and digits.isascii() and digits.isdigit() and int(digits) > 0:
            return cls("top", int(digits))
        for policy in ("all", "anomalous", "off"):
            if name == policy and not colon:
                return cls(policy)
        raise ValueError(
            f'"{text}" names no choice of sensors, expected "all", "anomalous", "top:100" or "off"'
        )
