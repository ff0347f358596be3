"""Every metric is looked at: by a rule, an alert or a dashboard, or it is said here why not."""

from __future__ import annotations

import re

import pytest

from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE
from tests.deploy.test_grafana import listed
from tests.deploy.test_prometheus import ALERTS, RULES, expressions

FOR_THE_CURIOUS = {
    "offbeat_received_total": "accepted plus dropped, which are shown; the daemon's own tests hold the sum",
    "offbeat_batch_rows": "how full jobs are: for who tunes `window_stride` or a GPU, not for the night",
    "offbeat_config_reloads_total": "whether the newest was taken up is shown and alerted; their number helps nobody",
}
"""Metrics that nobody looks at unless they look for them, and why."""
METRICS = CATALOGUE | SENSOR_CATALOGUE
ASKED = [*expressions(RULES), *expressions(ALERTS), *(one.values[0] for one in listed("queries"))]
USED = {
    re.sub(r"_(bucket|sum|count)$", "", name) if name not in METRICS else name
    for text in ASKED
    for name in re.findall(r"(?<![\w:])offbeat_\w+", text)
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_looked_at_or_it_is_said_why_not(name: str) -> None:
    """One that is counted, scraped and stored and never looked at helps nobody; one that is, needs no excuse."""
    assert (name in USED) != (name in FOR_THE_CURIOUS)


def test_only_metrics_of_the_catalogue_are_excused() -> None:
    """By the names they have today, in words."""
    assert set(FOR_THE_CURIOUS) <= set(METRICS)
    assert all(len(why.split()) > 4 for why in FOR_THE_CURIOUS.values())
