"""The table of sensors: Kafka's hash, slots in order of appearance, refusal when full, shards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.sensors import SensorDirectory, murmur2


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(key: str, signed: int) -> None:
    """The vectors of the Java client's own tests, so that a bridge's partitions are our shards."""
    assert murmur2(key.encode()) == signed % (1 << 32)


@given(st.binary(max_size=40))
def test_murmur2_is_an_unsigned_32_bit_number(key: bytes) -> None:
    """For any key."""
    assert 0 <= murmur2(key) < 1 << 32


def test_slots_are_given_in_order_of_appearance_by_group() -> None:
    """A known sensor keeps its slot; the same id may stand in two groups."""
    directory = SensorDirectory([("value",), ("a", "b")], max_sensors=10)
    assert [directory.admit(0, s) for s in ("x", "y", "x")] == [0, 1, 0]
    assert directory.admit(1, "x") == 0
    assert len(directory) == 3
    assert directory.groups[0].ids == ["x", "y"]
    assert directory.groups[1].name == "a+b"


def test_a_full_table_refuses_new_sensors_and_keeps_known_ones() -> None:
    """The limit is over all groups."""
    directory = SensorDirectory([("value",), ("a", "b")], max_sensors=2)
    assert [directory.admit(0, "x"), directory.admit(1, "y")] == [0, 0]
    assert [directory.admit(0, "z"), directory.admit(1, "z")] == [-1, -1]
    assert directory.admit(0, "x") == 0
    assert len(directory) == 2


def test_shards_follow_the_ids_as_sensors_come() -> None:
    """As Kafka's partitioner does: the hash without its sign, modulo the shards."""
    directory = SensorDirectory([("value",)], max_sensors=100, shards=5)
    assert directory.shards(0).tolist() == []
    for i in range(20):
        directory.admit(0, f"plant/{i}")
    first = directory.shards(0)
    assert first.dtype == np.int32
    assert first.tolist() == [(murmur2(f"plant/{i}".encode()) & 0x7FFFFFFF) % 5 for i in range(20)]
    directory.admit(0, "späte Ankunft")
    assert directory.shards(0)[:20].tolist() == first.tolist()
    assert len(directory.shards(0)) == 21
