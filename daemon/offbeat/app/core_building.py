"""The core with its sensors, artifacts and scorer, as the settings ask for it: for service and for replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from offbeat.app.artifacts import GroupArtifact, by_group, read_artifacts
from offbeat.app.core_settings import core_settings
from offbeat.app.engine import Engine
from offbeat.app.model_library import fitting, library_of, models_of, serving, take_over
from offbeat.app.priors import prior_of
from offbeat.app.scorers import WarmModel, build_scorer
from offbeat.config.settings import LimitSettings, Settings
from offbeat.core.pipeline import Pipeline
from offbeat.core.sensors import Group, SensorDirectory
from offbeat.errors import ConfigError
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.learn.library import ModelLibrary
from offbeat.learn.prior_files import NAME, prior_version

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Core:
    """What turns messages into decisions.

    Attributes:
        directory: sensors and groups.
        decoder: messages to readings; another one after the sources have changed, with the same ledgers.
        engine: pipeline and scorer in step.
        artifacts: of each group that has one, by its index.
        versions: of the same.
    """

    directory: SensorDirectory
    decoder: Decoder
    engine: Engine
    artifacts: dict[int, GroupArtifact]
    versions: dict[int, str] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        """The core's run-time state."""
        return self.engine.pipeline

    @property
    def prior_only(self) -> bool:
        """Whether nothing but the fleet prior judges."""
        return all(artifact.name == NAME for artifact in self.artifacts.values())

    def exchange(self, group: int, artifact: GroupArtifact, warm: WarmModel) -> None:
        """Judge a group by another artifact from now on; no work and no window may be under way.

        Raises:
            ValueError: it is of other channels; nothing was changed.
        """
        self.pipeline.install(group, artifact.commission, (artifact.name, artifact.version))
        self.engine.scorer.exchange(group, warm.served, warm.long)
        self.artifacts[group] = artifact
        self.versions[group] = artifact.version


def build_core(settings: Settings, last_served: Callable[[str], str] = lambda _: "") -> Core:
    """Return the core of a configuration, its models loaded and warm.

    Args:
        settings: as loaded.
        last_served: tells by the name of a group under which version its state was saved; "" if it was not.

    Raises:
        ConfigError: the artifact cannot be used, or the memory budget does not hold the sensors.
        UnavailableError: the device asked for is not there.
    """
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    core = core_settings(settings)
    pipeline = Pipeline(directory, core)
    artifacts = _artifacts(settings, directory, last_served)
    for index, artifact in artifacts.items():
        pipeline.install(index, artifact.commission, (artifact.name, artifact.version))
    refuse_too_large(settings.limits, state_bytes(pipeline))
    scorer = build_scorer(artifacts, settings.model, core, settings.limits.max_sensors)
    decoder = Decoder(settings.sources, directory, settings.limits)
    engine = Engine(pipeline, scorer, settings.model.batch_windows)
    versions = {index: artifact.version for index, artifact in artifacts.items()}
    return Core(directory, decoder, engine, artifacts, versions)


def _artifacts(
    settings: Settings, directory: SensorDirectory, last_served: Callable[[str], str]
) -> dict[int, GroupArtifact]:
    folder = settings.model.artifact
    if folder is not None:
        return by_group(read_artifacts(folder), directory.groups, folder)
    take_over(settings)
    library, found = library_of(settings), {}
    for index, group in enumerate(directory.groups):
        artifact = _judging(settings, library, group, last_served(group.name))
        if artifact is None:
            _log.warning(
                "there is no model yet; only silence and rules are judged until one is trained",
                group=group.name, expected_at=str(models_of(library, group).folder), train_with="offbeat train --now",
            )  # fmt: skip
            continue
        found[index] = artifact
        if artifact.name == NAME:
            _log.info(
                "there is no model yet; the fleet prior judges values",
                group=group.name,
                version=artifact.version,
            )
    return found


def _judging(settings: Settings, library: ModelLibrary, group: Group, last: str) -> GroupArtifact | None:
    """Return what a daemon that starts judges a group by; None if there is nothing."""
    prior = prior_version(len(group.channels)) if settings.model.prior else None
    # What was judged by the prior when the daemon ended is played on under it; what came since is taken up then.
    artifact = None if prior is not None and prior == last else serving(models_of(library, group), last)
    if artifact is not None:
        return fitting(artifact, group)
    return None if prior is None else prior_of(group)


def state_bytes(pipeline: Pipeline) -> float:
    """Return the memory that a sensor takes in the core at most: any may be of the widest group."""
    return max(map(pipeline.state_bytes_per_sensor, range(len(pipeline.groups))), default=0.0)


def state_bytes_of(settings: Settings, groups: Sequence[Group]) -> float:
    """Return the same of groups that are not there yet, judged by what would judge them after a start.

    Raises:
        ConfigError: what is in service for one of them cannot be used.
    """
    directory = SensorDirectory([one.channels for one in groups], 1, choices=[one.model for one in groups])
    pipeline, library = Pipeline(directory, core_settings(settings)), library_of(settings)
    for index, group in enumerate(groups):
        if (artifact := _judging(settings, library, group, "")) is not None:
            pipeline.install(index, artifact.commission, (artifact.name, artifact.version))
    return state_bytes(pipeline)


def refuse_too_large(limits: LimitSettings, bytes_per_sensor: float, also: str = "") -> None:
    """Hold the state of all sensors that are allowed against the memory that is.

    Args:
        limits: as loaded.
        bytes_per_sensor: that one may take.
        also: what else can be done about it.

    Raises:
        ConfigError: it may become larger.
    """
    needed = int(bytes_per_sensor * limits.max_sensors)
    if limits.memory_bytes is not None and needed > limits.memory_bytes:
        raise ConfigError(
            f"limits.memory is {limits.memory_bytes / 2**20:,.0f} MiB, but the state of {limits.max_sensors:,} sensors "
            f"takes up to {needed / 2**20:,.0f} MiB; lower limits.max_sensors or limits.window_readings, "
            f"or raise limits.memory{also}"
        )
