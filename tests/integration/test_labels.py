"""What people say on the command line, heard by the daemon as it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests.integration.conftest import offbeat
from tests.integration.test_publish_to_alert import SCHEMA, Plant, config, events
from tests.support.daemon import Daemon
from tests.support.listener import listening
from tests.support.mosquitto import Broker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture
def plant(broker: Broker) -> Iterator[Plant]:
    """A plant at the broker."""
    made = Plant(broker.port)
    yield made
    made.end()


def test_an_open_episode_that_is_called_the_new_normal_closes_within_seconds(
    broker: Broker, artifact: Path, plant: Plant, tmp_path: Path
) -> None:
    """The close is on MQTT as a regime_change; the API shows the label, and the daemon says that it heard a freeze."""
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", config(broker, artifact)) as daemon:
        daemon.start()
        plant.run(60)
        plant.run(30, offset=15.0)
        wait_until(lambda: events(listener, "a.pump"), 10, "the alert")
        told = offbeat("episodes", "--open", "--json", "--config", daemon.config)
        assert told.returncode == 0, told.stderr
        (episode,) = (one for one in json.loads(told.stdout) if one["sensor"] == "a.pump")
        done = offbeat("episodes", "label", episode["id"][:8], "new_normal", "--config", daemon.config)
        assert done.returncode == 0, done.stderr
        wait_until(
            lambda: "close" in {one["event"] for one in events(listener, "a.pump")},
            20,
            "the episode to close",
        )
        closed = next(one for one in events(listener, "a.pump") if one["event"] == "close")
        jsonschema.validate(closed, SCHEMA)
        assert (closed["id"], closed["kind"]) == (episode["id"], "regime_change")
        assert "its new normal, as it was labelled" in closed["message"]
        (shown,) = json.loads(daemon.get("/api/v1/episodes?sensor=a.pump&limit=1")[1])["episodes"]
        assert (shown["id"], shown["label"]) == (episode["id"], "new_normal")
        frozen = offbeat("freeze", "a.pumb", "--for", "1h", "--config", daemon.config)
        assert 'did you mean "a.pump"?' in frozen.stderr
        wait_until(
            lambda: '"freezes_in_effect":1' in daemon.log().replace(" ", ""),
            10,
            "the daemon to hear of the freeze",
        )
        assert daemon.terminate()[0] == 0
