"""Training: it learns, repeats itself bit for bit, keeps to its budgets and says when it cannot work."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from offbeat_models.base import Posterior, WindowModel
from offbeat_models.batch import WindowBatch
from offbeat_models.evaluation import recall_at
from offbeat_models.lstm_vae import LstmVae
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer
from offbeat_models.series import SensorSeries, TrainingError
from offbeat_models.synthetic import inject, make_fleet, stream
from offbeat_models.training import TrainingResult, train
from offbeat_models.validation import CollapseError, CollapseGuard
from tests.support.model_samples import as_series, fleet, quick

FLEET = fleet(4)
TINY = preset("tiny", 1, 5)


class Deaf(LstmVae):
    """A broken model: its encoder hears nothing, so its latent can say nothing."""

    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return the prior, whatever the window."""
        said = super().encode(batch, shown)
        return Posterior(said.mean * 0.0, said.log_variance * 0.0)


class Wild(LstmVae):
    """A broken model whose latent is never a number."""

    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return NaN."""
        said = super().encode(batch, shown)
        return Posterior(said.mean * torch.nan, said.log_variance)


@pytest.fixture(scope="module")
def learned() -> TrainingResult:
    """A tiny model after a few hundred steps on four sensors."""
    return train(FLEET, TINY, quick(400, learning_rate=4e-3, guard=CollapseGuard(after_steps=100)))


def test_training_beats_a_constant_and_does_not_collapse(learned: TrainingResult) -> None:
    """Reconstruction and causal head end well below what a constant costs, with latents in use."""
    figures = learned.report.validation
    assert figures.reconstruction < figures.constant_gaussian - 0.1
    assert figures.value < figures.constant_gaussian - 0.3
    assert figures.active_dimensions >= 4
    first, last = learned.report.history[0], learned.report.history[-1]
    assert last["validation"] < first["validation"]


def test_a_learned_model_is_surprised_by_spikes_and_not_by_health(learned: TrainingResult) -> None:
    """Read on causally, spiked rows of streams it never saw rank far above the healthy ones."""
    labels, scores = [], []
    for i, spec in enumerate(make_fleet(0, 4)):
        one = stream(spec, np.random.default_rng([5, i]), count=400)
        spiked = range(50, 390, 37)
        for at in spiked:
            one, _ = inject(one, "spike", np.random.default_rng(at), at)
        read = as_series(i + 1, one)
        gap = np.diff(read.times_seconds, prepend=read.times_seconds[:1]) / read.gap_unit_seconds
        scorer, length = GroupScorer(learned.model, 1), np.array([len(one)])
        mask = np.ones((1, len(one), 1), np.float32)
        said = scorer.step(
            np.array([0]), np.array([i + 1]), read.x[None], mask, gap[None].astype(np.float32), length
        )
        scores.append(said.value_nll[0, :, 0])
        labels.append(np.isin(np.arange(len(one)), list(spiked)))
    # A row behind a spike is strange too: its last value was.
    found = recall_at(np.concatenate(labels), np.concatenate(scores), 0.04)
    assert found > 0.8


def test_the_report_is_plain_and_complete(learned: TrainingResult) -> None:
    """The report holds what ended the run, its figures and its recipe as plain values."""
    report = learned.report.to_dict()
    assert report["stopped"] == "steps"
    assert report["steps"] == 400
    assert report["config"]["seed"] == 0
    assert report["skipped_steps"] == 0
    assert not learned.model.training


def _weights(result: TrainingResult) -> dict[str, Tensor]:
    return result.model.state_dict()


def test_one_seed_trains_one_model() -> None:
    """Two runs with one seed agree bit for bit; another seed gives another model."""
    one, same = (_weights(train(FLEET, TINY, quick(12))) for _ in range(2))
    other = _weights(train(FLEET, TINY, quick(12, seed=1)))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_the_global_random_state_has_no_part_in_it() -> None:
    """Training neither reads nor moves the global random state."""
    torch.manual_seed(1)
    one = _weights(train(FLEET, TINY, quick(5)))
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    same = _weights(train(FLEET, TINY, quick(5)))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert torch.equal(before, torch.random.get_rng_state())


def test_progress_is_told_of_every_step() -> None:
    """The callback hears each step, the number in all, and the losses; validations come with theirs."""
    heard: list[tuple[int, int, dict[str, float]]] = []
    train(FLEET, TINY, quick(20), lambda step, steps, losses: heard.append((step, steps, losses)))
    assert [step for step, _, _ in heard] == list(range(1, 21))
    assert {steps for _, steps, _ in heard} == {20}
    assert [step for step, _, losses in heard if "validation" in losses] == [10, 20]


def test_what_the_callback_raises_ends_the_training() -> None:
    """A caller can stop by raising."""

    def stop(step: int, steps: int, losses: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(FLEET, TINY, quick(20), stop)


def test_the_time_budget_ends_the_run() -> None:
    """With a clock that runs a second a look, a budget of ten seconds ends the run early and is named."""
    ticks = iter(range(10_000))
    result = train(FLEET, TINY, quick(1000, time_budget_seconds=30.0), clock=lambda: float(next(ticks)))
    assert result.report.stopped == "time"
    assert result.report.steps < 40


def test_no_progress_ends_the_run() -> None:
    """When validations get no better, the run ends and the best weights are kept."""
    config = quick(400, evaluate_every=5, patience=2, annealing_share=0.0, learning_rate=1e-12)
    result = train(FLEET, TINY, config)
    assert result.report.stopped == "no progress"
    assert result.report.best_step == 5
    assert result.report.steps == 15


def test_a_deaf_model_is_a_collapse() -> None:
    """The guard fails a job whose model ignores its window, and names the figures."""
    broken: WindowModel = Deaf(TINY)
    waves = _waves(4)
    with pytest.raises(CollapseError, match=r"divergence of 0\.00 nats in 0 active dimensions"):
        train(waves, TINY, quick(60, guard=CollapseGuard(after_steps=50)), model=broken)


def _waves(count: int) -> list[SensorSeries]:
    """Return sines whose phase a model can only know from their window."""
    out = []
    for row in range(1, count + 1):
        times = np.arange(600.0)
        x = (1.4 * np.sin(times / (3.0 + row))).astype(np.float32)[:, None]
        out.append(SensorSeries(row, times, x, np.ones(x.shape, bool), 1.0))
    return out


def test_pure_noise_is_no_collapse() -> None:
    """A model of noise rightly ignores its window."""
    rng = np.random.default_rng(0)
    noise = [replace(s, x=rng.normal(size=s.x.shape).astype(np.float32)) for s in FLEET]
    train(noise, TINY, quick(60, guard=CollapseGuard(after_steps=50)))


def test_a_loss_that_is_never_finite_ends_the_training() -> None:
    """Ten bad steps in a row end the run with an error that says where."""
    with pytest.raises(TrainingError, match="not finite in the ten steps up to step 10"):
        train(FLEET, TINY, quick(50), model=Wild(TINY))


def test_constant_and_tiny_data_fail_plainly() -> None:
    """Data that teach nothing are an error of the data, not a collapse."""
    constant = [replace(s, x=np.ones_like(s.x)) for s in FLEET]
    with pytest.raises(TrainingError, match="constant"):
        train(constant, TINY, quick())
    with pytest.raises(TrainingError, match="a window needs 16"):
        train([s.part(0, 10) for s in FLEET], TINY, quick())
    with pytest.raises(TrainingError, match="no series"):
        train([], TINY, quick())


def test_the_shortest_usable_series_trains() -> None:
    """Sixteen rows of one sensor are enough to run, without anything held back."""
    result = train([FLEET[0].part(0, 16)], preset("tiny", 1, 2), quick(5))
    assert np.isfinite(result.report.validation.score)


def test_training_goes_on_from_a_model() -> None:
    """A model given is trained further, in place."""
    start = build("lstm_vae", TINY, seed=3)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    result = train(FLEET, TINY, quick(5), model=start)
    assert result.model is start
    assert any(not torch.equal(before[name], value) for name, value in start.state_dict().items())


def test_asynchronous_channels_train() -> None:
    """Several channels, most of them missing in most rows, one of them always, give finite figures."""
    series = fleet(3, 300, channels=3, missing=0.5)
    for one in series:
        one.mask[:, 2] = False
    result = train(series, preset("tiny", 3, 4), quick(20))
    assert all(np.isfinite(v) for v in result.report.history[-1].values())
