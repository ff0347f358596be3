"""What is known of sensors now, as plain objects for JSON. To be called by the thread that owns the state."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.group_state import GroupState
from offbeat.core.pipeline import Pipeline
from offbeat.core.sensor_states import Readiness, SensorStates

ORDERS = ("score", "name", "seen")
"""How a list may be sorted: the strangest first, by name, or the last heard first."""

Place = tuple[int, int]
"""Group and slot."""


class UnknownSensorError(LookupError):
    """A sensor was asked for that was never heard."""


class SensorViews:
    """Lists of sensors, and one sensor in full.

    Args:
        pipeline: whose sensors they are.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def page_of(self, search: str, only_open: bool, sort: str, limit: int, offset: int) -> dict[str, Any]:
        """Return a page of the list of sensors, with how many there are and how many match.

        Args:
            search: part of their names, in lower case; empty = all.
            only_open: those with an open episode.
            sort: one of `ORDERS`.
            limit: sensors at most.
            offset: sensors before the page.
        """
        places = [
            (index, slot) for index, group in enumerate(self._pipeline.groups) for slot in range(group.size)
        ]
        keep = self._matching(places, search)
        is_open = self._column(lambda group, slots: group.episodes.is_open(slots).any(axis=1))
        if only_open:
            keep &= is_open
        # Those with an episode first, then the strangest; sensors without a score last.
        score = np.nan_to_num(self._column(lambda group, slots: group.score[slots]), nan=-np.inf)
        keys = {
            "score": (-score, ~is_open),
            "name": (np.array([self._id(place) for place in places]),),
            "seen": (-self._column(lambda group, slots: group.heard[slots]),),
        }[sort]
        order = [i for i in np.lexsort(keys).tolist() if keep[i]]
        shown = [places[i] for i in order[offset : offset + limit]]
        return {"total": len(places), "matching": len(order), "sensors": self._summaries(shown)}

    def _matching(self, places: list[Place], search: str) -> NDArray[np.bool_]:
        if not search:
            return np.ones(len(places), np.bool_)
        return np.array([search in self._id(place).casefold() for place in places], np.bool_)

    def _id(self, place: Place) -> str:
        return self._pipeline.groups[place[0]].group.ids[place[1]]

    def _column(self, of: Callable[[GroupState, NDArray[np.intp]], Any]) -> NDArray[Any]:
        """Return what each group says of its sensors, one group after the other."""
        parts = [of(group, np.arange(group.size, dtype=np.intp)) for group in self._pipeline.groups]
        return np.concatenate([np.asarray(part) for part in parts])

    def _summaries(self, places: list[Place]) -> list[dict[str, Any]]:
        """Return what is known of some sensors, in their order; each group is asked once."""
        found: dict[Place, dict[str, Any]] = {}
        for index in {index for index, _ in places}:
            slots = [slot for other, slot in places if other == index]
            states = self._pipeline.sensor_states(index, np.array(slots, np.intp))
            for i, slot in enumerate(slots):
                found[index, slot] = self._summary(index, slot, states, i)
        return [found[place] for place in places]

    def _summary(self, index: int, slot: int, states: SensorStates, i: int) -> dict[str, Any]:
        group = self._pipeline.directory.groups[index]
        return {
            "sensor": group.ids[slot],
            "group": group.name,
            "readiness": Readiness(int(states.readiness[i])).name.lower(),
            "progress": _number(states.progress[i]),
            "score": _number(states.score[i]),
            "p_value": _number(states.p_value[i]),
            "open": list(states.open_kinds(i)),
            "last_seen": _number(states.heard_seconds[i]),
            "usual_gap_seconds": _number(states.usual_gap_seconds[i]),
            "late": int(states.late[i]),
            "channels": [
                {"channel": name, "value": _number(value), "low": _number(low), "high": _number(high)}
                for name, value, low, high in zip(
                    group.channels, states.value[i], states.low[i], states.high[i], strict=True
                )
            ],
        }

    def one(self, sensor: str) -> dict[str, Any]:
        """Return what is known of one sensor, with its window.

        Raises:
            UnknownSensorError: it was never heard.
        """
        for index, group in enumerate(self._pipeline.directory.groups):
            slot = group.slots.get(sensor)
            if slot is not None:
                state = self._pipeline.groups[index]
                window = state.windows.latest(np.array([slot], np.intp), state.windows.readings)
                rows = int(window.lengths[0])
                values = np.where(window.mask[0, :rows], window.values[0, :rows], np.nan)
                return self._summaries([(index, slot)])[0] | {
                    "window": {
                        "times": window.times_seconds[0, :rows].tolist(),
                        "values": [[_number(v) for v in values[:, c]] for c in range(values.shape[1])],
                    }
                }
        raise UnknownSensorError(f"there is no sensor {sensor!r}")


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
