"""A trained model on disk: a manifest and tensors, written whole or not at all, checked on reading.

    manifest.json         what it is, and size and SHA-256 of every other file
    model.safetensors     the weights
    horizon.safetensors   the weights of a second model that looks further back, if there is one
    <name>.safetensors    tensors of the caller: calibrations, normalisers, bases

Nothing in it is executed: JSON and safetensors hold data only.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from offbeat_models.base import ModelConfigError, WindowModel
from offbeat_models.manifest import (
    ENDING,
    FORMAT,
    HORIZON,
    MANIFEST,
    NAME,
    SCHEMA_VERSION,
    WEIGHTS,
    fail,
    load_manifest,
    read_checked,
    sha256,
    version_of,
)
from offbeat_models.served import ServedModel, rebuild, shapes_of, tensors_of

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model with all that was learned with it.

    Attributes:
        model: in evaluation mode, on the CPU.
        channels: names, in the order of the model's channels.
        sensors: ids; the sensor at index i has row i + 1 in the model's tables.
        created_at: when it was written, as the writer said.
        config_hash: SHA-256 over the model's configuration and what `settings` held.
        settings: of the training, as the writer gave them.
        training: the training's report.
        tensors: the caller's tensors by file name (without ending) and tensor name.
        version: short name of exactly this content.
        horizon: a second model of the same channels and sensors that looks further back, as `model`; or None.
        lineage: what it came from, as the writer said: which model was before it, which readings it was learnt from.
    """

    model: ServedModel
    channels: tuple[str, ...]
    sensors: tuple[str, ...]
    created_at: str
    settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensors] = field(default_factory=dict)
    config_hash: str = ""
    version: str = ""
    horizon: WindowModel | None = None
    lineage: dict[str, Any] = field(default_factory=dict)


def write_artifact(
    path: Path,
    model: ServedModel,
    *,
    channels: Sequence[str],
    sensors: Sequence[str],
    created_at: str,
    settings: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
    horizon: WindowModel | None = None,
    lineage: Mapping[str, Any] | None = None,
) -> str:
    """Write an artifact to the folder `path`, replacing one that is there; return its version.

    A reader sees the old artifact or the new one, whole. If the machine stops between the two renames, the
    old one lies beside as `<name>.previous` and `load_artifact` finds it there.

    Args:
        path: the folder; its parent is made if missing.
        model: what was trained.
        channels: names in the model's order.
        sensors: ids in the order of the model's rows 1, 2, ...
        created_at: stamp to write down, such as RFC 3339.
        settings: what the training was asked to do; it enters the hash of the configuration.
        training: the training's report.
        tensors: further arrays, by file name (without ending) and tensor name.
        horizon: a second model of the same channels and sensors.
        lineage: what it came from; kept as it is.

    Raises:
        ValueError: if names and counts do not fit the model, or a file name is not plain.
    """
    models: dict[str, ServedModel] = (
        {WEIGHTS: model} if horizon is None else {WEIGHTS: model, HORIZON: horizon}
    )
    _check_names(models.values(), channels, sensors, tensors or {})
    groups = {name: tensors_of(one) for name, one in models.items()} | dict(tensors or {})
    blobs = {name + ENDING: _serialised(group) for name, group in groups.items()}
    what = {**_about(model), "settings": dict(settings or {})}
    what |= {} if horizon is None else {HORIZON: _about(horizon)}
    manifest = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        **what,
        "channels": list(channels),
        "sensors": list(sensors),
        "created_at": created_at,
        "config_hash": sha256(_json(what)),
        "training": _plain(dict(training or {})),
        "files": {name: {"bytes": len(blob), "sha256": sha256(blob)} for name, blob in blobs.items()},
    }
    manifest |= {"lineage": _plain(dict(lineage))} if lineage else {}
    content = _json(manifest)
    _replace_folder(path, {**blobs, MANIFEST: content})
    return version_of(content)


def load_artifact(path: Path) -> Artifact:
    """Read and check an artifact; whatever does not fit raises `ArtifactError`.

    Args:
        path: the folder.
    """
    folder = _folder(path)
    manifest, version = load_manifest(folder)
    tensors = {name: _tensors(folder / name, about) for name, about in manifest["files"].items()}
    model = _model(folder, manifest, manifest, WEIGHTS, tensors)
    second = manifest.get(HORIZON)
    horizon = None if second is None else _model(folder, manifest, second, HORIZON, tensors)
    if not (horizon is None or isinstance(horizon, WindowModel)):
        fail(folder / MANIFEST, f"its second model is {horizon.family!r}", "a model that looks further back")
    return Artifact(
        model=model,
        horizon=horizon,
        channels=tuple(manifest["channels"]),
        sensors=tuple(manifest["sensors"]),
        created_at=manifest["created_at"],
        settings=manifest["settings"],
        training=manifest["training"],
        tensors={name.removesuffix(ENDING): group for name, group in tensors.items()},
        config_hash=manifest["config_hash"],
        version=version,
        lineage=manifest.get("lineage") or {},
    )


def _check_names(
    models: Iterable[ServedModel], channels: Sequence[str], sensors: Sequence[str], files: Iterable[str]
) -> None:
    for one in models:
        if len(channels) != one.config.channels or len(sensors) != one.config.rows - 1:
            raise ValueError(
                f"{len(channels)} channels and {len(sensors)} sensors were named for a model of "
                f"{one.config.channels} channels and {one.config.rows - 1} sensors"
            )
    if bad := [n for n in files if n in (WEIGHTS, HORIZON) or not NAME.fullmatch(n)]:
        raise ValueError(
            f"tensor files cannot be named {bad}; use small letters, digits, _ and -, not model or horizon"
        )


def _about(model: ServedModel) -> dict[str, Any]:
    return {"family": model.family, "model": model.config.to_dict()}


def _plain(value: Any) -> Any:
    """Return the value as JSON can hold it: what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()


def _serialised(group: Mapping[str, NDArray[Any]]) -> bytes:
    return safetensors.numpy.save({name: np.ascontiguousarray(value) for name, value in group.items()})


def _previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")


def _replace_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder beside `path`, make them durable, and put the folder in its place."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        fresh.chmod(0o755)
        for name, content in files.items():
            with (fresh / name).open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        _sync(fresh)
        previous = _previous(path)
        if path.exists():
            shutil.rmtree(previous, ignore_errors=True)
            path.rename(previous)
        fresh.rename(path)
        _sync(path.parent)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder(path: Path) -> Path:
    """Return the folder to read: the artifact's, or the one before if a replacement was cut off."""
    if path.is_dir():
        return path
    if path.exists() or not _previous(path).is_dir():
        found = "there is a file" if path.exists() else "nothing is there"
        fail(path, found, "the folder of an artifact", "train one with `offbeat train`, or correct the path")
    return _previous(path)


def _tensors(path: Path, about: dict[str, Any]) -> Tensors:
    """Return the tensors of a file that is as the manifest says."""
    content = read_checked(path, about)
    try:
        tensors: Tensors = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        fail(path, f"it holds no tensors ({error})", "a safetensors file")
    return tensors


def _model(
    folder: Path, manifest: dict[str, Any], about: dict[str, Any], name: str, tensors: dict[str, Tensors]
) -> ServedModel:
    """Build the model that the manifest describes, and give it the weights in the file `name`."""
    where, weights = folder / MANIFEST, tensors.pop(name + ENDING)
    try:
        shapes, channels, rows = shapes_of(about["family"], about["model"])
    except ModelConfigError as error:
        fail(where, str(error), "a model that this version of offbeat knows")
    for what, count in (("channels", channels), ("sensors", rows - 1)):
        if len(manifest[what]) != count:
            fail(where, f"it names {len(manifest[what])} {what}", f"{count}, as its model has")
    _check_weights(folder / (name + ENDING), weights, shapes)
    return rebuild(about["family"], about["model"], weights)


def _check_weights(path: Path, weights: Tensors, shapes: dict[str, tuple[int, ...]]) -> None:
    if missing := sorted(set(shapes) - set(weights)):
        fail(path, f"tensors are missing: {', '.join(missing[:4])}", f"{len(shapes)} tensors of the model")
    if extra := sorted(set(weights) - set(shapes)):
        fail(
            path, f"it has unknown tensors: {', '.join(extra[:4])}", f"the {len(shapes)} tensors of the model"
        )
    for name, shape in shapes.items():
        found = weights[name]
        if found.shape != shape or found.dtype != np.float32:
            fail(path, f"tensor {name} is {found.dtype} {found.shape}", f"float32 {shape}")
        if not np.isfinite(found).all():
            fail(path, f"tensor {name} holds NaN or infinity", "finite weights", "train a new one")
