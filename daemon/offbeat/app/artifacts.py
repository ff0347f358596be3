"""Artifacts of groups: one folder a group under one folder, and how they meet the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from offbeat.core.commission import Commission
from offbeat.core.model_choice import ModelChoice
from offbeat.core.sensors import Group
from offbeat.errors import ConfigError
from offbeat.learn.library import folder_name
from offbeat_models.artifact import Artifact, load_artifact, write_artifact
from offbeat_models.base import WindowModel
from offbeat_models.manifest import MANIFEST, ArtifactError
from offbeat_models.served import ServedModel

STREAMS = "streams"
"""Name of the tensor file that holds the commission."""


@dataclass(frozen=True, slots=True)
class GroupArtifact:
    """What was learnt of one group.

    Attributes:
        commission: normalisers, weights and calibrations of its sensors.
        model: trained, in evaluation mode.
        name: of the model's family.
        version: short name of exactly this content.
        choice: what it was trained as.
        long: the model of the long view; None without one.
    """

    commission: Commission
    model: ServedModel
    name: str
    version: str
    choice: ModelChoice
    long: WindowModel | None = None


def write_group(
    folder: Path,
    commission: Commission,
    model: ServedModel,
    created_at: str,
    settings: dict[str, object],
    training: dict[str, object],
    choice: ModelChoice | None = None,
    long: WindowModel | None = None,
    lineage: dict[str, object] | None = None,
) -> str:
    """Write one group's artifact under a folder, replacing an older one; return its version."""
    return write_artifact(
        folder / folder_name(commission.channels, choice),
        model,
        channels=commission.channels,
        sensors=commission.sensors,
        created_at=created_at,
        settings=settings,
        training=training,
        tensors={STREAMS: commission.to_tensors()},
        horizon=long,
        lineage=lineage,
    )


def read_artifacts(folder: Path) -> list[GroupArtifact]:
    """Return every group's artifact under a folder, or the one that the folder itself is.

    Raises:
        ConfigError: there is none, or one cannot be used; the message says what to do.
    """
    folders = (
        [folder] if (folder / MANIFEST).exists() else sorted(p.parent for p in folder.glob(f"*/{MANIFEST}"))
    )
    if not folders:
        found = "the folder holds no artifact" if folder.is_dir() else "there is no such folder"
        raise ConfigError(
            f"{folder}: {found}; expected what `offbeat train` writes. Train one, or correct model.artifact"
        )
    return [read_artifact(path) for path in folders]


def by_group(
    artifacts: Sequence[GroupArtifact], groups: Sequence[Group], folder: Path
) -> dict[int, GroupArtifact]:
    """Return the artifact of each group by its index; groups without one are left out.

    Raises:
        ConfigError: no artifact fits any group of the configuration.
    """
    known = {(artifact.commission.channels, artifact.choice): artifact for artifact in artifacts}
    chosen = {
        i: known[group.channels, group.model]
        for i, group in enumerate(groups)
        if (group.channels, group.model) in known
    }
    left = [group for i, group in enumerate(groups) if i not in chosen]
    if other := [group for group in left if group.channels in {channels for channels, _ in known}]:
        trained = " and ".join(str(one) for channels, one in known if channels == other[0].channels)
        raise ConfigError(
            f"{folder}: what was trained on sensors with the channels {', '.join(other[0].channels)} is {trained}, but "
            f"the configuration asks for {other[0].model}; train again, or set family and horizon accordingly"
        )
    if not chosen:
        trained = " | ".join(", ".join(channels) for channels, _ in known)
        wanted = " | ".join(", ".join(group.channels) for group in groups)
        raise ConfigError(
            f"{folder}: was trained on sensors with the channels {trained}, but the sources of the configuration "
            f"have {wanted}; train on recordings of these sources, or set `channels` of the source"
        )
    return chosen


def read_artifact(path: Path) -> GroupArtifact:
    """Return the artifact that a folder is.

    Raises:
        ConfigError: it cannot be used; the message says what to do.
    """
    try:
        artifact = load_artifact(path)
    except ArtifactError as error:
        raise ConfigError(str(error)) from error
    return GroupArtifact(
        _commission(path, artifact),
        artifact.model,
        artifact.model.family,
        artifact.version,
        ModelChoice(artifact.model.family, artifact.settings.get("horizon_seconds")),
        artifact.horizon,
    )


def _commission(path: Path, artifact: Artifact) -> Commission:
    try:
        return Commission.from_tensors(artifact.channels, artifact.sensors, artifact.tensors[STREAMS])
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{path}: {STREAMS}.safetensors does not hold what this version expects ({error}); "
            "train a new artifact with `offbeat train`"
        ) from error
