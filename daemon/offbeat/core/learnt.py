"""A group under its commission: everything that means nothing without it, and is forgotten with it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission, alarm_p_value
from offbeat.core.episode_rules import TRACKS, Track, threshold
from offbeat.core.fusion import Fusion
from offbeat.core.holds import Holds
from offbeat.core.normalisers import COMMISSIONED, UNKNOWN, Normalisers
from offbeat.core.own_measure import OwnMeasure
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.still_sensors import StillSensors
from offbeat.core.streams import registry
from offbeat.core.streams.base import Round
from offbeat.core.streams.long import LongStream
from offbeat.core.streams.model import ModelStreams
from offbeat.core.streams.registry import CheapStreams
from offbeat.core.trailing import TrailingCalibration
from offbeat.core.windows import Windows

Floats = NDArray[np.float32]
Slots = NDArray[np.intp]

ROW_TRACKS = tuple(Track)[: len(registry.TRACKS)]
"""The tracks that rows speak to, in the order of the registry's; the last one, silence, needs no row."""

CHEAP_COLUMNS = len(registry.CHEAP_NAMES)
COLUMNS = len(registry.STREAM_NAMES)
LONG_COLUMN = COLUMNS - len(LongStream.names)


class Learnt:
    """Normalisers, streams, calibrations and thresholds of one group.

    Args:
        commission: what was learnt of the group.
        model: name and version; None if no model takes part.
        sensors: slots to make room for.
        settings: of the pipeline.
    """

    def __init__(
        self,
        commission: Commission,
        model: tuple[str, str] | None,
        sensors: int,
        settings: CoreSettings,
    ) -> None:
        self.commission = commission
        self.model = model
        self.row = np.zeros(sensors, np.intp)
        self.anew_at = np.zeros(sensors, np.int64)
        """Rows a sensor had when it began anew with another normaliser; 0 = it never did."""
        self._ready_rows, self._window_rows = settings.ready_readings, settings.window_readings
        self.first_rows = min(settings.provisional_readings, settings.window_readings)
        self.normalisers = Normalisers(commission, sensors, self.first_rows)
        self.cheap = CheapStreams(commission, sensors)
        self.models = ModelStreams(sensors)
        self.long = LongStream(sensors)
        self.own = OwnMeasure(sensors)
        self.fusion = Fusion(commission.voting)
        self.trailing = TrailingCalibration(commission, sensors)
        self.still = StillSensors(commission, self.normalisers, sensors)
        self._ceiling = np.array([TRACKS[t].ceiling_p for t in ROW_TRACKS])
        self.allow(settings.budget_per_week)
        self.fingerprint = _fingerprint(commission, model, sorted(self._arrays()))

    def allow(self, budget_per_week: float) -> None:
        """Judge by a budget from the next row on: so many false alerts a sensor may raise a week."""
        self.budget = np.array([budget_per_week * TRACKS[t].weight for t in ROW_TRACKS])
        """Rows a week that may raise a false alert, before runs are considered, by track."""

    def meet(self, slot: Slots, ids: list[str]) -> None:
        """Look new sensors up in the commission."""
        self.row[slot] = [self.commission.row_of(sensor_id) for sensor_id in ids]
        self.normalisers.commission(slot, self.row[slot])

    def take_over(self, slot: Slots, windows: Windows, holds: Holds) -> None:
        """Give sensors that the commission does not know the normalisers that their windows are enough for."""
        self.normalisers.learn(slot[self.normalisers.stage[slot] == UNKNOWN], windows, holds)
        self.normalisers.learn_again(slot, windows, holds)

    def threshold(self, slot: Slots) -> Floats:
        """Return the surprise that opens an episode of sensors by track, float32 [n, Q]: each one's own pace counts."""
        return threshold(alarm_p_value(self._rate(slot), self.budget), self._ceiling)

    def score(self, slot: Slots, severity: Floats) -> Floats:
        """Return the scores of rows of sensors by track, float32 [n, Q]; see `Commission.score`."""
        return self.commission.score(self.row[slot], severity, self.budget, self._rate(slot))

    def _rate(self, slot: Slots) -> NDArray[np.float64]:
        own = self.normalisers.rows_per_week[slot]
        return np.where(own > 0, own, self.commission.rows_per_week[0])

    def alerts_from(self, slot: Slots) -> NDArray[np.int64]:
        """Return the number of rows from which on alerts are raised for sensors, int64 [n].

        What is ordinary for one that the commission does not know was guessed from the fleet and from little of its
        own: it has to have as many rows as a commission needs, and those after which it begins anew. One that begins
        anew with what was commissioned has to remember some rows, too.
        """
        anew = self.anew_at[slot]
        known = np.where(anew > 0, anew + self.first_rows, 0)
        anew = np.where(self.normalisers.frozen[slot], anew, np.maximum(anew, self._window_rows))
        enough = np.maximum(self._ready_rows, anew + self.first_rows)
        return np.where(self.normalisers.stage[slot] == COMMISSIONED, known, enough)

    def learn_again(self, slot: Slots, windows: Windows, rows: NDArray[np.int64], holds: Holds) -> None:
        """Give provisional sensors with a full window their lasting normaliser, and begin anew with it."""
        again = self.normalisers.learn_again(slot, windows, holds)
        if len(again):
            self._begin_anew(again, rows)

    def rescale(self, slot: Slots, rows: NDArray[np.int64]) -> None:
        """Forget how sensors were scaled, for they have changed for good; the laws of their streams are kept.

        What is usual for a stream is in units of the scale, so most of it goes on being so.
        """
        self.normalisers.forget(slot)
        self._begin_anew(slot, rows)

    def acquaint(self, slot: Slots, ids: list[str], rows: NDArray[np.int64]) -> None:
        """Take sensors for what the commission knows them as, again."""
        self.normalisers.forget(slot)
        self.meet(slot, ids)
        self._begin_anew(slot, rows)

    def _begin_anew(self, slot: Slots, rows: NDArray[np.int64]) -> None:
        self.anew_at[slot] = rows[slot]
        self.cheap.begin_anew(slot)
        for part in (self.models, self.long, self.own, self.trailing, self.still):
            part.reset(slot)

    def update(self, rows: Round) -> Floats:
        """Let the cheap streams see a round; return what all streams say, the model's still NaN."""
        raw = np.full((len(rows.sensor), COLUMNS), np.nan, np.float32)
        raw[:, :CHEAP_COLUMNS] = self.cheap.update(rows)
        return raw

    def take(self, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the state of some sensors, for a snapshot."""
        state = {name: array[slots] for name, array in self._arrays().items()}
        state["fingerprint"] = np.full(len(slots), self.fingerprint, np.int64)
        return state

    def put(self, slots: Slots, state: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Replace the state of some sensors by what `take` returned; return where it was of the same commission."""
        same = np.asarray(state.get("fingerprint", np.zeros(len(slots)))) == self.fingerprint
        if same.any():
            for name, array in self._arrays().items():
                array[slots[same]] = state[name][same]
        return np.asarray(same, np.bool_)

    def carry_on(self, slots: Slots, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on with the moves of still sensors, as counted under another commission, from what `take` gave there."""
        counted = {name.removeprefix("still."): array for name, array in state.items()}
        self.still.carry_on(slots, self.row[slots], counted)

    def nbytes(self) -> int:
        """Return the memory of the state, were every sensor there."""
        return self.row.nbytes + sum(array.nbytes for array in self._arrays().values())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        parts: dict[str, Mapping[str, NDArray[Any]]] = {
            "normalisers": self.normalisers.arrays(),
            "cheap": self.cheap.arrays(),
            "models": self.models.arrays(),
            "long": self.long.arrays(),
            "own": self.own.arrays(),
            "trailing": self.trailing.arrays(),
            "still": self.still.arrays(),
        }
        flat = {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
        return flat | {"anew_at": self.anew_at}


def _fingerprint(commission: Commission, model: tuple[str, str] | None, arrays: list[str]) -> int:
    """Return a number that tells apart what streams and calibrations of a snapshot belong to.

    The names of the arrays are part of it: state that another release kept otherwise is left as new.
    """
    known = (commission.channels, commission.sensors, model, arrays)
    crc = zlib.crc32(repr(known).encode("utf-8", "backslashreplace"))
    for name, array in sorted(commission.to_tensors().items()):
        crc = zlib.crc32(name.encode(), crc)
        crc = zlib.crc32(np.ascontiguousarray(array).tobytes(), crc)
    return crc
