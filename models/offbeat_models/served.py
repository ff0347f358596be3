"""What can serve a group of sensors: a model of any family, or a baseline; stored and scored alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray

from offbeat_models.base import ModelConfig, ModelConfigError, WindowModel
from offbeat_models.baselines.base import Baseline, BaselineConfig
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.baselines.scoring import BaselineScorer
from offbeat_models.registry import build
from offbeat_models.scoring import GroupScorer

ServedModel = WindowModel | Baseline
ServedScorer = GroupScorer | BaselineScorer
M = TypeVar("M", bound=ServedModel)

Tensors = Mapping[str, NDArray[Any]]


def scorer_of(model: ServedModel, capacity: int, device: torch.device | None = None) -> ServedScorer:
    """Return a scorer with room for `capacity` sensors; baselines run on the CPU whatever the device is."""
    if isinstance(model, Baseline):
        return BaselineScorer(model, capacity)
    return GroupScorer(model, capacity, device)


def tensors_of(model: ServedModel) -> dict[str, NDArray[Any]]:
    """Return everything that a model learnt, by name."""
    if isinstance(model, Baseline):
        return dict(model.tensors)
    return {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}


def shapes_of(family: str, sizes: Mapping[str, Any]) -> tuple[dict[str, tuple[int, ...]], int, int]:
    """Return (shape of each tensor by name, channels, rows) of a model by its family and sizes.

    Raises:
        ModelConfigError: the family or a size is unknown.
    """
    if family in BASELINES:
        baseline = _baseline_config(sizes)
        return BASELINES[family].shapes(baseline), baseline.channels, baseline.rows
    config = ModelConfig.from_dict(dict(sizes))
    with torch.device("meta"):
        built = build(family, config).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in built.items()}, config.channels, config.rows


def rebuild(family: str, sizes: Mapping[str, Any], tensors: Tensors) -> ServedModel:
    """Return the model of a family with tensors of the shapes that `shapes_of` names, ready to serve."""
    if family in BASELINES:
        return BASELINES[family].load(_baseline_config(sizes), tensors)
    model = build(family, ModelConfig.from_dict(dict(sizes)))
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
    return model.eval()


def with_strangers(model: M, count: int) -> M:
    """Return a model with rows for so many sensors more, each of which it takes for an unknown one."""
    sizes = model.config.to_dict() | {"rows": model.config.rows + count}
    shapes, _, _ = shapes_of(model.family, sizes)
    longer = {}
    for name, tensor in tensors_of(model).items():
        # A table of a model holds what each sensor has of its own; that of a baseline begins with the unknown one.
        unknown = tensor[:1] if isinstance(model, Baseline) else np.zeros_like(tensor[:1])
        more = shapes[name][0] - len(tensor) if tensor.ndim else 0
        longer[name] = np.concatenate([tensor, np.repeat(unknown, more, axis=0)]) if more else tensor
    return cast("M", rebuild(model.family, sizes, longer))


def _baseline_config(sizes: Mapping[str, Any]) -> BaselineConfig:
    found = {name: sizes.get(name) for name in ("channels", "rows")}
    if set(sizes) != set(found) or not all(type(size) is int and size >= 1 for size in found.values()):
        raise ModelConfigError(
            f"the sizes of a baseline are {dict(sizes)}; expected channels and rows, at least 1"
        )
    return BaselineConfig(channels=sizes["channels"], rows=sizes["rows"])
