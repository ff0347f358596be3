"""The metrics of the daemon, read from its parts when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import (
    Metric as Family,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from offbeat.core.ledger import Ledger
from offbeat.observe.catalogue import CATALOGUE, Metric
from offbeat.observe.histogram import Example, Histogram

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Labels = tuple[str, ...]
Read = Callable[[], float | Mapping[Labels, float]]
"""A metric's present value; by label values where it has labels."""


def new_registry() -> CollectorRegistry:
    """Return a registry with what every process tells of itself: memory, CPU, files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Metrics(Collector):
    """Exposes what the catalogue lists. Parts are asked when a scrape comes, so a hot path pays nothing.

    Args:
        registry: where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.errors = 0
        self._unreadable: set[str] = set()
        self._reads: dict[str, Read] = {}
        self._histograms: dict[str, dict[Labels, Histogram]] = {}
        self._ledgers: list[Ledger] = []
        self.bind("offbeat_collect_errors_total", lambda: self.errors)
        self.bind("offbeat_received_total", lambda: self._by_stage(lambda ledger: ledger.received))
        self.bind("offbeat_accepted_total", lambda: self._by_stage(lambda ledger: ledger.accepted))
        self.bind("offbeat_dropped_total", self._dropped)
        registry.register(self)

    def bind(self, name: str, read: Read) -> None:
        """Say where the value of a counter or gauge comes from.

        Args:
            name: in the catalogue.
            read: called by whoever scrapes, from another thread; takes no lock of a hot path for long.

        Raises:
            KeyError: the catalogue has no such metric.
            ValueError: it is a histogram, or is bound already.
        """
        if CATALOGUE[name].kind == "histogram":
            raise ValueError(f"{name} is a histogram: ask for it with histogram()")
        if name in self._reads:
            raise ValueError(f"{name} is bound twice")
        self._reads[name] = read

    def add_ledger(self, ledger: Ledger) -> None:
        """Expose what a stage received, accepted and dropped; those of several `stage.part` are added up."""
        self._ledgers.append(ledger)

    def histogram(self, name: str, *labels: str) -> Histogram:
        """Return the histogram of a name and label values; the same one for the same arguments.

        Raises:
            KeyError: the catalogue has no such metric.
            ValueError: it is no histogram, or has other labels.
        """
        metric = CATALOGUE[name]
        if metric.kind != "histogram" or len(metric.labels) != len(labels):
            raise ValueError(f"{name} is a {metric.kind} with labels {metric.labels}, not asked for as such")
        return self._histograms.setdefault(name, {}).setdefault(labels, Histogram(metric.buckets))

    def unbound(self) -> list[str]:
        """Return the names of the catalogue that nothing stands behind yet."""
        return [name for name in CATALOGUE if name not in self._reads and name not in self._histograms]

    def collect(self) -> Iterable[Family]:
        """Return what a scrape is told. A part that fails costs its metric, never the scrape.

        The log tells of each metric that fails when it begins to, and again where it was well in between.
        """
        families = []
        for metric in CATALOGUE.values():
            try:
                family = self._family(metric)
            except Exception as error:  # noqa: BLE001 - the other metrics are wanted all the more now
                self._cannot_read(metric.name, repr(error))
            else:
                self._unreadable.discard(metric.name)
                families += [] if family is None else [family]
        return families

    def _cannot_read(self, name: str, reason: str) -> None:
        self.errors += 1
        if name not in self._unreadable:
            self._unreadable.add(name)
            _log.error("a metric cannot be read", metric=name, reason=reason)

    def _family(self, metric: Metric) -> Family | None:
        if metric.kind == "histogram":
            return self._histogram_family(metric)
        read = self._reads.get(metric.name)
        if read is None:
            return None
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = kind(metric.name, metric.help, labels=metric.labels)
        value = read()
        samples = value if isinstance(value, Mapping) else {(): value}
        for labels, number in samples.items():
            if len(labels) != len(metric.labels):
                raise ValueError(f"{metric.name} was given the label values {labels} for {metric.labels}")
            family.add_metric([_clean(label) for label in labels], float(number))
        return family

    def _histogram_family(self, metric: Metric) -> Family | None:
        held = self._histograms.get(metric.name)
        if held is None:
            return None
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, histogram in held.items():
            buckets, total = histogram.cumulative()
            with_examples = [
                bucket if example is None else (*bucket, _exemplar(example))
                for bucket, example in zip(buckets, histogram.examples(), strict=True)
            ]
            family.add_metric([_clean(label) for label in labels], with_examples, total)
        return family

    def _by_stage(self, count: Callable[[Ledger], int]) -> dict[Labels, float]:
        found: Counter[Labels] = Counter()
        for ledger in self._ledgers:
            found[_stage(ledger), ledger.unit] += count(ledger)
        return dict(found)

    def _dropped(self) -> dict[Labels, float]:
        found: Counter[Labels] = Counter()
        for ledger in self._ledgers:
            for reason, count in ledger.dropped.items():
                found[_stage(ledger), ledger.unit, reason.value] += count
        return dict(found)


def _stage(ledger: Ledger) -> str:
    """Return the stage that a ledger is of: groups of sensors have one each of `windows`, and are told of together."""
    return ledger.stage.partition(".")[0]


def _exemplar(example: Example) -> Exemplar:
    labels = {name: _clean(text) for name, text in example.labels.items()}
    return Exemplar(labels, example.value, example.time_seconds)


def _clean(label: str) -> str:
    # One lone surrogate would make every later scrape fail.
    return label.encode("utf-8", "replace").decode("utf-8")
