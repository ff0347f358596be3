"""How an episode is named."""

from __future__ import annotations

import hashlib
import struct


def episode_id(sensor_id: str, kind: str, started_at: float) -> str:
    """Return the stable id of an episode: the same in every process, after a restart and in a replay."""
    digest = hashlib.blake2s(digest_size=12)
    digest.update(sensor_id.encode("utf-8", "surrogatepass"))
    digest.update(b"\0" + kind.encode() + b"\0" + struct.pack("<d", started_at))
    return digest.hexdigest()
