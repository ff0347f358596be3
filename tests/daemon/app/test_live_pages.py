"""What is told as it happens."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.app.api_answers import Configuration, Status
from offbeat.app.live_pages import LivePages
from offbeat.app.questions import Questions
from offbeat.core.decisions import Decisions
from offbeat.observe.http import Request
from offbeat.state.store import EpisodeHistory
from tests.support.events import an_event
from tests.support.plant import plant

STATUS = Status("1.2.3", True, "", {}, {}, 0, "none", {}, Configuration(100.0, ""))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LivePages]:
    """The pages of a daemon of which nobody asks anything."""
    history = EpisodeHistory(tmp_path / "episodes.sqlite")
    yield LivePages(plant(), Questions(lambda: None), history, lambda: STATUS)
    history.close()


def listen(live: LivePages) -> Iterator[bytes]:
    """Return what a listener is told from now on."""
    stream = live.pages()["/api/v1/events"](Request()).stream
    assert stream is not None
    return stream


def said(message: bytes) -> tuple[str, object]:
    """Return the name of an event and its data."""
    name, data = message.decode().strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_an_episode_is_told_as_it_is_told_on_mqtt(live: LivePages) -> None:
    """To all who listen."""
    stream = listen(live)
    live.decided(Decisions([an_event(id="17", event="open")]))
    name, event = said(next(stream))
    assert name == "episode"
    assert isinstance(event, dict)
    assert (event["id"], event["event"], event["schema"]) == ("17", "open", "offbeat.event/1")


def test_what_cannot_be_written_as_json_ends_nothing(live: LivePages) -> None:
    """The loop tells it: what comes after it is told."""
    stream = listen(live)
    live.decided(Decisions([an_event(id="16", started_at=math.nan), an_event(id="17")]))
    _, event = said(next(stream))
    assert isinstance(event, dict)
    assert event["id"] == "17"


def test_the_pulse_tells_how_the_daemon_is(live: LivePages) -> None:
    """Nobody need ask again and again."""
    live.beat()
    stream = listen(live)
    live.beat()
    name, status = said(next(stream))
    assert name == "status"
    assert status == {
        "version": "1.2.3", "ready": True, "waiting_for": "", "sensors": {}, "open_episodes": {}, "rows_scored": 0,
        "device": "none", "models": {}, "configuration": {"loaded_at": 100.0, "problem": ""}, "learning": {},
        "messages_dropped": {}, "readings_dropped": {},
    }  # fmt: skip


def test_all_are_let_go_at_the_end(live: LivePages) -> None:
    """So that the server can stop."""
    stream = listen(live)
    live.close()
    assert list(stream) == []
