"""From nothing to a model in service: the daemon learns by itself from what it hears, through a real broker."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from offbeat.learn.library import ModelLibrary
from tests.integration.conftest import SENSORS, served
from tests.integration.test_publish_to_alert import Plant, config_of_plant, events, plant
from tests.support.daemon import Daemon
from tests.support.listener import listening
from tests.support.mosquitto import Broker
from tests.support.waiting import wait_until

__all__ = ["plant"]  # the fixture

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE_SECONDS = 180.0
"""On a machine that has other work a training of seconds takes minutes."""


def config(broker: Broker, steps: int = 60) -> str:
    """Five lines, and how to learn sooner than a user would."""
    return f"""{config_of_plant(broker)}
[learning]
first_after = "5s"
first_readings = 140
size = "tiny"
steps = {steps}
priority = "normal"
"""


def learning(daemon: Daemon) -> dict[str, object]:
    """What the daemon says of the learning of its group."""
    found: dict[str, object] = json.loads(daemon.get("/api/v1/status")[1])["learning"]["value"]
    return found


def children(daemon: Daemon) -> list[int]:
    """Processes that the daemon has started and that run."""
    assert daemon.process is not None
    threads = Path(f"/proc/{daemon.process.pid}/task").glob("*/children")
    return [int(pid) for file in threads for pid in file.read_text().split()]


def run_until(plant: Plant, condition: object, what: str) -> None:
    """Let the plant go on until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        plant.run(10)


def test_a_daemon_that_knows_nothing_learns_and_then_alerts(
    broker: Broker, plant: Plant, tmp_path: Path
) -> None:
    """No artifact, no command, no restart; no reading is lost on the way, and the first fault afterwards is told."""
    folder = tmp_path / "daemon"
    with listening(broker.port) as listener, Daemon(folder, config(broker)) as daemon:
        daemon.start()
        plant.run(20)
        wait_until(
            lambda: learning(daemon)["stage"] == "gathering", 20, "the daemon to say what it waits for"
        )
        run_until(plant, lambda: served(daemon), f"a first model; log:\n{daemon.log()[-3000:]}")
        plant.run(40)
        run_until(plant, lambda: daemon.metric("offbeat_rows_scored_total") > 0, "rows to be judged")
        run_until(plant, lambda: learning(daemon)["last"], "what came of the training to be told")
        assert daemon.metric("offbeat_trainings_total") >= 1
        plant.run(30, offset=25.0)
        wait_until(lambda: events(listener, "a.pump"), 30, "the alert")
        assert daemon.metric("offbeat_dropped_total") == 0
        models = ModelLibrary(folder / "state" / "models").group("value")
        first = next(iter(models.promotions()))
        assert (first.by, first.why.startswith("the first model")) == ("offbeat", True)
        verdict = models.trials().of(first.version)
        assert verdict is not None
        assert (verdict.promoted, verdict.against) == (True, "")
        assert daemon.terminate()[0] == 0


def test_a_training_ends_with_its_daemon(broker: Broker, plant: Plant, tmp_path: Path) -> None:
    """Killed as by the kernel, the daemon leaves no process behind; and none that was told to stop."""
    folder = tmp_path / "daemon"
    for end in ("kill", "terminate"):
        with Daemon(folder, config(broker, steps=1_000_000)) as daemon:
            daemon.start()
            run_until(plant, lambda d=daemon: children(d), "a training to begin")
            (child,) = children(daemon)
            getattr(daemon, end)()
            wait_until(
                lambda pid=child: not Path(f"/proc/{pid}").exists(), 20, f"the training to end ({end})"
            )


def test_a_training_that_is_killed_is_counted_and_tried_again(
    broker: Broker, plant: Plant, tmp_path: Path
) -> None:
    """By whoever: the daemon goes on, says so once, and knows when it tries again."""
    with Daemon(tmp_path / "daemon", config(broker, steps=1_000_000)) as daemon:
        daemon.start()
        run_until(plant, lambda: children(daemon), "a training to begin")
        (child,) = children(daemon)
        os.kill(child, signal.SIGKILL)
        wait_until(
            lambda: 'result="crashed"} 1.0' in daemon.get("/metrics")[1], 20, "the failure to be counted"
        )
        wait_until(lambda: learning(daemon)["stage"] == "gathering", 20, "the next attempt to be planned")
        told = learning(daemon)
        assert "the last training failed" in str(told["reason"])
        assert float(str(told["next_at"])) > time.time() + 200
        assert daemon.log().count("a training in the background came to nothing") == 1
        assert len(SENSORS) == sum(json.loads(daemon.get("/api/v1/status")[1])["sensors"].values())
        assert daemon.is_ready()
