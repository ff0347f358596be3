"""The process in which the daemon trains a model: `python -m offbeat.app.learning_child`, an order on standard input.

It says what it does in lines of JSON: how far it is, and in the end its verdict, or why there is none.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from offbeat.app.stepping_back import step_back
from offbeat.config.settings import Settings

TELL_SECONDS = 0.5

Message = dict[str, Any]


def order(settings: Settings, group: str, why: str, parent: int) -> bytes:
    """Return what the process has to be given.

    Args:
        settings: of the daemon, as it loaded them.
        group: name of the group to train; its place among the others is that of these settings.
        why: for the history.
        parent: process id of the daemon.
    """
    told = settings.model_dump(mode="json", by_alias=True, exclude={"metrics"})
    return json.dumps({"settings": told, "group": group, "why": why, "parent": parent}).encode()


def settings_of(given: Message) -> Settings:
    """Return the settings of an order."""
    return Settings.model_validate(given["settings"])


def main() -> int:
    """Do what standard input says; return the exit code."""
    given = json.load(sys.stdin.buffer)
    settings = settings_of(given)
    refused = step_back(int(given["parent"]), idle=settings.learning.priority == "idle")
    _say({"refused_priority": refused})
    from offbeat.app.background_training import learn_group
    from offbeat.errors import OffbeatError
    from offbeat.ingest.decoder import directory_of
    from offbeat.observe.logs import configure

    configure(settings.log)
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    index = [group.name for group in directory.groups].index(given["group"])
    try:
        verdict = learn_group(settings, index, directory.groups[index], given["why"], time.time(), _Teller())
    except OffbeatError as error:
        _say({"refused": str(error)})
        return 0
    _say({"verdict": verdict.to_dict()})
    return 0


class _Teller:
    """Says how far the work is, not more often than anybody looks."""

    def __init__(self) -> None:
        self._stage = ""
        self._next = 0.0

    def __call__(self, progress: Any) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now < self._next:
            return
        self._stage, self._next = progress.stage, now + TELL_SECONDS
        _say({"stage": progress.stage, "share": min(progress.done / max(progress.total, 1e-9), 1.0)})


def _say(message: Message) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
