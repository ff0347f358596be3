"""The scorer of a configuration: models on the device there is, and what to do when it fails."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
import torch

from offbeat.app.artifacts import GroupArtifact
from offbeat.config.settings import ModelSettings
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import UnavailableError
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.scorer import NoScorer, Scorer
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.device import DeviceError, choose_device
from offbeat_models.scoring import GroupScorer

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
    groups = {index: GroupScorer(one.model, capacity, device) for index, one in artifacts.items()}
    for group in groups.values():
        group.warm_up(core.window_readings, core.window_recent_rows)
    return TorchScorer(groups, str(device))


def _say_fallback(error: Exception) -> None:
    _log.error("the GPU failed; scoring goes on on the CPU until the next start", reason=str(error))
