"""Other sources, rules and budgets for the core while it runs: what did not change is not touched at all.

Windows, cadence, calibrations and episodes stay where they are. New groups are added behind the others, another decoder
takes the place of the one before, rules are looked up anew. All of that is done by the loop between two turns, when
nothing is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from offbeat.app.core_building import Core, refuse_too_large, state_bytes, state_bytes_of
from offbeat.app.core_settings import core_settings
from offbeat.app.orphans import forget_closed
from offbeat.app.questions import Questions
from offbeat.app.reloading import Change
from offbeat.app.retiring import retire_unnamed
from offbeat.app.state_saver import StateSaver, restore_shard
from offbeat.config.settings import Settings
from offbeat.core.decisions import Decisions
from offbeat.core.ledger import Ledger
from offbeat.core.sensors import Group
from offbeat.errors import ConfigError
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.state.snapshot_file import Snapshot
from offbeat.state.snapshots import SnapshotStore
from offbeat.state.store import EpisodeHistory

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE_SECONDS = 30.0
"""A model that is just being taken up holds the loop for seconds."""


class CoreReload:
    """Changes the core of a running daemon.

    Args:
        core: that runs.
        store: where a group that comes back has its past from.
        saver: saves what a start after a crash has to begin from.
        history: of what was told, which a group that comes back may be behind.
        at_rest: asks the loop to do something when nothing is under way.
        log_end: position behind all that was received so far.
        on_group: told of the ledger of a group that is new.
    """

    def __init__(
        self,
        core: Core,
        store: SnapshotStore,
        saver: StateSaver,
        history: EpisodeHistory,
        at_rest: Questions,
        log_end: Callable[[], int],
        on_group: Callable[[Ledger], None],
    ) -> None:
        self._core = core
        self._store = store
        self._saver = saver
        self._history = history
        self._at_rest = at_rest
        self._log_end = log_end
        self._on_group = on_group
        self._settled_from: int | None = None

    def prepare(self, old: Settings, new: Settings) -> Iterable[Change]:
        """Look over what the core is to judge, and how.

        Raises:
            ConfigError: a source cannot be used, or the memory that is allowed does not hold its sensors.
        """
        if _of_the_core(old) == _of_the_core(new):
            return []
        wanted = directory_of(new.sources, new.limits.max_sensors, new.state.shards)
        Decoder(new.sources, wanted, new.limits)
        known = {group.name for group in self._core.directory.groups}
        added = [group for group in wanted.groups if group.name not in known]
        if added and new.model.artifact is not None:
            raise ConfigError(
                f"model.artifact names one model, and only a restart can look whether it is for {added[0].name} too: "
                "restart, or leave the source with these channels out"
            )
        if new.limits.memory_bytes is not None:
            there = state_bytes(self._core.pipeline)
            needed = max(there, state_bytes_of(new, added)) if added else there
            refuse_too_large(new.limits, needed, _given_back(known - {group.name for group in wanted.groups}))
        past = {group.name: self._past_of(group) for group in added}
        return [
            Change(
                lambda: self._change(lambda: self._run_by(new, added, past)),
                lambda: self._change(lambda: self._run_by(old, [], {})),
            )
        ]

    def settle(self, offset: int, now: float) -> Decisions:
        """Retire sensors that the last reload left without a source, once all is judged that came before it.

        To be called by the loop when nothing is under way.

        Args:
            offset: position in the log behind all that was taken in.
            now: log time.
        """
        if self._settled_from is None or offset < self._settled_from:
            return Decisions()
        self._settled_from = None
        decisions = retire_unnamed(self._core, now)
        # A start after a crash would else play the log of before the reload by rules of after it.
        self._saver.save_soon()
        return decisions

    def _change(self, change: Callable[[], None]) -> None:
        self._at_rest.ask(change, PATIENCE_SECONDS)
        # Only now: what is received from here on is decoded for the new sources.
        self._settled_from = self._log_end()

    def _past_of(self, group: Group) -> list[Snapshot]:
        shards = range(self._core.directory.shard_count)
        found = [self._store.newest_valid(group.name, shard) for shard in shards]
        return [one for one in found if one is not None and one.channels == group.channels]

    def _run_by(self, settings: Settings, added: list[Group], past: dict[str, list[Snapshot]]) -> None:
        """Let the settings count; called by the loop."""
        core, before = self._core, self._core.decoder
        # First what may fail: a group that is there and that nothing names changes nothing.
        for group in added:
            self._add(group, past[group.name])
        decoder = Decoder(settings.sources, core.directory, settings.limits, before.ledger, before.readings)
        core.pipeline.reconfigure(core_settings(settings))
        core.decoder = decoder

    def _add(self, group: Group, past: list[Snapshot]) -> None:
        core, index = self._core, len(self._core.directory.groups)
        core.directory.add_group(group.channels, group.model)
        core.pipeline.follow_directory()
        for snapshot in past:
            # What was learnt comes with a model or the prior, by the usual way: none is in service for the group yet.
            restore_shard(core.pipeline, index, snapshot, "")
        forget_closed(core.pipeline.groups[index], self._history)
        self._on_group(core.pipeline.groups[index].ledger)
        _log.info("a group of sensors was added", group=group.name, sensors=core.pipeline.groups[index].size)


def _given_back(left_out: set[str]) -> str:
    """Return what a restart changes of the memory of groups that no source names any more: it is there until then."""
    if not left_out:
        return ""
    names = ", ".join(sorted(left_out))
    return f"; or restart: the memory of {names}, which no source names any more, counts until then"


def _of_the_core(settings: Settings) -> tuple[object, ...]:
    return settings.sources, settings.limits, core_settings(settings)
