"""Families and presets by name, and configurations that build no model."""

from typing import Any

import pytest

from offbeat_models.base import ModelConfig, ModelConfigError
from offbeat_models.registry import PRESETS, build, preset


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_builds(name: str) -> None:
    """Each preset gives a model with the channels asked for."""
    assert build("lstm_vae", preset(name, 2, 3)).config.channels == 2


def test_a_mistyped_family_is_corrected() -> None:
    """An unknown family is answered with the nearest name."""
    with pytest.raises(ModelConfigError, match="Did you mean 'lstm_vae'"):
        build("lstm-vae", ModelConfig(1, 2))


def test_an_unknown_preset_is_refused() -> None:
    """An unknown preset is answered with the known ones."""
    with pytest.raises(ModelConfigError, match="known are default, small, tiny"):
        preset("huge", 1, 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": 0, "rows": 2}, "channels is 0"),
        ({"channels": 1, "rows": True}, "rows is True"),
        ({"channels": 1, "rows": 2, "hidden": 10}, "multiple of 4"),
        ({"channels": 1, "rows": 2, "latent": 1.5}, "latent is 1.5"),
        ({"channels": 1, "rows": 2, "sigma_floor": 0}, "sigma_floor is 0"),
        ({"channels": 1, "rows": 2, "embedding_dropout": 2.0}, "embedding_dropout is 2.0"),
        ({"channels": 1, "rows": 2, "free_sigma": "no"}, "free_sigma is 'no'"),
        ({"channels": 1, "rows": 2, "hiden": 8}, "unknown model settings"),
        ({"rows": 2}, "are missing"),
    ],
)
def test_a_bad_configuration_names_its_field(values: dict[str, Any], message: str) -> None:
    """Each bad value is named with what it must be."""
    with pytest.raises(ModelConfigError, match=message):
        ModelConfig.from_dict(values)


def test_a_configuration_survives_json() -> None:
    """What `to_dict` gives builds the same configuration."""
    config = preset("small", 3, 4, free_sigma=True)
    assert ModelConfig.from_dict(config.to_dict()) == config
