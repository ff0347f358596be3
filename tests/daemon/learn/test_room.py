"""Which sensors a training had no room for."""

from __future__ import annotations

from offbeat.learn.room import Room


def test_lineage_holds_it_and_people_read_it() -> None:
    """Of ten thousand sensors most may have no room."""
    room = Room(10_000, frozenset(f"s{n}" for n in range(8520)))
    assert str(room) == "1,480 of 10,000 sensors had room; raise learning.memory"
    assert Room.of(room.lineage()) == room


def test_where_all_had_room_lineage_says_nothing() -> None:
    """As versions of before say nothing."""
    assert Room(3).lineage() == {}
    assert Room.of({"rows": 3}) == Room.of({"heard": "many", "no_room": 3}) == Room()
