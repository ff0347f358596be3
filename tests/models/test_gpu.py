"""On a CUDA device every family says what it says on the CPU, and learns as well.

Both compute in float32, without TF32, but sum in other orders: what they say agrees to 1 part in 10,000, or to 2e-4
near zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from offbeat_models.artifact import load_artifact, write_artifact
from offbeat_models.base import WindowModel
from offbeat_models.check_examples import awakened
from offbeat_models.checks import CHECKS, Check
from offbeat_models.device import choose_device
from offbeat_models.registry import FAMILIES, build, preset
from offbeat_models.scoring import GroupScorer, Steps, WindowScores
from offbeat_models.training import TrainingResult, train
from tests.benchmarks.detection.collapse import rows, runs
from tests.support.gpu import NEEDS_GPU
from tests.support.model_samples import fleet, quick

pytestmark = NEEDS_GPU

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Rows = tuple[Ints, Ints, Floats, Floats, Floats, Ints]

CHANNELS, SENSORS, CAPACITY = 3, 7, 1000
RELATIVE, ABSOLUTE = 1e-4, 2e-4


def pair_of_scorers(family: str) -> tuple[GroupScorer, GroupScorer]:
    """Return scorers of one model: on the CPU and on the GPU."""
    model = awakened(build(family, preset("default", CHANNELS, SENSORS + 1), seed=1))
    return GroupScorer(model, CAPACITY), GroupScorer(model, CAPACITY, choose_device("cuda"))


def some_rows(count: int, longest: int, seed: int, begin: bool = True) -> Rows:
    """Return (slots, row, x, mask, gap, lengths) of ragged sequences with holes; a fifth lacks a channel altogether."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, count)
    mask = rng.random((count, longest, CHANNELS)) < 0.7
    mask[::5, :, 1] = False
    mask[::17] = False
    x = rng.normal(size=mask.shape).astype(np.float32)
    x[~mask] = np.nan
    gap = rng.gamma(2.0, 0.5, (count, longest)).astype(np.float32)
    if begin:
        gap[:, 0] = 0.0
    slots = rng.permutation(CAPACITY)[:count].astype(np.int64)
    return slots, rng.integers(0, SENSORS + 1, count), x, mask.astype(np.float32), gap, lengths


def assert_agree(one: Steps | WindowScores, other: Steps | WindowScores) -> None:
    """Every figure of both agrees, and what neither can say is NaN in both."""
    for name in one.__slots__:
        left, right = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(left, right, rtol=RELATIVE, atol=ABSOLUTE, err_msg=name)


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("family", FAMILIES)
def test_windows_score_as_on_the_cpu(family: str, count: int) -> None:
    """Whatever their lengths and holes, alone or a thousand together."""
    cpu, gpu = pair_of_scorers(family)
    _, row, x, mask, gap, lengths = some_rows(count, 150, seed=count)
    time = np.cumsum(gap, 1)
    tau = time - time[np.arange(count), lengths - 1][:, None]
    said = [one.window(row, x, mask, tau, lengths, 16) for one in (cpu, gpu)]
    assert np.isfinite(said[0].nll).sum() >= count // 2
    assert_agree(*said)


@pytest.mark.parametrize("count", [1, 1000])
@pytest.mark.parametrize("family", FAMILIES)
def test_steps_say_as_on_the_cpu(family: str, count: int) -> None:
    """Carried over calls of one row, of a few and of many, and after the state was rebuilt and forgotten."""
    cpu, gpu = pair_of_scorers(family)
    for number, longest in enumerate((30, 1, 3, 60, 1)):
        job = some_rows(count, longest, seed=10 + number, begin=number == 0)
        assert_agree(cpu.step(*job), gpu.step(*job))
    whole, more = some_rows(count, 90, seed=20), some_rows(count, 5, seed=21, begin=False)
    for scorer in (cpu, gpu):
        scorer.reset(np.arange(CAPACITY))
        scorer.encode(*whole)
    assert np.array_equal(cpu.alive(np.arange(CAPACITY)), gpu.alive(np.arange(CAPACITY)))
    assert_agree(cpu.step(*more), gpu.step(*more))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("free", [False, True], ids=["fixed", "free"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_model_holds(family: str, free: bool, check: Check) -> None:
    """The battery, on the device."""
    model = awakened(build(family, preset("tiny", 4, rows=5, free_sigma=free), seed=1))
    check(model.to(choose_device("cuda")))


@pytest.mark.parametrize("family", FAMILIES)
def test_scoring_twice_gives_the_same_bits(family: str) -> None:
    """As a backtest needs it."""
    _, row, x, mask, gap, _ = some_rows(300, 100, seed=3)
    tau = np.cumsum(gap, 1) - np.cumsum(gap, 1)[:, -1:]
    first, second = (
        pair_of_scorers(family)[1].window(row, x, mask, tau, np.full(300, 100), 16) for _ in range(2)
    )
    assert np.array_equal(first.nll, second.nll, equal_nan=True)


def test_a_scorer_leaves_the_model_where_it_is() -> None:
    """Nothing could be fetched from a device that has failed."""
    model = build("lstm_vae", preset("tiny", 1, 2))
    GroupScorer(model, 1, choose_device("cuda"))
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_collapses(family: str) -> None:
    """After 500 steps on the GPU, too, the latent is in use and the window is rebuilt better than by a constant."""
    (run,) = runs([0], [family], device=choose_device("cuda"))
    assert not run.collapsed, rows([run])


def trained(family: str, device: str, seed: int = 0) -> TrainingResult:
    """Return what a short training makes of a small fleet."""
    torch.set_num_threads(1)
    sizes = preset("tiny", 1, 7)
    return train(fleet(6), sizes, quick(150, seed=seed), family=family, device=choose_device(device))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_gpu_learns_as_well_as_the_cpu(family: str) -> None:
    """Its dice fall otherwise, so the models differ; what is held back costs as much as between two seeds."""
    cpu = [trained(family, "cpu", seed).report.validation for seed in range(3)]
    gpu = [trained(family, "cuda", seed).report.validation for seed in range(3)]
    for name in ("reconstruction", "value", "gap"):
        ours, theirs = ([getattr(one, name) for one in said] for said in (gpu, cpu))
        noise = max(np.ptp(ours), np.ptp(theirs), 0.02)
        assert abs(np.mean(ours) - np.mean(theirs)) <= 2 * noise, f"{name}: {ours} against {theirs}"


@pytest.mark.parametrize("family", FAMILIES)
def test_one_seed_trains_one_model(family: str) -> None:
    """On one device the result is the same bit for bit."""
    first, second = (trained(family, "cuda").model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def window_nll(model: WindowModel, device: str) -> Floats:
    """Return what a model says of windows, served on a device."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 50, 1)).astype(np.float32)
    tau = -rng.gamma(2.0, 0.5, (40, 50)).astype(np.float32).cumsum(1)[:, ::-1]
    row, lengths = rng.integers(0, 7, 40), np.full(40, 50)
    scorer = GroupScorer(model, 1, choose_device(device))
    return scorer.window(row, x, np.ones_like(x), tau - tau[:, -1:], lengths, 16).nll


@pytest.mark.parametrize("there", ["cpu", "cuda"])
def test_what_was_learnt_on_one_device_is_served_on_the_other(tmp_path: Path, there: str) -> None:
    """An artifact knows of no device."""
    model = trained("lstm_vae", there).model
    names = [f"s{i}" for i in range(6)]
    write_artifact(
        tmp_path / "a", model, channels=["value"], sensors=names, created_at="2026-01-01T00:00:00Z"
    )
    read = load_artifact(tmp_path / "a").model
    assert isinstance(read, WindowModel)
    before = window_nll(model, there)
    for device in ("cpu", "cuda"):
        np.testing.assert_allclose(window_nll(read, device), before, rtol=RELATIVE, atol=ABSOLUTE)
