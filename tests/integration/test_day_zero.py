"""A daemon with a few lines of configuration and no state, beside a real broker: what it says in its first minutes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from offbeat.learn.prior_files import prior_version
from tests.integration.conftest import offbeat, smallest_config
from tests.support.daemon import Daemon
from tests.support.listener import listening
from tests.support.mosquitto import Broker
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

MOVING, STANDING = 240, 40
"""Readings of the sensor before it stands still, and since."""
WINDOW, FIRST = 256, 64
"""A stranger's scale is learnt for good from its first full window, and alerts wait for so many readings more."""


@pytest.mark.slow
def test_a_sensor_that_stands_still_is_told_of_by_a_daemon_that_knows_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    """Within five minutes of its first reading, a second each; `offbeat status` says by what and how far it is."""
    random, start = np.random.default_rng(1), time.time() - 300
    values = [*random.normal(20.0, 1.0, MOVING).round(3).tolist(), *[20.5] * STANDING]
    readings = [
        ("plant/hall/pump/state", json.dumps({"ts": start + second, "value": value}).encode())
        for second, value in enumerate(values)
    ]
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", smallest_config(broker)) as daemon:
        daemon.start()
        publish(broker.port, readings)
        wait_until(lambda: listener.heard("offbeat/alerts/hall.pump"), 30, "the alert")
        told = json.loads(listener.heard("offbeat/alerts/hall.pump")[0].payload)
        assert (told["kind"], told["event"]) == ("stuck", "open")
        assert told["model"] == {"name": "fleet_prior", "version": prior_version(1)}
        status = offbeat("status", "--config", daemon.config)
        assert status.returncode == 0, status.stderr
        assert f"model of value: fleet_prior {prior_version(1)} on cpu" in status.stdout
        (line,) = [line for line in status.stdout.splitlines() if line.startswith("hall.pump")]
        # How many readings were taken in by then, and with which of them it began anew, is for batches to say.
        said = re.fullmatch(r"hall\.pump  learning (\d+) %; .*while it is strange.*; open: stuck", line)
        assert said is not None, line
        fewest, most = (MOVING + 1) / (MOVING + STANDING + FIRST), (MOVING + STANDING) / (WINDOW + FIRST)
        assert round(100 * fewest) <= int(said[1]) <= round(100 * most)
