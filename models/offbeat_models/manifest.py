"""The manifest of an artifact: what it says, and whether what lies beside it is what it says. Needs no torch."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NoReturn

FORMAT = "offbeat-artifact"
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
WEIGHTS = "model"
"""Name of the weights' file, without its ending."""
HORIZON = "horizon"
"""Name of the second model's weights' file, and of what the manifest says of it."""
ENDING = ".safetensors"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Names of files, without their ending."""


class ArtifactError(Exception):
    """An artifact cannot be used; the message says what was found, expected, where, and what to do."""


def load_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """Return what an artifact says of itself, and its version.

    Raises:
        ArtifactError: it says nothing that can be used.
    """
    content = read(folder / MANIFEST)
    return parse(folder / MANIFEST, content), version_of(content)


def version_of(manifest: bytes) -> str:
    """Name an artifact by its manifest, which holds the hashes of all its files."""
    return sha256(manifest)[:12]


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_checked(path: Path, about: dict[str, Any]) -> bytes:
    """Return the bytes of a file whose size and hash are as the manifest says in `about`.

    Raises:
        ArtifactError: they are not.
    """
    content = read(path)
    if len(content) != about["bytes"]:
        fail(path, f"it has {len(content)} bytes", f"{about['bytes']} bytes, as the manifest says")
    if (found := sha256(content)) != about["sha256"]:
        fail(path, f"its SHA-256 is {found[:16]}...", f"{about['sha256'][:16]}...: it was changed or damaged")
    return content


def fail(where: Path, found: str, expected: str, do: str = "") -> NoReturn:
    """Raise what says what was found, what was expected, where, and what to do."""
    do = do or "copy the artifact again from where it came from, or train a new one with `offbeat train`"
    raise ArtifactError(f"{where}: {found}; expected {expected}. To go on: {do}.")


def read(path: Path) -> bytes:
    """Return the bytes of a file of an artifact."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        fail(path, "the file is missing", "every file that an artifact is made of")
    except OSError as error:
        fail(
            path,
            f"it cannot be read ({error.strerror})",
            "a readable file",
            "look at its permissions and disk",
        )


_FIELDS: dict[str, type] = {
    "family": str,
    "model": dict,
    "settings": dict,
    "channels": list,
    "sensors": list,
    "created_at": str,
    "config_hash": str,
    "training": dict,
    "files": dict,
}


def parse(path: Path, content: bytes) -> dict[str, Any]:
    """Return the manifest in `content` with every field of the type the rest relies on; `path` is for the message."""
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        fail(path, f"it is not valid JSON ({error})", "the manifest of an artifact")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        fail(path, f"its format is {found!r}", repr(FORMAT), "point to the folder of an artifact")
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        do = "use the version of offbeat that wrote it, or train anew with this one"
        fail(path, f"its schema version is {version!r}", f"version {SCHEMA_VERSION}", do)
    for name, kind in _FIELDS.items():
        if not isinstance(manifest.get(name), kind):
            found = f"{name!r} is {manifest[name]!r:.40}" if name in manifest else f"{name!r} is missing"
            fail(path, found, f"a {kind.__name__}")
    for name in ("channels", "sensors"):
        if not all(isinstance(one, str) for one in manifest[name]):
            fail(path, f"{name!r} holds something that is not a name", "a list of names")
    _check_files(path, manifest["files"])
    _check_second(path, manifest)
    return manifest


def _check_files(path: Path, files: dict[str, Any]) -> None:
    for name, about in files.items():
        # A name with a slash would read outside of the folder.
        if not (name.endswith(ENDING) and NAME.fullmatch(name.removesuffix(ENDING))):
            fail(path, f"it lists a file {name!r}", "plain names of safetensors files")
        fits = (
            isinstance(about, dict)
            and type(about.get("bytes")) is int
            and isinstance(about.get("sha256"), str)
        )
        if not fits:
            fail(path, f"what it says of {name} is {about!r:.60}", "its bytes and sha256")
    if WEIGHTS + ENDING not in files:
        fail(path, f"it lists the files {sorted(files)}", f"{WEIGHTS}{ENDING} among them")


def _check_second(path: Path, manifest: dict[str, Any]) -> None:
    second = manifest.get(HORIZON)
    if second is None:
        return
    fits = (
        isinstance(second, dict) and type(second.get("family")) is str and type(second.get("model")) is dict
    )
    if not fits:
        fail(path, f"what it says of the model {HORIZON!r} is {second!r:.60}", "its family and sizes")
    if HORIZON + ENDING not in manifest["files"]:
        fail(path, f"it lists the files {sorted(manifest['files'])}", f"{HORIZON}{ENDING} among them")
