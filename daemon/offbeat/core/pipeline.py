"""The pipeline: readings in, decisions out. The one place where the parts of the core meet.

batch -> `ingest` -> works -> (a scorer answers their jobs) -> `scored` -> decisions. Beside that, `tick` lets
time pass, and `due_windows` -> (a scorer) -> `windows_scored` gives the model a second, longer look.

No clock, no I/O, no threads: the same calls give the same answers. Sensors do not touch each other: what is
decided about one does not depend on which others share its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core import long_jobs, rehearsal, windowing
from offbeat.core.commission import Commission
from offbeat.core.decisions import Decisions
from offbeat.core.event_builder import build
from offbeat.core.events import EpisodeEvent
from offbeat.core.group_state import GroupState
from offbeat.core.intake import learn_cadence, take_in
from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.core.judgement import Judged, judge, rehearse
from offbeat.core.ledger import Ledger
from offbeat.core.obedience import obey
from offbeat.core.orders import Orders
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.regime_watch import watch
from offbeat.core.rule_judgement import judge_rules, judge_waiting
from offbeat.core.sensor_states import SensorStates, states_of
from offbeat.core.sensors import SensorDirectory
from offbeat.core.silence import judge_silence, quiet_seconds
from offbeat.core.transitions import Transition
from offbeat.core.work import Answer, Work

Slots = NDArray[np.intp]


class Pipeline:
    """All groups' run-time state and the decisions over it. One thread at a time.

    Without a commission a group is in its first days: readings are counted, kept in windows and their cadence
    is learnt, so silence is found; nothing is scored.

    Args:
        directory: sensors and groups; may grow while the pipeline runs.
        settings: the numbers.
    """

    def __init__(self, directory: SensorDirectory, settings: CoreSettings) -> None:
        self.directory = directory
        self.settings = settings
        self.groups = [
            GroupState(i, group, directory.max_sensors, settings) for i, group in enumerate(directory.groups)
        ]
        self.listening_since = -np.inf
        self._orders = Orders()
        self._obeyed = np.inf
        """What was said changes nothing before this log time ..."""
        self._obeying: dict[int, int] = {}
        """... of so many sensors of each group."""

    def order(self, orders: Orders) -> None:
        """Take in what people said of learning; it takes effect at the next tick whose time it is."""
        self._orders = orders
        self._obeyed = -np.inf

    def reconfigure(self, settings: CoreSettings) -> None:
        """Judge by another budget, other rules and other times of episodes from the next row on; all else goes on.

        Args:
            settings: the same as before in all that sizes and windows depend on.

        Raises:
            ValueError: they are not; nothing was changed.
        """
        same = replace(
            settings,
            budget_per_week=self.settings.budget_per_week,
            rules=self.settings.rules,
            episodes=self.settings.episodes,
            learning=self.settings.learning,
        )
        if same != self.settings:
            raise ValueError(
                "only the budget, rules, episodes and what is learnt of them can change while a pipeline runs"
            )
        for state in self.groups:
            state.reconfigure(settings)
        self.settings = settings

    def follow_directory(self) -> None:
        """Make room for groups that were added to the directory."""
        for index in range(len(self.groups), len(self.directory.groups)):
            group = self.directory.groups[index]
            self.groups.append(GroupState(index, group, self.directory.max_sensors, self.settings))

    def retire(self, group: int, slots: Slots, now: float) -> Decisions:
        """Judge some sensors no more until they are heard of again: nothing names them. Close what they have open.

        Args:
            group: index of the group.
            slots: sensors, none twice; those that are retired already stay as they are.
            now: log time.
        """
        state = self.groups[group]
        return Decisions(_told(state, state.retire(slots[~state.retired[slots]], now)))

    def install(self, group: int, commission: Commission, model: tuple[str, str] | None) -> None:
        """Judge a group by a new commission from the next batch on.

        Args:
            group: index of the group.
            commission: of the group's channels; without calibrations it scores nothing, but streams run.
            model: name and version; None if no model takes part.

        Raises:
            ValueError: the commission is of other channels.
        """
        self.groups[group].install(commission, model)

    def listen(self, since: float) -> None:
        """Say from which log time on messages can be heard (again): what was silent before may not have been.

        Args:
            since: log time at which the source was connected; infinite while it is not.
        """
        self.listening_since = since

    def ingest(self, batch: ReadingBatch) -> list[Work]:
        """Take readings in and return the work they make, in the order in which it is to come back."""
        return take_in(self.groups[batch.group], batch, self.listening_since)

    def scored(self, work: Work, result: StepResult | None) -> Decisions:
        """Judge the rows of a work.

        Args:
            work: from `ingest`; a group's works come back in their order, each once.
            result: the answer to `work.job`; None if there is no job or it had to be shed.

        Raises:
            ValueError: another work of the group is due.
        """
        state = self.groups[work.group]
        if work.number != state.taken_back:
            raise ValueError(
                f"Work {work.number} of group {state.group.name!r} came back, but {state.taken_back} is due: "
                f"give each work back once, in the order of `ingest`."
            )
        state.taken_back += 1
        decisions = self._judged(state, work, result)
        if work.messages is not None:
            learn_cadence(state, work.messages)
        return decisions

    def _judged(self, state: GroupState, work: Work, result: StepResult | None) -> Decisions:
        if work.is_rehearsal:
            if state.learnt is not None and work.generation == state.generation:
                rehearse(state, state.learnt, work, Answer.of(work, result))
            return Decisions()
        returned = state.episodes.close_returned(work.heard, _nowhere(work), work.heard_seconds)
        events = _told(state, returned)
        broken = np.full(len(work), np.nan, np.float32)
        if state.judges_rules:
            for transitions in judge_rules(state, work, broken):
                events += _told(state, transitions)
        if state.learnt is None or work.generation != state.generation or not len(work):
            return Decisions(events)
        # An alert has told of this silence already: it is not a strange rhythm as well.
        told = work.rows.rank == 0
        told &= np.isin(work.rows.sensor, [t.sensor for t in returned])
        judged = judge(state, state.learnt, work, Answer.of(work, result).without_gap(told))
        events += _told(state, judged.transitions, judged)
        scored = judged.scored_rows(self.settings.collect)
        # All groups have the column where any has: they share a table in a backtest.
        return Decisions(events, scored.with_rules(broken) if self.settings.rules else scored)

    def tick(self, now: float) -> Decisions:
        """Let time pass: find silent sensors, and close episodes that nothing keeps open.

        Args:
            now: log time; not before that of an earlier call.
        """
        events = self._obey(now)
        for state in self.groups:
            transitions = judge_silence(state, now, self.listening_since)
            transitions += judge_waiting(state, now, self.listening_since)
            if state.episodes.any_open():
                quiet = quiet_seconds(state)
                transitions += state.episodes.close_quiet(now, quiet, self.listening_since)
            transitions += watch(state, now)
            events += _told(state, transitions)
        return Decisions(events)

    def _obey(self, now: float) -> list[EpisodeEvent]:
        """Put into effect what was said: to all where something was said or a time has come, else to who is new."""
        is_due = now >= self._obeyed
        if is_due:
            self._obeyed = next((t for t in self._orders.changes() if t > now), np.inf)
        events: list[EpisodeEvent] = []
        for index, state in enumerate(self.groups):
            first = 0 if is_due else self._obeying.get(index, 0)
            self._obeying[index] = state.size
            if first < state.size:
                events += build(state, obey(state, self._orders, now, first))
        return events

    def due_windows(self, now: float, limit: int) -> list[WindowJob]:
        """Return jobs of at most `limit` windows together, the longest due first, and of as many long views.

        Args:
            now: log time.
            limit: windows at most.
        """
        return list(self._due_windows(now, limit))

    def _due_windows(self, now: float, limit: int) -> Iterator[WindowJob]:
        for state in self.groups:
            if limit <= 0:
                return
            for job in chain(windowing.due(state, now, limit), long_jobs.due(state, limit)):
                limit -= len(job.sensor)
                yield job

    def windows_scored(self, job: WindowJob, result: WindowResult | None) -> Decisions:
        """Take in the answer to a window job: the following rows of its sensors speak of it.

        Args:
            job: from `due_windows`.
            result: None if it had to be shed.
        """
        answered = long_jobs.answered if job.long else windowing.answered
        answered(self.groups[job.group], job, result)
        return Decisions()

    def rebuild_jobs(self, at_once: int = 256) -> Iterator[StepJob]:
        """Yield every scored sensor's window as rows to read on from nothing, after a restart or a new model.

        Args:
            at_once: sensors in one job.
        """
        for state in self.groups:
            yield from windowing.rebuild_jobs(state, at_once)

    def rehearse(self, group: int, at_once: int = 512) -> Iterator[Work]:
        """Yield the windows of a group as work that makes a commission known to them, after `install` while running.

        Its works come back by `scored`, in order, before anything is taken in; they decide nothing.

        Args:
            group: index of the group.
            at_once: sensors in one work.
        """
        return rehearsal.rehearse(self.groups[group], at_once)

    @property
    def holds_to(self) -> int:
        """Largest position in the log up to which restored state holds any sensor's readings; 0 without such."""
        return max((int(s.applied.max(initial=0)) for s in self.groups if s.applied is not None), default=0)

    @property
    def heard_to(self) -> float:
        """Log time of the newest message of all; -inf before the first."""
        return max((float(s.heard.max(initial=-np.inf)) for s in self.groups), default=-np.inf)

    @property
    def pending(self) -> int:
        """Works that have not come back. A snapshot is whole only while there are none."""
        return sum(state.handed_out - state.taken_back for state in self.groups)

    def ledgers(self) -> list[Ledger]:
        """Return what became of the readings, a ledger a group."""
        return [state.ledger for state in self.groups]

    def sensor_states(self, group: int, slots: Slots) -> SensorStates:
        """Return what is known of some sensors now, as arrays.

        Args:
            group: index of the group.
            slots: sensors.
        """
        return states_of(self.groups[group], slots)

    def state_of(self, group: int, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the whole state of some sensors, each array [n, ...], for a snapshot.

        Raises:
            ValueError: works are pending, so that the state would hold half of what was taken in.
        """
        if self.pending:
            raise ValueError(f"{self.pending} works are pending: take a snapshot when all have come back")
        return self.groups[group].take(slots)

    def put_state(self, group: int, slots: Slots, state: Mapping[str, NDArray[Any]], offset: int = 0) -> None:
        """Replace the state of some sensors by what `state_of` returned; to be called after `install`.

        What belongs to another commission is left as new. Readings of these sensors in batches whose `offset`
        is not beyond the given one are ignored from now on: the state holds them already.

        Args:
            group: index of the group.
            slots: where these sensors are now; every slot is a sensor of the directory.
            state: what `state_of` returned, for the same sensors in the same order.
            offset: position in the log up to which the state was built.

        Raises:
            ValueError: the state is of other channels.
        """
        self.groups[group].put(slots, state, offset)

    def state_bytes_per_sensor(self, group: int) -> float:
        """Return the memory that a sensor of a group takes in the core once it is there."""
        return self.groups[group].nbytes() / max(self.directory.max_sensors, 1)


def _told(
    state: GroupState, transitions: Sequence[Transition], judged: Judged | None = None
) -> list[EpisodeEvent]:
    """Return the events of some transitions, and let what learns know of them."""
    state.note(transitions)
    return build(state, transitions, judged)


def _nowhere(work: Work) -> Slots:
    return np.full(len(work.heard), -1, np.intp)
