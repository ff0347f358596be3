"""A model is exchanged while the daemon runs and a fault lasts: by command, through a real broker, as processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from offbeat.learn.library import ModelLibrary
from offbeat_models.manifest import MANIFEST
from tests.integration.conftest import offbeat, served
from tests.integration.test_publish_to_alert import Plant, config_of_plant, events, plant
from tests.support.daemon import Daemon
from tests.support.listener import listening
from tests.support.mosquitto import Broker
from tests.support.waiting import wait_until

__all__ = ["plant"]  # the fixture

pytestmark = pytest.mark.broker


def swaps(daemon: Daemon, result: str) -> float:
    """Return how many exchanges came to a result."""
    name = f'offbeat_model_swaps_total{{result="{result}"}} '
    (line,) = [line for line in daemon.get("/metrics")[1].splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def done(daemon: Daemon, *arguments: str) -> str:
    """Run `offbeat models` as an operator does; return what it prints."""
    ended = offbeat("models", *arguments, "--config", daemon.config)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def install(artifact: Path, models: ModelLibrary, created_at: str | None = None) -> str:
    """Put a copy of the artifact into a library; return its version, which depends on when it was made."""
    with models.workbench() as bench:
        for file in (artifact / "value").iterdir():
            (bench / file.name).write_bytes(file.read_bytes())
        if created_at is not None:
            manifest = json.loads((bench / MANIFEST).read_text())
            (bench / MANIFEST).write_text(json.dumps(manifest | {"created_at": created_at}))
        return models.group("value").install(bench)


@pytest.fixture
def library(artifact: Path, tmp_path: Path) -> tuple[Path, str, str]:
    """The folder of a daemon whose library holds two versions, the first in service."""
    folder = tmp_path / "daemon"
    models = ModelLibrary(folder / "state" / "models")
    first, second = (install(artifact, models, f"2026-01-0{number}T00:00:00+00:00") for number in (1, 2))
    models.group("value").promote(first, "a test", "the first")
    return folder, first, second


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_fault_that_lasts_over_exchanges_is_one_episode(
    broker: Broker, plant: Plant, library: tuple[Path, str, str]
) -> None:
    """Promote and roll back in mid-fault: one id from open to close, no reading lost, no restart.

    State of alerts that is lost over restarts and edits is what others hear of most (kapacitor#744, #908).
    """
    folder, first, second = library
    with listening(broker.port) as listener, Daemon(folder, config_of_plant(broker)) as daemon:
        daemon.start()
        assert served(daemon) == first
        plant.run(60)
        plant.run(20, offset=15.0)
        wait_until(lambda: events(listener, "a.pump"), 10, "the alert")
        assert second in done(daemon, "promote", second[:8])
        wait_until(lambda: served(daemon) == second, 20, f"the new version; log:\n{daemon.log()[-2000:]}")
        plant.run(40, offset=15.0)
        assert f"is in service (before: {second})" in done(daemon, "rollback")
        wait_until(lambda: served(daemon) == first, 20, "the old version")
        plant.run(20, offset=15.0)
        plant.run(280)  # the echo of the fault, then calm rows for four seconds
        wait_until(lambda: events(listener, "a.pump")[-1]["event"] == "close", 20, "the alert to close")
        wait_until(lambda: daemon.metric("offbeat_rows_scored_total") == 4 * 420, 20, "all rows to be judged")
        assert (swaps(daemon, "taken_up"), swaps(daemon, "failed")) == (2, 0)
        heard = events(listener, "a.pump")
        assert {event["id"] for event in heard} == {heard[0]["id"]}
        assert [event["event"] for event in heard if event["event"] != "update"] == ["open", "close"]
        versions = list(dict.fromkeys(event["model"]["version"] for event in heard))
        assert versions[0] == first
        assert second in versions
        assert heard[-1]["model"]["version"] == first
        assert daemon.terminate()[0] == 0


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_kill_around_an_exchange_ends_under_the_promoted_version(
    broker: Broker, plant: Plant, library: tuple[Path, str, str]
) -> None:
    """Killed right after it, before a snapshot can know of it: the fault stays the one episode that it was."""
    folder, _, second = library
    with listening(broker.port) as listener, Daemon(folder, config_of_plant(broker)) as daemon:
        daemon.start()
        plant.run(60)
        plant.run(20, offset=15.0)
        wait_until(lambda: events(listener, "a.pump"), 10, "the alert")
        done(daemon, "promote", second)
        wait_until(lambda: served(daemon) == second, 20, "the new version")
        daemon.kill()
        daemon.start()
        wait_until(lambda: served(daemon) == second, 20, "the new version again")
        plant.run(10, offset=15.0)
        plant.run(280)  # the echo of the fault, then calm rows for four seconds
        wait_until(lambda: events(listener, "a.pump")[-1]["event"] == "close", 20, "the alert to close")
        opened: list[dict[str, Any]] = [one for one in events(listener, "a.pump") if one["event"] == "open"]
        assert len({event["id"] for event in opened}) == 1
        assert events(listener, "a.pump")[-1]["id"] == opened[0]["id"]


def test_a_daemon_without_a_model_of_its_own_takes_its_first_one_up(
    broker: Broker, plant: Plant, artifact: Path, tmp_path: Path
) -> None:
    """Put into the library while it runs, in the place of the prior that judges until then."""
    folder = tmp_path / "daemon"
    with Daemon(folder, config_of_plant(broker)) as daemon:
        daemon.start()
        assert served(daemon) == ""
        plant.run(30)
        models = ModelLibrary(folder / "state" / "models")
        version = install(artifact, models)
        models.group("value").promote(version, "a test", "the first")
        wait_until(lambda: served(daemon) == version, 20, f"the model; log:\n{daemon.log()[-2000:]}")
        plant.run(10)
        wait_until(lambda: daemon.metric("offbeat_rows_scored_total") == 4 * 40, 10, "rows to be judged")
