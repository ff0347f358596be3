"""What was recorded of one sensor, as it stands in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.recording import Recording, after_cuts


@dataclass(frozen=True, slots=True)
class Series:
    """Rows of one sensor in recorded order: times may repeat or step back.

    Attributes:
        sensor: id; the stem of the file.
        channels: names of the columns.
        times_seconds: event times, float64 unix seconds [n].
        values: float32 [n, C]; NaN where not observed.
        place: where it came from, for messages.
        cuts_seconds: times at which recording began anew, ascending: the gap around each says nothing of the sensor.
    """

    sensor: str
    channels: tuple[str, ...]
    times_seconds: NDArray[np.float64]
    values: NDArray[np.float32]
    place: str = ""
    cuts_seconds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times_seconds)

    def where(self, keep: NDArray[np.bool_]) -> Series:
        """Return the rows of a mask, in recorded order."""
        return replace(self, times_seconds=self.times_seconds[keep], values=self.values[keep])

    def cut_to(self, keep: NDArray[np.bool_]) -> Series:
        """Return the rows of a mask as if nothing else had been recorded: with a cut where rows are missing."""
        if keep.all():
            return self
        left = np.sort(self.times_seconds[~keep])
        kept = self.where(keep)
        times = np.sort(kept.times_seconds)
        return replace(kept, cuts_seconds=np.union1d(self.cuts_seconds, times[after_cuts(times, left)]))

    def before(self, time_seconds: float) -> Series:
        """Return the rows whose event time lies before a time: what a detector may learn from."""
        return self.where(self.times_seconds < time_seconds)

    def since(self, time_seconds: float, lead_rows: int = 0, lead_seconds: float = 0.0) -> Series:
        """Return the rows at or after a time.

        Args:
            time_seconds: where the part begins.
            lead_rows: so many rows recorded before the first of them come along, to warm windows up.
            lead_seconds: and at least those of so much time before, to warm long views up.
        """
        keep = self.times_seconds >= time_seconds
        if lead_rows > 0 and keep.any():
            first = int(np.argmax(keep))
            keep[max(0, first - lead_rows) : first] = True
        if lead_seconds > 0 and keep.any():
            keep |= self.times_seconds >= time_seconds - lead_seconds
        return self.where(keep)

    def recording(self) -> Recording:
        """Return the rows as material of commissioning: in time order, one row an instant.

        Of two values of one channel at one instant the larger stays, as in a window.
        """
        order = np.argsort(self.times_seconds, kind="stable")
        times, values = self.times_seconds[order], self.values[order]
        first = np.flatnonzero(np.diff(times, prepend=-np.inf) > 0)
        if len(first) < len(times):
            times, values = times[first], np.fmax.reduceat(values, first, axis=0)
        return Recording(self.sensor, times, values, self.cuts_seconds)


def by_channels(series: Sequence[Series]) -> dict[tuple[str, ...], list[Series]]:
    """Return the series by the channels they have: each such group shares a model."""
    groups: dict[tuple[str, ...], list[Series]] = {}
    for one in series:
        groups.setdefault(one.channels, []).append(one)
    return groups
