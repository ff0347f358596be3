"""One snapshot as the bytes of a checked safetensors file."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

FORMAT = "offbeat.snapshot/2"

_HEADER_LENGTH_BYTES = 8

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of one shard of one group, as it was when the log had been read up to an offset.

    Attributes:
        group: name of the group.
        shard: number of the shard.
        offset: position in the log behind the last message that the state holds.
        channels: of the group; state of other channels cannot be restored.
        ids: sensor ids, in the order of the arrays' rows.
        arrays: what `restore` takes back.
        model: id of the artifact that the state was made with; "" where none was.
        extra: further text that belongs to the state.
    """

    group: str
    shard: int
    offset: int
    channels: tuple[str, ...]
    ids: tuple[str, ...]
    arrays: Arrays
    model: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as the bytes of a safetensors file whose metadata hold its check sum."""
    # Others write strided views as if they were contiguous, which silently stores other numbers.
    arrays = {name: np.asarray(array, order="C") for name, array in snapshot.arrays.items()}
    metadata = {
        "format": FORMAT,
        "group": json.dumps(snapshot.group),
        "shard": str(snapshot.shard),
        "offset": str(snapshot.offset),
        "channels": json.dumps(snapshot.channels),
        "ids": json.dumps(snapshot.ids),
        "count": str(len(snapshot.ids)),
        "model": snapshot.model,
        "extra": json.dumps(dict(snapshot.extra)),
    }
    metadata["crc32"] = str(_check_sum(arrays, metadata))
    return save(arrays, metadata)


def decode(data: bytes) -> Snapshot:
    """Return the snapshot that bytes hold.

    Raises:
        ValueError: they are damaged, cut short, or of another format; the message says which.
    """
    try:
        length = int.from_bytes(data[:_HEADER_LENGTH_BYTES], "little")
        arrays: Arrays = load(data)
        metadata = json.loads(data[_HEADER_LENGTH_BYTES : _HEADER_LENGTH_BYTES + length])["__metadata__"]
        if metadata["format"] != FORMAT:
            raise ValueError(f"its format is {metadata['format']!r}, expected {FORMAT!r}")
        expected = int(metadata.pop("crc32"))
        if _check_sum(arrays, metadata) != expected:
            raise ValueError("its check sum is wrong")
        return Snapshot(
            group=json.loads(metadata["group"]),
            shard=int(metadata["shard"]),
            offset=int(metadata["offset"]),
            channels=tuple(json.loads(metadata["channels"])),
            ids=tuple(json.loads(metadata["ids"])),
            arrays=arrays,
            model=metadata["model"],
            extra=json.loads(metadata["extra"]),
        )
    except (SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it cannot be read: {type(error).__name__}: {error}") from error


def _check_sum(arrays: Mapping[str, NDArray[np.generic]], metadata: Mapping[str, str]) -> int:
    """Return the CRC over all that a snapshot means; safetensors itself notices no flipped bit."""
    crc = zlib.crc32(json.dumps(dict(sorted(metadata.items()))).encode())
    for name in sorted(arrays):
        array = arrays[name]
        crc = zlib.crc32(json.dumps([name, array.dtype.str, array.shape]).encode(), crc)
        crc = zlib.crc32(array.reshape(-1).view(np.uint8).data, crc)
    return crc
