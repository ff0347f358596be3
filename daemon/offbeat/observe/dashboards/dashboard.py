"""A dashboard: variables, panels, links to its sisters."""

from __future__ import annotations

import json
from collections.abc import Sequence

from offbeat.observe.dashboards.panels import Json, Panel, Variable, flow

SCHEMA_VERSION = 39
"""Of the classic model, for Grafana 10 and later."""

_DATASOURCE: Json = {
    "type": "datasource",
    "name": "datasource",
    "label": "Data source",
    "query": "prometheus",
    "current": {},
    "refresh": 1,
}


def dashboard(
    uid: str,
    title: str,
    description: str,
    variables: Sequence[Variable],
    rows: Sequence[Sequence[Panel]],
    annotations: Sequence[Json] = (),
    refresh: str = "30s",
    since: str = "now-6h",
) -> Json:
    """Return a dashboard as Grafana's JSON.

    Args:
        uid: stable name; links and bookmarks hold on to it.
        title: shown.
        description: one sentence.
        variables: beside the data source.
        rows: panels.
        annotations: queries that mark times.
        refresh: how often it asks again.
        since: where its time range begins.
    """
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["offbeat"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": refresh,
        "time": {"from": since, "to": "now"},
        "timezone": "browser",
        "links": [
            {
                "type": "dashboards",
                "title": "Offbeat",
                "tags": ["offbeat"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "annotations": {"list": list(annotations)},
        "templating": {"list": [_DATASOURCE, *(one.json() for one in variables)]},
        "panels": flow(rows),
    }


def daemon_variables(anchor: str) -> tuple[Variable, Variable]:
    """Return the variables that say which daemons are looked at: those that expose a metric."""
    return (
        Variable("job", "Job", f"label_values({anchor}, job)"),
        Variable("instance", "Instance", f'label_values({anchor}{{job=~"$job"}}, instance)'),
    )


def text_of(board: Json) -> str:
    """Return a dashboard as it is committed."""
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"
