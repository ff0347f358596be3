"""The library that the settings lead to: what is in service in it, and how a model of before gets into it."""

from __future__ import annotations

from pathlib import Path

import structlog

from offbeat.app.artifacts import GroupArtifact, read_artifact, read_artifacts
from offbeat.config.settings import Settings
from offbeat.core.sensors import Group
from offbeat.errors import ConfigError, OffbeatError
from offbeat.learn.library import BY_ITSELF, GroupModels, ModelLibrary, folder_name
from offbeat.storage.disk import Disk
from offbeat_models.manifest import MANIFEST

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BEFORE = "artifact"
"""Where in the state directory the one model of each group lay before there was a library."""


def library_of(settings: Settings) -> ModelLibrary:
    """Return the library of a configuration."""
    return ModelLibrary(settings.library_directory, settings.model.keep_versions)


def take_over(settings: Settings) -> None:
    """Put models that lie where they lay before there was a library into it, once; they are left where they are."""
    library = library_of(settings)
    for manifest in sorted((settings.state.directory / BEFORE).glob(f"*/{MANIFEST}")):
        _take_over(library, library.group(manifest.parent.name), manifest.parent)


def _take_over(library: ModelLibrary, group: GroupModels, folder: Path) -> None:
    try:
        if group.promotions().current is not None:
            return
        with library.workbench() as bench:
            copy = bench / group.name
            copy.mkdir()
            for file in folder.iterdir():
                Disk().write(copy / file.name, file.read_bytes())
            version = group.install(copy)
        group.promote(version, "offbeat", f"taken over from {folder}")
    except (OffbeatError, OSError) as error:
        _log.error("a model could not be taken over into the library", folder=str(folder), reason=str(error))
    else:
        _log.info("a model was taken over into the library", group=group.name, version=version)


def artifacts_in_service(settings: Settings) -> list[GroupArtifact]:
    """Return what a daemon of this configuration would judge by.

    Raises:
        ConfigError: there is nothing, or it cannot be used.
    """
    if settings.model.artifact is not None:
        return read_artifacts(settings.model.artifact)
    take_over(settings)
    library = library_of(settings)
    found = [one for one in map(serving, library.groups()) if one is not None]
    if not found:
        raise ConfigError(f"{library.root}: no model is in service; {BY_ITSELF}")
    return found


def models_of(library: ModelLibrary, group: Group) -> GroupModels:
    """Return the versions of a group of sensors."""
    return library.group(folder_name(group.channels, group.model))


def serving(models: GroupModels, last_served: str = "") -> GroupArtifact | None:
    """Return the model to begin with; None if there is none that can be used.

    Args:
        models: versions of the group.
        last_served: version under which the group's state was saved. Where it still exists the log is played on under
            it, as the daemon that died would have gone on, and what is in service now is taken up afterwards.
    """
    try:
        promotions = models.promotions()
    except ConfigError as error:
        _log.error("it is not known which model is in service", group=models.name, reason=str(error))
        return None
    if promotions.current is None:
        return None
    for version in dict.fromkeys((last_served, promotions.current, promotions.previous)):
        found = models.version(version) if version else None
        if found is None:
            continue
        try:
            return read_artifact(found.folder)
        except ConfigError as error:
            _log.error(
                "a model cannot be used; the one before is", group=models.name, version=version, reason=str(error),
            )  # fmt: skip
    return None


def fitting(artifact: GroupArtifact, group: Group) -> GroupArtifact:
    """Return an artifact if it was made for a group.

    Raises:
        ConfigError: it is of other channels, or of another choice.
    """
    if artifact.commission.channels != group.channels or artifact.choice != group.model:
        raise ConfigError(
            f"version {artifact.version} is {artifact.choice} for the channels "
            f"{', '.join(artifact.commission.channels)}, but the group has {', '.join(group.channels)} and asks for "
            f"{group.model}; train again on these sensors"
        )
    return artifact
