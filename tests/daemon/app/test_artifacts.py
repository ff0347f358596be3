"""Artifacts of groups on disk, and how they meet the configuration."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from offbeat.app.artifacts import by_group, read_artifacts, write_group
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from tests.support.learnt import Learnt
from tests.support.plant import BOILERS, PAIR


def test_what_was_written_is_read_again(learnt: Learnt) -> None:
    """Commission, model and version, of every group under the folder."""
    found = {one.commission.channels: one for one in read_artifacts(learnt.folder)}
    assert set(found) == {("value",), PAIR}
    for trained in learnt.groups:
        read = found[trained.commission.channels]
        assert (read.name, read.version) == ("lstm_vae", trained.version)
        written, again = trained.commission.to_tensors(), read.commission.to_tensors()
        assert written.keys() == again.keys()
        for name in written:
            assert np.array_equal(written[name], again[name], equal_nan=True), name
        assert read.commission.sensors == trained.commission.sensors
        weights = dict(trained.result.model.state_dict())
        for name, tensor in read.model.state_dict().items():
            assert bool((tensor == weights[name]).all()), name
        assert not read.model.training


def test_a_folder_may_be_one_groups_artifact(learnt: Learnt) -> None:
    """`model.artifact` may name it directly."""
    (one,) = read_artifacts(learnt.folder / "temp+pressure")
    assert one.commission.channels == PAIR


def test_writing_again_replaces_the_artifact_and_changes_its_version(learnt: Learnt, tmp_path: Path) -> None:
    """A version is of exactly this content."""
    trained = learnt.groups[0]

    def write(seed: int) -> str:
        return write_group(
            tmp_path, trained.commission, trained.result.model, "2026-01-01T00:00:00+00:00", {"seed": seed}, {}
        )  # fmt: skip

    first, second = write(1), write(2)
    assert first != second
    assert [one.version for one in read_artifacts(tmp_path)] == [second]
    assert write(1) == first


@pytest.mark.parametrize(("make", "says"), [(True, "holds no artifact"), (False, "no such folder")])
def test_a_missing_artifact_is_told_with_what_to_do(tmp_path: Path, make: bool, says: str) -> None:
    """An empty folder and none at all are told apart."""
    folder = tmp_path / "artifact"
    if make:
        folder.mkdir()
    with pytest.raises(ConfigError, match=rf"artifact: .*{says}.*offbeat train.*model\.artifact"):
        read_artifacts(folder)


@pytest.mark.parametrize("how", ["cut short", "bit flip", "gone"])
def test_a_damaged_streams_file_is_refused(learnt: Learnt, tmp_path: Path, how: str) -> None:
    """Calibrations that are not what was learnt are worse than none."""
    copy = Path(shutil.copytree(learnt.folder / "value", tmp_path / "value"))
    streams = copy / "streams.safetensors"
    content = bytearray(streams.read_bytes())
    if how == "gone":
        streams.unlink()
    elif how == "cut short":
        streams.write_bytes(content[:-9])
    else:
        content[-1] ^= 1
        streams.write_bytes(content)
    with pytest.raises(ConfigError, match=r"streams\.safetensors.*offbeat train"):
        read_artifacts(tmp_path)


def test_a_streams_file_of_another_make_is_refused(learnt: Learnt, tmp_path: Path) -> None:
    """Whole by its check sum, but without a tensor that this version needs."""
    copy = Path(shutil.copytree(learnt.folder / "value", tmp_path / "value"))
    streams = copy / "streams.safetensors"
    tensors = load_file(streams)
    del tensors[next(iter(tensors))]
    save_file(tensors, streams)
    manifest = copy / "manifest.json"
    manifest.write_text(json.dumps(_with_true_sums(json.loads(manifest.read_text()), copy)))
    with pytest.raises(ConfigError, match=r"streams\.safetensors does not hold .*train a new artifact"):
        read_artifacts(tmp_path)


def test_groups_get_the_artifact_of_their_channels(learnt: Learnt) -> None:
    """A group that nothing was learnt of goes without."""
    directory = SensorDirectory([("humidity",), PAIR, ("value",)], 8)
    chosen = by_group(read_artifacts(learnt.folder), directory.groups, learnt.folder)
    assert {i: one.commission.channels for i, one in chosen.items()} == {1: PAIR, 2: ("value",)}
    assert chosen[2].commission.sensors == BOILERS[:2]


def test_an_artifact_of_other_channels_is_told_with_both(learnt: Learnt) -> None:
    """And what to do: train, or name the channels of the source."""
    directory = SensorDirectory([("humidity", "co2")], 8)
    with pytest.raises(ConfigError) as refused:
        by_group(read_artifacts(learnt.folder), directory.groups, learnt.folder)
    text = str(refused.value)
    assert text.startswith(str(learnt.folder))
    assert "temp, pressure | value" in text
    assert "have humidity, co2; train on" in text
    assert "`channels` of the source" in text


def _with_true_sums(content: dict[str, object], folder: Path) -> dict[str, object]:
    """Return a manifest whose sizes and sums are those of the files."""
    data = (folder / "streams.safetensors").read_bytes()
    files = content["files"]
    assert isinstance(files, dict)
    files["streams.safetensors"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return content
