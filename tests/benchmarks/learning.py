"""What a training in the background takes: memory of its own, and time of the path that readings take."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np

from offbeat.app.background_training import most_rows
from offbeat.app.bounded_child import Bounds, memory_of, run_bounded
from offbeat.app.learner import COMMAND, QUIET
from offbeat.app.learning_child import order
from offbeat.config.settings import JournalSettings, LearningSettings, Settings
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.journal import Journal
from offbeat.ingest.source import LogBatch, RawMessage
from tests.benchmarks.own_process import children_of
from tests.benchmarks.table import Line
from tests.support.configured import configured

SENSORS = 20
STEPS = 60
"""Of a training: they take as much memory as a thousand do."""

BAR_MIB = 400.0
BAR_SHARE = 0.9
LOOK_SECONDS = 0.2
WORK_SECONDS = 3.0
ROUNDS = 3
START = 1_700_000_000.0


def measure(folder: Path) -> list[Line]:
    """Return a line on memory and one on time; the journal holds as many rows as are learnt from at most."""
    rows = most_rows(LearningSettings().memory_bytes, 1)
    settings = _heard(folder / "learning", rows)
    return [_memory(settings, rows), _time(settings)]


def _memory(settings: Settings, rows: int) -> Line:
    """Train to the end at a normal priority; the lowest would take as long as the machine is busy."""
    peaks: dict[str, int] = {}
    stage, ended = ["start"], threading.Event()

    def hear(message: dict[str, object]) -> None:
        stage[0] = str(message.get("stage", stage[0]))

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            for child in children_of(os.getpid()):
                peaks[stage[0]] = max(peaks.get(stage[0], 0), memory_of(child))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        given = order(settings, "value", "a benchmark", os.getpid())
        done = run_bounded(COMMAND, given, Bounds(3600.0, 2**40), hear, threading.Event(), os.environ | QUIET)
    finally:
        ended.set()
        watcher.join()
    if done.code:
        raise RuntimeError(f"the training ended with {done.code}: {done.said}")
    peak = max(peaks.values()) / 2**20
    most = max(peaks, key=lambda name: peaks[name])
    return Line(
        f"memory of a training in the background, {rows:,} rows of {SENSORS} sensors",
        f"{peak:,.0f} MiB",
        f"its process before it reads {peaks['start'] / 2**20:,.0f} MiB",
        peak / (peaks["start"] / 2**20),
        "<= 400 MiB",
        peak <= BAR_MIB,
        (f"Most of it while {most}; what it shares with the daemon does not count.",),
    )


def _time(settings: Settings) -> Line:
    """Decode on one processor, alone and beside a training that has no other."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    begun, stopping = threading.Event(), threading.Event()

    given = order(
        settings.model_copy(update={"learning": LearningSettings()}), "value", "a benchmark", os.getpid()
    )
    training = threading.Thread(
        target=run_bounded,
        args=(COMMAND, given, Bounds(3600.0, 2**40), lambda _: begun.set(), stopping, os.environ | QUIET),
    )
    try:
        alone = max(_messages_a_second(settings) for _ in range(ROUNDS))
        training.start()
        if not begun.wait(600.0):
            raise RuntimeError("the training did not begin")
        beside = max(_messages_a_second(settings) for _ in range(ROUNDS))
    finally:
        stopping.set()
        if training.ident is not None:
            training.join()
        os.sched_setaffinity(0, before)
    return Line(
        "decoding on one processor beside a training on the same",
        f"{beside:,.0f} messages/s",
        f"alone {alone:,.0f}/s",
        beside / alone,
        ">= 0.9",
        beside / alone >= BAR_SHARE,
    )


def _messages_a_second(settings: Settings) -> float:
    """Return how many messages are decoded a second, in batches as they come from a busy broker."""
    decoder = Decoder(settings.sources, directory_of(settings.sources, 1000), settings.limits)
    batch = LogBatch(0, 1, START, [_message(sensor, START, 1.0) for sensor in range(200)])
    began = time.perf_counter()
    decoded = 0
    while time.perf_counter() - began < WORK_SECONDS:
        decoder.decode(batch)
        decoded += len(batch.messages)
    return decoded / (time.perf_counter() - began)


def _heard(folder: Path, rows: int) -> Settings:
    """Write a journal of sensors that send a reading a second; return the settings of its daemon."""
    rng = np.random.default_rng(0)
    journal = Journal(folder / "journal", JournalSettings())
    each = rows // SENSORS + 1000
    for second in range(each):
        now = START + second
        values = 3.0 * np.sin(second / np.arange(5, 5 + SENSORS)) + rng.normal(0.0, 0.3, SENSORS)
        times = now + rng.uniform(0.0, 0.3, SENSORS)
        journal.append([_message(i, times[i], values[i]) for i in range(SENSORS)], now + 1.0)
    if not (journal.sync(60.0) and journal.close()):
        raise RuntimeError("the journal could not be written")
    return configured(folder, learning=LearningSettings(priority="normal", steps=STEPS))


def _message(sensor: int, seconds: float, value: float) -> RawMessage:
    return (f"plant/hall/sensor{sensor}", b'{"ts": %.3f, "value": %.4f}' % (seconds, value), 0)
