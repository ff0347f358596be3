"""The step path: a new row of many sensors read on from their carried states, on one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer
from tests.benchmarks.table import Line

BATCHES = (2048, 256)
SECONDS_EACH = 3.0
BAR_PER_SECOND = 150_000


def measure(folder: Path) -> list[Line]:
    """Return a line for each size of batch."""
    torch.set_num_threads(1)
    return [_line(batch) for batch in BATCHES]


def _line(batch: int) -> Line:
    ours, bare = in_turns([_our_step(batch), _bare_step(batch)], SECONDS_EACH)
    rate = batch / ours
    return Line(
        f"step path, one core, {batch} sensors a call, H=64",
        f"{rate / 1e3:,.0f}k readings/s",
        f"bare nn.LSTM step {batch / bare / 1e3:,.0f}k/s",
        bare / ours,
        ">= 150k/s",
        rate >= BAR_PER_SECOND,
    )


def in_turns(functions: list[Callable[[], object]], seconds: float) -> list[float]:
    """Return the median duration of each function; they take turns, so that a busy neighbour hits all alike."""
    taken: list[list[float]] = [[] for _ in functions]
    for function in functions * 3:
        function()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for function, durations in zip(functions, taken, strict=True):
            began = time.perf_counter()
            function()
            durations.append(time.perf_counter() - began)
    return [statistics.median(durations) for durations in taken]


def _our_step(batch: int) -> Callable[[], object]:
    scorer = GroupScorer(build("lstm_vae", preset("default", 1, batch + 1)), batch)
    random = np.random.default_rng(0)
    slots, row = np.arange(batch, dtype=np.int32), np.arange(1, batch + 1)
    x = random.standard_normal((batch, 1, 1)).astype(np.float32)
    mask, gap, lengths = np.ones_like(x), np.ones((batch, 1), np.float32), np.ones(batch, np.int64)
    return lambda: scorer.step(slots, row, x, mask, gap, lengths)


def _bare_step(batch: int) -> Callable[[], object]:
    hidden = preset("default", 1, 2).hidden
    lstm = torch.nn.LSTM(hidden, hidden, batch_first=True).eval()
    x, state = torch.randn(batch, 1, hidden), torch.zeros(1, batch, hidden)

    def run() -> None:
        with torch.inference_mode():
            lstm(x, (state, state))

    return run
