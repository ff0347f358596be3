"""Training: from recorded series to a model and a report of how it went."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from offbeat_models.base import ModelConfig, WindowModel
from offbeat_models.layers import RowTable
from offbeat_models.objective import Objective, ObjectiveConfig, OutlierWindows, objective, window_nll
from offbeat_models.registry import build
from offbeat_models.sampling import SamplingConfig, TrainingWindows, WindowSampler
from offbeat_models.series import (
    SensorSeries,
    TrainingError,
    check_learnable,
    check_series,
    split_by_time,
)
from offbeat_models.validation import CollapseGuard, Reference, Validation, evaluate

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after each step with (step, steps expected in all, losses by name); raising ends the training."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """The recipe.

    Attributes:
        steps: step budget.
        time_budget_seconds: wall-clock budget; None = none. Whichever budget is nearer its end drives the
            schedule, so that a run which the clock does not bind is reproducible.
        batch_windows: windows of a step.
        learning_rate: at its peak.
        table_rate_factor: how much faster the sensors' own parameters learn; each is seen in few steps only.
        warm_up_steps: steps until the peak.
        weight_decay: of matrices; sensors' tables and biases are not decayed.
        clip_norm: largest norm of a gradient.
        annealing_share: share of the run over which the divergence's weight grows from 0 to 1.
        drop_share: share of windows left out after the first fifth of the run.
        validation_share: share of each series held back at its end.
        validation_windows: windows drawn from it, once.
        evaluate_every: steps between validations.
        patience: validations without progress after which training stops.
        seed: source of all randomness.
        sampling, objective, guard: of the parts.
    """

    steps: int = 2500
    time_budget_seconds: float | None = None
    batch_windows: int = 64
    learning_rate: float = 2e-3
    table_rate_factor: float = 5.0
    warm_up_steps: int = 50
    weight_decay: float = 1e-3
    clip_norm: float = 1.0
    annealing_share: float = 0.4
    drop_share: float = 0.01
    validation_share: float = 0.15
    validation_windows: int = 256
    evaluate_every: int = 100
    patience: int = 8
    seed: int = 0
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    guard: CollapseGuard = field(default_factory=CollapseGuard)


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How a training went; JSON can hold `to_dict`.

    Attributes:
        steps: steps done.
        stopped: what ended it: a budget, or no progress on the validation; "fitted" for a baseline.
        best_step: step of the weights that were kept.
        validation: figures of the kept weights.
        skipped_steps: steps left out because their loss was not finite.
        history: losses and figures at each validation.
        config: the recipe.
    """

    steps: int
    stopped: Literal["steps", "time", "no progress", "fitted"]
    best_step: int
    validation: Validation
    skipped_steps: int
    history: list[dict[str, float]]
    config: TrainingConfig

    def to_dict(self) -> dict[str, Any]:
        """Return the report as nested dictionaries of plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A trained model in evaluation mode, and the report."""

    model: WindowModel
    report: TrainingReport


def train(
    series: Sequence[SensorSeries],
    model_config: ModelConfig,
    config: TrainingConfig | None = None,
    on_progress: Progress | None = None,
    *,
    family: str = "lstm_vae",
    model: WindowModel | None = None,
    device: torch.device | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> TrainingResult:
    """Train a model on recorded series.

    On the CPU with one thread the result is the same bit for bit for the same input, unless the time budget
    binds.

    Args:
        series: one a sensor; rows as in `model_config`.
        model_config: sizes of the model.
        config: the recipe.
        on_progress: told of every step.
        family: which family to build.
        model: start from this one instead of a new one; it is changed in place.
        device: where to train.
        clock: seconds, for the time budget only.

    Raises:
        TrainingError: if nothing can be learned from the series.
        CollapseError: if the model learned to ignore its window.
    """
    recipe = config or TrainingConfig()
    check_series(series, model_config.channels, model_config.rows)
    usable = check_learnable(series, recipe.sampling.shortest)
    learner = model or build(family, model_config, recipe.seed)
    run = _Run(learner.to(device), usable, recipe, device or torch.device("cpu"), clock)
    return run.go(on_progress or (lambda _step, _steps, _losses: None))


class _Run:
    """One training from its first step to its report."""

    def __init__(
        self,
        model: WindowModel,
        series: list[SensorSeries],
        config: TrainingConfig,
        device: torch.device,
        clock: Callable[[], float],
    ) -> None:
        self._model, self._config, self._clock, self._start = model, config, clock, clock()
        learn, judge = split_by_time(series, config.validation_share, config.sampling.shortest)
        held_back = judge or learn
        data_rng, judge_rng = (np.random.default_rng((config.seed, k)) for k in range(2))
        self._reference = Reference.measure(learn, held_back)
        self._sampler = WindowSampler(learn, config.sampling, data_rng, device)
        judge_sampler = WindowSampler(held_back, config.sampling, judge_rng, device)
        batches = max(1, config.validation_windows // config.batch_windows)
        self._validation = [judge_sampler.draw(config.batch_windows, augment=False) for _ in range(batches)]
        self._noise = torch.Generator(device=device).manual_seed(config.seed)
        self._optimiser = _optimiser(model, config)
        self._outliers = OutlierWindows(config.drop_share)
        self._skipped = self._skipped_in_a_row = 0

    def go(self, on_progress: Progress) -> TrainingResult:
        config, history = self._config, []
        best: tuple[float, int, Validation, dict[str, Tensor]] | None = None
        step, waited = 0, 0
        stopped: Literal["steps", "time", "no progress"] = "steps"
        while True:
            progress = self._progress(step)
            losses = self._step(step, progress)
            step += 1
            done, by_time = self._progress(step) >= 1.0, step < config.steps
            if done or step % config.evaluate_every == 0:
                figures = self._evaluate()
                losses["validation"] = figures.score
                history.append({"step": float(step), **losses, "validation_kl": figures.kl_nats})
                # Before the divergence has its full weight, a low likelihood is bought with unpriced latents.
                settled = done or progress >= config.annealing_share
                if settled and (best is None or figures.score < best[0] - 1e-4):
                    best, waited = (figures.score, step, figures, _copy(self._model)), 0
                elif settled:
                    waited += 1
            on_progress(step, max(step, round(step / max(self._progress(step), 1e-9))), losses)
            if done or waited >= config.patience:
                stopped = "no progress" if not done else "time" if by_time else "steps"
                break
        assert best is not None
        _, best_step, figures, weights = best
        self._model.load_state_dict(weights)
        self._model.eval()
        config.guard.check(figures, step)
        report = TrainingReport(step, stopped, best_step, figures, self._skipped, history, config)
        return TrainingResult(self._model, report)

    def _progress(self, step: int) -> float:
        """Return how much of the nearer budget is used, 0..1."""
        share = step / self._config.steps
        if self._config.time_budget_seconds is not None:
            share = max(share, (self._clock() - self._start) / self._config.time_budget_seconds)
        return min(share, 1.0)

    def _step(self, step: int, progress: float) -> dict[str, float]:
        config = self._config
        self._model.train()
        rate = min(1.0, (step + 1) / config.warm_up_steps) * (0.5 + 0.5 * math.cos(math.pi * progress))
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * rate
        parts = self._objective(progress)
        self._optimiser.zero_grad(set_to_none=True)
        parts.loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._model.parameters(), config.clip_norm)
        # Fetched at once: on a GPU each of them would wait for all that was asked of it before.
        told = torch.stack(
            [norm, parts.loss.detach(), parts.reconstruction, parts.value, parts.gap, parts.kl]
        )
        length, *losses = told.tolist()
        self._apply_if_finite(losses[0], length, step)
        return dict(zip(("loss", "reconstruction", "value", "gap", "kl"), losses, strict=True))

    def _objective(self, progress: float) -> Objective:
        """Draw a batch and judge it."""
        config = self._config
        windows = self._sampler.draw(config.batch_windows)
        windows = _with_unknown(windows, self._model.config.embedding_dropout, self._noise)
        batch = windows.batch
        rebuilt = self._model.reconstruct(batch, windows.shown, sample=True, generator=self._noise)
        expected = self._model.causal.expect(batch.rows())
        weight = self._outliers.weight(window_nll(rebuilt, windows), active=progress > 0.2)
        beta = min(1.0, progress / config.annealing_share) if config.annealing_share else 1.0
        return objective(windows, rebuilt, expected, weight, beta, config.objective)

    def _apply_if_finite(self, loss: float, norm: float, step: int) -> None:
        if math.isfinite(loss) and math.isfinite(norm):
            self._optimiser.step()
            self._skipped_in_a_row = 0
            return
        self._skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row >= 10:
            raise TrainingError(
                f"the loss was not finite in the ten steps up to step {step + 1}: "
                "look for extreme values among the normalised readings, or lower the learning rate"
            )

    def _evaluate(self) -> Validation:
        return evaluate(self._model, self._validation, self._reference, self._config.objective)


def _optimiser(model: WindowModel, config: TrainingConfig) -> torch.optim.AdamW:
    """Return AdamW over three kinds of parameters: matrices, vectors, sensors' tables."""
    tables = {id(p) for m in model.modules() if isinstance(m, RowTable) for p in m.parameters()}
    parameters = list(model.parameters())
    rest = [p for p in parameters if id(p) not in tables]

    def group(chosen: Iterable[nn.Parameter], rate: float, decay: float) -> dict[str, Any]:
        return {"params": list(chosen), "lr": rate, "peak": rate, "weight_decay": decay}

    rate = config.learning_rate
    groups = [
        group((p for p in rest if p.ndim > 1), rate, config.weight_decay),
        group((p for p in rest if p.ndim <= 1), rate, 0.0),
        group((p for p in parameters if id(p) in tables), rate * config.table_rate_factor, 0.0),
    ]
    # On a GPU in one go: a step there takes as long as it takes to ask for its many small parts.
    return torch.optim.AdamW(groups, lr=rate, fused=parameters[0].is_cuda)


def _with_unknown(windows: TrainingWindows, share: float, generator: torch.Generator) -> TrainingWindows:
    """Show a share of the windows as of the unknown sensor, so that newcomers have a row that was trained."""
    row = windows.batch.row
    drop = torch.rand(row.shape, generator=generator, device=row.device) < share
    batch = windows.batch.with_rows(torch.where(drop, torch.zeros_like(row), row))
    return TrainingWindows(batch, windows.shown, windows.rhythm)


def _copy(model: WindowModel) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
