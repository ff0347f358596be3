"""The scorer that runs models: the core's jobs in, each group's own model's answers out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from offbeat.core.jobs import StepJob, StepResult, WindowJob
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer

GROUP, OTHER, UNKNOWN = 0, 3, 7
CHANNELS = {GROUP: 1, OTHER: 2}
CAPACITY = 6


def new_scorer() -> TorchScorer:
    """Return a scorer of two groups with models of their own; nothing is carried."""
    torch.set_num_threads(1)
    groups = {}
    for group, channels in CHANNELS.items():
        model = build("lstm_vae", preset("tiny", channels, CAPACITY), seed=group).eval()
        groups[group] = GroupScorer(model, CAPACITY)
    return TorchScorer(groups, "cpu")


@pytest.fixture
def scorer() -> TorchScorer:
    """A scorer of two groups."""
    return new_scorer()


def step_job(
    group: int = GROUP, sensors: tuple[int, ...] = (1, 4), rows: int = 6, seed: int = 0, begin: bool = True
) -> StepJob:
    """Return rows of some sensors; the first row begins a sensor's life or follows another one."""
    random = np.random.default_rng(seed)
    n, channels = len(sensors), CHANNELS.get(group, 1)
    x = random.normal(0, 1, (n, rows, channels)).astype(np.float32)
    gap = random.gamma(4, 0.25, (n, rows)).astype(np.float32)
    if begin:
        gap[:, 0] = 0
    slots = np.array(sensors, np.int32)
    return StepJob(group, slots, slots.astype(np.int64), x, np.ones_like(x), gap, np.full(n, rows, np.int64))


def part_of(job: StepJob, rows: slice) -> StepJob:
    """Return some rows of a job."""
    x = job.x[:, rows]
    lengths = np.full(len(job.sensor), x.shape[1], np.int64)
    return StepJob(job.group, job.sensor, job.row, x, job.mask[:, rows], job.gap[:, rows], lengths)


def window_job(group: int = GROUP, sensors: tuple[int, ...] = (1, 4), rows: int = 12) -> WindowJob:
    """Return windows of some sensors."""
    job = step_job(group, sensors, rows)
    tau = np.cumsum(job.gap, axis=1) - np.cumsum(job.gap, axis=1)[:, -1:]
    times = np.full(len(sensors), 1.7e9)
    return WindowJob(
        group, job.sensor, job.row, job.x, job.mask, tau.astype(np.float32), job.lengths, 4, times
    )


def asked(scorer: TorchScorer, job: StepJob) -> StepResult:
    """Return the answer to a job that must have one."""
    result = scorer.step(job)
    assert result is not None
    return result


def test_a_group_without_a_model_gets_no_answer(scorer: TorchScorer) -> None:
    """And nothing is carried for it."""
    assert scorer.step(step_job(UNKNOWN)) is None
    assert scorer.window(window_job(UNKNOWN)) is None
    scorer.rebuild(step_job(UNKNOWN))
    scorer.reset(UNKNOWN, np.array([1], np.int32))
    assert scorer.device == "cpu"


@pytest.mark.parametrize("group", [GROUP, OTHER])
def test_steps_are_answered_row_by_row_before_each_is_seen(scorer: TorchScorer, group: int) -> None:
    """First rows of a life have no expectation; a larger error is a larger surprise."""
    job = step_job(group)
    result = asked(scorer, job)
    shape = (2, 6, CHANNELS[group])
    assert result.value_nll.shape == result.mean.shape == result.sigma.shape == shape
    assert result.gap_nll.shape == shape[:2]
    assert np.isnan(result.value_nll[:, 0]).all()
    assert np.isfinite(result.value_nll[:, 1:]).all()
    assert (result.sigma[:, 1:] > 0).all()
    error = np.abs(job.x - result.mean) / result.sigma
    expected = np.square(error) / 2 + np.log(result.sigma) + 0.5 * np.log(2 * np.pi)
    assert np.allclose(result.value_nll[:, 1:], expected[:, 1:], atol=1e-4)


def test_each_group_has_its_own_model_and_memory(scorer: TorchScorer) -> None:
    """The same slot of another group is another sensor."""
    alone = asked(new_scorer(), step_job(GROUP))
    asked(scorer, step_job(OTHER))
    result = asked(scorer, step_job(GROUP))
    assert np.array_equal(result.mean, alone.mean, equal_nan=True)


def test_state_is_carried_from_job_to_job(scorer: TorchScorer) -> None:
    """Rows in two jobs are judged as in one."""
    whole = step_job(rows=10)
    expected = asked(new_scorer(), whole)
    asked(scorer, part_of(whole, slice(0, 7)))
    result = asked(scorer, part_of(whole, slice(7, 10)))
    assert np.allclose(result.value_nll, expected.value_nll[:, 7:], atol=1e-4)
    assert np.allclose(result.gap_nll, expected.gap_nll[:, 7:], atol=1e-4)


def test_rebuilding_reads_a_window_and_carries_on_from_there(scorer: TorchScorer) -> None:
    """After a restart; whatever was carried before is gone."""
    whole = step_job(rows=10)
    expected = asked(new_scorer(), whole)
    asked(scorer, step_job(seed=9))
    scorer.rebuild(part_of(whole, slice(0, 7)))
    result = asked(scorer, part_of(whole, slice(7, 10)))
    assert np.allclose(result.value_nll, expected.value_nll[:, 7:], atol=1e-4)


def test_resetting_forgets_these_sensors_and_no_other(scorer: TorchScorer) -> None:
    """A slot that is given anew must not remember."""
    whole = step_job(rows=10)
    expected = asked(new_scorer(), whole)
    asked(scorer, part_of(whole, slice(0, 7)))
    scorer.reset(GROUP, np.array([1], np.int32))
    result = asked(scorer, part_of(whole, slice(7, 10)))
    assert np.isnan(result.value_nll[0, 0]).all()
    assert np.allclose(result.value_nll[1], expected.value_nll[1, 7:], atol=1e-4)


def test_windows_are_judged_sensor_by_sensor(scorer: TorchScorer) -> None:
    """Alone or beside others, the answer is the same; a spoilt recent row is seen, an old one is not judged."""
    both, alone = scorer.window(window_job()), scorer.window(window_job(sensors=(1,)))
    assert both is not None
    assert alone is not None
    assert both.nll.shape == (2,)
    assert both.channel_nll.shape == (2, 1)
    assert np.allclose(both.channel_nll[:, 0], both.nll, atol=1e-5)
    assert np.isfinite(both.nll).all()
    job = window_job()
    job.x[0, -1] += 20
    spoilt = scorer.window(job)
    assert spoilt is not None
    assert spoilt.nll[0] > both.nll[0] + 1
    assert np.isclose(spoilt.nll[1], both.nll[1], atol=1e-5)


def test_long_views_are_judged_by_a_model_of_their_own() -> None:
    """A group without one gives no answer about them, and the other model's answer is not its."""
    torch.set_num_threads(1)
    near, far = (build("conv_vae", preset("tiny", 1, CAPACITY), seed=s).eval() for s in (1, 2))
    scorer = TorchScorer({GROUP: GroupScorer(near, CAPACITY)}, "cpu", {GROUP: GroupScorer(far, 1)})
    job = window_job()
    recent, long = scorer.window(job), scorer.window(replace(job, long=True))
    assert recent is not None
    assert long is not None
    assert not np.array_equal(recent.nll, long.nll)
    assert new_scorer().window(replace(job, long=True)) is None


def test_another_model_answers_once_it_was_exchanged_and_knows_nothing_of_before(scorer: TorchScorer) -> None:
    """The other group's model and what it carries are left alone."""
    asked(scorer, step_job(GROUP))
    asked(scorer, step_job(OTHER))
    same = new_scorer()
    asked(same, step_job(OTHER))
    other = build("lstm_vae", preset("tiny", CHANNELS[GROUP], CAPACITY), seed=9).eval()
    before = asked(new_scorer(), step_job(GROUP))
    scorer.exchange(GROUP, GroupScorer(other, CAPACITY), None)
    after = asked(scorer, step_job(GROUP))
    assert np.isnan(after.mean[:, 0]).all()
    assert not np.allclose(after.mean[:, 1:], before.mean[:, 1:])
    expected, found = (asked(one, step_job(OTHER, seed=1, begin=False)) for one in (same, scorer))
    assert np.array_equal(found.mean, expected.mean, equal_nan=True)


def test_a_first_model_may_come_later_and_a_long_view_with_it_or_go() -> None:
    """Before it there is no device to name, but a place where it will be."""
    scorer = TorchScorer({}, "cpu")
    assert (scorer.device, scorer.place, scorer.step(step_job())) == ("none", "cpu", None)
    model = build("lstm_vae", preset("tiny", 1, CAPACITY), seed=0).eval()
    long = replace(window_job(), long=True)
    scorer.exchange(GROUP, GroupScorer(model, CAPACITY), GroupScorer(model, 1))
    assert scorer.device == "cpu"
    assert scorer.step(step_job()) is not None
    assert scorer.window(long) is not None
    scorer.exchange(GROUP, GroupScorer(model, CAPACITY), None)
    assert scorer.window(long) is None
