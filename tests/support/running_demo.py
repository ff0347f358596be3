"""The demo, running beside those who look at it: its broker, its daemon, the recorded sensors."""

from __future__ import annotations

import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offbeat.app.demo import CONFIG, DemoOptions, run_demo
from offbeat.core.events import EpisodeEvent
from offbeat.learn.progress import Progress

SENSOR = "machine.temperature"
"""A bearing that is about to fail; its recording ends with the failure."""
PATIENCE_SECONDS = 300.0


@dataclass(slots=True)
class RunningDemo:
    """Watches the demo.

    Attributes:
        folder: of the demo.
        tell: is told what happens.
        configured: its daemon's configuration is there.
        shown: readings began to flow.
        alerted: the sensor that is pictured is out of step.
        over: all was played, the daemon is gone, and the report is there if it was asked for.
    """

    folder: Path
    tell: Callable[[str], None] = print
    configured: threading.Event = field(default_factory=threading.Event)
    shown: threading.Event = field(default_factory=threading.Event)
    alerted: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def listen(self) -> str:
        """Address of the daemon's page and metrics."""
        return str(self._config["metrics"]["listen"])

    @property
    def broker_port(self) -> int:
        """Port of the demo's broker."""
        return int(self._config["mqtt"]["url"].rsplit(":", 1)[1])

    @property
    def _config(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / CONFIG).read_text())

    def stage(self, text: str) -> None:
        """Say what begins; the configuration is written before the first stage."""
        self.tell(text)
        self.configured.set()

    def show(self) -> None:
        """Take note that readings flow."""
        self.shown.set()

    def state(self, sensor: str, score: float | None, open_kinds: Sequence[str]) -> None:
        """Pass over a state."""

    def reading(self, sensor: str, value: float) -> None:
        """Pass over a reading."""

    def event(self, event: EpisodeEvent) -> None:
        """Say what is alerted."""
        if event.event == "open":
            self.tell(event.message)
            if event.sensor == SENSOR:
                self.alerted.set()

    def progress(self, progress: Progress) -> None:
        """Pass over progress."""


@contextmanager
def running_demo(
    *, speed: float = 1.0, train_seconds: float = 40.0, page: bool = False
) -> Iterator[RunningDemo]:
    """Run the demo in a thread; stop it at the end.

    Args:
        speed: of the demo; the recordings are the same however fast they are played.
        train_seconds: at most, for its model.
        page: whether it writes its report when all was played.
    """
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        demo = RunningDemo(Path(folder))

        def run() -> None:
            try:
                run_demo(DemoOptions(demo.folder, speed, train_seconds, page), demo, demo.progress, stop)
            finally:
                demo.over.set()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield demo
        finally:
            stop.set()
            thread.join()
