"""Every documented path of the JSON API, answered by a daemon at work and held against its schema."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from offbeat.app.api import described
from offbeat.app.openapi import openapi
from tests.integration.conftest import SENSORS
from tests.integration.test_publish_to_alert import Plant, config
from tests.support.daemon import Daemon
from tests.support.mosquitto import MOSQUITTO, Broker
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: apt-get install mosquitto"),
]

DOCUMENT = openapi(described())
IN_PATH = {"sensor": SENSORS[0]}
BAD = [
    ("/api/v1/sensors?limit=many", 400),
    ("/api/v1/sensors?sort=size", 400),
    ("/api/v1/sensors?sarch=x", 400),
    ("/api/v1/sensors/nobody", 404),
    ("/api/v1/episodes?open=yes", 400),
    ("/api/v1/status?x=1", 400),
    ("/api/v2/status", 404),
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Iterator[Daemon]:
    """A daemon that has seen one of its sensors go astray."""
    folder = tmp_path_factory.mktemp("asked")
    broker = Broker(folder)
    broker.start()
    plant = Plant(broker.port)
    try:
        with Daemon(folder / "daemon", config(broker, artifact)) as running:
            running.start()
            plant.run(60)
            plant.run(30, offset=30.0)
            wait_until(lambda: running.metric("offbeat_episodes_open") > 0, 20, "an episode")
            yield running
    finally:
        plant.end()
        broker.stop()


def schema_of(path: str, status: int) -> dict[str, Any]:
    """Return what an answer has to look like, with all that it refers to."""
    content = DOCUMENT["paths"][path]["get"]["responses"][str(status)]["content"]
    return {**content["application/json"]["schema"], "components": DOCUMENT["components"]}


def questions() -> list[str]:
    """Return every documented path that answers in JSON, plain and with its parameters."""
    asked = []
    for path, item in DOCUMENT["paths"].items():
        if "application/json" not in item["get"]["responses"]["200"]["content"]:
            continue
        asked.append(path)
        given = {p["name"]: p["schema"] for p in item["get"]["parameters"] if p["in"] == "query"}
        asked += [f"{path}?{name}={word}" for name, schema in given.items() for word in words(schema)]
    return asked


def words(schema: dict[str, Any]) -> list[str]:
    """Return values that a parameter may have."""
    if schema["type"] == "integer":
        return [str(schema["minimum"]), str(schema["maximum"])]
    return schema.get("enum", [SENSORS[0]])


@pytest.mark.parametrize("question", questions())
def test_an_answer_is_as_documented(daemon: Daemon, question: str) -> None:
    """Whatever the parameters."""
    status, body = daemon.get(question.format(**IN_PATH))
    assert status == 200, body
    jsonschema.validate(json.loads(body), schema_of(question.partition("?")[0], 200))


@pytest.mark.parametrize(("question", "status"), BAD)
def test_a_bad_question_is_answered_in_json(daemon: Daemon, question: str, status: int) -> None:
    """With what was found and what was expected."""
    got, body = daemon.get(question)
    assert got == status
    schema = {"$ref": "#/components/schemas/Error", "components": DOCUMENT["components"]}
    jsonschema.validate(json.loads(body), schema)
    assert len(json.loads(body)["error"]) > 10


def test_the_daemon_serves_the_document_of_its_code(daemon: Daemon) -> None:
    """Which is the one that is committed."""
    assert json.loads(daemon.get("/api/v1/openapi.json")[1]) == DOCUMENT


def test_the_sensor_that_went_astray_is_explained(daemon: Daemon) -> None:
    """Its readings with their scores and bands, what the detectors say, and its episode."""
    answer = json.loads(daemon.get(f"/api/v1/sensors/{SENSORS[0]}")[1])
    window = answer["window"]
    judged = [i for i, score in enumerate(window["scores"]) if score is not None]
    assert len(judged) > 60
    last = judged[-1]
    assert window["low"][0][last] < window["high"][0][last]
    assert answer["voices"][0]["surprise"] > 3
    assert answer["episodes"][0]["contributions"] == {"value": 1.0}
    assert answer["episodes"][0]["streams"]


def test_the_events_are_what_is_documented(daemon: Daemon) -> None:
    """The status comes by itself, as `/api/v1/status` answers it."""
    url = f"http://127.0.0.1:{daemon.metrics_port}/api/v1/events"
    with urllib.request.urlopen(url, timeout=20) as stream:
        assert (
            stream.headers["Content-Type"]
            in DOCUMENT["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
        )
        told: dict[str, Any] = {}
        while "status" not in told:
            line = stream.readline().decode().strip()
            if line.startswith("event: "):
                told[line.removeprefix("event: ")] = stream.readline().decode().removeprefix("data: ")
    jsonschema.validate(json.loads(told["status"]), schema_of("/api/v1/status", 200))
