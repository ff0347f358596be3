"""Who heard an episode open hears it close, also where nothing is known of it any more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from offbeat.app.core_building import Core, build_core
from offbeat.app.orphans import close_orphans, close_untold, forget_closed
from offbeat.config.settings import RuleSettings
from offbeat.core.events import EpisodeEvent
from offbeat.ingest.source import LogBatch
from offbeat.publish.event_json import to_json
from offbeat.publish.outbox import Outbox
from offbeat.state.store import EpisodeHistory
from tests.support.configured import configured
from tests.support.events import an_event

SCHEMA = json.loads(Path("deploy/schemas/event.schema.json").read_text())


@pytest.fixture
def history(tmp_path: Path) -> Iterator[EpisodeHistory]:
    """A history that is empty."""
    made = EpisodeHistory(tmp_path / "episodes.sqlite")
    yield made
    made.close()


def hot(folder: Path, history: EpisodeHistory) -> Core:
    """Return a core in which a sensor breaks its rule, as the history knows."""
    core = build_core(configured(folder, rules=(RuleSettings(max=50.0),)))
    events: list[EpisodeEvent] = []
    batch = LogBatch(0, 1, 1e9, [("plant/a/pump", b'{"ts": 1e9, "value": 60.0}', 0)])
    core.engine.feed(core.decoder.decode(batch), 1e9, lambda one: events.extend(one.events))
    history.record(events)
    return core


def test_what_is_open_here_too_stays_open(tmp_path: Path, history: EpisodeHistory) -> None:
    """By its id."""
    core = hot(tmp_path, history)
    assert len(history.open()) == 1
    assert close_orphans(core.pipeline, history, 2e9) == []


def test_what_nothing_holds_any_more_is_closed_under_its_id(tmp_path: Path, history: EpisodeHistory) -> None:
    """The condition cleared, or its sensor went, while the daemon was down (kapacitor#744)."""
    hot(tmp_path, history)
    (opened,) = history.open()
    other = build_core(configured(tmp_path / "other"))
    (event,) = close_orphans(other.pipeline, history, 2e9)
    jsonschema.validate(json.loads(to_json(event)), SCHEMA)
    assert (event.id, event.event, event.sensor, event.ended_at) == (opened.id, "close", "a.pump", 2e9)
    history.record([event])
    assert history.open() == []
    assert close_orphans(other.pipeline, history, 3e9) == []


def test_a_close_that_a_kill_kept_from_consumers_is_told_by_the_next_start(
    tmp_path: Path, history: EpisodeHistory
) -> None:
    """The history had it, and nothing is left that decides it again; once it is on its way it is told no more."""
    opened = an_event(id="a1", sensor="a.pump", started_at=1e9, updated_at=1e9)
    closed = replace(opened, event="close", updated_at=1e9 + 60, ended_at=1e9 + 50, message="It is over.")
    still_open = an_event(id="a2", sensor="a.fan")
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.add([opened, still_open])
    history.record([opened, still_open, closed])
    (told,) = close_untold(history, outbox.unclosed())
    jsonschema.validate(json.loads(to_json(told)), SCHEMA)
    assert (told.id, told.event, told.updated_at, told.ended_at, told.message) == (
        "a1", "close", 1e9 + 60, 1e9 + 50, "It is over.",
    )  # fmt: skip
    outbox.add([told])
    assert close_untold(history, outbox.unclosed()) == []
    assert outbox.add([closed]) == 0
    outbox.close()


def test_what_was_told_as_closed_is_not_open_here(tmp_path: Path, history: EpisodeHistory) -> None:
    """State was saved before its close, and the readings in between are lost; nothing is told once more."""
    core = hot(tmp_path, history)
    state = core.pipeline.groups[0]
    forget_closed(state, history)
    assert state.episodes.is_open(np.arange(state.size)).sum() == 1
    (opened,) = history.open()
    other = build_core(configured(tmp_path / "other"))
    history.record(close_orphans(other.pipeline, history, 2e9))
    forget_closed(state, history)
    assert not state.episodes.is_open(np.arange(state.size)).any()
    calm = LogBatch(1, 2, 1e9 + 60, [("plant/a/pump", b'{"ts": 1000000060, "value": 20.0}', 0)])
    told: list[EpisodeEvent] = []
    core.engine.feed(core.decoder.decode(calm), 1e9 + 60, lambda one: told.extend(one.events))
    assert [event for event in told if event.id == opened.id] == []
