"""Versions of a model that cost nothing to make: an artifact of one weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from offbeat.learn.library import GroupModels
from offbeat_models.manifest import FORMAT, MANIFEST, SCHEMA_VERSION, sha256, version_of

WEIGHT = b"no model can be made of this, and nobody who only keeps it will ask"


def made(folder: Path, number: int, **changes: Any) -> str:
    """Write an artifact whose manifest is in order; return its version.

    Args:
        folder: made if missing.
        number: tells versions apart; the higher, the later it was trained.
        changes: other fields of the manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "family": "lstm_vae",
        "model": {},
        "settings": {"family": "lstm_vae", "horizon_seconds": None, "seed": number},
        "channels": ["value"],
        "sensors": ["a.pump", "a.fan"],
        "created_at": f"2026-01-{number + 1:02d}T00:00:00+00:00",
        "config_hash": "",
        "training": {"steps": 100 + number},
        "files": {"model.safetensors": {"bytes": len(WEIGHT), "sha256": sha256(WEIGHT)}},
    }
    content = json.dumps(manifest | changes).encode()
    (folder / "model.safetensors").write_bytes(WEIGHT)
    (folder / MANIFEST).write_bytes(content)
    return version_of(content)


def installed(group: GroupModels, bench: Path, number: int, **changes: Any) -> str:
    """Make a version on a bench of the test's own and install it; return its name."""
    made(bench / str(number), number, **changes)
    return group.install(bench / str(number))
