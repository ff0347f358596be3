"""`python -m tests.benchmarks.gpu`: scoring and training on a CUDA device, against one core of the CPU in the same run.

Nothing else need be on the machine: no broker, no browser.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from offbeat_models.device import choose_device
from offbeat_models.registry import FAMILIES, build, preset
from offbeat_models.scoring import GroupScorer
from tests.benchmarks import machine
from tests.benchmarks.detection import training_time
from tests.benchmarks.load import ROOT
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.steps import in_turns
from tests.benchmarks.table import Line, render

REPORT = ROOT / "docs" / "benchmarks" / "gpu.md"
DEVICES = ("cuda", "cpu")
LENGTH = 128
WINDOW_BATCHES = (64, 1024, 4096)
STEP_BATCHES = (64, 2048, 16_384)
SECONDS_EACH = 0.5
MICRO_BATCH, ROUNDS = 64, 400
READINGS, STEPS = 2000, 300
"""Of the training: what takes minutes, not half an hour, and shows both its parts."""
INTRODUCTION = """
Made by `python -m tests.benchmarks.gpu` (or `make bench-gpu`) in one run. Ours is the GPU, the reference one core of
the CPU beside it, as the daemon uses it by default; both get arrays on the host and give arrays back, in float32
without TF32. Rates: a ratio above 1 is in favour of the GPU; seconds and milliseconds: one below 1. Models have the
default size and one channel; windows hold 128 readings.
"""

Call = Callable[[], object]


def main() -> int:
    """Measure, print and keep the table; return the exit code."""
    if not torch.cuda.is_available():
        print("there is no CUDA device on this machine: nothing was measured", file=sys.stderr)
        return 1
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    torch.set_num_threads(1)
    choose_device("cuda")
    began = time.monotonic()
    lines: list[Line] = []
    for section in (_windows, _steps, _latency, _training):
        for line in section():
            print(" | ".join(line.cells()), file=sys.stderr, flush=True)
            lines.append(line)
    facts = [*machine.describe(), f"- GPU: {_gpu()}", f"- took {(time.monotonic() - began) / 60:.1f} minutes"]
    text = "\n".join(["# Benchmarks on a GPU", INTRODUCTION, *facts, "", render(lines), ""])
    print(text)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text, "utf-8")
    return 0


def _gpu() -> str:
    about = torch.cuda.get_device_properties(0)
    return f"{about.name}, {about.total_memory / 2**30:.0f} GiB; CUDA {torch.version.cuda}"


def _windows() -> Iterator[Line]:
    for family in FAMILIES:
        for batch in WINDOW_BATCHES:
            both = [_window(family, batch, device) for device in DEVICES]
            yield _rate(f"windows of {family}, {batch:,} a call", "windows", batch, both)


def _steps() -> Iterator[Line]:
    for batch in STEP_BATCHES:
        both = [_step(batch, device) for device in DEVICES]
        yield _rate(f"steps, {batch:,} sensors a call", "readings", batch, both)


def _rate(what: str, unit: str, batch: int, both: list[Call]) -> Line:
    there, here = (batch / seconds for seconds in in_turns(both, SECONDS_EACH))
    return Line(what, f"{there:,.0f} {unit}/s", f"{here:,.0f}/s", there / here)


def _latency() -> Iterator[Line]:
    jobs = {
        f"one micro-batch of {MICRO_BATCH} windows": [_window("lstm_vae", MICRO_BATCH, d) for d in DEVICES],
        f"one step of {MICRO_BATCH} sensors": [_step(MICRO_BATCH, d) for d in DEVICES],
    }
    for what, both in jobs.items():
        there, here = (_milliseconds(call) for call in both)
        texts = [f"p50 {p50:.2f} ms, p99 {p99:.2f} ms" for p50, p99 in (there, here)]
        yield Line(what, *texts, there[0] / here[0], notes=("the ratio is of the p50.",))


def _milliseconds(call: Call) -> tuple[float, float]:
    """Return median and 99th percentile of how long a call takes."""
    for _ in range(20):
        call()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    p50, p99 = np.quantile(taken, [0.5, 0.99]) * 1e3
    return float(p50), float(p99)


def _training() -> Iterator[Line]:
    # Side by side: the one hardly needs the CPU's other cores, and the other has one of them to itself.
    with ThreadPoolExecutor(len(DEVICES)) as both:
        ours, reference = both.map(_learnt_on, DEVICES)
    what = f"`offbeat train --steps {STEPS}` on {ours['sensors']} sensors x {READINGS:,} readings, in all"
    done = ((name, one["steps"], one["stopped"]) for name, one in (("GPU", ours), ("CPU", reference)))
    notes = tuple(f"{steps} steps on the {name} ({stopped})." for name, steps, stopped in done)
    yield _seconds(what, ours["seconds"], reference["seconds"], notes)
    for stage, seconds in ours["stages"].items():
        yield _seconds(f"of it: {stage}", seconds, reference["stages"][stage])
    step, step_there = (1e3 * one["stages"]["training the model"] / one["steps"] for one in (ours, reference))
    yield Line("a step of training", f"{step:.1f} ms", f"{step_there:.1f} ms", step / step_there)


def _learnt_on(device: str) -> dict[str, Any]:
    return in_own_process(training_time.measure, readings=READINGS, device=device, steps=STEPS)


def _seconds(what: str, ours: float, reference: float, notes: tuple[str, ...] = ()) -> Line:
    return Line(what, f"{ours:.1f} s", f"{reference:.1f} s", ours / reference, notes=notes)


def _window(family: str, batch: int, device: str) -> Call:
    scorer = GroupScorer(build(family, preset("default", 1, batch + 1)), 1, choose_device(device))
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, LENGTH, 1)).astype(np.float32)
    time_gaps = random.gamma(4.0, 0.25, (batch, LENGTH)).astype(np.float32).cumsum(1)
    tau, row = time_gaps - time_gaps[:, -1:], np.arange(1, batch + 1)
    mask, lengths = np.ones_like(x), np.full(batch, LENGTH)
    return lambda: scorer.window(row, x, mask, tau, lengths, 16)


def _step(batch: int, device: str) -> Call:
    scorer = GroupScorer(build("lstm_vae", preset("default", 1, batch + 1)), batch, choose_device(device))
    random = np.random.default_rng(0)
    slots, row = np.arange(batch, dtype=np.int32), np.arange(1, batch + 1)
    x = random.standard_normal((batch, 1, 1)).astype(np.float32)
    mask, gap, lengths = np.ones_like(x), np.ones((batch, 1), np.float32), np.ones(batch, np.int64)
    return lambda: scorer.step(slots, row, x, mask, gap, lengths)


if __name__ == "__main__":
    sys.exit(main())
