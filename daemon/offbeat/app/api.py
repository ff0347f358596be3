"""What the page and programs may ask about the daemon: JSON, read only, under `/api/v1/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import msgspec

from offbeat.app.api_answers import Document, EpisodeList, Error, SensorDetail, SensorPage, Status
from offbeat.app.api_queries import MOST_OFFSET, BadRequestError, Choice, Count, Flag, Text, read_query
from offbeat.app.open_peaks import Peak, peaks_of_open, with_peaks
from offbeat.app.openapi import Described, openapi
from offbeat.app.questions import Questions
from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.app.sensor_list import ORDERS, SensorList
from offbeat.app.sensor_views import SensorViews, UnknownSensorError
from offbeat.core.pipeline import Pipeline
from offbeat.errors import UnavailableError
from offbeat.observe.http import Page, Request, Response
from offbeat.state.store import Episode, EpisodeHistory

ROOT = "/api/v1/"
MOST_SENSORS = 1000
MOST_EPISODES = 1000
EPISODES_OF_A_SENSOR = 20
PEAKS_PATIENCE_SECONDS = 0.5
_encoder = msgspec.json.Encoder()

_BAD, _UNKNOWN, _AWAY = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE


class Api:
    """Answers the pages below `/api/v1/`.

    Args:
        pipeline: whose sensors they are; looked at by the loop only.
        verdicts: on their last readings; likewise.
        questions: how the loop is asked.
        history: of episodes.
        status: what `/api/v1/status` tells; called by the asking thread.
        labels: what people say episodes were, by id; likewise.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        verdicts: RecentVerdicts,
        questions: Questions,
        history: EpisodeHistory,
        status: Callable[[], Status],
        labels: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._pipeline = pipeline
        self._views = SensorViews(pipeline, verdicts)
        self._questions = questions
        self._history = history
        self._status = status
        self._labels = labels

    def pages(self) -> dict[str, Page]:
        """Return the pages by path."""
        pages = {_page_path(one.described.path): self._page(one) for one in ROUTES}
        pages["/api/"] = _no_such_page
        return pages

    def status(self, _rest: str, _query: Mapping[str, Any]) -> Status:
        """Return how the daemon is."""
        return self._status()

    def sensors(self, _rest: str, query: Mapping[str, Any]) -> SensorPage:
        """Return a page of the list of sensors."""
        # The loop copies columns and makes the rows that are shown; the search is this thread's work.
        known = SensorList(*self._questions.ask(self._views.columns))
        order = known.order(query["search"], query["open"], query["sort"], query["reverse"])
        first = query["offset"]
        shown = [known.place(i) for i in order[first : first + query["limit"]]]
        summaries = self._questions.ask(lambda: self._views.summaries(shown)) if shown else []
        return SensorPage(len(known.ids), len(order), summaries)

    def sensor(self, rest: str, _query: Mapping[str, Any]) -> SensorDetail:
        """Return one sensor in full."""
        episodes = self._labelled(self._history.recent(EPISODES_OF_A_SENSOR, rest))
        detail, peaks = self._questions.ask(
            lambda: (self._views.one(rest, episodes), peaks_of_open(self._pipeline, [rest]))
        )
        return msgspec.structs.replace(detail, episodes=with_peaks(episodes, peaks))

    def episodes(self, _rest: str, query: Mapping[str, Any]) -> EpisodeList:
        """Return the open episodes, or the newest ones."""
        sensor, limit = query["sensor"], query["limit"]
        if not query["open"]:
            return EpisodeList(self._as_now(self._history.recent(limit, sensor)))
        found = [one for one in self._history.open() if sensor in (None, one.sensor)]
        return EpisodeList(self._as_now(found[:limit]))

    def _as_now(self, episodes: Sequence[Episode]) -> list[Episode]:
        """Return episodes with their labels, and the open ones with the score that they have reached by now."""
        labelled = self._labelled(episodes)
        is_open = [one.sensor for one in labelled if one.closed_at is None]
        return with_peaks(labelled, self._peaks(is_open)) if is_open else labelled

    def _labelled(self, episodes: Sequence[Episode]) -> list[Episode]:
        labels = self._labels()
        return [replace(one, label=labels.get(one.id)) for one in episodes]

    def _peaks(self, sensors: Sequence[str]) -> list[Peak]:
        """Ask the loop; while it is away the list must still be answered, with what the events told."""
        try:
            return self._questions.ask(lambda: peaks_of_open(self._pipeline, sensors), PEAKS_PATIENCE_SECONDS)
        except UnavailableError:
            return []

    def document(self, _rest: str, _query: Mapping[str, Any]) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return openapi(described())

    def _page(self, route: Route) -> Page:
        def page(request: Request) -> Response:
            try:
                query = read_query(route.described.parameters, request.query)
                return to_response(route.answer(self, request.rest, query))
            except UnknownSensorError as error:
                return to_response(Error(str(error)), _UNKNOWN)
            except BadRequestError as error:
                return to_response(Error(str(error)), _BAD)
            except UnavailableError as error:
                return to_response(Error(str(error)), _AWAY)

        return page


@dataclass(frozen=True, slots=True)
class Route:
    """A path of the API and who answers it."""

    described: Described
    answer: Callable[[Api, str, Mapping[str, Any]], object]


_SENSORS = (
    Text("search", "Part of their names, in any case.", ""),
    Flag("open", "Only those with an open episode."),
    Choice("sort", "By score, the strangest first; by name; or the last heard first.", ORDERS),
    Flag("reverse", "The other way round."),
    Count("limit", "Sensors at most.", 100, MOST_SENSORS),
    Count("offset", "Sensors to leave out before the first.", 0, MOST_OFFSET),
)
_EPISODES = (
    Flag("open", "Those that are open, oldest first, instead of the newest."),
    Text("sensor", "Only of this sensor."),
    Count("limit", "Episodes at most.", 100, MOST_EPISODES),
)

ROUTES = (
    Route(Described(ROOT + "status", "status", "How the daemon is.", Status), Api.status),
    Route(
        Described(ROOT + "sensors", "sensors", "A page of the list of sensors.", SensorPage, _SENSORS),
        Api.sensors,
    ),
    Route(
        Described(
            ROOT + "sensors/{sensor}",
            "sensor",
            "One sensor in full, with its last readings.",
            SensorDetail,
            errors=(_BAD, _UNKNOWN, _AWAY),
        ),
        Api.sensor,
    ),
    Route(
        Described(
            ROOT + "episodes",
            "episodes",
            "Open episodes, or the newest.",
            EpisodeList,
            _EPISODES,
            errors=(_BAD,),
        ),
        Api.episodes,
    ),
    Route(
        Described(ROOT + "openapi.json", "document", "This document.", Document, errors=(_BAD,)), Api.document
    ),
)

EVENTS = Described(
    ROOT + "events",
    "events",
    'Server-sent events: "episode" with an event as on MQTT, "status" with the answer of /api/v1/status.',
    None,
    content_type="text/event-stream",
    errors=(_AWAY,),
)


def described() -> list[Described]:
    """Return all paths of the API for its document."""
    return [*(route.described for route in ROUTES), EVENTS]


def to_response(answer: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return an answer as JSON."""
    return Response(_encoder.encode(answer), "application/json", status)


def _no_such_page(request: Request) -> Response:
    known = ", ".join(one.path for one in described())
    return to_response(Error(f"there is no /api/{request.rest}, expected {known}"), _UNKNOWN)


def _page_path(path: str) -> str:
    """Return the path under which the server knows a page: one whose end is a name is asked for all below."""
    return path.partition("{")[0]
