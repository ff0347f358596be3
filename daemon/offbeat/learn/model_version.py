"""One version of a group's model as its manifest tells of it. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offbeat.core.model_choice import ModelChoice
from offbeat.learn.enough import LeftUnknown
from offbeat_models.manifest import ArtifactError, load_manifest, read_checked


@dataclass(frozen=True)
class ModelVersion:
    """What is known of a version without loading its model.

    Attributes:
        version: its name, the name of its folder.
        folder: where it lies.
        manifest: what it says of itself; empty if it cannot be read.
        damage: why it cannot be used; empty if it can.
    """

    version: str
    folder: Path
    manifest: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""

    @property
    def created_at(self) -> str:
        """When it was trained, RFC 3339."""
        return str(self.manifest.get("created_at", ""))

    @property
    def channels(self) -> tuple[str, ...]:
        """Of the sensors that it judges."""
        return tuple(self.manifest.get("channels", ()))

    @property
    def sensors(self) -> int:
        """How many sensors it knows."""
        return len(self.manifest.get("sensors", ()))

    @property
    def choice(self) -> ModelChoice:
        """What it was trained as."""
        horizon = self._settings.get("horizon_seconds")
        return ModelChoice(str(self.manifest.get("family", "")), horizon)

    @property
    def steps(self) -> int | None:
        """Steps of its training; None if nobody wrote them down."""
        steps = self._training.get("steps")
        return steps if isinstance(steps, int) else None

    @property
    def lineage(self) -> Mapping[str, Any]:
        """What it came from."""
        return _table(self.manifest.get("lineage"))

    @property
    def left_unknown(self) -> LeftUnknown:
        """Sensors that its training left out, for they had too few readings."""
        return LeftUnknown.from_dict(self._training)

    @property
    def figures(self) -> dict[str, float]:
        """How good it was when it was made, by what was measured: on held-back time, and on faults put into it."""
        found = {
            f"held back: {name.replace('_', ' ')}": value
            for name, value in _table(self._training.get("validation")).items()
        }
        model = _table(_table(self._training.get("comparison")).get("model"))
        found |= {"faults: recall": model.get("recall")}
        found |= {"faults: average precision": model.get("average_precision")}
        found |= {
            f"faults: recall of {kind}": value for kind, value in _table(model.get("recall_by_fault")).items()
        }
        return {
            name: float(value)
            for name, value in found.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }

    @property
    def recall(self) -> float | None:
        """Share of the faults put into held-back time that it found; None if that was not measured."""
        return self.figures.get("faults: recall")

    @property
    def _settings(self) -> Mapping[str, Any]:
        return _table(self.manifest.get("settings"))

    @property
    def _training(self) -> Mapping[str, Any]:
        return _table(self.manifest.get("training"))


def read_version(folder: Path, *, is_named: bool = True) -> ModelVersion:
    """Return the version that lies in a folder; what is wrong with it stands in its `damage`.

    Args:
        folder: of the artifact.
        is_named: whether the folder has to have the version's name.
    """
    try:
        manifest, version = load_manifest(folder)
    except ArtifactError as error:
        return ModelVersion(folder.name, folder, damage=str(error))
    if is_named and version != folder.name:
        damage = f"{folder}: its manifest was changed: it would be version {version} now"
        return ModelVersion(folder.name, folder, manifest, damage)
    try:
        for name, about in manifest["files"].items():
            read_checked(folder / name, about)
    except ArtifactError as error:
        return ModelVersion(version, folder, manifest, str(error))
    return ModelVersion(version, folder, manifest)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
