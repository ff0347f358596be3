"""A commission under which copies of a sensor are judged as the sensor itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from offbeat.app.trained_group import TrainedGroup
from offbeat.core.commission import Commission


@dataclass(frozen=True)
class CopiesCommission(Commission):
    """A commission that knows more names for its sensors.

    Attributes:
        owner: sensor by the name of its copy.
    """

    owner: dict[str, str] = field(default_factory=dict)

    def row_of(self, sensor_id: str) -> int:
        """Return the row of the sensor that a name is a copy of, 0 if it is unknown."""
        return super().row_of(self.owner.get(sensor_id, sensor_id))


def knowing_copies(trained: TrainedGroup, owner: dict[str, str]) -> TrainedGroup:
    """Return what was learnt of a group, for playing copies of its sensors too."""
    learnt = {part.name: getattr(trained.commission, part.name) for part in fields(Commission)}
    given = {part.name: getattr(trained, part.name) for part in fields(TrainedGroup)}
    return TrainedGroup(**{**given, "commission": CopiesCommission(**learnt, owner=owner)})
