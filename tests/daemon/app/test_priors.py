"""A prior under the names of a group."""

from __future__ import annotations

import pytest

from offbeat.app.priors import channel_names, prior_of
from offbeat.core.model_choice import ModelChoice
from offbeat.core.sensors import Group
from offbeat.errors import ConfigError


def a_group(*channels: str) -> Group:
    """Return a group that asks for another family than the prior is of."""
    return Group("any", channels, model=ModelChoice("attention_vae", 86_400.0))


def test_it_takes_the_names_and_the_choice_of_the_group() -> None:
    """Whatever they are: it is to stand in for whatever is chosen, until that is trained."""
    found = prior_of(a_group("temperature", "humidity"))
    assert found.commission.channels == ("temperature", "humidity")
    assert found.choice == ModelChoice("attention_vae", 86_400.0)
    assert found.name == "fleet_prior"
    assert found.commission.sensors == ()


def test_it_knows_no_unit() -> None:
    """A scale of its own makers' sensors would be worse than none."""
    assert not prior_of(a_group("value")).commission.scale.any()


def test_where_there_is_none_that_is_said() -> None:
    """With the folder that is missing."""
    with pytest.raises(ConfigError, match="5"):
        prior_of(a_group(*channel_names(5)))
