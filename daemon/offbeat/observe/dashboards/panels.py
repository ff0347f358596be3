"""Panels and variables as Grafana's JSON has them: few kinds, every one with a title, a description and a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["stat", "timeseries", "table", "state-timeline", "bargauge", "heatmap"]

SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
"""Columns of a dashboard."""

HERE = 'job=~"$job", instance=~"$instance"'
"""Matchers of what the daemon says of itself, so that the variables of a dashboard hold for all of it."""

FLEET = 'instance=~"$instance"'
"""Matchers of what it says of its sensors: they are scraped by a job of their own, whose name nobody knows."""

RATE = "[$__rate_interval]"
"""Range of a rate: what Grafana makes of the scrapes and of the time that is looked at."""

GOOD, WARNING, BAD = "green", "orange", "red"
FAINT = "rgba(128, 128, 128, 0.2)"
"""Of what is at rest, in the light theme and in the dark one."""


def age_of(moment: str) -> str:
    """Return a query for the time since a moment, as it was when the gauge that tells of it was scraped.

    `time()` would add the age of the scrape: a saw between two of them, and more the longer the daemon is away.
    """
    return f"clamp_min(timestamp({moment}) - {moment}, 0)"


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus.

    Attributes:
        expr: in PromQL.
        legend: name of each series, with `{{label}}`.
        instant: ask for now only, as tables do.
        exemplar: ask for the examples that the series have, too.
    """

    expr: str
    legend: str = "__auto"
    instant: bool = False
    exemplar: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title, description: what it shows, and how to read it.
        unit: Grafana's id of the unit.
        queries: at least one.
        kind: of the panel.
        width, height: in columns and rows of the grid.
        least, most: where its axis begins and ends; None = wherever the values do.
        steps: (value, colour) of thresholds, ascending; the first value is ignored.
        mappings: words for values.
        options: further options of this kind.
        custom: further field options of this kind.
        overrides: field overrides.
        transformations: of tables.
        links: from a value to where more is told of it.
        repeat: variable for each of whose values the panel is shown once; empty = once in all.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 7
    least: float | None = None
    most: float | None = None
    steps: tuple[tuple[float, str], ...] = ()
    mappings: tuple[tuple[float, str, str], ...] = ()
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = ()
    links: tuple[Json, ...] = ()
    repeat: str = ""

    def json(self, number: int, x: int, y: int) -> Json:
        """Return it as Grafana's JSON at a place of the grid."""
        panel: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [_target(query, i, self.kind) for i, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self._field_defaults(), "overrides": list(self.overrides)},
            "options": _OPTIONS[self.kind] | self.options,
        }
        if self.transformations:
            panel["transformations"] = list(self.transformations)
        if self.repeat:
            panel |= {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 2}
        return panel

    def _field_defaults(self) -> Json:
        defaults: Json = {"unit": self.unit, "custom": _CUSTOM.get(self.kind, {}) | self.custom}
        if self.least is not None:
            defaults["min"] = self.least
        if self.most is not None:
            defaults["max"] = self.most
        if coloured := self.steps or _PLAIN.get(self.kind, ()):
            steps = [
                {"value": None if i == 0 else value, "color": colour}
                for i, (value, colour) in enumerate(coloured)
            ]
            defaults["thresholds"] = {"mode": "absolute", "steps": steps}
            if self.kind != "timeseries":
                defaults["color"] = {"mode": "thresholds"}
        if self.links:
            defaults["links"] = list(self.links)
        if self.mappings:
            words = {
                f"{value:g}": {"text": text, "color": colour, "index": i}
                for i, (value, text, colour) in enumerate(self.mappings)
            }
            defaults["mappings"] = [{"type": "value", "options": words}]
        return defaults


_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True}
NO_LEGEND: Json = {"legend": _LEGEND | {"showLegend": False}}
"""Options of a panel whose title says what its one line is."""
NO_SPARKLINE: Json = {"graphMode": "none"}
"""Options of a big number whose course is shown beside it, or is none."""

_OPTIONS: dict[Kind, Json] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
    },
    "timeseries": {
        "legend": _LEGEND,
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "state-timeline": {
        "showValue": "never",
        "mergeValues": True,
        "rowHeight": 0.8,
        "tooltip": {"mode": "single"},
        **NO_LEGEND,
    },
    "bargauge": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "horizontal",
        "displayMode": "basic",
        "namePlacement": "left",
        "showUnfilled": True,
        "sizing": "manual",
        "minVizHeight": 16,
        "maxVizHeight": 40,
    },
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "exponent": 0.3, "steps": 64, "reverse": False},
        "exemplars": {"color": "rgba(31,96,196,0.9)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": False},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": "short"},
    },
}

_PLAIN: dict[Kind, tuple[tuple[float, str], ...]] = dict.fromkeys(
    ("stat", "table", "bargauge"), ((0.0, "text"),)
)
"""Steps of kinds that Grafana colours by value: unless it is told otherwise, everything above 80 is red."""

_CUSTOM: dict[Kind, Json] = {
    "timeseries": {"lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": False},
    "state-timeline": {"fillOpacity": 80, "lineWidth": 0},
}


def _target(query: Query, index: int, kind: Kind) -> Json:
    target: Json = {
        "refId": chr(ord("A") + index),
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": query.instant,
        "range": not query.instant,
    }
    if kind in ("table", "heatmap"):
        target["format"] = kind
    if query.exemplar:
        target["exemplar"] = True
    return target


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable whose values are those of a label; any number of them may be chosen unless `single`."""

    name: str
    label: str
    query: str
    single: bool = False

    def json(self) -> Json:
        """Return it as Grafana's JSON."""
        choice: Json = {"multi": True, "includeAll": True, "allValue": ".+"}
        choice |= {"current": {"text": ["All"], "value": ["$__all"]}}
        if self.single:
            choice = {"multi": False, "includeAll": False}
        return {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": SOURCE,
            "query": {"query": self.query, "refId": self.name},
            "refresh": 2,
            "sort": 1,
            **choice,
        }


def flow(rows: Sequence[Sequence[Panel]]) -> list[Json]:
    """Return panels laid out row by row, from left to right.

    Raises:
        ValueError: a row is wider than the dashboard.
    """
    placed: list[Json] = []
    y = 0
    for row in rows:
        x = 0
        for panel in row:
            if x + panel.width > WIDTH:
                raise ValueError(f"the row with {panel.title!r} is wider than {WIDTH} columns")
            placed.append(panel.json(len(placed) + 1, x, y))
            x += panel.width
        y += max(panel.height for panel in row)
    return placed
