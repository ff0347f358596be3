"""The demo: learn real sensors, run the daemon on a broker of its own, play on, watch the alerts."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from offbeat import __version__
from offbeat.app.backtest import play_group
from offbeat.app.core_settings import core_settings
from offbeat.app.demo_daemon import DEMO_MARK, DemoDaemon, demo_config
from offbeat.app.demo_scenes import RECORDED_SECONDS_PER_SECOND, Scene, as_simulation, scenes
from offbeat.app.embedded_broker import EmbeddedBroker
from offbeat.app.plain_client import PlainClient
from offbeat.app.ports import free_port
from offbeat.app.simulate import publish
from offbeat.app.simulation import Clock
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.config.loading import load
from offbeat.config.settings import MqttSettings
from offbeat.core.events import EpisodeEvent
from offbeat.errors import UsageError
from offbeat.learn.progress import OnProgress, Progress
from offbeat.publish.event_json import from_json
from offbeat.replay.report import Report, write_report

LEAD_SECONDS = 1.0
"""Between the start of the clock and the first reading."""
SETTLE_SECONDS = 1.5
"""After the last reading, for what is still on its way."""
STEPS = 1200
CONFIG = "offbeat.toml"


class DemoView(Protocol):
    """Who watches. Calls may come from several threads."""

    def stage(self, text: str) -> None:
        """Take note that something else begins."""
        ...

    def show(self) -> None:
        """Take note that readings begin to flow, until the next stage."""
        ...

    def state(self, sensor: str, score: float | None, open_kinds: Sequence[str]) -> None:
        """Take note of a sensor's state, as published on its retained topic."""
        ...

    def reading(self, sensor: str, value: float) -> None:
        """Take note of a reading, as published."""
        ...

    def event(self, event: EpisodeEvent) -> None:
        """Take note of an alert that opens, changes or closes."""
        ...


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How to run the demo.

    Attributes:
        folder: gets artifact, configuration, log and report.
        speed: 2 plays twice as fast; 1 lasts 80 s.
        train_seconds: at most, for the model.
        page: whether to write a report.
    """

    folder: Path
    speed: float = 1.0
    train_seconds: float = 40.0
    page: bool = True


@dataclass(slots=True)
class DemoOutcome:
    """What was seen.

    Attributes:
        readings: published.
        events: received, in order.
        report: where the page is; None if there is none.
        metrics_file: what the daemon exposed to Prometheus at the end; None if it did not answer.
        metrics_url: where it did.
    """

    readings: int = 0
    events: list[EpisodeEvent] = field(default_factory=list)
    report: Path | None = None
    metrics_file: Path | None = None
    metrics_url: str = ""


def run_demo(
    options: DemoOptions,
    view: DemoView,
    on_progress: OnProgress,
    stop: threading.Event,
    clock: Callable[[], float] = time.time,
) -> DemoOutcome:
    """Run the demo from learning to the report; `stop` ends the show early, and the rest follows.

    Raises:
        UnavailableError: there is no broker to be had, or the daemon did not come up.
    """
    broker = EmbeddedBroker()
    folder = prepare_folder(options.folder)
    played = scenes(options.speed)
    port = free_port()
    config = folder / CONFIG
    with broker:
        budget = RECORDED_SECONDS_PER_SECOND * options.speed
        config.write_text(demo_config(broker.url, folder, port, budget), "utf-8")
        plan = TrainingPlan(
            preset="small",
            steps=STEPS,
            max_seconds=options.train_seconds,
            device="cpu",
            core=core_settings(load(config)),
        )
        view.stage(f"Learning {len(played)} sensors from their past")
        try:
            trained = train_from_recordings(
                [one.past for one in played], plan, folder / "artifact", _until(stop, on_progress)
            )
        except _StoppedError:
            return DemoOutcome()
        view.stage(f"Starting {broker.program.kind} on {broker.url} and the daemon")
        with DemoDaemon(config, folder / "daemon.log", port) as daemon:
            outcome, start = _show(options, played, broker.url, daemon, view, stop, clock)
    if options.page and not stop.is_set():
        view.stage("Writing the report")
        report = folder / "report.html"
        with suppress(_StoppedError):
            _write_page(
                report, outcome, played, trained, plan, start, options.speed, _until(stop, on_progress)
            )
            outcome.report = report
    return outcome


class _StoppedError(Exception):
    """Somebody pressed Ctrl-C while it learnt, or played again for the report."""


def _until(stop: threading.Event, on_progress: OnProgress) -> OnProgress:
    def told(progress: Progress) -> None:
        if stop.is_set():
            raise _StoppedError
        on_progress(progress)

    return told


def prepare_folder(folder: Path) -> Path:
    """Return the folder, made or emptied of what an earlier demo left: it would be silence of minutes to this one.

    Raises:
        UsageError: the folder holds the state of something else.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / CONFIG
    ours = config.is_file() and config.read_text("utf-8", "replace").startswith(DEMO_MARK)
    for name in ("state", "artifact"):
        left = folder / name
        if left.exists() and not ours:
            raise UsageError(f"{left} is not of an earlier demo; name another folder with --out")
        shutil.rmtree(left, ignore_errors=True)
    return folder


def _show(
    options: DemoOptions,
    played: Sequence[Scene],
    url: str,
    daemon: DemoDaemon,
    view: DemoView,
    stop: threading.Event,
    clock: Callable[[], float],
) -> tuple[DemoOutcome, float]:
    """Play the readings through the broker and watch what the daemon says about them."""
    outcome = DemoOutcome()
    over = threading.Event()
    watcher = PlainClient(MqttSettings(url=url), "offbeat-demo-watch", _listener(outcome, view, over))
    player = PlainClient(MqttSettings(url=url), "offbeat-demo-play")
    with watcher, player:
        watcher.subscribe("offbeat/alerts/#", "offbeat/state/#", "plant/#")
        view.stage(
            f"Playing: every second is {RECORDED_SECONDS_PER_SECOND * options.speed / 3600:.3g} recorded "
            f"hours"
        )
        view.show()
        start = clock() + LEAD_SECONDS
        done = publish(
            as_simulation(played), player, Clock(start), 1, clock, stop, lambda _what, _fault: None
        )
        outcome.readings = done.messages
        daemon.check()
        over.set()
        stop.wait(SETTLE_SECONDS)
        _keep_metrics(outcome, daemon, options.folder)
    return outcome, start


def _keep_metrics(outcome: DemoOutcome, daemon: DemoDaemon, folder: Path) -> None:
    outcome.metrics_url = daemon.metrics_url
    if text := daemon.metrics():
        outcome.metrics_file = folder / "metrics.txt"
        outcome.metrics_file.write_text(text, "utf-8")


def _listener(outcome: DemoOutcome, view: DemoView, over: threading.Event) -> Callable[[str, bytes], None]:
    def listen(topic: str, payload: bytes) -> None:
        if topic.startswith("offbeat/alerts/"):
            event = from_json(payload)
            if over.is_set() and event.kind == "silent" and event.event != "close":
                return  # The show is over: no sensor reports any more.
            outcome.events.append(event)
            view.event(event)
            return
        message = json.loads(payload)
        if topic.startswith("offbeat/state/"):
            if not over.is_set():
                view.state(message["sensor"], message["score"], message["open"])
        else:
            _, line, name, _ = topic.split("/")
            view.reading(f"{line}.{name}", float(message["value"]))

    return listen


def _write_page(
    path: Path,
    outcome: DemoOutcome,
    played: Sequence[Scene],
    trained: Sequence[TrainedGroup],
    plan: TrainingPlan,
    start: float,
    speed: float,
    on_progress: OnProgress,
) -> None:
    """Write the report: rows judged again through the same core, events as the daemon published them."""
    shown = [
        dataclasses.replace(one.show, times_seconds=one.show.times_seconds + start)
        for one in played
        if len(one.show)
    ]
    judged, _ = play_group(trained[0], shown, plan, on_progress)
    hours = RECORDED_SECONDS_PER_SECOND * speed / 3600
    facts = {
        "Offbeat": __version__,
        "Clock": f"each second is {hours:.3g} recorded hours for machine, cluster and road; press is "
        "simulated",
        "Model": f"{plan.family} {trained[0].version}, {trained[0].report.steps} steps",
        "Data": "Numenta Anomaly Benchmark, MIT licence; see NOTICE in the package",
    }
    report = Report("What the daemon saw", judged, outcome.events, heading="demo", facts=facts)
    write_report(path, report)
