"""The scorer of a configuration: models on the device there is, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
import torch

from offbeat.app.artifacts import GroupArtifact
from offbeat.config.settings import ModelSettings
from offbeat.core.long_jobs import RECENT_BINS
from offbeat.core.long_view import BINS
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import UnavailableError
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.scorer import NoScorer, Scorer
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.base import WindowModel
from offbeat_models.device import DeviceError, choose_device
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import scorer_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def build_scorer(
    artifacts: Mapping[int, GroupArtifact], model: ModelSettings, core: CoreSettings, capacity: int
) -> Scorer:
    """Return a warm scorer for the groups' models; one without opinions if there are none.

    Args:
        artifacts: by the group's index.
        model: device and threads.
        core: sizes of windows.
        capacity: sensors a group may have.

    Raises:
        UnavailableError: the device asked for is not there.
    """
    if not artifacts:
        return NoScorer()
    torch.set_num_threads(model.threads)
    try:
        device = choose_device(model.device)
    except DeviceError as error:
        raise UnavailableError(f"model.device: {error}") from error
    scorer = _on(device, artifacts, core, capacity)
    if device.type == "cpu":
        return scorer
    return FallbackScorer(scorer, lambda: _on(torch.device("cpu"), artifacts, core, capacity), _say_fallback)


def _on(
    device: torch.device, artifacts: Mapping[int, GroupArtifact], core: CoreSettings, capacity: int
) -> TorchScorer:
    groups = {index: scorer_of(one.model, capacity, device) for index, one in artifacts.items()}
    for group in groups.values():
        group.warm_up(core.window_readings, core.window_recent_rows)
    long = {i: long_scorer(one.long, device) for i, one in artifacts.items() if one.long is not None}
    return TorchScorer(groups, str(device), long)


def long_scorer(model: WindowModel, device: torch.device) -> GroupScorer:
    """Return a warm scorer for the model of a long view; it carries no state, so it needs no room for sensors."""
    scorer = GroupScorer(model, 1, device)
    scorer.warm_up(BINS, RECENT_BINS)
    return scorer


def _say_fallback(error: Exception) -> None:
    _log.error("the GPU failed; scoring goes on on the CPU until the next start", reason=str(error))
