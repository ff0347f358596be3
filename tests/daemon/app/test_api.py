"""What the page and programs may ask about the daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from offbeat.app.api import Api
from offbeat.app.api_answers import Configuration, Status
from offbeat.app.questions import Questions
from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.core.pipeline import Pipeline
from offbeat.core.streams import registry
from offbeat.core.streams.model import ModelStreams
from offbeat.observe.http import Request, Response
from offbeat.state.store import EpisodeHistory
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boilers_learnt, live, plant

T = TypeVar("T")

STATUS = Status("1.2.3", True, "", {"ready": 4.0}, {"value": 1.0}, 480, "none", {}, Configuration(100.0, ""))


class AtOnce(Questions):
    """Answers every question in the thread that asks: here nothing else runs."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.asked = 0

    def ask(self, question: Callable[[], T], patience_seconds: float = 0.0) -> T:
        """Return the answer."""
        self.asked += 1
        return question()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EpisodeHistory]:
    """A history that knows what the pipeline told."""
    kept = EpisodeHistory(tmp_path_factory.mktemp("api") / "episodes.sqlite")
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def verdicts(history: EpisodeHistory) -> tuple[Pipeline, RecentVerdicts]:
    """Four boilers, the third of which has run hot."""
    whole = plant()
    readings = Readings()
    for i in range(len(BOILERS)):
        times, values = live(i, 120)
        readings.add(i, times, values + np.where(np.arange(120) > 100, 40 * (i == 2), 0).astype(np.float32))
    played = play(whole, readings.batches(40), FakeScorer())
    history.record(played.events)
    noted = RecentVerdicts(whole)
    for rows in played.scores:
        noted.note(rows)
    return whole, noted


@pytest.fixture
def api(verdicts: tuple[Pipeline, RecentVerdicts], history: EpisodeHistory) -> Api:
    """The API over both."""
    return Api(*verdicts, AtOnce(), history, lambda: STATUS)


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
    assert names(ask(api, "sensors", sort="name", reverse="1")) == list(BOILERS[::-1])
    assert names(ask(api, "sensors", open="1")) == [BOILERS[2]]
    assert ask(api, "sensors", search="nothing")["matching"] == 0
    seen = [one["last_seen"] for one in ask(api, "sensors", sort="seen")["sensors"]]
    assert seen == sorted(seen, reverse=True)


def test_one_sensor_is_told_in_full(api: Api) -> None:
    """Its window, and its episodes with their sentences."""
    answer = ask(api, "sensors/", BOILERS[2])
    window = answer["window"]
    assert len(window["times"]) == len(window["values"][0]) == len(window["scores"]) == 120
    assert len(window["low"][0]) == len(window["high"][0]) == 120
    assert window["scores"][-1] == pytest.approx(answer["score"], rel=1e-3)
    assert window["low"][0][-1] == pytest.approx(answer["channels"][0]["low"], rel=1e-3)
    assert answer["episodes"][0]["sensor"] == BOILERS[2]
    assert answer["episodes"][0]["message"]
    assert answer["episodes"][0]["contributions"] == {"value": 1.0}
    assert (answer["readiness"], answer["reason"], answer["eta_seconds"]) == ("ready", "", 0.0)


def test_the_detectors_speak_in_words_the_loudest_first(api: Api) -> None:
    """Why a sensor is strange is more than a number."""
    voices = ask(api, "sensors/", BOILERS[2])["voices"]
    loud = [voice["surprise"] for voice in voices]
    assert loud == sorted(loud, reverse=True)
    assert loud[0] > 3
    assert {"stream": "level", "track": "process", "about": "it is far from its usual level"}.items() <= next(
        voice for voice in voices if voice["stream"] == "level"
    ).items()


def test_a_detector_without_a_vote_is_said_to_have_none(history: EpisodeHistory) -> None:
    """It is shown beside the others, which alone make scores and alerts."""
    whole, readings = plant(), Readings()
    whole.install(0, replace(boilers_learnt(), voting=registry.voting(model=False)), MODEL)
    readings.add(0, *live(0, 60))
    noted = RecentVerdicts(whole)
    for rows in play(whole, readings.batches(40), FakeScorer()).scores:
        noted.note(rows)
    api = Api(whole, noted, AtOnce(), history, lambda: STATUS)
    votes = {one["stream"]: one["votes"] for one in ask(api, "sensors/", BOILERS[0])["voices"]}
    assert {"level", "gap", "value"} <= votes.keys()
    assert {stream for stream, has_one in votes.items() if not has_one} == votes.keys() & {
        *ModelStreams.names
    }


def test_episodes_are_those_that_are_open_or_the_newest(api: Api) -> None:
    """Of all sensors or of one."""
    assert {one["closed_at"] for one in ask(api, "episodes", open="1")["episodes"]} == {None}
    assert ask(api, "episodes", sensor=BOILERS[0])["episodes"] == []
    assert len(ask(api, "episodes", limit="1")["episodes"]) == 1


def test_an_open_episode_has_the_score_that_it_reached_since_it_was_last_told(tmp_path: Path) -> None:
    """Events are told at most once a minute; the score beside them is of now, and may not be worse than the worst."""
    whole, readings, kept = plant(), Readings(), EpisodeHistory(tmp_path / "episodes.sqlite")
    times, values = live(2, 120)
    readings.add(2, times, values + np.where(np.arange(120) > 100, 40, 0).astype(np.float32))
    kept.record(play(whole, readings.batches(40), FakeScorer()).events)
    api = Api(whole, RecentVerdicts(whole), AtOnce(), kept, lambda: STATUS)
    (told,) = ask(api, "episodes", open="1")["episodes"]
    reached = told["peak_score"] + 1.0
    peaks = whole.groups[0].episodes.arrays()["peak_score"]
    peaks[2, peaks[2].argmax()] = reached
    assert ask(api, "episodes", open="1")["episodes"][0]["peak_score"] == pytest.approx(reached)
    assert ask(api, "sensors/", BOILERS[2])["episodes"][0]["peak_score"] == pytest.approx(reached)
    (known,) = kept.open()
    assert known.peak_score == told["peak_score"], "the history keeps what was told"
    kept.close()


def test_open_episodes_are_answered_while_the_loop_is_away(history: EpisodeHistory) -> None:
    """With what their events told: nothing is looked at more often while a daemon is in trouble."""
    whole = plant()
    api = Api(whole, RecentVerdicts(whole), Questions(lambda: None), history, lambda: STATUS)
    told = [one.peak_score for one in history.open()]
    assert told
    assert [one["peak_score"] for one in ask(api, "episodes", open="1")["episodes"]] == told


def test_the_loop_is_asked_once_for_a_sensor_with_an_open_episode(
    verdicts: tuple[Pipeline, RecentVerdicts], history: EpisodeHistory
) -> None:
    """While it is away the answer takes as long as one question, not two."""
    questions = AtOnce()
    found = ask(Api(*verdicts, questions, history, lambda: STATUS), "sensors/", BOILERS[2])
    assert [one["closed_at"] for one in found["episodes"]] == [None]
    assert questions.asked == 1


def test_the_status_is_what_the_daemon_says(api: Api) -> None:
    """As it is given."""
    answer = ask(api, "status")
    assert (answer["version"], answer["sensors"], answer["rows_scored"]) == ("1.2.3", {"ready": 4.0}, 480)


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("sensors", {"limit": "x"}, 400, "limit is 'x', expected a whole number 0..1000"),
        ("sensors", {"limit": "100000"}, 400, "expected a whole number 0..1000"),
        ("sensors", {"sort": "size"}, 400, "expected score or name or seen"),
        ("episodes", {"limit": "-1"}, 400, "expected a whole number"),
        ("sensors", {"open": "yes"}, 400, "open is 'yes', expected 0 or 1"),
        ("sensors", {"serach": "x"}, 400, "there is no parameter 'serach', expected search or open"),
        ("status", {"x": ""}, 400, "there is no parameter 'x', expected none here"),
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


def test_a_path_that_is_none_of_the_apis_is_told_in_json_too(api: Api) -> None:
    """With those there are."""
    answer = api.pages()["/api/"](Request("v1/sensor"))
    assert answer.status == 404
    assert "there is no /api/v1/sensor, expected /api/v1/status" in json.loads(answer.body)["error"]


def test_a_daemon_that_cannot_answer_now_says_so_in_json(
    verdicts: tuple[Pipeline, RecentVerdicts], history: EpisodeHistory
) -> None:
    """Nobody answers the questions here."""

    class Never(Questions):
        def ask(self, question: Callable[[], T], patience_seconds: float = 0.0) -> T:
            return super().ask(question, 0.0)

    answer = response(Api(*verdicts, Never(lambda: None), history, lambda: STATUS), "sensors")
    assert answer.status == 503
    assert "the daemon did not come to it" in json.loads(answer.body)["error"]


def test_a_sensor_without_a_score_is_no_error(history: EpisodeHistory, tmp_path: Path) -> None:
    """NaN is nothing that JSON knows."""
    fresh = plant()
    fresh.directory.admit(0, "new.one")
    api = Api(fresh, RecentVerdicts(fresh), AtOnce(), history, lambda: STATUS)
    answer = ask(api, "sensors/", "new.one")
    assert (answer["score"], answer["last_seen"], answer["window"]["times"]) == (None, None, [])
    assert answer["voices"] == []
