"""The page about metrics, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from offbeat.app.group_series import MOST_GROUPS, OTHERS
from offbeat.app.reference.markdown import code, page, table
from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE, Metric

_ABOUT = f"""\
Two paths of the daemon's port, made for two jobs of Prometheus: `/metrics` tells of the daemon and has no label that
names a sensor, so that its size does not grow with the fleet: it has fewer than 300 series. Of more than
{MOST_GROUPS} groups of sensors the further ones share `group="{OTHERS}"`. `/metrics/sensors` has a series for every
sensor that `metrics.sensors` lets in. Names end in their unit; `_total` marks counters.
[Rules and alerts](../how-to/prometheus.md) are made of these."""
_PROCESS = (
    "Beside them stand the usual metrics of a process: `process_cpu_seconds_total`, `process_resident_memory_bytes`, "
    "`process_open_fds`, `process_max_fds`, `process_start_time_seconds`, `process_virtual_memory_bytes`."
)
_BUCKETS = "Upper bounds of their buckets, beside infinity."


def metrics_page() -> str:
    """Return the page."""
    histograms = [metric for metric in CATALOGUE.values() if metric.buckets]
    return page(
        "Metrics",
        _ABOUT,
        "## /metrics",
        _rows(CATALOGUE.values()),
        _PROCESS,
        "### Histograms",
        _BUCKETS,
        table(
            ("metric", "buckets"),
            (
                (code(metric.name), ", ".join(f"{bound:g}" for bound in metric.buckets))
                for metric in histograms
            ),
        ),
        "## /metrics/sensors",
        _rows(SENSOR_CATALOGUE.values()),
    )


def _rows(metrics: Iterable[Metric]) -> str:
    return table(
        ("metric", "kind", "labels", "meaning"),
        (
            (code(metric.name), metric.kind, ", ".join(map(code, metric.labels)), metric.help)
            for metric in metrics
        ),
    )
