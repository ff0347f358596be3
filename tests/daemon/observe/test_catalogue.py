"""The catalogue of metrics."""

from __future__ import annotations

import re

import pytest

from offbeat.observe.catalogue import CATALOGUE, Metric


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_every_metric_follows_the_conventions_of_prometheus(metric: Metric) -> None:
    """Prefix, base units, `_total` on counters and only there, one sentence of help, no sensor label."""
    assert re.fullmatch(r"offbeat_[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.help.endswith(".")
    assert not metric.help.startswith(metric.name)
    assert not {"sensor", "topic", "id"} & set(metric.labels)
    assert list(metric.buckets) == sorted(metric.buckets)
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert "millisecond" not in metric.name
