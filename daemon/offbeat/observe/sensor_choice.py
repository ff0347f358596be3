"""Which sensors have metrics of their own: all, those with an open episode, or the strangest N."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Policy = Literal["all", "anomalous", "top", "off"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A parsed `metrics.sensors`.

    Attributes:
        policy: what counts.
        most: sensors at most, for "top".
    """

    policy: Policy
    most: int = 0

    @classmethod
    def parse(cls, text: str) -> Choice:
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

    @property
    def is_off(self) -> bool:
        """Whether no sensor is exposed."""
        return self.policy == "off"

    def of(self, groups: Sequence[tuple[Bools, Doubles]]) -> list[Bools]:
        """Return which sensors of each group are exposed.

        Args:
            groups: for each group who has an open episode, bool [n], and the scores, [n]; NaN ranks last.
        """
        if self.policy == "all":
            return [np.ones(len(score), np.bool_) for _, score in groups]
        if self.policy == "off":
            return [np.zeros(len(score), np.bool_) for _, score in groups]
        if self.policy == "anomalous":
            return [is_anomalous.copy() for is_anomalous, _ in groups]
        return self._top([score for _, score in groups])

    def _top(self, scores: list[Doubles]) -> list[Bools]:
        if not scores:
            return []
        together = np.concatenate([np.nan_to_num(score, nan=-np.inf) for score in scores])
        keep = np.zeros(len(together), np.bool_)
        keep[np.argsort(-together, kind="stable")[: self.most]] = True
        return list(np.split(keep, np.cumsum([len(score) for score in scores])[:-1]))
