"""Artifacts: written whole or not at all; every way to be broken is named with what to do."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from offbeat_models.artifact import load_artifact, write_artifact
from offbeat_models.base import WindowModel
from offbeat_models.check_examples import awakened
from offbeat_models.manifest import ArtifactError
from offbeat_models.registry import FAMILIES, build, preset
from offbeat_models.scoring import GroupScorer

STREAMS = {
    "streams": {"ridge": np.arange(6, dtype=np.float64).reshape(2, 3), "flags": np.array([1, 0], np.uint8)}
}


def _model(seed: int = 0) -> WindowModel:
    return awakened(build("lstm_vae", preset("tiny", 2, 4)), seed)


def _write(path: Path, model: WindowModel | None = None, **changes: Any) -> str:
    values: dict[str, Any] = {
        "channels": ["temperature", "pressure"],
        "sensors": ["a", "b", "ß/🦆"],
        "created_at": "2026-01-02T03:04:05Z",
        "settings": {"steps": 10},
        "training": {"figures": {"kl": 12.5, "never": float("nan")}},
        "tensors": STREAMS,
    }
    return write_artifact(path, model or _model(), **(values | changes))


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """The folder of a good artifact."""
    _write(tmp_path / "artifact")
    return tmp_path / "artifact"


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Weights, names, settings, report and tensors come back as they were."""
    model = _model()
    version = _write(tmp_path / "deep" / "artifact", model)
    read = load_artifact(tmp_path / "deep" / "artifact")
    for name, value in model.state_dict().items():
        assert torch.equal(read.model.state_dict()[name], value)
    assert read.channels == ("temperature", "pressure")
    assert read.sensors == ("a", "b", "ß/🦆")
    assert read.created_at == "2026-01-02T03:04:05Z"
    assert read.settings == {"steps": 10}
    assert read.training == {"figures": {"kl": 12.5, "never": None}}
    assert read.version == version
    assert not read.model.training
    np.testing.assert_array_equal(read.tensors["streams"]["ridge"], STREAMS["streams"]["ridge"])
    assert read.tensors["streams"]["flags"].dtype == np.uint8


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_served_from_its_artifact(family: str, tmp_path: Path) -> None:
    """A scorer of the model that was read says what a scorer of the one that was written says."""
    model = awakened(build(family, preset("tiny", 2, 4)))
    _write(tmp_path / "artifact", model)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 20, 2)).astype(np.float32)
    mask = (rng.random(x.shape) < 0.6).astype(np.float32)
    tau = np.arange(-19.0, 1.0, dtype=np.float32)[None].repeat(3, 0)
    row, lengths = np.arange(1, 4), np.array([20, 7, 13])
    said = [
        GroupScorer(one, 3).window(row, x, mask, tau, lengths, 8).channel_nll
        for one in (model, load_artifact(tmp_path / "artifact").model)
    ]
    assert np.isfinite(said[0]).any()
    np.testing.assert_array_equal(said[0], said[1])


def test_the_same_content_has_the_same_version(tmp_path: Path) -> None:
    """Version and configuration hash depend on content alone, and change with it."""
    one, same = _write(tmp_path / "a"), _write(tmp_path / "b")
    other = _write(tmp_path / "c", _model(seed=1))
    assert one == same != other
    hashes = [load_artifact(tmp_path / name).config_hash for name in "abc"]
    assert len(set(hashes)) == 1
    _write(tmp_path / "d", settings={"steps": 11})
    assert load_artifact(tmp_path / "d").config_hash != hashes[0]


def test_writing_replaces_what_was_there(artifact: Path) -> None:
    """A second write wins, and leaves nothing else behind."""
    version = _write(artifact, _model(seed=1))
    assert load_artifact(artifact).version == version
    assert [p.name for p in artifact.parent.iterdir()] == ["artifact"]


def test_a_failed_write_leaves_the_old_artifact(artifact: Path) -> None:
    """What cannot be written is refused before anything is touched."""
    before = load_artifact(artifact).version
    with pytest.raises(ValueError, match="1 channels and 3 sensors were named"):
        _write(artifact, channels=["one"])
    with pytest.raises(ValueError, match="cannot be named"):
        _write(artifact, tensors={"../outside": {}})
    with pytest.raises(ValueError, match="cannot be named"):
        _write(artifact, tensors={"model": {}})
    assert load_artifact(artifact).version == before
    assert [p.name for p in artifact.parent.iterdir()] == ["artifact"]


def test_a_replacement_cut_off_between_its_renames_keeps_the_old_one(artifact: Path) -> None:
    """With the new folder not yet in place, the one before is read."""
    before = load_artifact(artifact).version
    artifact.rename(artifact.with_name("artifact.previous"))
    assert load_artifact(artifact).version == before
    version = _write(artifact, _model(seed=1))
    assert load_artifact(artifact).version == version
    assert not artifact.with_name("artifact.previous").exists()


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Return a way to break an artifact by changing its manifest."""

    def edit(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return edit


def _reweigh(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Return a way to break the weights so that size and hash are right."""

    def reweigh(folder: Path) -> None:
        weights = safetensors.numpy.load_file(folder / "model.safetensors")
        change(weights)
        blob = safetensors.numpy.save(weights)
        (folder / "model.safetensors").write_bytes(blob)
        about = {"bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}
        _edit(lambda m: m["files"].update({"model.safetensors": about}))(folder)

    return reweigh


def _flip_bit(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-7] ^= 0x10
    (folder / "model.safetensors").write_bytes(content)


def _truncate(folder: Path) -> None:
    content = (folder / "streams.safetensors").read_bytes()
    (folder / "streams.safetensors").write_bytes(content[:-5])


def _not_safetensors(folder: Path) -> None:
    blob = b"no tensors in here"
    (folder / "streams.safetensors").write_bytes(blob)
    about = {"bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}
    _edit(lambda m: m["files"].update({"streams.safetensors": about}))(folder)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json: the file is missing"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors: the file is missing"),
    "no streams": (
        lambda f: (f / "streams.safetensors").unlink(),
        "streams.safetensors: the file is missing",
    ),
    "bad JSON": (lambda f: (f / "manifest.json").write_text("{"), "not valid JSON"),
    "binary JSON": (lambda f: (f / "manifest.json").write_bytes(b"\xff\x00"), "not valid JSON"),
    "deep JSON": (lambda f: (f / "manifest.json").write_text("[" * 200_000), "not valid JSON"),
    "a list": (lambda f: (f / "manifest.json").write_text("[]"), "format is 'list'"),
    "another format": (
        _edit(lambda m: m.update(format="zip")),
        "format is 'zip'; expected 'offbeat-artifact'",
    ),
    "a newer schema": (_edit(lambda m: m.update(schema_version=2)), "version is 2; expected version 1"),
    "no schema": (_edit(lambda m: m.pop("schema_version")), "version is None; expected version 1"),
    "a missing field": (_edit(lambda m: m.pop("sensors")), "'sensors' is missing; expected a list"),
    "a wrong type": (_edit(lambda m: m.update(channels="x")), "'channels' is 'x'; expected a list"),
    "no names": (
        _edit(lambda m: m.update(sensors=[1, 2, 3])),
        "'sensors' holds something that is not a name",
    ),
    "a path outside": (_edit(lambda m: m["files"].update({"../x.safetensors": {}})), "lists a file '../x"),
    "no hash": (_edit(lambda m: m["files"].update({"model.safetensors": {"bytes": 1}})), "says of model"),
    "no weights listed": (
        _edit(lambda m: m["files"].pop("model.safetensors")),
        "model.safetensors among them",
    ),
    "an unknown family": (_edit(lambda m: m.update(family="lstm")), "unknown model family 'lstm'"),
    "an unknown setting": (_edit(lambda m: m["model"].update(depth=3)), "unknown model settings"),
    "a bad setting": (_edit(lambda m: m["model"].update(hidden=-4)), "hidden is -4"),
    "other channels": (_edit(lambda m: m.update(channels=["a"])), "names 1 channels; expected 2"),
    "other sensors": (_edit(lambda m: m.update(sensors=[])), "names 0 sensors; expected 3"),
    "a flipped bit": (_flip_bit, "changed or damaged"),
    "a cut file": (_truncate, "bytes, as the manifest says"),
    "no tensors": (_not_safetensors, "holds no tensors"),
    "a missing tensor": (_reweigh(lambda w: w.pop("causal.lift.bias")), "missing: causal.lift.bias"),
    "an extra tensor": (_reweigh(lambda w: w.update(x=np.zeros(1, np.float32))), "unknown tensors: x"),
    "another shape": (
        _reweigh(lambda w: w.update({"causal.lift.bias": np.zeros(3, np.float32)})),
        r"causal.lift.bias is float32 \(3,\); expected float32 \(16,\)",
    ),
    "another type": (_reweigh(lambda w: w.update({"causal.lift.bias": np.zeros(16)})), "is float64"),
    "a NaN": (
        _reweigh(lambda w: w.update({"causal.lift.bias": np.full(16, np.nan, np.float32)})),
        "holds NaN or infinity",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_artifact_is_named(name: str, artifact: Path) -> None:
    """Each kind of damage says what was found, what was expected, where, and what to do."""
    damage, message = BROKEN[name]
    damage(artifact)
    with pytest.raises(ArtifactError, match=message) as caught:
        load_artifact(artifact)
    assert str(artifact) in str(caught.value)
    assert "To go on:" in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Where nothing is, the message says how to get an artifact."""
    with pytest.raises(ArtifactError, match=r"nothing is there.*offbeat train"):
        load_artifact(tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    """An artifact is a folder."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArtifactError, match="there is a file; expected the folder"):
        load_artifact(tmp_path / "file")


def test_every_single_flipped_byte_is_found(artifact: Path) -> None:
    """A byte changed anywhere in a tensor file is found, header or data."""
    path = artifact / "streams.safetensors"
    good = path.read_bytes()
    for at in range(0, len(good), 11):
        bad = bytearray(good)
        bad[at] ^= 1
        path.write_bytes(bad)
        with pytest.raises(ArtifactError):
            load_artifact(artifact)


def test_a_second_model_is_kept_beside_the_first(tmp_path: Path) -> None:
    """The model that looks further back comes back whole, and is no tensor of the caller's."""
    second = awakened(build("conv_vae", preset("tiny", 2, 4)), 3)
    alone, both = _write(tmp_path / "alone"), _write(tmp_path / "both", horizon=second)
    read = load_artifact(tmp_path / "both")
    assert read.horizon is not None
    for name, value in second.state_dict().items():
        assert torch.equal(read.horizon.state_dict()[name], value)
    assert set(read.tensors) == {"streams"}
    assert alone != both
    assert load_artifact(tmp_path / "alone").horizon is None


def test_a_second_model_must_be_whole_and_of_the_same_sensors(tmp_path: Path) -> None:
    """Another number of sensors is refused; a file that is missing, or said to be something odd, is named."""
    with pytest.raises(ValueError, match="named for a model"):
        _write(tmp_path / "artifact", horizon=build("conv_vae", preset("tiny", 2, 9)))
    _write(tmp_path / "artifact", horizon=build("conv_vae", preset("tiny", 2, 4)))
    manifest = tmp_path / "artifact" / "manifest.json"
    written = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(written | {"horizon": {"family": 3}}))
    with pytest.raises(ArtifactError, match="of the model 'horizon'"):
        load_artifact(tmp_path / "artifact")
    del written["files"]["horizon.safetensors"]
    manifest.write_text(json.dumps(written))
    with pytest.raises(ArtifactError, match=r"horizon\.safetensors among them"):
        load_artifact(tmp_path / "artifact")
