"""JSON payloads: strict and fast first, lenient where that fails, flattened to named leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from offbeat.ingest.payloads.number import clean

DEEPEST_LEVEL = 8
"""Objects within objects further down are not looked into."""
_LENIENT_BYTES = 65_536
"""The lenient reader is slow and takes apart what the strict one refused: not for payloads of any size."""

_decode_any = msgspec.json.Decoder().decode


class JsonError(ValueError):
    """The payload is no JSON, however kindly it is read."""


def read_json(payload: bytes) -> object:
    """Return what a JSON payload holds; takes byte order marks, zeros behind the text, and NaN, too.

    Raises:
        JsonError: the payload is not JSON.
    """
    try:
        return _decode_any(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _read_leniently(clean(payload))


def _read_leniently(body: bytes) -> object:
    if not body:
        raise JsonError("the payload is empty")
    if len(body) > _LENIENT_BYTES:
        raise JsonError("the payload is not JSON, and too long to be looked at again")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_constant)
    except (ValueError, RecursionError):
        raise JsonError("the payload is not JSON") from None


def _constant(name: str) -> float:
    return math.nan if name == "NaN" else float(name)


def leaves(holder: dict[str, Any], prefix: str = "", level: int = 1) -> Iterator[tuple[str, object]]:
    """Yield names and values of an object; names of those further down have dots. No lists."""
    for name, value in holder.items():
        if isinstance(value, dict):
            if level < DEEPEST_LEVEL:
                yield from leaves(value, f"{prefix}{name}.", level + 1)
        elif not isinstance(value, list):
            yield prefix + name, value


def find(holder: dict[str, Any], path: tuple[str, ...]) -> object:
    """Return the value at a path of names; None if there is none."""
    value: object = holder
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def typed_reader(time_field: str | None, fields: tuple[str, ...]) -> Callable[[bytes], Any]:
    """Return a decoder for objects whose few wanted fields are known and numbers; it skips the rest unread.

    It raises a `msgspec.MsgspecError` for everything else, which is then for `read_json`. What it returns has
    the time first, where one is wanted (None if it is missing), then the values (NaN where missing).
    """
    columns: list[tuple[str, Any, Any]] = [(f"v{i}", float, math.nan) for i in range(len(fields))]
    names = {f"v{i}": name for i, name in enumerate(fields)}
    if time_field is not None:
        columns.insert(0, ("time", float | str | None, None))
        names["time"] = time_field
    kind = msgspec.defstruct("Wanted", columns, rename=names, gc=False)
    return msgspec.json.Decoder(kind).decode
