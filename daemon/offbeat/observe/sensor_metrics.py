"""Metrics with a series for every sensor, rendered from arrays: a client library takes seconds for 100,000 of them.

The text around the numbers never changes, so it is made once, in chunks, and a scrape only puts numbers into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from offbeat.config.sensor_choice import SensorChoice
from offbeat.observe.catalogue import SENSOR_CATALOGUE
from offbeat.observe.http import Page, Response
from offbeat.observe.sensor_choice import chosen

CHUNK_SERIES = 2000
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SensorColumns:
    """What one group's sensors have to say at a scrape; rows are slots, and slots never change their sensor.

    Attributes:
        group: name.
        ids: sensor id by slot; it may only grow from scrape to scrape.
        channels: names, for metrics that have a series for each channel.
        values: by metric name, [n] or, with channels, [n, C]; NaN = no series.
        is_anomalous: sensors with an open episode, bool [n].
        score: what "top:N" ranks by, [n]; NaN ranks last.
    """

    group: str
    ids: Sequence[str]
    channels: tuple[str, ...]
    values: dict[str, Doubles]
    is_anomalous: NDArray[np.bool_]
    score: Doubles


@dataclass(slots=True)
class _Lines:
    """The lines of one metric and channel of a group, without their numbers.

    Attributes:
        names: everything up to the number, by slot.
        chunks: the same joined, with a place for each number; whole chunks only.
    """

    names: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)

    def grow(self, metric: str, ids: Sequence[str], labels: str) -> None:
        """Add lines for sensors that are new since the last scrape."""
        self.names += [f'{metric}{{sensor="{escape(one)}"{labels}}} ' for one in ids[len(self.names) :]]
        while (len(self.chunks) + 1) * CHUNK_SERIES <= len(self.names):
            start = len(self.chunks) * CHUNK_SERIES
            self.chunks.append(_template(self.names[start : start + CHUNK_SERIES]))

    def filled(self, values: Doubles) -> Iterator[str]:
        """Yield the text of all series that have a number."""
        known = np.isfinite(values)
        for start in range(0, len(values), CHUNK_SERIES):
            part, there = values[start : start + CHUNK_SERIES], known[start : start + CHUNK_SERIES]
            chunk = start // CHUNK_SERIES
            if there.all() and chunk < len(self.chunks):
                yield self.chunks[chunk] % tuple(part.tolist())
            elif there.any():
                names = [self.names[start + i] for i in np.flatnonzero(there).tolist()]
                yield _template(names) % tuple(part[there].tolist())


class SensorPage:
    """Answers `/metrics/sensors`. Scrapes may come at once from several threads; each renders for itself.

    Args:
        collect: asks the parts for the groups' columns.
        choice: which sensors are exposed.
    """

    def __init__(self, collect: Callable[[], Iterable[SensorColumns]], choice: SensorChoice) -> None:
        self._collect = collect
        self._choice = choice
        self._lines: dict[tuple[str, str, str], _Lines] = {}
        self.suppressed = 0
        """Sensors that the last scrape left out."""

    def choose(self, choice: SensorChoice) -> None:
        """Expose these sensors from the next scrape on."""
        self._choice = choice

    def page(self) -> Page:
        """Return the page for the HTTP server."""
        return lambda _: self.respond()

    def respond(self) -> Response:
        """Return the metrics of the chosen sensors in Prometheus' text format."""
        choice = self._choice
        if choice.policy == "off":
            text = (
                'metrics.sensors is "off": set it to "all", "anomalous" or "top:N" to expose sensors here\n'
            )
            return Response(text.encode(), status=HTTPStatus.NOT_FOUND)
        groups = list(self._collect())
        keep = chosen(choice, [(one.is_anomalous, one.score) for one in groups])
        self.suppressed = sum(int(np.count_nonzero(~mask)) for mask in keep)
        text = "".join(self._text(groups, keep))
        return Response(text.encode("utf-8", "replace"), CONTENT_TYPE)

    def _text(self, groups: list[SensorColumns], keep: list[NDArray[np.bool_]]) -> Iterator[str]:
        for metric in SENSOR_CATALOGUE.values():
            yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"
            for one, mask in zip(groups, keep, strict=True):
                values = one.values.get(metric.name)
                if values is None:
                    continue
                for channel, column in _columns(one, values):
                    yield from self._grown(metric.name, one, channel).filled(np.where(mask, column, np.nan))

    def _grown(self, metric: str, group: SensorColumns, channel: str) -> _Lines:
        key = (metric, group.group, channel)
        labels = f',channel="{escape(channel)}"' if channel else ""
        lines = self._lines.get(key)
        if lines is None or len(lines.names) < len(group.ids):
            # A scrape beside this one may be reading the old lines: it keeps them.
            lines = _Lines(list(lines.names), list(lines.chunks)) if lines else _Lines()
            lines.grow(metric, group.ids, labels)
            self._lines[key] = lines
        return lines


def _columns(group: SensorColumns, values: Doubles) -> Iterator[tuple[str, Doubles]]:
    """Yield (channel, values) of a metric; no channel where it has one series a sensor."""
    if values.ndim == 1:
        yield "", values
        return
    for c, channel in enumerate(group.channels):
        yield channel, values[:, c]


def _template(names: Sequence[str]) -> str:
    """Return lines with a place for each number; a timestamp in seconds needs more than six digits."""
    return "".join(name.replace("%", "%%") + "%.15g\n" for name in names)


def escape(label: str) -> str:
    """Return a label value as the text format wants it."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
