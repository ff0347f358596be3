"""From recordings to an artifact: normalise, train the model, play the past, calibrate, write."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import torch

from offbeat.app.artifacts import GroupArtifact, write_group
from offbeat.app.calibrating import Past, calibrated
from offbeat.app.lineage import lineage
from offbeat.app.long_training import LongView, train_long_view
from offbeat.app.model_training import compare_model, learn_model
from offbeat.app.scorers import long_scorer
from offbeat.app.trained_group import TrainedGroup
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import UNIVARIATE
from offbeat.core.streams import registry
from offbeat.errors import UnavailableError
from offbeat.learn.enough import Enough
from offbeat.learn.exclusions import Exclusions
from offbeat.learn.library import folder_name
from offbeat.learn.model_series import model_series
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.replay.series import Series, by_channels
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.device import DeviceError, choose_device
from offbeat_models.sampling import SamplingConfig
from offbeat_models.served import scorer_of as served_by
from offbeat_models.training import TrainingConfig

_SETTINGS = ("family", "horizon_seconds", "preset", "steps", "seed", "model_votes")
"""What of a plan an artifact remembers."""

ONE_WINDOW = Enough(SamplingConfig().shortest)
"""Of recordings that a person gave by name all is learnt that can be: a sensor needs the rows of one window."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train.

    Attributes:
        family: of the model, or the name of a baseline.
        horizon_seconds: how far back the long view looks; None = there is none.
        preset: its sizes by name.
        steps: step budget of the model's training.
        max_seconds: wall-clock budget of the model's training; None = none.
        seed: source of all randomness.
        device: "auto", "cpu" or "cuda".
        threads: of torch on the CPU.
        core: numbers of the core that the recordings are played through; as in service.
        vote: what the model says of values takes part in scores and alerts; None = as is best, see `model_votes`.
        compare: compare the model with baselines on held-back time.
        leave_out_doubtful: learn nothing from the few rows that are far from all others.
        choices: what is to judge sensors by their channels, where the configuration says so; else the above.
        exclusions: times that nothing is learnt from.
        enough: what has to be left of a sensor then, and without what is doubted; one with less stays unknown.
    """

    family: str = "lstm_vae"
    horizon_seconds: float | None = None
    preset: str = "default"
    steps: int = 2500
    max_seconds: float | None = None
    seed: int = 0
    device: str = "auto"
    threads: int = 1
    core: CoreSettings = field(default_factory=CoreSettings)
    vote: bool | None = None
    compare: bool = True
    leave_out_doubtful: bool = True
    choices: Mapping[tuple[str, ...], tuple[ModelChoice, ...]] = field(default_factory=dict)
    exclusions: Exclusions = field(default_factory=Exclusions)
    enough: Enough = ONE_WINDOW

    def of_channels(self, channels: tuple[str, ...]) -> list[TrainingPlan]:
        """Return the plan of each model that sensors with these channels are to have."""
        chosen = self.choices.get(channels, (self.choice,))
        return [
            dataclasses.replace(self, family=one.family, horizon_seconds=one.horizon_seconds)
            for one in chosen
        ]

    @property
    def choice(self) -> ModelChoice:
        """What judges the groups that are trained."""
        return ModelChoice(self.family, self.horizon_seconds)

    @property
    def model_votes(self) -> bool:
        """Whether what the model says of values and gaps takes part in scores and alerts.

        A model's does not unless it is asked for: it added nothing that lasts (docs/decisions/0003-fusion.md). A
        baseline that somebody chose in its place does: it was chosen to be heard.
        """
        return self.family in BASELINES if self.vote is None else self.vote

    @property
    def recipe(self) -> TrainingConfig:
        """How a model is trained."""
        return TrainingConfig(steps=self.steps, time_budget_seconds=self.max_seconds, seed=self.seed)


def train_from_recordings(
    series: Sequence[Series],
    plan: TrainingPlan,
    folder: Path,
    on_progress: OnProgress = silent,
    in_service: Callable[[str], GroupArtifact | None] = lambda _: None,
) -> list[TrainedGroup]:
    """Learn each group of channels from recordings and write its artifact under a folder.

    Args:
        series: recordings of sensors.
        plan: how to train.
        folder: gets a folder for each group.
        on_progress: is told how far it is.
        in_service: tells what has judged a group so far by the name of its folder: written down as lineage, and
            what it knows of sensors that too little is left of is kept.

    Raises:
        OffbeatError: nothing can be learnt from a group, or its model collapsed; the message says why.
        UnavailableError: the device asked for is not there.
    """
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    trained = []
    for channels, group in by_channels([canonical(one) for one in series]).items():
        for own in plan.of_channels(channels):
            one = train_group(group, own, on_progress)
            before = in_service(folder_name(channels, own.choice))
            came_from = lineage(one.learnt_of(group), None if before is None else before.version)
            one = one.keeping(before, {recorded.sensor for recorded in group})
            trained.append(write_trained(folder, one, own, came_from, created_at))
    return trained


def write_trained(
    folder: Path, trained: TrainedGroup, plan: TrainingPlan, came_from: dict[str, object], created_at: str
) -> TrainedGroup:
    """Write what was learnt of a group under a folder; return it with its version.

    Args:
        folder: gets a folder for the group.
        trained: what was learnt.
        plan: how.
        came_from: its lineage.
        created_at: RFC 3339.
    """
    version = write_group(
        folder,
        trained.commission,
        trained.result.model,
        created_at,
        {key: getattr(plan, key) for key in _SETTINGS},
        trained.training_dict(),
        plan.choice,
        trained.long.model,
        came_from,
    )
    return dataclasses.replace(trained, version=version)


def canonical(series: Series) -> Series:
    """Return a recording of one channel as one of the univariate group, whatever its column is called."""
    return dataclasses.replace(series, channels=UNIVARIATE) if len(series.channels) == 1 else series


def train_group(
    series: Sequence[Series], plan: TrainingPlan, on_progress: OnProgress = silent
) -> TrainedGroup:
    """Learn one group: recordings of sensors that have the same channels.

    Raises:
        OffbeatError: nothing can be learnt, or the model collapsed.
        UnavailableError: the device asked for is not there, or has too little memory left.
    """
    device = _device(plan)
    try:
        return _train_on(device, series, plan, on_progress)
    except torch.OutOfMemoryError as error:
        reason = str(error).split(". ")[0]
        raise UnavailableError(
            f"the device {device} has too little memory left to train on ({reason}): "
            "end what else uses it, or set the device to cpu"
        ) from error


def _train_on(
    device: torch.device, series: Sequence[Series], plan: TrainingPlan, on_progress: OnProgress
) -> TrainedGroup:
    on_progress(Progress("looking at the recordings", 0, 1))
    group = "+".join(series[0].channels) + plan.choice.suffix
    past = Past.of(series, plan.leave_out_doubtful, plan.exclusions, group, plan.enough)
    commission = dataclasses.replace(past.commission(), voting=registry.voting(plan.model_votes))
    learnt_from = model_series(commission, past.recordings, cut=plan.family not in BASELINES)
    result = learn_model(commission, learnt_from, plan.family, plan.preset, plan.recipe, device, on_progress)
    comparison = compare_model(result, learnt_from, device, on_progress) if plan.compare else None
    long = LongView()
    if plan.horizon_seconds is not None:
        commission, long = train_long_view(
            commission, past.recordings, plan.horizon_seconds, plan.recipe, device, on_progress
        )
    trained = TrainedGroup(
        commission,
        result,
        long=long,
        comparison=comparison,
        doubts=past.doubts,
        left_out=past.left_out,
        left_unknown=past.left_unknown,
    )
    scorer, model = scorer_of(trained, len(past.series), device), (plan.family, "in training")
    commission = calibrated(commission, past, plan.core, scorer, model, plan.choice, on_progress)
    return dataclasses.replace(trained, commission=commission)


def _device(plan: TrainingPlan) -> torch.device:
    torch.set_num_threads(plan.threads)
    try:
        return choose_device(plan.device)
    except DeviceError as error:
        raise UnavailableError(str(error)) from error


def scorer_of(trained: TrainedGroup, sensors: int, device: torch.device) -> TorchScorer:
    """Return a scorer for the models of one group, as group 0.

    Args:
        trained: what was learnt of the group.
        sensors: slots to make room for.
        device: where it runs.
    """
    long = {} if trained.long.model is None else {0: long_scorer(trained.long.model, device)}
    return TorchScorer({0: served_by(trained.result.model, sensors, device)}, str(device), long)
