"""Which sensors a training had no room for, as the lineage of its version tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Room:
    """How far the memory of a training reached.

    Attributes:
        heard: sensors that there were readings of.
        without: those of them that there was no room for, and that nothing was learnt of.
    """

    heard: int = 0
    without: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.heard - len(self.without):,} of {self.heard:,} sensors had room; raise learning.memory"

    def lineage(self) -> dict[str, object]:
        """Return what the lineage of a version has of it; nothing where all had room."""
        return {"heard": self.heard, "no_room": sorted(self.without)} if self.without else {}

    @classmethod
    def of(cls, lineage: Mapping[str, Any]) -> Self:
        """Return what `lineage` gave; of a version without it, or of something else, that all had room."""
        heard, without = lineage.get("heard"), lineage.get("no_room")
        if not isinstance(heard, int) or not isinstance(without, list):
            return cls()
        return cls(heard, frozenset(map(str, without)))
