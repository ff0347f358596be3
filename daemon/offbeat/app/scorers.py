"""The scorer of a configuration: models on the device there is, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
import torch

from offbeat.app.artifacts import GroupArtifact
from offbeat.config.settings import ModelSettings
from offbeat.core.long_jobs import RECENT_BINS
from offbeat.core.long_view import BINS
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import UnavailableError
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.scorer import ModelScorer
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.base import WindowModel
from offbeat_models.device import DeviceError, choose_device
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import ServedScorer, scorer_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WarmModel:
    """A group's models, ready to answer.

    Attributes:
        served: scorer of the model of the recent window.
        long: scorer of the model of the long view; None without one.
    """

    served: ServedScorer
    long: GroupScorer | None


def warm_up(artifact: GroupArtifact, core: CoreSettings, capacity: int, place: str) -> WarmModel:
    """Return the models of an artifact on a device, every shape of them run once.

    Args:
        artifact: of the group.
        core: sizes of windows.
        capacity: sensors the group may have.
        place: name of the device.
    """
    device = torch.device(place)
    served = scorer_of(artifact.model, capacity, device)
    served.warm_up(core.window_readings, core.window_recent_rows)
    return WarmModel(served, None if artifact.long is None else long_scorer(artifact.long, device))


def build_scorer(
    artifacts: Mapping[int, GroupArtifact], model: ModelSettings, core: CoreSettings, capacity: int
) -> ModelScorer:
    """Return a warm scorer for the groups' models; it has no opinion on groups without one.

    Args:
        artifacts: by the group's index; looked at again should the device fail.
        model: device and threads.
        core: sizes of windows.
        capacity: sensors a group may have.

    Raises:
        UnavailableError: the device asked for is not there, or cannot run the models; also while there is no model, or
            the first one would fail when it is put into service, long after whoever wrote the configuration has gone.
    """
    torch.set_num_threads(model.threads)
    try:
        device = choose_device(model.device)
    except DeviceError as error:
        raise UnavailableError(f"model.device: {error}") from error
    if device.type == "cpu":
        return _on("cpu", artifacts, core, capacity)
    try:
        scorer = _on(str(device), artifacts, core, capacity)
    except RuntimeError as error:  # no memory left on it, or it is ill
        if model.device != "auto":
            raise UnavailableError(f"model.device: {device} cannot run the models: {error}") from error
        _say_fallback(error)
        return FallbackScorer(_on("cpu", artifacts, core, capacity), None, _say_fallback)
    return FallbackScorer(scorer, lambda: _on("cpu", artifacts, core, capacity), _say_fallback)


def _on(place: str, artifacts: Mapping[int, GroupArtifact], core: CoreSettings, capacity: int) -> TorchScorer:
    warm = {index: warm_up(one, core, capacity, place) for index, one in artifacts.items()}
    long = {index: one.long for index, one in warm.items() if one.long is not None}
    return TorchScorer({index: one.served for index, one in warm.items()}, place, long)


def long_scorer(model: WindowModel, device: torch.device) -> GroupScorer:
    """Return a warm scorer for the model of a long view; it carries no state, so it needs no room for sensors."""
    scorer = GroupScorer(model, 1, device)
    scorer.warm_up(BINS, RECENT_BINS)
    return scorer


def _say_fallback(error: Exception) -> None:
    _log.error("the GPU failed; scoring goes on on the CPU until the next start", reason=str(error))
