"""The run-time state of one group: arrays over sensor slots, and what was learnt of the group if anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.cadence import Cadence
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.episodes import Episodes
from offbeat.core.holds import Holds
from offbeat.core.learnt import Learnt
from offbeat.core.ledger import Ledger
from offbeat.core.long_view import LongView
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.regimes import DECLARED, LEARNT, NEAR, OFF, Regimes, not_as_learnt
from offbeat.core.rules import Rules
from offbeat.core.schedule import Schedule
from offbeat.core.sensors import Group
from offbeat.core.transitions import Change, Reason, Transition
from offbeat.core.windows import Windows

Slots = NDArray[np.intp]


class GroupState:
    """Windows, cadence, schedule and episodes of a group, and its `Learnt` once a commission is installed.

    Args:
        index: of the group.
        group: names; its list of ids grows while the daemon runs.
        sensors: slots to make room for.
        settings: of the pipeline.
    """

    def __init__(self, index: int, group: Group, sensors: int, settings: CoreSettings) -> None:
        channels = len(group.channels)
        self.index = index
        self.group = group
        self.sensors = sensors
        self.settings = settings
        self.windows = Windows(sensors, settings.window_readings, channels)
        horizon = group.model.horizon_seconds
        self.long_view = None if horizon is None else LongView(sensors, horizon, channels)
        self.cadence = Cadence(sensors)
        """Law of the times between messages as they arrive: what silence is judged by."""
        self.schedule = Schedule(sensors, settings.window_stride_readings, settings.window_max_age_seconds)
        self.episodes = Episodes(sensors, settings.episodes)
        self.ledger = Ledger(f"windows.{group.name}", "reading")
        self.rules = Rules(settings.rules, group.channels, sensors)
        self.judges_rules = bool(self.rules)
        """There are rules, or restored episodes of rules that are no more, and have to be closed."""
        self.holds = Holds(self.episodes, sensors, settings.learning.margin_seconds)
        self.regimes = Regimes(sensors)
        self.looked_at = np.full(sensors, -np.inf)
        """Log time at which a sensor that may have changed was looked at last; no snapshot keeps it."""
        self.learnt: Learnt | None = None
        self.generation = 0
        self.handed_out = 0
        self.taken_back = 0
        self.applied: NDArray[np.int64] | None = None
        self._met = 0
        self.rows = np.zeros(sensors, np.int64)
        """Rows each sensor has ever moved forward by."""
        self.late = np.zeros(sensors, np.int32)
        """Readings of each sensor that came after a newer one."""
        self.heard = np.full(sensors, -np.inf)
        """Log time of each sensor's last message; -inf = never."""
        self.first_heard = np.full(sensors, -np.inf)
        self.longest_gap = np.zeros(sensors, np.float64)
        """Longest time between messages that was learnt, in seconds."""
        self.returned = np.zeros(sensors, np.bool_)
        """The last silence ended with the sensor's last message."""
        self.values = np.full((sensors, channels), np.nan, np.float32)
        """Newest value of each channel."""
        self.expected = np.full((sensors, channels, 2), np.nan, np.float32)
        """Mean and deviation that the model expected of the newest row, normalised and squashed."""
        self.score = np.full(sensors, np.nan, np.float32)
        self.p_value = np.full(sensors, np.nan, np.float64)
        self.retired = np.zeros(sensors, np.bool_)
        """Nothing names the sensor any more: it is neither judged nor silent until it is heard of again."""
        self.told = np.zeros(sensors, np.int8)
        """Kind of anomaly last told of each sensor's process, as 1 + a column of its streams; 0 = none."""

    @property
    def size(self) -> int:
        """Sensors that are there."""
        return len(self.group.ids)

    def install(self, commission: Commission, model: tuple[str, str] | None) -> None:
        """Judge by a new commission from the next batch on; forget what belongs to the old one.

        Raises:
            ValueError: the commission is of other channels.
        """
        if tuple(commission.channels) != tuple(self.group.channels):
            raise ValueError(
                f"The commission of group {self.group.name!r} is of channels"
                f" {', '.join(commission.channels)}, but the group has {', '.join(self.group.channels)}:"
                f" train again on these sensors, or give the artifact that was trained on them."
            )
        before, self.learnt = self.learnt, Learnt(commission, model, self.sensors, self.settings)
        self.generation += 1
        self.expected.fill(np.nan)  # it was told in the terms of the old one
        self._met = 0
        self.meet()
        self._keep_regimes(np.arange(self.size))
        if before is not None:
            slots = np.arange(self._met)
            counted = {f"still.{name}": array[slots] for name, array in before.still.arrays().items()}
            self.learnt.carry_on(slots, counted)

    def note(self, transitions: Sequence[Transition]) -> None:
        """Remember what episodes mean for what is learnt."""
        self.holds.note(transitions)
        for t in transitions:
            if t.change is not Change.CLOSE or t.reason is Reason.LASTS:
                continue
            if t.lasts:
                self.regimes.declare(t.sensor, t.track, t.started, t.time)
                if self.learnt is not None and t.track is Track.PROCESS:
                    self.learnt.still.give_up(t.sensor)
            elif t.track is Track.PROCESS and t.reason is not Reason.ESCALATED:
                self.regimes.suspect(t.sensor, t.track, t.started)

    def learn_regimes(self, slots: Slots) -> None:
        """Learn what sensors have become from their windows, and forget what was learnt of them before."""
        if not len(slots):
            return
        self.regimes.phase[slots], self.regimes.learnt[slots] = LEARNT, True
        self.episodes.calm_down(self._regime_keys(slots))
        for slot in slots.tolist():
            since = float(self.regimes.since[slot])
            self.holds.forget(slot, int(self.regimes.track[slot]), since)
            self.holds.only_since(slot, since)
        if self.learnt is not None:
            self.learnt.rescale(slots, self.rows)
            self.learnt.take_over(slots, self.windows, self.holds)

    def unlearn_regime(self, slot: int) -> None:
        """Judge a sensor as it was before a change that somebody called a fault; alarms have got used to it, too."""
        was_learnt = bool(self.regimes.learnt[slot])
        self.regimes.call_fault(slot)
        self.regimes.take_back(slot)
        if self.learnt is None:
            return
        slots = np.array([slot], np.intp)
        if was_learnt:
            self.learnt.acquaint(slots, [self.group.ids[slot]], self.rows)
        else:
            self.learnt.trailing.reset(slots)
            self.learnt.still.reset(slots)

    def take_back_regimes(self, slots: Slots) -> None:
        """Judge sensors as they were before a change that was learnt: they have gone back."""
        self.regimes.drop(slots)
        self.regimes.take_back(slots)
        if self.learnt is not None:
            self.learnt.acquaint(slots, [self.group.ids[slot] for slot in slots.tolist()], self.rows)

    def drop_regimes(self, slots: Slots) -> None:
        """Forget changes of sensors, which have gone back or were to be expected; their moves are told again."""
        self.regimes.drop(slots)
        if self.learnt is not None:
            self.learnt.still.take_up(slots)

    def _keep_regimes(self, slots: Slots) -> None:
        """Under a new commission, let a lasting change be what it was: told of, or learnt."""
        if self.learnt is None or not len(slots):
            return
        told = (self.regimes.phase[slots] == DECLARED) | (self.regimes.phase[slots] == OFF)
        self.episodes.settle_again(self._regime_keys(slots[told]))
        slots = slots[self.regimes.learnt[slots] & (self.windows.counts[slots] > 0)]
        if not len(slots):
            return
        windows = self.windows.latest(slots, self.windows.readings)
        old, _ = not_as_learnt(self.learnt.normalisers, slots, windows, NEAR)
        self.learnt.rescale(slots[old], self.rows)
        self.regimes.take_back(slots[~old & (self.learnt.row[slots] > 0)])

    def _regime_keys(self, slots: Slots) -> Slots:
        return np.asarray(slots * len(TRACKS) + self.regimes.track[slots], np.intp)

    def reconfigure(self, settings: CoreSettings) -> None:
        """Judge by another budget and other rules from the next row on; where a limit means the same, it goes on."""
        if settings.rules != self.settings.rules:
            slots = np.arange(self._met)
            kept = self.rules.take(slots)
            self.rules = Rules(settings.rules, self.group.channels, self.sensors)
            self.rules.meet(slots, self.group.ids[: self._met])
            self.rules.put(slots, kept)
            # What a rule that is no more had open is closed by the next readings.
            told = self.episodes.arrays()["phase"][:, Track.RULE].any()
            self.judges_rules = bool(self.rules) or bool(told)
        self.episodes.rules = settings.episodes
        self.settings = settings
        if self.learnt is not None:
            self.learnt.allow(settings.budget_per_week)

    def retire(self, slots: Slots, now: float) -> list[Transition]:
        """Close what some sensors have open and judge them no more, until they are heard of again.

        Args:
            slots: sensors, none twice.
            now: log time.
        """
        self.retired[slots] = True
        self.rules.forget(slots)
        return self.episodes.close_all(slots, now)

    def take_as_closed(self, slots: Slots, tracks: NDArray[np.intp], ended: NDArray[np.float64]) -> None:
        """Close episodes that are open here and whose close was told before; nothing is told again.

        Args:
            slots: sensors, one for each episode.
            tracks: of the episodes.
            ended: event time at which each closed.
        """
        self.note(self.episodes.take_as_closed(slots * len(TRACKS) + tracks, ended))

    def meet(self) -> None:
        """Look sensors that have appeared since the last call up in the rules and in the commission."""
        # The decoder may admit sensors this very moment: what is new is looked at once.
        new = self.group.ids[self._met :]
        if not new:
            return
        slots = np.arange(self._met, self._met + len(new))
        self.rules.meet(slots, new)
        if self.learnt is not None:
            self.learnt.meet(slots, new)
        self._met += len(new)

    def not_applied(self, batch: ReadingBatch) -> ReadingBatch:
        """Return what of a batch the restored state does not hold already."""
        if self.applied is None:
            return batch
        new = self.applied[batch.sensor] < batch.offset
        if self.applied.max(initial=0) < batch.offset:
            self.applied = None
        if new.all():
            return batch
        return replace(
            batch,
            sensor=batch.sensor[new],
            channel=batch.channel[new],
            time_seconds=batch.time_seconds[new],
            value=batch.value[new],
            arrival_seconds=batch.arrival_seconds[new],
        )

    def take(self, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the state of some sensors, for a snapshot."""
        state = {f"life.{name}": array[slots] for name, array in self._life().items()}
        state |= {f"episodes.{name}": array[slots] for name, array in self.episodes.arrays().items()}
        for part in ("windows", "cadence", "schedule"):
            state |= {f"{part}.{name}": array for name, array in getattr(self, part).take(slots).items()}
        if self.long_view is not None:
            state |= {f"long.{name}": array for name, array in self.long_view.take(slots).items()}
        state |= {f"rules.{name}": array for name, array in self.rules.take(slots).items()}
        if self.learnt is not None:
            state |= {f"learnt.{name}": array for name, array in self.learnt.take(slots).items()}
        return state

    def put(self, slots: Slots, state: Mapping[str, NDArray[Any]], offset: int) -> None:
        """Replace the state of some sensors by what `take` returned.

        Args:
            slots: they may differ from the slots it was taken of; the sensors may not.
            state: what `take` returned.
            offset: position in the log up to which the state holds these sensors' readings.

        Raises:
            ValueError: the state is of other channels.
        """
        self.meet()
        self.windows.put(slots, _part(state, "windows"))
        self.cadence.put(slots, _part(state, "cadence"))
        self.schedule.put(slots, _part(state, "schedule"))
        self.episodes.put(slots, _part(state, "episodes"))
        if self.long_view is not None:
            self.long_view.put(slots, _part(state, "long"))
        self.rules.put(slots, _part(state, "rules"))
        self.judges_rules |= bool(self.episodes.arrays()["phase"][slots, Track.RULE].any())
        life = _part(state, "life")
        for name, array in self._life().items():
            if name in life:  # an older release did not know all
                array[slots] = life[name]
        self.holds.thaw_or_freeze_as_kept(slots)
        learnt = _part(state, "learnt")
        if self.learnt is not None:
            as_kept = self.learnt.put(slots, learnt)
            self._keep_regimes(slots[~as_kept])
            other = {name: array[~as_kept] for name, array in learnt.items()}
            self.learnt.carry_on(slots[~as_kept], other)
        if self.applied is None:
            self.applied = np.zeros(self.sensors, np.int64)
        self.applied[slots] = offset

    def nbytes(self) -> int:
        """Return the memory of all state, were every sensor there."""
        slabs = self.windows.nbytes + self.cadence.nbytes + self.schedule.nbytes
        arrays = (*self._life().values(), *self.episodes.arrays().values())
        learnt = 0 if self.learnt is None else self.learnt.nbytes()
        long_view = 0 if self.long_view is None else self.long_view.nbytes
        return (
            slabs
            + long_view
            + learnt
            + self.rules.nbytes()
            + self.holds.nbytes
            + sum(array.nbytes for array in arrays)
        )

    def _life(self) -> dict[str, NDArray[Any]]:
        return {
            "rows": self.rows,
            "late": self.late,
            "heard": self.heard,
            "first_heard": self.first_heard,
            "longest_gap": self.longest_gap,
            "returned": self.returned,
            "values": self.values,
            "score": self.score,
            "p_value": self.p_value,
            "told": self.told,
            **self.holds.arrays(),
            **self.regimes.arrays(),
            "retired": self.retired,
        }


def _part(state: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    prefix = f"{name}."
    return {key.removeprefix(prefix): array for key, array in state.items() if key.startswith(prefix)}
