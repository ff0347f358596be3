"""The page and its API on a real server, over a pipeline that a test plays to: a daemon without broker and model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from offbeat.app.api_answers import Configuration, Status
from offbeat.app.live_pages import LivePages
from offbeat.app.questions import Questions
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import Readiness, count_by_readiness
from offbeat.core.readings import ReadingBatch
from offbeat.core.regimes import OFF
from offbeat.core.sensor_states import KINDS
from offbeat.observe.http import HttpServer, Response
from offbeat.observe.pages import build_pages
from offbeat.state.store import EpisodeHistory
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, LEARNT_ROWS, boiler, plant

T = TypeVar("T")


class _Locked(Questions):
    """Answers in the thread that asks, one at a time, never while the pipeline is played to."""

    def __init__(self, lock: threading.Lock) -> None:
        super().__init__(lambda: None)
        self._lock = lock

    def ask(self, question: Callable[[], T], patience_seconds: float = 0.0) -> T:
        """Return the answer."""
        with self._lock:
            return question()


class LiveSite:
    """Boilers that were learnt and have reported until now, and as many other sensors as are asked for.

    Args:
        folder: gets the history of episodes.
        others: names of sensors that have been heard of but once.

    Attributes:
        dropped: messages that were not used, by reason.
        version: of the daemon that it seems to be.
        waiting_for: what keeps it from being ready; empty = it is.
        known: it has heard of sensors, by what it says of itself.
    """

    def __init__(self, folder: Path, others: Sequence[str] = ()) -> None:
        self.dropped = {"no_value": 4, "undecodable": 3}
        self.version, self.waiting_for, self.known = "0.0.0", "", True
        self._lock = threading.Lock()
        self._pipeline: Pipeline = plant(sensors=(*BOILERS, *others))
        self._scorer = FakeScorer(sensors=len(BOILERS) + len(others) + 8)
        self._rows = [0] * len(BOILERS)
        self._judged = 0
        # Ends now, so that "last heard" reads as it does on a live daemon.
        self._shift = time.time() - max(
            float(boiler(i, LEARNT_ROWS + 240)[0][-1]) for i in range(len(BOILERS))
        )
        self._history = EpisodeHistory(folder / "episodes.sqlite")
        self._live = LivePages(self._pipeline, _Locked(self._lock), self._history, self._status)
        pages = build_pages(CollectorRegistry(), lambda _: Response(b""), lambda: "", lambda: "")
        self._server = HttpServer("127.0.0.1:0", pages | self._live.pages())
        if others:
            self._hear(np.arange(len(BOILERS), len(BOILERS) + len(others)))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._server.port}/"

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return self._live.listeners

    def play(self, sensor: int, rows: int, offset: float = 0.0) -> None:
        """Let a boiler report, `offset` above what it would; tell the page what came of it."""
        first = self._rows[sensor]
        self._rows[sensor] += rows
        times, values = boiler(sensor, LEARNT_ROWS + first + rows)
        self._tell(
            sensor,
            times[LEARNT_ROWS + first :] + self._shift,
            values[LEARNT_ROWS + first :] + np.float32(offset),
        )

    def play_unjudged(self, sensor: int) -> None:
        """Let a boiler report once more; its reading is in the window, and waits to be judged."""
        first = self._rows[sensor]
        self._rows[sensor] += 1
        times, values = boiler(sensor, LEARNT_ROWS + first + 1)
        with self._lock:
            for batch in Readings().add(sensor, times[-1:] + self._shift, values[-1:]).batches(1):
                self._pipeline.ingest(batch)

    def call_off(self, sensor: int) -> None:
        """Let a boiler be not as it was learnt, though its alert is over; tell the page."""
        with self._lock:
            self._pipeline.groups[0].regimes.phase[sensor] = OFF
        self.beat()

    def play_others(self, rows: int, strange: Sequence[int] = ()) -> None:
        """Let all other sensors report what boilers do; the last readings of some are far off."""
        random = np.random.default_rng(1)
        times, _ = boiler(0, rows)
        times += time.time() - times[-1]
        readings = Readings()
        for slot in range(len(BOILERS), self._pipeline.groups[0].size):
            values = 65 + 3 * np.sin(times / 300 + slot) + random.normal(0, 0.3, rows)
            values[-6:] += 9 * (slot in strange)
            readings.add(slot, times + 2 * np.sin(slot), values)
        self._judge(readings.batches(20_000))

    def beat(self) -> None:
        """Tell the page how the daemon is, as the loop does every second."""
        with self._lock:
            self._live.beat()

    def stop(self) -> None:
        """Go away, as a daemon does that is stopped."""
        self._live.close()
        self._server.stop()

    def __enter__(self) -> Self:
        """Serve."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()
        self._history.close()

    def _tell(self, sensor: int, times: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        self._judge(Readings().add(sensor, times, values).batches(20))

    def _judge(self, batches: Sequence[ReadingBatch]) -> None:
        with self._lock:
            for batch in batches:
                for work in self._pipeline.ingest(batch):
                    result = self._scorer.step(work.job) if work.job is not None else None
                    decisions = self._pipeline.scored(work, result)
                    self._history.record(decisions.events)
                    self._live.decided(decisions)
                    self._judged += len(work)

    def _hear(self, slots: NDArray[np.intp]) -> None:
        """Let sensors report once, all together."""
        state = self._pipeline.groups[0]
        state.heard[slots] = time.time() - np.linspace(0.0, 3000.0, len(slots))
        state.values[slots, 0] = 60.0 + np.arange(len(slots)) % 13

    def _status(self) -> Status:
        group = self._pipeline.groups[0]
        is_open = group.episodes.is_open(np.arange(group.size)).sum(axis=0)
        stages = count_by_readiness(group)
        return Status(
            version=self.version,
            ready=not self.waiting_for,
            waiting_for=self.waiting_for,
            sensors={one.name.lower(): float(stages[one]) * self.known for one in Readiness},
            open_episodes={kind: float(n) for kind, n in zip(KINDS, is_open, strict=True)},
            rows_scored=self._judged,
            device="none",
            configuration=Configuration(0.0, ""),
            models={},
            messages_dropped=self.dropped,
        )
