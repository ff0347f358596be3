"""A dashboard asked as Grafana asks it: variables looked up, queries filled in, repeated panels shown once a value."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.support.prometheus import Prometheus

Json = dict[str, Any]

_NAME = re.compile(r"\$(\w+)|\$\{(\w+)\}")
_LABEL_VALUES = re.compile(r"label_values\((?P<match>.*),\s*(?P<label>\w+)\)")
_LEGEND = re.compile(r"\{\{(\w+)\}\}")
COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is looked at.

    Attributes:
        start, end: unix seconds.
        step: seconds between two points.
        rate_interval: what `$__rate_interval` is; Grafana makes it of four scrapes at the least.
    """

    start: float
    end: float
    step: float = 1.0
    rate_interval: str = "10s"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of time that an annotation marks, in unix seconds; a moment where start and end are the same."""

    start: float
    end: float
    title: str
    colour: str


class AskedBoard:
    """A dashboard over a Prometheus.

    Args:
        board: as it is committed.
        prometheus: has seen a daemon.
        span: of time.
        chosen: values of variables; for the others all values are chosen, or the first where there is no "all".
    """

    def __init__(
        self, board: Json, prometheus: Prometheus, span: Span, chosen: Mapping[str, str] | None = None
    ) -> None:
        self.board = board
        self._prometheus = prometheus
        self.span = span
        self._text = {
            "__rate_interval": span.rate_interval,
            "__interval": f"{span.step:g}s",
            "__range": f"{span.end - span.start:.0f}s",
        }
        self.found: dict[str, list[str]] = {}
        """The values of each variable."""
        self.shown: dict[str, str] = {}
        """What a person reads beside each variable."""
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                self._look_up(variable, (chosen or {}).get(variable["name"], ""))

    def filled(self, text: str, **more: str) -> str:
        """Return a text with the values of variables in it."""
        values = self._text | more
        return _NAME.sub(lambda match: values.get(match[1] or match[2], match[0]), text)

    def panels(self) -> Iterator[tuple[Json, dict[str, str]]]:
        """Yield each panel as it is placed, with the value of the variable it is repeated for."""
        shift = 0
        for panel in self.board["panels"]:
            placed = copy.deepcopy(panel)
            placed["gridPos"]["y"] += shift
            if not (name := panel.get("repeat")):
                yield placed, {}
                continue
            values = self.found[name]
            across = min(len(values), panel["maxPerRow"])
            for i, value in enumerate(values):
                one = copy.deepcopy(placed)
                place = one["gridPos"]
                place["w"] = COLUMNS // across
                place["x"] = (i % across) * place["w"]
                place["y"] += i // across * place["h"]
                yield one | {"title": self.filled(panel["title"], **{name: value})}, {name: value}
            shift += (len(values) - 1) // across * placed["gridPos"]["h"]

    def answer(self, target: Json, **more: str) -> list[Json]:
        """Return the series that a panel's query is answered with."""
        query = self.filled(target["expr"], **more)
        if target["instant"]:
            return self._result("query", query=query, time=self.span.end)
        return self._over_time(query)

    def exemplars(self, target: Json) -> list[Json]:
        """Return the examples that a query's series have; none where the query does not ask for them."""
        if not target.get("exemplar"):
            return []
        answer = self._prometheus.ask(
            "query_exemplars", query=self.filled(target["expr"]), start=self.span.start, end=self.span.end
        )
        return [example for series in answer for example in series["exemplars"]]

    def marks(self, annotation: Json) -> list[Mark]:
        """Return what an annotation marks: points no further apart than two steps are one mark, as Grafana has it."""
        marks: list[Mark] = []
        for series in self._over_time(self.filled(annotation["expr"])):
            points = [(float(at), float(value)) for at, value in series["values"]]
            times = (
                [value / 1000 for _, value in points]
                if annotation.get("useValueForTime")
                else [at for at, value in points if value > 0]
            )
            title = _LEGEND.sub(
                lambda match, of=series["metric"]: of.get(match[1], ""), annotation["titleFormat"]
            )
            for begin, end in _stretches(times, 2 * self.span.step):
                marks.append(Mark(begin, end, title, annotation["iconColor"]))
        return marks

    def _over_time(self, query: str) -> list[Json]:
        span = self.span
        return self._result("query_range", query=query, start=span.start, end=span.end, step=span.step)

    def _result(self, path: str, **parameters: str | float) -> list[Json]:
        result: list[Json] = self._prometheus.ask(path, **parameters)["result"]
        return result

    def _look_up(self, variable: Json, chosen: str) -> None:
        name, query = variable["name"], self.filled(variable["query"]["query"])
        asked = _LABEL_VALUES.fullmatch(query)
        assert asked is not None, f"{name}: {query} is not label_values(…)"
        values = self._prometheus.ask(f"label/{asked['label']}/values", **{"match[]": asked["match"]})
        self.found[name] = sorted(values)
        if not chosen and variable["includeAll"]:
            self._text[name], self.shown[variable["label"]] = variable["allValue"], "All"
            return
        assert values, f"{name}: {query} has no values"
        self._text[name] = self.shown[variable["label"]] = chosen or self.found[name][0]


def _stretches(times: list[float], gap: float) -> list[tuple[float, float]]:
    """Return (first, last) of each run of ascending times with no gap as long as this."""
    if not times:
        return []
    cuts = [(a, b) for a, b in pairwise(times) if b - a >= gap]
    return list(zip([times[0], *(b for _, b in cuts)], [*(a for a, _ in cuts), times[-1]], strict=True))
