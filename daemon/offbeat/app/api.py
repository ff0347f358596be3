"""What the page and programs may ask about the daemon: JSON, read only, under `/api/v1/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import msgspec

from offbeat.app.questions import Questions
from offbeat.app.sensor_views import ORDERS, SensorViews, UnknownSensorError
from offbeat.core.pipeline import Pipeline
from offbeat.observe.http import Page, Request, Response
from offbeat.state.store import EpisodeHistory

MOST_SENSORS = 1000
MOST_EPISODES = 1000
_encoder = msgspec.json.Encoder()


class BadRequestError(ValueError):
    """A query has a parameter that cannot be used; the message says which and what it may be."""


class Api:
    """Answers the pages below `/api/v1/`.

    Args:
        pipeline: whose sensors they are; looked at by the loop only.
        questions: how the loop is asked.
        history: of episodes.
        status: what `/api/v1/status` tells; called by the asking thread.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        questions: Questions,
        history: EpisodeHistory,
        status: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._views = SensorViews(pipeline)
        self._questions = questions
        self._history = history
        self._status = status

    def pages(self) -> dict[str, Page]:
        """Return the pages by path."""
        return {
            "/api/v1/status": _page(lambda _: self._status()),
            "/api/v1/sensors": _page(self._sensors),
            "/api/v1/sensors/": _page(self._sensor),
            "/api/v1/episodes": _page(self._episodes),
        }

    def _sensors(self, request: Request) -> Any:
        search = request.query.get("search", "").casefold()
        only_open = request.query.get("open") == "1"
        sort = _one_of(request, "sort", ORDERS)
        limit, offset = _count(request, "limit", 100, MOST_SENSORS), _count(request, "offset", 0, 10_000_000)
        return self._questions.ask(lambda: self._views.page_of(search, only_open, sort, limit, offset))

    def _sensor(self, request: Request) -> Any:
        return self._questions.ask(lambda: self._views.one(request.rest)) | {
            "episodes": [asdict(one) for one in self._history.recent(20, request.rest)]
        }

    def _episodes(self, request: Request) -> Any:
        limit = _count(request, "limit", 100, MOST_EPISODES)
        sensor = request.query.get("sensor")
        if request.query.get("open") == "1":
            found = [one for one in self._history.open() if sensor in (None, one.sensor)][:limit]
        else:
            found = self._history.recent(limit, sensor)
        return {"episodes": [asdict(one) for one in found]}


def _page(answer: Callable[[Request], Any]) -> Page:
    def page(request: Request) -> Response:
        try:
            return to_response(answer(request))
        except UnknownSensorError as error:
            return to_response({"error": str(error)}, HTTPStatus.NOT_FOUND)
        except BadRequestError as error:
            return to_response({"error": str(error)}, HTTPStatus.BAD_REQUEST)

    return page


def to_response(answer: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return an answer as JSON."""
    return Response(_encoder.encode(answer), "application/json", status)


def _count(request: Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) > most:
        raise BadRequestError(f"{name} is {text!r}, expected a whole number 0..{most}")
    return int(text)


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    text = request.query.get(name, known[0])
    if text not in known:
        raise BadRequestError(f"{name} is {text!r}, expected {' or '.join(known)}")
    return text
