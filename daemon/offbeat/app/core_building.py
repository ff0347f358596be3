"""The core with its sensors, artifacts and scorer, as the settings ask for it: for service and for replay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from offbeat.app.artifacts import GroupArtifact, by_group, read_artifacts
from offbeat.app.core_settings import core_settings
from offbeat.app.engine import Engine
from offbeat.app.scorers import build_scorer
from offbeat.config.settings import Settings
from offbeat.core.pipeline import Pipeline
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from offbeat.ingest.decoder import Decoder, directory_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Core:
    """What turns messages into decisions.

    Attributes:
        directory: sensors and groups.
        decoder: messages to readings.
        engine: pipeline and scorer in step.
        artifacts: of each group that has one, by its index.
    """

    directory: SensorDirectory
    decoder: Decoder
    engine: Engine
    artifacts: dict[int, GroupArtifact]

    @property
    def pipeline(self) -> Pipeline:
        """The core's run-time state."""
        return self.engine.pipeline

    @property
    def versions(self) -> dict[int, str]:
        """Version of each group's artifact by the group's index."""
        return {index: artifact.version for index, artifact in self.artifacts.items()}


def build_core(settings: Settings) -> Core:
    """Return the core of a configuration, its models loaded and warm.

    Raises:
        ConfigError: the artifact cannot be used, or the memory budget does not hold the sensors.
        UnavailableError: the device asked for is not there.
    """
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    core = core_settings(settings)
    pipeline = Pipeline(directory, core)
    artifacts = _artifacts(settings, directory)
    for index, artifact in artifacts.items():
        pipeline.install(index, artifact.commission, (artifact.name, artifact.version))
    _check_memory(settings, pipeline)
    scorer = build_scorer(artifacts, settings.model, core, settings.limits.max_sensors)
    decoder = Decoder(settings.sources, directory, settings.limits)
    return Core(directory, decoder, Engine(pipeline, scorer, settings.model.batch_windows), artifacts)


def _artifacts(settings: Settings, directory: SensorDirectory) -> dict[int, GroupArtifact]:
    folder: Path = settings.artifact_directory
    if settings.model.artifact is None and not folder.exists():
        _log.warning(
            "there is no artifact yet; only silence and rules are judged until one is trained",
            expected_at=str(folder), train_with="offbeat train",
        )  # fmt: skip
        return {}
    return by_group(read_artifacts(folder), directory.groups, folder)


def _check_memory(settings: Settings, pipeline: Pipeline) -> None:
    limits = settings.limits
    widest = max(range(len(pipeline.groups)), key=pipeline.state_bytes_per_sensor)
    needed = int(pipeline.state_bytes_per_sensor(widest)) * limits.max_sensors
    if limits.memory_bytes is not None and needed > limits.memory_bytes:
        raise ConfigError(
            f"limits.memory is {limits.memory_bytes / 2**20:,.0f} MiB, but the state of {limits.max_sensors:,} sensors "
            f"takes up to {needed / 2**20:,.0f} MiB; lower limits.max_sensors or limits.window_readings, "
            "or raise limits.memory"
        )
