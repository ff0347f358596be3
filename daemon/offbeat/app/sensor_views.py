"""What is known of sensors now, as the API tells it. To be called by the thread that owns the state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from offbeat.app.api_answers import Channel, SensorDetail, SensorSummary, Voice, Window
from offbeat.app.fallen_quiet import fallen_quiet
from offbeat.app.recent_verdicts import RecentVerdicts, Verdicts
from offbeat.app.sensor_list import Place
from offbeat.core.decisions import RULE_COLUMN
from offbeat.core.group_state import GroupState
from offbeat.core.messages import why
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import OFF_WORDS, Readiness
from offbeat.core.sensor_states import SensorStates
from offbeat.core.streams.registry import STREAM_NAMES, STREAM_TRACKS
from offbeat.state.store import Episode

_TRACK_OF = dict(zip(STREAM_NAMES, STREAM_TRACKS, strict=True)) | {RULE_COLUMN: "rule"}

Columns = tuple[list[int], list[str], NDArray[np.bool_], NDArray[np.float32], NDArray[np.float64]]


class UnknownSensorError(LookupError):
    """A sensor was asked for that was never heard."""


class SensorViews:
    """All sensors as columns, some of them as rows of a list, and one in full.

    Args:
        pipeline: whose sensors they are.
        verdicts: on their last readings.
        clock: log time.
    """

    def __init__(
        self, pipeline: Pipeline, verdicts: RecentVerdicts, clock: Callable[[], float] = time.time
    ) -> None:
        self._pipeline = pipeline
        self._verdicts = verdicts
        self._clock = clock

    def columns(self) -> Columns:
        """Return copies of what a `SensorList` is made of."""
        groups = self._pipeline.groups
        sizes = [group.size for group in groups]
        ids = [name for group, size in zip(groups, sizes, strict=True) for name in group.group.ids[:size]]

        def column(of: Callable[[GroupState, NDArray[np.intp]], Any]) -> NDArray[Any]:
            return np.concatenate([of(group, np.arange(n)) for group, n in zip(groups, sizes, strict=True)])

        return (
            sizes,
            ids,
            column(lambda group, slots: np.any(group.episodes.is_open(slots), axis=1)),
            column(lambda group, slots: group.score[slots]),
            column(lambda group, slots: group.heard[slots]),
        )

    def summaries(self, places: list[Place]) -> list[SensorSummary]:
        """Return what is known of some sensors, in their order; each group is asked once."""
        found: dict[Place, SensorSummary] = {}
        for index in {index for index, _ in places}:
            slots = [slot for other, slot in places if other == index]
            states = self._pipeline.sensor_states(index, np.array(slots, np.intp))
            for i, slot in enumerate(slots):
                found[index, slot] = self._summary(index, slot, states, i)
        return [found[place] for place in places]

    def one(self, sensor: str, episodes: list[Episode]) -> SensorDetail:
        """Return what is known of one sensor, with its window.

        Args:
            sensor: its id.
            episodes: of it, to be told as well.

        Raises:
            UnknownSensorError: it was never heard.
        """
        for index, group in enumerate(self._pipeline.directory.groups):
            if (slot := group.slots.get(sensor)) is not None:
                return self._in_full(index, slot, episodes)
        raise UnknownSensorError(f"there is no sensor {sensor!r}; /api/v1/sensors lists those there are")

    def _in_full(self, index: int, slot: int, episodes: list[Episode]) -> SensorDetail:
        windows = self._pipeline.groups[index].windows
        window = windows.latest(np.array([slot], np.intp), windows.readings)
        rows = int(window.lengths[0])
        times = window.times_seconds[0, :rows]
        values = np.where(window.mask[0, :rows], window.values[0, :rows], np.float32(np.nan))
        verdicts = self._verdicts.of(index, slot, times, values, _told_of(times, episodes))
        summary = self.summaries([(index, slot)])[0]
        as_drawn = [_as_drawn(one, values[:, c], verdicts, c) for c, one in enumerate(summary.channels)]
        return SensorDetail(
            **msgspec.structs.asdict(msgspec.structs.replace(summary, channels=as_drawn)),
            window=Window(
                times=times.tolist(),
                values=_by_channel(values),
                low=_by_channel(verdicts.low),
                high=_by_channel(verdicts.high),
                scores=[_number(score) for score in verdicts.score],
            ),
            voices=self._voices(index, verdicts),
            episodes=episodes,
        )

    def _voices(self, index: int, verdicts: Verdicts) -> list[Voice]:
        learnt = self._pipeline.groups[index].learnt
        voting = None if learnt is None else learnt.commission.voting
        deaf_to = set() if voting is None else {STREAM_NAMES[k] for k in np.flatnonzero(~voting)}
        loudest_first = sorted(verdicts.surprise.items(), key=lambda said: -said[1])
        return [
            Voice(stream, _TRACK_OF[stream], why(stream), round(surprise, 3), stream not in deaf_to)
            for stream, surprise in loudest_first
        ]

    def _summary(self, index: int, slot: int, states: SensorStates, i: int) -> SensorSummary:
        group, readiness = (
            self._pipeline.directory.groups[index],
            Readiness(int(states.progress.readiness[i])),
        )
        reason, eta = states.progress.reason(i), _number(states.progress.eta_seconds[i])
        heard, usual = float(states.heard_seconds[i]), float(states.usual_gap_seconds[i])
        if readiness is Readiness.LEARNING and (quiet := fallen_quiet(self._clock(), heard, usual)):
            reason, eta = f"{reason}; {quiet}", None
        return SensorSummary(
            sensor=group.ids[slot],
            group=group.name,
            readiness=readiness.name.lower(),  # type: ignore[arg-type] # one of four names
            progress=_number(states.progress.share[i]),
            reason=reason,
            off=int(states.progress.regime[i]) in OFF_WORDS,
            eta_seconds=eta,
            score=_number(states.score[i]),
            p_value=_number(states.p_value[i]),
            open=list(states.open_kinds(i)),
            last_seen=_number(states.heard_seconds[i]),
            usual_gap_seconds=_number(states.usual_gap_seconds[i]),
            late=int(states.late[i]),
            channels=[
                Channel(name, _number(value), _number(low), _number(high))
                for name, value, low, high in zip(
                    group.channels, states.value[i], states.low[i], states.high[i], strict=True
                )
            ],
        )


def _as_drawn(channel: Channel, values: NDArray[np.float32], verdicts: Verdicts, c: int) -> Channel:
    """Return a channel with the band that the chart has at its newest reading, where that was judged."""
    seen = np.flatnonzero(np.isfinite(values))
    low, high = (_number(of[seen[-1], c]) if len(seen) else None for of in (verdicts.low, verdicts.high))
    return channel if low is None or high is None else msgspec.structs.replace(channel, low=low, high=high)


def _told_of(times: NDArray[np.float64], episodes: list[Episode]) -> NDArray[np.bool_]:
    """Return which times are of an episode about what the sensor measures."""
    told = np.zeros(len(times), np.bool_)
    for one in episodes:
        if one.family == "process":
            told |= (times >= one.opened_at) & (times <= (np.inf if one.closed_at is None else one.closed_at))
    return told


def _by_channel(table: NDArray[np.float32]) -> list[list[float | None]]:
    return [[_number(value) for value in table[:, c]] for c in range(table.shape[1])]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
