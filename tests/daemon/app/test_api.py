"""What the page and programs may ask about the daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from offbeat.app.api import Api
from offbeat.app.questions import Questions
from offbeat.core.pipeline import Pipeline
from offbeat.observe.http import Request, Response
from offbeat.state.store import EpisodeHistory
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant

T = TypeVar("T")


class AtOnce(Questions):
    """Answers every question in the thread that asks: here nothing else runs."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def ask(self, question: Callable[[], T], patience_seconds: float = 0.0) -> T:
        """Return the answer."""
        return question()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EpisodeHistory]:
    """A history that knows what the pipeline told."""
    kept = EpisodeHistory(tmp_path_factory.mktemp("api") / "episodes.sqlite")
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def pipeline(history: EpisodeHistory) -> Pipeline:
    """Four boilers, the third of which has run hot."""
    whole = plant()
    readings = Readings()
    for i in range(len(BOILERS)):
        times, values = live(i, 120)
        readings.add(i, times, values + np.where(np.arange(120) > 100, 40 * (i == 2), 0).astype(np.float32))
    history.record(play(whole, readings.batches(40), FakeScorer()).events)
    return whole


@pytest.fixture
def api(pipeline: Pipeline, history: EpisodeHistory) -> Api:
    """The API over both."""
    return Api(pipeline, AtOnce(), history, lambda: {"version": "1.2.3"})


def ask(api: Api, path: str, rest: str = "", **query: str) -> Any:
    """Return what a page answers."""
    return json.loads(response(api, path, rest, **query).body)


def response(api: Api, path: str, rest: str = "", **query: str) -> Response:
    """Return the whole answer of a page."""
    return api.pages()[f"/api/v1/{path}"](Request(rest, query))


def names(answer: Any) -> list[str]:
    """Return the sensors of a list."""
    return [one["sensor"] for one in answer["sensors"]]


def test_the_sensor_that_is_out_of_step_comes_first(api: Api) -> None:
    """With what it reads and what was expected."""
    answer = ask(api, "sensors")
    assert (answer["total"], answer["matching"]) == (4, 4)
    first = answer["sensors"][0]
    assert first["sensor"] == BOILERS[2]
    assert first["open"]
    (channel,) = first["channels"]
    assert channel["low"] < channel["high"]
    assert channel["value"] > 90


def test_a_list_can_be_searched_sorted_and_turned_page_by_page(api: Api) -> None:
    """As a person looks for one sensor of ten thousand."""
    assert names(ask(api, "sensors", search="ILER3")) == [BOILERS[3]]
    assert names(ask(api, "sensors", sort="name")) == list(BOILERS)
    assert names(ask(api, "sensors", sort="name", limit="2", offset="1")) == list(BOILERS[1:3])
    assert names(ask(api, "sensors", open="1")) == [BOILERS[2]]
    assert ask(api, "sensors", search="nothing")["matching"] == 0
    seen = [one["last_seen"] for one in ask(api, "sensors", sort="seen")["sensors"]]
    assert seen == sorted(seen, reverse=True)


def test_one_sensor_is_told_in_full(api: Api) -> None:
    """Its window, and its episodes with their sentences."""
    answer = ask(api, "sensors/", BOILERS[2])
    assert len(answer["window"]["times"]) == len(answer["window"]["values"][0]) == 120
    assert answer["episodes"][0]["sensor"] == BOILERS[2]
    assert answer["episodes"][0]["message"]
    assert answer["readiness"] == "ready"


def test_episodes_are_those_that_are_open_or_the_newest(api: Api) -> None:
    """Of all sensors or of one."""
    assert {one["closed_at"] for one in ask(api, "episodes", open="1")["episodes"]} == {None}
    assert ask(api, "episodes", sensor=BOILERS[0])["episodes"] == []
    assert len(ask(api, "episodes", limit="1")["episodes"]) == 1


def test_the_status_is_what_the_daemon_says(api: Api) -> None:
    """As it is given."""
    assert ask(api, "status") == {"version": "1.2.3"}


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("sensors", {"limit": "x"}, 400, "limit is 'x', expected a whole number 0..1000"),
        ("sensors", {"limit": "100000"}, 400, "expected a whole number 0..1000"),
        ("sensors", {"sort": "size"}, 400, "expected score or name or seen"),
        ("episodes", {"limit": "-1"}, 400, "expected a whole number"),
        ("sensors/", {}, 404, "there is no sensor ''"),
    ],
)
def test_a_bad_question_is_answered_with_what_was_expected(
    api: Api, path: str, query: dict[str, str], status: int, words: str
) -> None:
    """In JSON, as everything here."""
    answer = response(api, path, **query)
    assert answer.status == status
    assert words in json.loads(answer.body)["error"]


def test_a_sensor_without_a_score_is_no_error(history: EpisodeHistory, tmp_path: Path) -> None:
    """NaN is nothing that JSON knows."""
    fresh = plant()
    fresh.directory.admit(0, "new.one")
    api = Api(fresh, AtOnce(), history, dict)
    answer = ask(api, "sensors/", "new.one")
    assert (answer["score"], answer["last_seen"], answer["window"]["times"]) == (None, None, [])
