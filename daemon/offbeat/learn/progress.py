"""What a person is told while something is learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    Attributes:
        stage: what is being done, in a few words.
        done, total: work of this stage, in its own units.
        figures: numbers worth showing beside it.
    """

    stage: str
    done: float
    total: float
    figures: Mapping[str, float] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tell nobody."""
