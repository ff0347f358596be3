"""Scoring windows on the CPU, the whole path, against the bare forward of an nn.LSTM of the same size."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch

from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.recording import Recording
from offbeat.core.sensors import UNIVARIATE, SensorDirectory
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer
from tests.benchmarks.table import Line

SENSORS = 512
LENGTHS = (128, 256)
BATCH = 64
ROUNDS = 5
BAR = 0.6


def measure(folder: Path) -> list[Line]:
    """Return a line for each length of window."""
    torch.set_num_threads(1)
    return [_line(length) for length in LENGTHS]


def _line(length: int) -> Line:
    plant, bare = Plant(length), _bare_forward(length)
    ours_seconds, bare_seconds = [], []
    for _ in range(ROUNDS):
        plant.report(16)
        ours_seconds.append(plant.score() / SENSORS)
        bare_seconds.append(bare() / SENSORS)
    ours, reference = 1 / median(ours_seconds), 1 / median(bare_seconds)
    return Line(
        f"window scoring, whole path, {BATCH} windows of {length} a call, one core",
        f"{ours:,.0f} windows/s",
        f"bare nn.LSTM {reference:,.0f}/s",
        ours / reference,
        ">= 0.6",
        ours / reference >= BAR,
    )


class Plant:
    """Sensors of a pipeline with full windows, and the scorer of their model.

    Args:
        length: readings a window holds.
    """

    def __init__(self, length: int) -> None:
        self._random = np.random.default_rng(0)
        self._now = 0.0
        ids = [f"s{number}" for number in range(SENSORS)]
        directory = SensorDirectory([UNIVARIATE], SENSORS)
        for sensor_id in ids:
            directory.admit(0, sensor_id)
        self._pipeline = Pipeline(directory, CoreSettings(window_readings=length))
        # No calibration: a window's score is taken in, and rows need not be judged for that.
        self._pipeline.install(
            0, fit_normaliser_and_ridge(UNIVARIATE, [self._past(i) for i in ids]), ("lstm_vae", "")
        )
        scorer = GroupScorer(build("lstm_vae", preset("default", 1, SENSORS + 1)), SENSORS)
        self._scorer = TorchScorer({0: scorer}, "cpu")
        self.report(length)
        self.score()

    def report(self, readings: int) -> None:
        """Let every sensor report so many readings."""
        for _ in range(readings):
            self._now += 1.0
            time_seconds = self._now - self._random.uniform(0.0, 0.5, SENSORS)
            value = self._random.standard_normal(SENSORS).astype(np.float32)
            slots = np.arange(SENSORS, dtype=np.int32)
            arrival = np.full(SENSORS, self._now)
            batch = ReadingBatch(
                0, slots, np.zeros(SENSORS, np.int16), time_seconds, value, arrival, int(self._now)
            )
            for work in self._pipeline.ingest(batch):
                self._pipeline.scored(work, None)

    def score(self) -> float:
        """Score every sensor's window; return the seconds that took."""
        scored, began = 0, time.perf_counter()
        while jobs := self._pipeline.due_windows(self._now, BATCH):
            for job in jobs:
                self._pipeline.windows_scored(job, self._scorer.window(job))
                scored += len(job.sensor)
        taken = time.perf_counter() - began
        assert scored == SENSORS, f"{scored} windows were due, expected {SENSORS}"
        return taken

    def _past(self, sensor_id: str) -> Recording:
        times = np.arange(64.0) + self._random.uniform(0.0, 0.5, 64)
        return Recording(sensor_id, times, self._random.standard_normal((64, 1)).astype(np.float32))


def _bare_forward(length: int) -> Callable[[], float]:
    hidden = preset("default", 1, 2).hidden
    lstm, x = torch.nn.LSTM(hidden, hidden, batch_first=True).eval(), torch.randn(BATCH, length, hidden)

    def run() -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            for _ in range(SENSORS // BATCH):
                lstm(x)
        return time.perf_counter() - began

    run()
    return run
