"""Which model families there are, and how to build one by name."""

from __future__ import annotations

import difflib
from typing import Any

import torch

from offbeat_models.attention_vae import AttentionVae
from offbeat_models.base import ModelConfig, ModelConfigError, WindowModel
from offbeat_models.conv_vae import ConvVae
from offbeat_models.lstm_vae import LstmVae

FAMILIES: dict[str, type[WindowModel]] = {kind.family: kind for kind in (LstmVae, AttentionVae, ConvVae)}
"""Model class by family name. A new family enters here, and the battery in `checks` then tests it."""

PRESETS: dict[str, dict[str, int]] = {
    "default": {},
    "small": {"hidden": 32},
    "tiny": {"hidden": 16, "latent": 8, "anchors": 12, "embedding": 4},
}
"""Sizes by name: `default` for service, `small` for weak machines, `tiny` for tests and demonstrations."""


def _pick(name: str, known: list[str], what: str) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ModelConfigError(f"unknown {what} {name!r}; known are {', '.join(sorted(known))}.{hint}")


def model_class(family: str) -> type[WindowModel]:
    """Return the class of a family; an unknown name raises `ModelConfigError`."""
    return FAMILIES[_pick(family, list(FAMILIES), "model family")]


def preset(name: str, channels: int, rows: int, **changes: Any) -> ModelConfig:
    """Return the configuration a preset names.

    Args:
        name: key of `PRESETS`.
        channels: channels of a sensor.
        rows: sensors + 1.
        changes: further fields of `ModelConfig` to set.
    """
    sizes: dict[str, Any] = dict(PRESETS[_pick(name, list(PRESETS), "model preset")])
    return ModelConfig.from_dict({"channels": channels, "rows": rows, **sizes, **changes})


def build(family: str, config: ModelConfig, seed: int = 0) -> WindowModel:
    """Return a new model with weights drawn from `seed` alone; the global random state stays as it was."""
    kind = model_class(family)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(config)
