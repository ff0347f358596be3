"""The production path on a CUDA device, and what happens when that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs

from offbeat.app.artifacts import read_artifact
from offbeat.app.backtest import play_group
from offbeat.app.scorers import build_scorer
from offbeat.app.training import canonical, train_group
from offbeat.config.settings import ModelSettings
from offbeat.core.jobs import StepJob, WindowJob
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import UnavailableError
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.scorer import ModelScorer
from tests.benchmarks.own_process import in_own_process
from tests.support.gpu import NEEDS_GPU
from tests.support.learnt import TINY, Learnt, boilers_recorded

pytestmark = NEEDS_GPU

CAPACITY = 600
CORE = CoreSettings(window_readings=64)
AGREE = {"rtol": 1e-4, "atol": 2e-4, "equal_nan": True}


def built(folder: Path, device: str = "auto") -> ModelScorer:
    """Return the scorer of the boilers' model, as the daemon builds it."""
    model = ModelSettings.model_validate({"device": device})
    return build_scorer({0: read_artifact(folder / "value")}, model, CORE, CAPACITY)


def step_job(seed: int, rows: int = 20) -> StepJob:
    """Return rows of all sensors."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (CAPACITY, rows, 1)).astype(np.float32)
    gap = random.gamma(4, 0.25, (CAPACITY, rows)).astype(np.float32)
    slots, lengths = np.arange(CAPACITY, dtype=np.int32), np.full(CAPACITY, rows, np.int64)
    return StepJob(0, slots, slots.astype(np.int64) % 3, x, np.ones_like(x), gap, lengths)


def window_job(seed: int) -> WindowJob:
    """Return full windows of all sensors."""
    rows = step_job(seed, 64)
    time = rows.gap.cumsum(1)
    times = np.full(CAPACITY, 1.7e9)
    tau = time - time[:, -1:]
    return WindowJob(0, rows.sensor, rows.row, rows.x, rows.mask, tau, rows.lengths, 16, times)


def assert_same_answers(one: ModelScorer, other: ModelScorer, seed: int = 0) -> None:
    """Both answer window and step jobs alike; what they carry is rebuilt before."""
    windows = [scorer.window(window_job(seed)) for scorer in (one, other)]
    for scorer in (one, other):
        scorer.rebuild(step_job(seed, 40))
    steps = [scorer.step(step_job(seed + 1)) for scorer in (one, other)]
    for names, (left, right) in ((("nll", "channel_nll"), windows), (("value_nll", "gap_nll"), steps)):
        for name in names:
            assert np.isfinite(getattr(left, name)).any()
            np.testing.assert_allclose(getattr(left, name), getattr(right, name), err_msg=name, **AGREE)


def test_the_gpu_is_chosen_where_there_is_one_and_answers_as_the_cpu(learnt: Learnt) -> None:
    """By "auto", and it is no emergency."""
    gpu, cpu = built(learnt.folder), built(learnt.folder, "cpu")
    assert (gpu.device, cpu.device) == ("cuda", "cpu")
    assert isinstance(gpu, FallbackScorer)
    assert not gpu.degraded
    assert_same_answers(gpu, cpu)


def test_a_backtest_scores_and_tells_as_on_the_cpu(learnt: Learnt) -> None:
    """The same episodes to the row, with the same scores but for rounding; twice on the GPU is the same bits."""
    series = [canonical(one) for one in boilers_recorded(700)]
    series[0].values[560:600] += 30
    test_from = {one.sensor: float(one.times_seconds[450]) for one in series}
    plan = replace(TINY, vote=True)
    trained = train_group([one.before(test_from[one.sensor]) for one in series], plan)
    rest = [one.since(test_from[one.sensor], plan.core.window_readings) for one in series]
    plans = [replace(plan, device=device) for device in ("cpu", "cuda", "cuda")]
    (cpu, told), (gpu, told_there), (again, told_again) = (play_group(trained, rest, one) for one in plans)
    for here, there, repeated in zip(cpu, gpu, again, strict=True):
        assert np.array_equal(there.surprise, repeated.surprise, equal_nan=True)
        # Rows that were calibrated on tie with what was learnt of them, and rounding breaks the tie: not those.
        here, there = (one.since(test_from[one.series.sensor]) for one in (here, there))
        assert np.isfinite(here.surprise[:, here.names.index("value")]).all()
        np.testing.assert_allclose(there.surprise, here.surprise, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(there.score, here.score, rtol=1e-3, atol=1e-3)
    episodes, there, repeated = (
        [(one.id, one.event, one.updated_at) for one in events] for events in (told, told_there, told_again)
    )
    assert any(event == "open" for _, event, _ in episodes)
    assert episodes == there == repeated


def test_training_through_the_production_path_runs_on_the_gpu(learnt: Learnt) -> None:
    """Model, comparison and calibration; the commission is that of a sound training."""
    trained = train_group(
        [canonical(one) for one in boilers_recorded()], replace(TINY, device="cuda", compare=True)
    )
    on_cpu = learnt.groups[0]
    assert trained.comparison is not None
    assert abs(trained.report.validation.value - on_cpu.report.validation.value) < 0.5
    np.testing.assert_array_equal(trained.commission.center, on_cpu.commission.center)


@contextmanager
def no_memory_left(how: str) -> Iterator[None]:
    """Take what the GPU has left, by plain allocations: of the card, or of a small share allotted to this process."""
    torch.cuda.empty_cache()
    if how == "its share is used up":
        share = (torch.cuda.memory_reserved() + 2**26) / torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(share)
    taken, size = [], 2**33
    while size >= 512:
        try:
            taken.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
        except torch.OutOfMemoryError:
            size //= 2
    try:
        yield
    finally:
        taken.clear()
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()


@pytest.fixture(
    params=[
        "its share is used up",
        pytest.param(
            "the card is full",
            marks=pytest.mark.skipif(
                "PYTEST_XDIST_WORKER" in os.environ, reason="tests beside this one use the card"
            ),
        ),
    ]
)
def how(request: pytest.FixtureRequest) -> str:
    """In what way there is no memory left."""
    return str(request.param)


def test_without_memory_it_goes_on_on_the_cpu(learnt: Learnt, how: str) -> None:
    """For good, with one error in the log, and it answers as if it had always run there."""
    gpu, cpu = built(learnt.folder), built(learnt.folder, "cpu")
    assert isinstance(gpu, FallbackScorer)
    gpu.step(step_job(5))
    with no_memory_left(how), capture_logs() as logs:
        assert_same_answers(gpu, cpu)
    (entry,) = logs
    assert (entry["log_level"], entry["event"]) == (
        "error", "the GPU failed; scoring goes on on the CPU until the next start",
    )  # fmt: skip
    assert "out of memory" in entry["reason"]
    assert (gpu.device, gpu.place, gpu.degraded) == ("cpu", "cpu", True)
    assert_same_answers(gpu, cpu, seed=7)


def test_without_memory_at_the_start_auto_begins_on_the_cpu(learnt: Learnt, how: str) -> None:
    """And says so; a device that was asked for by name is a reason not to start."""
    with no_memory_left(how):
        with capture_logs() as logs:
            scorer = built(learnt.folder)
        with pytest.raises(
            UnavailableError, match=r"model\.device: cuda cannot run the models: .*out of memory"
        ):
            built(learnt.folder, "cuda")
    (entry,) = logs
    assert entry["event"] == "the GPU failed; scoring goes on on the CPU until the next start"
    assert isinstance(scorer, FallbackScorer)
    assert (scorer.device, scorer.degraded) == ("cpu", True)
    assert_same_answers(scorer, built(learnt.folder, "cpu"))


def test_a_training_without_memory_says_what_to_do(how: str) -> None:
    """A user meets this, so it is no traceback."""
    with (
        no_memory_left(how),
        pytest.raises(UnavailableError, match=r"too little memory left .* set the device to cpu"),
    ):
        train_group([canonical(one) for one in boilers_recorded()], replace(TINY, device="cuda"))


def survive_an_ill_device(folder: Path) -> str:
    """Make the device fail as a faulty kernel does: for the rest of the process. Return where scoring goes on."""
    gpu, cpu = built(folder), built(folder, "cpu")
    gpu.step(step_job(5))
    with pytest.raises(RuntimeError, match="CUDA error"):
        torch.zeros(1, device="cuda")[torch.tensor([2**20], device="cuda")].item()
    with pytest.raises(RuntimeError, match="CUDA error"):
        torch.zeros(1, device="cuda")
    assert_same_answers(gpu, cpu)
    return gpu.device


def test_an_ill_device_is_left(learnt: Learnt) -> None:
    """Nothing can be fetched from it any more, not even weights. In a process of its own, for it is lost to that."""
    assert in_own_process(survive_an_ill_device, learnt.folder) == "cpu"
