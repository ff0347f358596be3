"""A broker and two daemons without an artifact and without state: one that learns, and one that never does."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.site import BROKER_CONFIG, SNAPSHOT_INTERVAL
from tests.support.daemon import Daemon
from tests.support.listener import Listener, listening
from tests.support.mosquitto import Broker

ALONE, LEARNING = "alone", "learning"
"""Names of the two, and the roots of their topics: the fleet prior alone, and with what is learnt in the background."""
SUITE, FIRST, STEADY = "suite", "first", "steady"
"""Topics of the suite's sensors, which both hear; of those whose first minutes are in real time, which only `ALONE`
hears; and of those that send in real time until all of them fall silent, which both hear."""
PRIOR = "fleet_prior"


@dataclass(frozen=True, slots=True)
class LiveDaemon:
    """One daemon as everybody sees it: its pages and its topics.

    Attributes:
        name: and root of its topics.
        process: the daemon.
        listener: to its alerts.
    """

    name: str
    process: Daemon
    listener: Listener

    def status(self) -> dict[str, Any]:
        """Return `/api/v1/status`."""
        return self._get("/api/v1/status")

    def judged(self) -> int:
        """Return how many rows it has judged."""
        return int(self.status()["rows_scored"])

    def served(self) -> str:
        """Return the version of a model of its own that judges the suite's sensors; empty before there is one."""
        model = self.status()["models"].get("value")
        return "" if model is None or model["name"] == PRIOR else str(model["version"])

    def newest(self, prefix: str, most: int) -> dict[str, dict[str, Any]]:
        """Return what the list of sensors says of those whose id holds a text, by id."""
        query = urllib.parse.urlencode({"search": prefix, "limit": most, "sort": "name"})
        return {one["sensor"]: one for one in self._get(f"/api/v1/sensors?{query}")["sensors"]}

    def sensor(self, sensor: str) -> dict[str, Any] | None:
        """Return what is said of one sensor in full; None if it was not heard yet."""
        status, body = self.process.get(f"/api/v1/sensors/{urllib.parse.quote(sensor)}")
        return json.loads(body) if status == 200 else None

    def events(self) -> list[dict[str, Any]]:
        """Return the alerts that it has published."""
        heard = self.listener.heard()
        return [json.loads(one.payload) for one in heard if one.topic.startswith(f"{self.name}/alerts/")]

    def ask_for_training(self) -> None:
        """Ask as a user does."""
        command = [sys.executable, "-m", "offbeat", "train", "--now", "--config", str(self.process.config)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def _get(self, path: str) -> dict[str, Any]:
        status, body = self.process.get(path)
        if status != 200:
            raise RuntimeError(f"{path} of the daemon {self.name!r} answered {status}: {body[:200]!r}")
        found: dict[str, Any] = json.loads(body)
        return found


@dataclass(frozen=True, slots=True)
class LiveSite:
    """What runs.

    Attributes:
        broker: of all.
        daemons: by name.
    """

    broker: Broker
    daemons: Mapping[str, LiveDaemon]


@contextmanager
def running(folder: Path, steps: int) -> Iterator[LiveSite]:
    """Start the broker, both daemons and a listener; end them.

    Args:
        folder: of their states.
        steps: of the training.
    """
    broker = Broker(folder / "broker", BROKER_CONFIG, verbose=False).start()
    try:
        with (
            listening(broker.port, "+/alerts/#") as listener,
            Daemon(folder / ALONE, config_alone(broker.url), snapshot_interval=SNAPSHOT_INTERVAL) as alone,
            Daemon(
                folder / LEARNING, config_learning(broker.url, steps), snapshot_interval=SNAPSHOT_INTERVAL
            ) as learning,
        ):
            found = {
                name: LiveDaemon(name, daemon.start(OMP_NUM_THREADS="1"), listener)
                for name, daemon in ((ALONE, alone), (LEARNING, learning))
            }
            yield LiveSite(broker, found)
    finally:
        broker.stop()


def config_alone(url: str) -> str:
    """Return the configuration of the daemon that never trains."""
    return f"""{_common(url, ALONE)}
{_source(FIRST)}
[learning]
enabled = false
"""


def config_learning(url: str, steps: int) -> str:
    """Return the configuration of the daemon that trains when it is asked, at a priority at which it gets to its end.

    The sensors of the bursts begin when the journal was read: nothing is learnt of them.
    """
    return f"""{_common(url, LEARNING)}
[[source]]
topic = "plant/{{line}}/{{sensor}}/state"
include = ["value"]
time = {{ field = "ts" }}
[learning]
first_after = "1d"
priority = "normal"
steps = {steps}
"""


def _common(url: str, name: str) -> str:
    return f"""
[mqtt]
url = "{url}"
client_id = "{name}"
[alerts]
root = "{name}"
[limits]
allowed_lateness = "2d"
max_sensors = 2000
{_source(SUITE)}
{_source(STEADY)}
"""


def _source(topic: str) -> str:
    return f"""
[[source]]
topic = "{topic}/{{sensor}}"
id = "{topic}.{{sensor}}"
time = {{ field = "ts" }}
"""
