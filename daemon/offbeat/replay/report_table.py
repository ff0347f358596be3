"""The table of a sensor's episodes, each with its sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from offbeat.core.wording import duration, number
from offbeat.replay.report_episodes import Episode

MOST_ROWS = 200
_CLOCK_FROM_SECONDS = 31_536_000.0
"""Times within a year of 1970 count from the start of a recording that had no clock."""


def episode_table(sensor: str, episodes: Sequence[Episode]) -> str:
    """Return the table as HTML; a sentence where there was no episode."""
    if not episodes:
        return '<p class="quiet">No episode: nothing here was strange enough for the budget.</p>'
    shown = sorted(episodes, key=_rank)[:MOST_ROWS] if len(episodes) > MOST_ROWS else list(episodes)
    shown.sort(key=lambda episode: episode.opened_at)
    index = {id(episode): i for i, episode in enumerate(episodes)}
    rows = "".join(_row(episode, index[id(episode)]) for episode in shown)
    left = len(episodes) - len(shown)
    more = f'<p class="quiet">{left:,} weaker episodes are in episodes.jsonl only.</p>' if left else ""
    return (
        f'<div class="scroll"><table><caption>Episodes of {escape(sensor)}</caption><thead><tr>'
        '<th scope="col">Opened</th><th scope="col">Lasted</th><th scope="col">Kind</th>'
        '<th scope="col" class="n">Score</th><th scope="col" class="n">p</th>'
        '<th scope="col">What happened</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def time_text(seconds: float) -> str:
    """Return a time as a person reads it; time since the start where the recording has no clock."""
    if abs(seconds) < _CLOCK_FROM_SECONDS:
        return f"at {duration(seconds)}"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _rank(episode: Episode) -> float:
    return -episode.score if math.isfinite(episode.score) else 0.0


def _row(episode: Episode, index: int) -> str:
    lasted = "still open" if episode.ended_at is None else duration(episode.ended_at - episode.started_at)
    closing = f'<span class="closing">{escape(episode.closing)}</span>' if episode.closing else ""
    score = number(episode.score, 3) if math.isfinite(episode.score) else "-"
    p = f"{episode.p_value:.1e}" if math.isfinite(episode.p_value) else "-"
    return (
        f'<tr data-episode="{index}"><td><button type="button" title="Show it in the plots">'
        f"{time_text(episode.opened_at)}</button></td><td>{lasted}</td>"
        f'<td><span class="badge {episode.severity}">{escape(episode.kind)}</span></td>'
        f'<td class="n">{score}</td><td class="n">{p}</td>'
        f"<td>{escape(episode.message)}{closing}</td></tr>"
    )
