"""The plant of these tests: what it measures, how a daemon is told of it, and an artifact that is trained once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.daemon import Daemon
from tests.support.mosquitto import Broker

GAP_SECONDS = 0.05
SENSORS = ("a.pump", "a.fan", "b.pump", "b.fan")


def reading(number: int, sensor: int, noise: float) -> float:
    """Return what a sensor of the plant measures when all is well: a slow wave and a little noise."""
    return 20.0 + sensor + 2.0 * np.sin(2 * np.pi * number / 80 + sensor) + noise


def record(folder: Path, rows: int = 3000) -> Path:
    """Write a recording of each sensor of the plant, one file a sensor."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    for sensor, name in enumerate(SENSORS):
        times = 1.7e9 + np.cumsum(GAP_SECONDS * rng.uniform(0.8, 1.2, rows))
        values = [reading(n, sensor, noise) for n, noise in enumerate(rng.normal(0, 0.1, rows))]
        lines = [f"{time:.4f},{value:.5f}" for time, value in zip(times, values, strict=True)]
        (folder / f"{name}.csv").write_text("time,value\n" + "\n".join(lines) + "\n")
    return folder


def smallest_config(broker: Broker) -> str:
    """Return the smallest useful configuration, with the time that payloads carry."""
    return f"""
[mqtt]
url = "{broker.url}"
[[source]]
topic = "plant/{{line}}/{{sensor}}/state"
time = {{ field = "ts" }}
"""


def served(daemon: Daemon) -> str:
    """Return the version that the daemon says it judges by; empty without one of its own."""
    models = json.loads(daemon.get("/api/v1/status")[1])["models"]
    own = models and models["value"]["name"] != "fleet_prior"
    return str(models["value"]["version"]) if own else ""


def offbeat(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line as a user does."""
    command = [sys.executable, "-m", "offbeat", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=cwd, check=False)


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact that `offbeat train` makes of the plant's recordings."""
    folder = tmp_path_factory.mktemp("trained")
    recordings = record(folder / "recordings")
    done = offbeat("train", recordings, "--out", folder / "artifact", "--size", "tiny", "--steps", "150")
    assert done.returncode == 0, done.stderr
    return folder / "artifact"
