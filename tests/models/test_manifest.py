"""The manifest of an artifact, read without torch; what is refused is among the tests of artifacts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from offbeat_models.manifest import ArtifactError, load_manifest, read_checked, sha256, version_of
from tests.support.versions import made


def test_what_an_artifact_says_of_itself_comes_with_its_version(tmp_path: Path) -> None:
    """The version is of exactly this manifest."""
    version = made(tmp_path, 3)
    manifest, found = load_manifest(tmp_path)
    assert (found, manifest["training"]) == (version, {"steps": 103})
    assert version == version_of((tmp_path / "manifest.json").read_bytes())


@pytest.mark.parametrize("content", [b"weights!", b"weight"], ids=["changed", "cut short"])
def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path, content: bytes) -> None:
    """By its size or by its hash."""
    about = {"bytes": 8, "sha256": sha256(b"weights.")}
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights.")
    assert read_checked(path, about) == b"weights."
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        read_checked(path, about)


def test_no_torch_is_needed() -> None:
    """To list what there is takes no seconds."""
    look = "import sys, offbeat_models.manifest, offbeat.learn.library; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", look], check=True, timeout=60)
