"""What the long view adds: faults of a day that leave every value in range, with and without a horizon.

python -m tests.benchmarks.detection.long_view [SEEDS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import run_backtest
from offbeat.app.training import TrainingPlan
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from offbeat_models.evaluation import average_precision

DAY = 86_400.0
DAYS, LEARNT_DAYS = 16, 10
SENSORS = 8
SEEDS = 3
FAULTS = ("flat", "shifted", "drift", "doubled", "none", "none")
"""By sensor in turn: a day without its swing, one out of phase, one that creeps away, one at twice the pace."""

Floats = NDArray[np.float64]
Spans = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Gain:
    """Average precision over the rows of the test days, faulty rows labelled.

    Attributes:
        seed: of sensors, faults and model.
        stream: the long view alone.
        recent: the model's recent window alone.
        with_horizon, without: the score that the daemon gives.
    """

    seed: int
    stream: float
    recent: float
    with_horizon: float
    without: float


def sensors(seed: int) -> tuple[list[Series], Spans]:
    """Return recordings with a daily course, and where their faults lie."""
    rng = np.random.default_rng(seed)
    series, spans = [], {}
    for i in range(SENSORS):
        one, span = _sensor(rng, f"s{i}", FAULTS[i % len(FAULTS)])
        series.append(one)
        if span is not None:
            spans[one.sensor] = span
    return series, spans


def _sensor(rng: np.random.Generator, name: str, fault: str) -> tuple[Series, tuple[float, float] | None]:
    gap = rng.uniform(200.0, 500.0)
    times = np.cumsum(gap * rng.exponential(1.0, int(DAYS * DAY / gap)))
    times = times[times < DAYS * DAY]
    phase, noise = rng.uniform(), rng.uniform(0.2, 0.5)
    start = (LEARNT_DAYS + 2 + rng.uniform(0.0, 1.5)) * DAY
    end = start + rng.uniform(0.7, 1.2) * DAY
    values, during = _course(times, phase), (times >= start) & (times < end)
    here = times[during]
    if fault == "flat":
        values[during] *= 0.3
    elif fault == "shifted":
        values[during] = _course(here + 0.3 * DAY, phase)
    elif fault == "drift":
        values[during] += 0.9 * (here - start) / (end - start)
    elif fault == "doubled":
        values[during] = _course(2.0 * here, phase)
    noisy = (values + noise * rng.normal(size=len(times))).astype(np.float32)
    return Series(name, ("value",), times, noisy[:, None]), None if fault == "none" else (start, end)


def _course(times: Floats, phase: float) -> Floats:
    turns = times / DAY
    return np.asarray(
        np.sin(2 * np.pi * (turns + phase)) + 0.4 * np.sin(4 * np.pi * (turns + 2 * phase)), np.float64
    )


def gains(seeds: int = SEEDS, steps: int = 1000) -> Iterator[Gain]:
    """Yield what each seed's sensors gain, through the production path.

    Args:
        seeds: how many.
        steps: of each model's training.
    """
    for seed in range(seeds):
        series, spans = sensors(seed)
        plan = TrainingPlan(preset="small", steps=steps, seed=seed, compare=False)
        splits = Splits(LEARNT_DAYS * DAY)
        far = TrainingPlan(preset="small", steps=steps, seed=seed, compare=False, horizon_seconds=DAY)
        without = run_backtest(series, splits, plan).judged
        judged = run_backtest(series, splits, far).judged
        yield Gain(
            seed,
            _precision(judged, spans, "horizon"),
            _precision(judged, spans, "window"),
            _precision(judged, spans),
            _precision(without, spans),
        )


def _precision(judged: list[JudgedSeries], spans: Spans, stream: str = "") -> float:
    labels, scores = [], []
    for one in judged:
        times = one.series.times_seconds
        start, end = spans.get(one.series.sensor, (np.inf, np.inf))
        labels.append((times >= start) & (times < end + 0.1 * DAY))
        scores.append(one.surprise[:, one.names.index(stream)] if stream else one.score)
    return average_precision(np.concatenate(labels), np.concatenate(scores))


def table(found: list[Gain]) -> list[str]:
    """Return a Markdown table: a line a seed."""
    head = ("seed", "horizon alone", "window alone", "score with a horizon", "score without")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for one in found:
        figures = (one.stream, one.recent, one.with_horizon, one.without)
        lines.append(f"| {one.seed} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(table(list(gains(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)))))
