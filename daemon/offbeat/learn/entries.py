"""A list of entries as a file of JSON that names its format: histories of a group are kept so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def to_bytes(kind: str, name: str, entries: Sequence[Any]) -> bytes:
    """Return entries, as JSON can hold them, under a name in a file of some format."""
    content = {"format": kind, name: list(entries)}
    return json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def from_bytes(kind: str, name: str, data: bytes) -> Any:
    """Return what stands under the name; a list, if nobody wrote the file but `to_bytes`.

    Raises:
        ValueError: it is no JSON, or of another format.
        KeyError: nothing stands there.
    """
    content = json.loads(data)
    if not isinstance(content, dict) or content.get("format") != kind:
        raise ValueError(f"it is not of the format {kind!r}")
    return content[name]
