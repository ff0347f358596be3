"""What people and programs see of a running daemon: the JSON API, and what happens as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from offbeat.app.api import EVENTS, Api
from offbeat.app.api_answers import Status
from offbeat.app.questions import Questions
from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
from offbeat.observe.broadcast import Broadcast
from offbeat.observe.http import Page
from offbeat.publish.event_json import to_json
from offbeat.state.store import EpisodeHistory


class LivePages:
    """The API and its stream of events; told by the loop of what it decides.

    Args:
        pipeline: whose sensors are shown.
        questions: how the loop is asked.
        history: of episodes.
        status: how the daemon is.
        labels: what people say episodes were, by id.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        questions: Questions,
        history: EpisodeHistory,
        status: Callable[[], Status],
        labels: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._verdicts = RecentVerdicts(pipeline)
        self._api = Api(pipeline, self._verdicts, questions, history, status, labels)
        self._broadcast = Broadcast()
        self._status = status

    @property
    def listeners(self) -> int:
        """How many listen to the events now."""
        return self._broadcast.listeners

    def pages(self) -> dict[str, Page]:
        """Return the pages by path."""
        return {**self._api.pages(), EVENTS.path: self._broadcast.page}

    def decided(self, decisions: Decisions) -> None:
        """Take in what was decided, after the history has; called by the loop."""
        if decisions.scores is not None:
            self._verdicts.note(decisions.scores)
        if not self._broadcast.listeners:
            return
        for event in decisions.events:
            with suppress(ValueError):  # it cannot be written as JSON: the outbox counts and logs it
                self._broadcast.tell("episode", to_json(event))

    def beat(self) -> None:
        """Tell those who listen how the daemon is; called by the loop about once a second."""
        if self._broadcast.listeners:
            self._broadcast.tell("status", msgspec.json.encode(self._status()))

    def close(self) -> None:
        """Let all who listen go."""
        self._broadcast.close()
