"""Which sensors there are: ids, groups, slots and shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from offbeat.core.model_choice import ModelChoice

UNIVARIATE = ("value",)
"""Channels of a group whose sensors each measure one thing."""


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 hash that Kafka's default partitioner uses (seed 0x9747b28c), as an unsigned int.

    Args:
        data: the key; a sensor id in UTF-8.
    """
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    length = len(data)
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little")
        k = (k * m) & mask
        k ^= k >> 24
        h = ((h * m) & mask) ^ ((k * m) & mask)
    if tail := data[whole:]:
        h ^= int.from_bytes(tail, "little")
        h = (h * m) & mask
    h ^= h >> 13
    h = (h * m) & mask
    return h ^ (h >> 15)


@dataclass(slots=True)
class Group:
    """Sensors that share a model because they have the same channels.

    Attributes:
        name: short, unique: the channels joined by "+", and what judges them where that is not the usual.
        channels: names in a fixed order; index = `ReadingBatch.channel`.
        ids: sensor id by slot.
        model: what judges it.
        topics: by slot, the topic that named the sensor last; "" where none is known.
    """

    name: str
    channels: tuple[str, ...]
    ids: list[str] = field(default_factory=list)
    slots: dict[str, int] = field(default_factory=dict)
    model: ModelChoice = field(default_factory=ModelChoice)
    topics: list[str] = field(default_factory=list)


class SensorDirectory:
    """Append-only table of sensors. Slots are given in order of first appearance, so a replay gives the same ones.

    One thread at a time may call `admit` (the decoder), one `add_group` (the loop); reading is safe from any thread.

    Args:
        groups: channels of each group, by index.
        max_sensors: sensors over all groups; `admit` refuses more.
        shards: number of shards, fixed at installation.
        choices: what judges each group; without it the usual.
    """

    def __init__(
        self,
        groups: Sequence[tuple[str, ...]],
        max_sensors: int,
        shards: int = 8,
        choices: Sequence[ModelChoice] | None = None,
    ) -> None:
        chosen = choices if choices is not None else [ModelChoice()] * len(groups)
        self.groups: list[Group] = []
        self.max_sensors = max_sensors
        self.shard_count = shards
        self._shards: list[NDArray[np.int32]] = []
        for channels, choice in zip(groups, chosen, strict=True):
            self.add_group(channels, choice)

    def __len__(self) -> int:
        """Return the number of sensors over all groups."""
        return sum(len(group.ids) for group in self.groups)

    def add_group(self, channels: tuple[str, ...], choice: ModelChoice) -> Group:
        """Add a group without sensors behind the others, and return it."""
        group = Group("+".join(channels) + choice.suffix, channels, model=choice)
        self._shards.append(np.zeros(0, np.int32))
        self.groups.append(group)
        return group

    def admit(self, group: int, sensor_id: str, topic: str = "") -> int:
        """Return the slot of a sensor in its group, a new one if it is new; -1 when the table is full.

        Args:
            group: index of the group.
            sensor_id: of the sensor.
            topic: that named it; "" where that is not known.
        """
        table = self.groups[group]
        slot = table.slots.get(sensor_id)
        if slot is not None:
            table.topics[slot] = topic or table.topics[slot]
            return slot
        if len(self) >= self.max_sensors:
            return -1
        slot = len(table.ids)
        table.topics.append(topic)
        table.ids.append(sensor_id)
        table.slots[sensor_id] = slot
        return slot

    def shard_of(self, sensor_id: str) -> int:
        """Return the shard that owns a sensor."""
        return (murmur2(sensor_id.encode()) & 0x7FFFFFFF) % self.shard_count

    def shards(self, group: int) -> NDArray[np.int32]:
        """Return the shard of each slot of a group, int32 [slots]."""
        table, known = self.groups[group], self._shards[group]
        if len(known) < len(table.ids):
            new = [self.shard_of(i) for i in table.ids[len(known) :]]
            self._shards[group] = np.concatenate([known, np.array(new, np.int32)])
        return self._shards[group]
