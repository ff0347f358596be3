"""What `/metrics` shows."""

from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from offbeat.core.ledger import Drop, Ledger
from offbeat.observe.catalogue import CATALOGUE, Metric
from offbeat.observe.metrics import Metrics, new_registry
from tests.support.prometheus import PROMTOOL, complaints_about

# As many series as a daemon has at the most: every label with its whole set of values.
MANY = [f"v{i}" for i in range(6)]


def fully_bound(registry: CollectorRegistry) -> Metrics:
    """Return metrics with something behind every name."""
    metrics = Metrics(registry)
    for stage in ("receive", "decode", "inbox", "admit", "window"):
        metrics.add_ledger(Ledger(stage, "reading"))
    for name in metrics.unbound():
        metric = CATALOGUE[name]
        if metric.kind == "histogram":
            for value in MANY[:2] if metric.labels else [None]:
                metrics.histogram(name, *([value] * len(metric.labels) if value else [])).observe(0.2)
        elif metric.labels:
            metrics.bind(name, lambda m=metric: {(value,) * len(m.labels): 1.0 for value in MANY})
        else:
            metrics.bind(name, lambda: 1.0)
    return metrics


def base_name(metric: Metric) -> str:
    """Return the name of a metric's family, which for counters has no suffix."""
    return metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name


def test_what_is_exposed_and_the_catalogue_are_the_same() -> None:
    """In both directions, with the kinds that it says."""
    registry = CollectorRegistry()
    assert fully_bound(registry).unbound() == []
    families = {f.name: f.type for f in text_string_to_metric_families(generate_latest(registry).decode())}
    assert families == {base_name(metric): metric.kind for metric in CATALOGUE.values()}


def test_a_scrape_stays_small() -> None:
    """Fewer than 300 series, process metrics included, and no `_created` twins."""
    registry = new_registry()
    fully_bound(registry)
    text = generate_latest(registry).decode()
    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(series) < 300
    assert "offbeat" in text
    assert "_created" not in text
    assert "process_resident_memory_bytes" in text


@pytest.mark.prometheus
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")
def test_prometheus_has_nothing_against_names_units_and_types() -> None:
    """As it checks them itself."""
    registry = new_registry()
    fully_bound(registry)
    assert complaints_about(generate_latest(registry)) == ""


def test_two_ledgers_of_one_stage_are_told_apart_by_their_unit() -> None:
    """A stage counts messages and readings: what it dropped of one must not hide what it dropped of the other."""
    registry = CollectorRegistry()
    metrics, messages, readings = (
        Metrics(registry),
        Ledger("decoder", "message"),
        Ledger("decoder", "reading"),
    )
    metrics.add_ledger(messages)
    metrics.add_ledger(readings)
    messages.drop(Drop.UNDECODABLE, 3)
    readings.drop(Drop.LATE, 1)
    for unit, reason, count in (
        ("message", "undecodable", 3),
        ("reading", "undecodable", 0),
        ("reading", "late", 1),
    ):
        labels = {"stage": "decoder", "unit": unit, "reason": reason}
        assert registry.get_sample_value("offbeat_dropped_total", labels) == count


def test_a_ledger_shows_every_reason_from_the_start() -> None:
    """Also those that are zero: a rule over a missing series never fires."""
    registry = CollectorRegistry()
    ledger = Ledger("decode", "message")
    Metrics(registry).add_ledger(ledger)
    ledger.accept(7)
    ledger.drop(Drop.LATE, 2)
    value = registry.get_sample_value
    assert value("offbeat_received_total", {"stage": "decode", "unit": "message"}) == 9
    assert value("offbeat_accepted_total", {"stage": "decode", "unit": "message"}) == 7
    assert value("offbeat_dropped_total", {"stage": "decode", "unit": "message", "reason": "late"}) == 2
    assert value("offbeat_dropped_total", {"stage": "decode", "unit": "message", "reason": "future"}) == 0


def test_a_part_that_fails_costs_only_its_own_metric() -> None:
    """And is counted."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.bind("offbeat_outbox_depth", lambda: 1 / 0)
    metrics.bind("offbeat_ready", lambda: 1.0)
    generate_latest(registry)
    assert registry.get_sample_value("offbeat_ready") == 1.0
    assert registry.get_sample_value("offbeat_outbox_depth") is None
    assert registry.get_sample_value("offbeat_collect_errors_total") > 0  # type: ignore[operator]


def test_the_log_tells_of_each_metric_that_fails_once_and_again_after_it_was_well() -> None:
    """Whoever is woken by OffbeatMetricsMissing looks for that line, however long the daemon has run."""
    registry = CollectorRegistry()
    metrics, broken = Metrics(registry), {"depth"}

    def read(what: str) -> float:
        if what in broken:
            raise OSError(what)
        return 1.0

    metrics.bind("offbeat_outbox_depth", lambda: read("depth"))
    metrics.bind("offbeat_ready", lambda: read("ready"))
    with capture_logs() as logs:
        for now_broken in ({"depth"}, {"depth", "ready"}, {"depth"}, {"depth", "ready"}):
            broken.clear()
            broken.update(now_broken)
            generate_latest(registry)
    assert [(one["event"], one["metric"], one["reason"]) for one in logs] == [
        ("a metric cannot be read", "offbeat_outbox_depth", "OSError('depth')"),
        ("a metric cannot be read", "offbeat_ready", "OSError('ready')"),
        ("a metric cannot be read", "offbeat_ready", "OSError('ready')"),
    ]


def test_wrong_label_values_are_an_error_of_that_metric_only() -> None:
    """They would be exposed under the wrong names."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.bind("offbeat_model_info", lambda: {("a", "b"): 1.0})
    assert "offbeat_model_info{" not in generate_latest(registry).decode()
    assert metrics.errors == 1


@pytest.mark.parametrize("label", ['quote"', "line\nbreak", "back\\slash", "\ud800", "", "ü" * 500, "\x00"])
def test_hostile_label_values_do_not_break_the_scrape(label: str) -> None:
    """A lone surrogate once made every later scrape fail."""
    registry = CollectorRegistry()
    Metrics(registry).bind("offbeat_episodes_open", lambda: {(label,): 3.0})
    (family,) = [
        f
        for f in text_string_to_metric_families(generate_latest(registry).decode())
        if f.name == "offbeat_episodes_open"
    ]
    assert family.samples[0].value == 3.0


def test_values_that_are_no_numbers_are_exposed_as_such() -> None:
    """NaN is a legal value, and says "not yet"."""
    registry = CollectorRegistry()
    Metrics(registry).bind("offbeat_last_message_timestamp_seconds", lambda: math.nan)
    value = registry.get_sample_value("offbeat_last_message_timestamp_seconds")
    assert value is not None
    assert math.isnan(value)


def test_binding_mistakes_are_told_at_once() -> None:
    """Unknown names, histograms, and two sources for one metric."""
    metrics = Metrics(CollectorRegistry())
    with pytest.raises(KeyError):
        metrics.bind("offbeat_unknown", lambda: 0)
    with pytest.raises(ValueError, match="histogram"):
        metrics.bind("offbeat_batch_rows", lambda: 0)
    with pytest.raises(ValueError, match="twice"):
        metrics.bind("offbeat_received_total", lambda: 0)
    with pytest.raises(ValueError, match="labels"):
        metrics.histogram("offbeat_scoring_seconds")


def test_two_daemons_in_one_process_do_not_meet() -> None:
    """Nothing is registered globally."""
    fully_bound(CollectorRegistry())
    fully_bound(CollectorRegistry())


def test_a_histogram_is_exposed_with_its_buckets() -> None:
    """Sum, count and cumulative buckets."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.histogram("offbeat_scoring_seconds", "step").observe_many([0.001, 0.3, 100.0])
    value = registry.get_sample_value
    assert value("offbeat_scoring_seconds_bucket", {"work": "step", "le": "0.5"}) == 2
    assert value("offbeat_scoring_seconds_bucket", {"work": "step", "le": "+Inf"}) == 3
    assert value("offbeat_scoring_seconds_count", {"work": "step"}) == 3
    assert value("offbeat_scoring_seconds_sum", {"work": "step"}) == pytest.approx(100.301)
