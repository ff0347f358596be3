"""The page about metrics."""

from __future__ import annotations

from offbeat.app.reference.metrics import metrics_page
from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE


def test_every_metric_has_a_row_on_the_side_of_its_path() -> None:
    """Daemon's first, sensors' below."""
    daemon, _, sensors = metrics_page().partition("## /metrics/sensors")
    assert all(f"| `{name}` |" in daemon for name in CATALOGUE)
    assert all(f"| `{name}` |" in sensors for name in SENSOR_CATALOGUE)


def test_histograms_tell_their_buckets() -> None:
    """Without infinity."""
    assert "| `offbeat_score_ratio` | 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10 |" in metrics_page()
