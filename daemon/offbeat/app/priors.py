"""The fleet priors that come with Offbeat: what judges a group of sensors before it has a model of its own.

A prior knows no sensor, no unit and no name: it is made from synthetic streams by `python -m tests.make_prior`, one for
each number of channels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from offbeat.app.artifacts import GroupArtifact, read_artifact
from offbeat.core.sensors import Group
from offbeat.learn.prior_files import NAME, PRIORS


def channel_names(channels: int) -> tuple[str, ...]:
    """Return what a prior calls its channels; a group calls them otherwise."""
    return tuple(f"channel{c}" for c in range(1, channels + 1))


def prior_of(group: Group, priors: Path = PRIORS) -> GroupArtifact:
    """Return the prior for a group, under the group's own names.

    Raises:
        ConfigError: there is none for so many channels, or this installation is damaged.
    """
    found = read_artifact(priors / str(len(group.channels)))
    commission = replace(found.commission, channels=group.channels)
    return replace(found, commission=commission, name=NAME, choice=group.model)
