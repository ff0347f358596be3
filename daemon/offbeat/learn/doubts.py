"""What of the recordings not to learn from: looked for with the cheap streams, and taken out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.doubt import doubtful
from offbeat.core.recording import Recording, after_cuts
from offbeat.core.standstills import doubtful_standstills
from offbeat.core.streams.pace import GAPS
from offbeat.core.streams.registry import STREAM_TRACKS
from offbeat.learn.side_by_side import cheap_raw

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

LOOKS = 2
"""The second look is made with laws that the worst of the past has no part in; a third found next to nothing."""

AT_HOME_ROWS = 16
"""Rows after a cut of which nothing is calibrated: the streams still compare with what lies before it."""

_RHYTHM = np.array([track == "rhythm" for track in STREAM_TRACKS])


@dataclass(frozen=True)
class Doubts:
    """Rows not to learn from.

    Attributes:
        times_seconds: of these rows, ascending, by sensor id; sensors without any are absent.
    """

    times_seconds: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def looked_for(cls, channels: tuple[str, ...], recordings: Sequence[Recording]) -> Doubts:
        """Return what is to be doubted in the recordings of one group."""
        still = {one.sensor: doubtful_standstills(one.values) for one in recordings}
        doubts = cls._of_rows(recordings, still)
        for _ in range(LOOKS):
            commission = fit_normaliser_and_ridge(channels, doubts.hidden(recordings))
            raw = cheap_raw(commission, recordings)
            strange = {
                one.sensor: doubtful(raw[one.sensor], doubts.of(one.sensor, one.times_seconds))
                for one in recordings
            }
            doubts = cls._of_rows(
                recordings, {sensor: still[sensor] | rows for sensor, rows in strange.items()}
            )
        return doubts

    @classmethod
    def _of_rows(cls, recordings: Sequence[Recording], rows: Mapping[str, Bools]) -> Doubts:
        """Return the doubts of these rows of each recording."""
        found = {one.sensor: one.times_seconds[rows[one.sensor]] for one in recordings}
        return cls({sensor: times for sensor, times in found.items() if len(times)})

    def of(self, sensor: str, times_seconds: NDArray[np.float64]) -> Bools:
        """Return which of a sensor's rows are doubted, bool [n]."""
        doubted = self.times_seconds.get(sensor)
        return np.zeros(len(times_seconds), np.bool_) if doubted is None else np.isin(times_seconds, doubted)

    def but_of(self, sensors: Collection[str]) -> Doubts:
        """Return the doubts without those of some sensors."""
        return Doubts(
            {sensor: times for sensor, times in self.times_seconds.items() if sensor not in sensors}
        )

    def hidden(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Return the recordings with nothing observed in doubted rows: the rhythm stays as it was."""
        return [self._hidden(one) for one in recordings]

    def _hidden(self, one: Recording) -> Recording:
        doubted = self.of(one.sensor, one.times_seconds)
        if not doubted.any():
            return one
        return replace(one, values=np.where(doubted[:, None], np.float32(np.nan), one.values))

    def without_false_gaps(
        self,
        sensor: str,
        times_seconds: NDArray[np.float64],
        said: Floats,
        cuts_seconds: NDArray[np.float64] | None = None,
    ) -> Floats:
        """Return what the streams said, without what they said of a gap that is only there because rows were left out.

        Args:
            sensor: id.
            times_seconds: of the rows that were played, ascending [n].
            said: by stream [n, K].
            cuts_seconds: where recording began anew: until the streams are at home again, what they say is left out.
        """
        doubted = self.times_seconds.get(sensor)
        if not len(said):
            return said
        if cuts_seconds is not None and len(cuts_seconds):
            fresh = _followed(after_cuts(times_seconds, cuts_seconds), AT_HOME_ROWS)
            said = np.where(fresh[:, None], np.float32(np.nan), said)
        if doubted is None:
            return said
        passed = np.searchsorted(doubted, times_seconds)
        echoed = _followed(np.diff(passed, prepend=passed[0]) > 0, GAPS)
        return np.where(echoed[:, None] & _RHYTHM, np.float32(np.nan), said)

    def to_dict(self) -> dict[str, Any]:
        """Return how many rows were left out, of which sensors, as JSON can hold it; nothing if none were."""
        by_sensor = {sensor: len(times) for sensor, times in sorted(self.times_seconds.items())}
        return {"left_out": {"rows": sum(by_sensor.values()), "sensors": by_sensor}} if by_sensor else {}


def _followed(first: Bools, rows: int) -> Bools:
    """Return which rows are marked, or less than so many rows behind one that is, bool [n]."""
    out = np.zeros(len(first), np.bool_)
    for behind in range(min(rows, len(first))):
        out[behind:] |= first[: len(first) - behind]
    return out
