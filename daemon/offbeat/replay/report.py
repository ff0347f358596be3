"""`report.html`: a backtest to look at, in one file that asks nothing of the network."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from offbeat.core.counted import counted
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.events import EpisodeEvent
from offbeat.core.wording import duration, number
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.labels import Spans
from offbeat.replay.report_data import bins_for, series_data
from offbeat.replay.report_episodes import Episode, Outcome, episodes_of, outcome
from offbeat.replay.report_table import episode_table

OPEN_AT_FIRST = 3
_STRIP_CELLS = 160


@dataclass(frozen=True, slots=True)
class Report:
    """What a report tells.

    Attributes:
        title: what was played, such as the names of the folders.
        judged: each sensor's rows with their judgements.
        events: the episodes' events, with recorded times.
        budget_per_week: false alerts a sensor was allowed; None where that says nothing.
        heading: what kind of report it is.
        facts: lines of the footer: versions, model, how long it took.
        labels: labelled events, if there are any.
        units: unit by channel.
    """

    title: str
    judged: Sequence[JudgedSeries]
    events: Sequence[EpisodeEvent]
    budget_per_week: float | None = None
    heading: str = "backtest"
    facts: Mapping[str, str] = field(default_factory=dict)
    labels: Spans = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def write_report(path: Path, report: Report) -> None:
    """Write the page. Plots are drawn by the page's own script when their sensor is unfolded."""
    path.write_text(render_report(report), "utf-8")


def render_report(report: Report) -> str:
    """Return the page: self-contained, light or dark as the reader's system is."""
    episodes = episodes_of(report.events)
    judged = sorted((one for one in report.judged if len(one.series)), key=lambda one: one.series.sensor)
    by_sensor: dict[str, list[Episode]] = {}
    for episode in episodes:
        by_sensor.setdefault(episode.sensor, []).append(episode)
    met = outcome(episodes, report.labels, {one.series.sensor: _played(one) for one in judged})
    unfolded = _unfolded(judged, by_sensor)
    bins = bins_for(judged)
    sections = [
        _section(report, one, by_sensor.get(one.series.sensor, []), bins, one.series.sensor in unfolded)
        for one in judged
    ]
    assets = files("offbeat.replay") / "assets"
    page = Template((assets / "report.html").read_text("utf-8"))
    return page.substitute(
        title=escape(report.title),
        heading=escape(report.heading),
        style=(assets / "report.css").read_text("utf-8"),
        script=(assets / "report.js").read_text("utf-8"),
        lead=_lead(report, judged, episodes, met),
        tiles=_tiles(report, judged, episodes, met),
        sections="\n".join(sections),
        facts="".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in report.facts.items()),
        legend_labels='<span class="key key-label">labelled event</span>' if report.labels else "",
    )


def _played(judged: JudgedSeries) -> tuple[float, float]:
    times = judged.series.times_seconds
    return float(times.min()), float(times.max())


def _unfolded(judged: Sequence[JudgedSeries], by_sensor: Mapping[str, Sequence[Episode]]) -> set[str]:
    """Return the sensors whose plots are open at first: those with the strongest episodes."""
    peaks = {
        sensor: max((e.score for e in episodes if math.isfinite(e.score)), default=0.0)
        for sensor, episodes in by_sensor.items()
    }
    names = sorted((one.series.sensor for one in judged), key=lambda s: (-peaks.get(s, -1.0), s))
    return set(names[:OPEN_AT_FIRST])


def _lead(report: Report, judged: Sequence[JudgedSeries], episodes: Sequence[Episode], met: Outcome) -> str:
    """Return the one sentence that a person in a hurry reads."""
    strange = len({episode.sensor for episode in episodes})
    text = f"{counted(len(episodes), 'episode')} on {strange} of {counted(len(judged), 'sensor')}"
    if report.labels and met.events:
        text += f"; {met.found} of {met.events} labelled events were found by an alert raised inside them"
    return escape(text + ".")


def _tiles(report: Report, judged: Sequence[JudgedSeries], episodes: Sequence[Episode], met: Outcome) -> str:
    rows = sum(len(one.series) for one in judged)
    above = sum(int((one.score >= 1.0).sum()) for one in judged)
    known = sum(int(np.isfinite(one.score).sum()) for one in judged)
    health = sum(episode.family == "health" for episode in episodes)
    tiles = [
        ("Sensors", f"{len(judged):,}", f"{len({e.sensor for e in episodes}):,} raised an alert"),
        ("Readings judged", f"{rows:,}", f"{met.sensor_weeks:,.1f} sensor-weeks"),
        ("Episodes", f"{len(episodes):,}", f"{len(episodes) - health:,} process, {health:,} health"),
        ("Score at or above 1.0", _share(above, known), "of judged rows"),
    ]
    if report.labels and met.events:
        tiles.append(("Labelled events found", f"{met.found} of {met.events}", _share(met.found, met.events)))
    tiles.append(_alert_tile(report, met))
    return "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd><p>{escape(note)}</p></div>'
        for name, value, note in tiles
    )


def _alert_tile(report: Report, met: Outcome) -> tuple[str, str, str]:
    """Return the rate of (false) alerts; their count where less than a week was played."""
    name = "False alerts" if report.labels else "Alerts"
    allowed = report.budget_per_week
    budget = "raised" if allowed is None else f"budget {number(allowed, 3)} a sensor and week"
    if met.sensor_weeks < 1.0:
        return name, f"{met.false:,}", budget
    return name, number(met.false_per_week, 3), budget


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "-"


def _section(
    report: Report, judged: JudgedSeries, episodes: Sequence[Episode], bins: int, unfolded: bool
) -> str:
    series = judged.series
    labels = report.labels.get(series.sensor, [])
    data = json.dumps(series_data(judged, episodes, labels, report.units, bins), separators=(",", ":"))
    peak = float(np.nanmax(judged.score)) if np.isfinite(judged.score).any() else math.nan
    first, last = _played(judged)
    rate = len(episodes) / (last - first) * WEEK_SECONDS if last > first else math.nan
    notes = [
        f"{len(series):,} readings",
        duration(last - first),
        counted(len(series.channels), "channel"),
        *([f"{number(rate, 2)} episodes a week"] if episodes and last - first >= WEEK_SECONDS else []),
    ]
    worst = max((e.severity for e in episodes), key=("info", "warning", "critical").index, default="none")
    count = counted(len(episodes), "episode")
    peak_text = f"peak {number(peak, 3)}" if math.isfinite(peak) else "not judged"
    name = escape(series.sensor, quote=True)
    return f"""<details class="sensor" data-name="{name}" data-episodes="{len(episodes)}" \
data-peak="{peak if math.isfinite(peak) else 0:.4g}"{" open" if unfolded else ""}>
<summary><span class="name">{name}</span>{_strip(judged)}\
<span class="badge {worst}">{count}</span><span class="peak">{peak_text}</span></summary>
<p class="notes">{escape(" · ".join(notes))}</p>
<div class="plots"></div>
<script type="application/json">{data.replace("<", chr(92) + "u003c")}</script>
{episode_table(series.sensor, episodes)}
</details>"""


def _strip(judged: JudgedSeries) -> str:
    """Return the score over time as a strip of cells, the darker the higher."""
    times = judged.series.times_seconds
    first, span = float(times.min()), max(float(np.ptp(times)), 1e-9)
    cell = np.minimum(((times - first) / span * _STRIP_CELLS).astype(np.intp), _STRIP_CELLS - 1)
    peak = np.zeros(_STRIP_CELLS)
    np.fmax.at(peak, cell, np.nan_to_num(judged.score.astype(np.float64), nan=0.0, posinf=1e6))
    seen = np.bincount(cell, minlength=_STRIP_CELLS) > 0
    level = np.where(seen, np.digitize(peak, [0.7, 1.0, 1.5, 2.5]), -1)
    starts = np.flatnonzero(np.diff(level, prepend=-9))
    ends = np.append(starts[1:], _STRIP_CELLS)
    cells = "".join(
        f'<rect x="{a}" width="{b - a}" height="1" class="l{level[a]}"/>'
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
        if level[a] >= 0
    )
    return (
        f'<svg class="strip" viewBox="0 0 {_STRIP_CELLS} 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{cells}</svg>"
    )
