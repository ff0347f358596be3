"""The retained message that says whether the daemon is online."""

from __future__ import annotations

from typing import Literal

import msgspec

from offbeat.publish.event_json import to_rfc3339

SCHEMA = "offbeat.status/1"


def online_json(version: str, client_id: str, since_seconds: float) -> bytes:
    """Return the birth message.

    Args:
        version: of the daemon.
        client_id: by which the broker knows the daemon.
        since_seconds: when the daemon started, unix seconds.
    """
    return msgspec.json.encode(
        {
            "schema": SCHEMA,
            "status": "online",
            "version": version,
            "client_id": client_id,
            "since": to_rfc3339(since_seconds),
        }
    )


def offline_json(reason: Literal["stopped", "connection lost"]) -> bytes:
    """Return the goodbye: "stopped" by the daemon itself, "connection lost" as the broker's last will."""
    return msgspec.json.encode({"schema": SCHEMA, "status": "offline", "reason": reason})
