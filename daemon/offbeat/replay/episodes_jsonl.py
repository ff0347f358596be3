"""`episodes.jsonl`: the events of a backtest, one a line, as the daemon would have published them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from offbeat.core.events import EpisodeEvent
from offbeat.core.wording import clock

_SINCE = re.compile(r"since (?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d) UTC")


def write_episodes(
    path: Path, events: Iterable[EpisodeEvent], encode: Callable[[EpisodeEvent], bytes]
) -> int:
    """Write the events in their order and return how many there are.

    Args:
        path: of the file.
        events: with recorded times; see `shifted`.
        encode: makes one line of JSON of an event.
    """
    count = 0
    with path.open("wb") as file:
        for event in events:
            file.write(encode(event) + b"\n")
            count += 1
    return count


def shifted(event: EpisodeEvent, seconds: float) -> EpisodeEvent:
    """Return an event that was decided on virtual time with the times of its recording."""
    if seconds == 0:
        return event
    return replace(
        event,
        message=_SINCE.sub(lambda found: _since(found, event.updated_at, seconds), event.message),
        started_at=event.started_at + seconds,
        updated_at=event.updated_at + seconds,
        ended_at=None if event.ended_at is None else event.ended_at + seconds,
    )


def _since(found: re.Match[str], virtual_now: float, seconds: float) -> str:
    """Return the moment that a sentence speaks of as its recording would have it."""
    day = found[1] or f"{datetime.fromtimestamp(virtual_now, UTC):%Y-%m-%d}"
    moment = datetime.fromisoformat(f"{day}T{found[2]}+00:00").timestamp()
    return f"since {clock(moment + seconds, virtual_now + seconds)}"
