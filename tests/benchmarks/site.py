"""A broker, a daemon that scores and its metrics: the whole on one machine, as benchmarks want it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.trained import artifact
from tests.support.daemon import Daemon
from tests.support.mosquitto import MOSQUITTO, Broker

NO_BROKER = "There is no mosquitto on this machine: apt-get install mosquitto."
BROKER_CONFIG = "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 0\nset_tcp_nodelay true"
"""Nothing is thrown away by the broker, so that what is lost was lost by us."""
SNAPSHOT_INTERVAL = "10s"
"""More often than by default, so that snapshots fall into what is measured."""
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Counts:
    """What a daemon's metrics say at one time.

    Attributes:
        messages: that the decoder took a reading from.
        refused: messages and readings that any stage dropped, for whatever reason.
        shed: of these, the readings that the inbox had no room for.
        in_rings: readings that reached the windows.
        judged: rows that were scored.
        windows: that the model scored.
        events: decided.
    """

    messages: float
    refused: float
    shed: float
    in_rings: float
    judged: float
    windows: float
    events: float


@dataclass(frozen=True, slots=True)
class Site:
    """A broker and a daemon that listens to it.

    Attributes:
        broker: runs.
        daemon: is ready.
    """

    broker: Broker
    daemon: Daemon

    @property
    def daemon_pid(self) -> int:
        """Process id of the daemon."""
        assert self.daemon.process is not None
        return self.daemon.process.pid

    def counts(self) -> Counts:
        """Return what the daemon has counted so far."""
        samples = [
            (name, dict(_LABEL.findall(labels)), float(value))
            for name, labels, value in _SAMPLE.findall(self.daemon.get("/metrics")[1])
        ]

        def total(wanted: str, **labels: str) -> float:
            return sum(
                value for name, has, value in samples if name == wanted and labels.items() <= has.items()
            )

        return Counts(
            messages=total("offbeat_accepted_total", stage="decoder", unit="message"),
            refused=total("offbeat_dropped_total"),
            shed=total("offbeat_dropped_total", stage="inbox"),
            in_rings=total("offbeat_accepted_total", stage="windows"),
            judged=total("offbeat_rows_scored_total"),
            windows=total("offbeat_windows_scored_total"),
            events=total("offbeat_episode_events_total"),
        )


@contextmanager
def running_site(folder: Path, name: str, qos: int = 1, max_sensors: int = 10_000) -> Iterator[Site]:
    """Start a broker and a daemon with an artifact of the default model's size; end both.

    Args:
        folder: of the run; holds the artifact.
        name: of a new folder under it.
        qos: at which the daemon subscribes.
        max_sensors: that the daemon admits.
    """
    assert MOSQUITTO is not None
    trained = artifact(folder)
    broker = Broker(folder / name / "broker", BROKER_CONFIG, verbose=False).start()
    try:
        config = _config(broker.url, qos, max_sensors, trained)
        with Daemon(folder / name, config, snapshot_interval=SNAPSHOT_INTERVAL) as daemon:
            yield Site(broker, daemon.start(OMP_NUM_THREADS="1"))
    finally:
        broker.stop()


def _config(url: str, qos: int, max_sensors: int, trained: Path) -> str:
    return f"""
[mqtt]
url = "{url}"
[[source]]
topic = "plant/{{line}}/{{sensor}}/state"
qos = {qos}
include = ["value"]
time = {{ field = "ts" }}
[limits]
max_sensors = {max_sensors}
[model]
artifact = "{trained}"
"""
