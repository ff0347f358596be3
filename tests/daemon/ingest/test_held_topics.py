"""What a session at the broker may hold is remembered over restarts."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from offbeat.config.settings import MqttSettings
from offbeat.ingest.held_topics import HeldTopics
from offbeat.ingest.topics import Subscription
from offbeat.ingest.wish import Wish


def a_wish(*filters: str, client_id: str = "keeper", persistent: bool = True) -> Wish:
    """Return what is wanted of a session."""
    settings = MqttSettings(url="mqtt://localhost", client_id=client_id, persistent_session=persistent)
    return Wish(settings, [Subscription(one, 1, False) for one in filters], 1000)


def test_what_was_wanted_is_known_after_a_restart(tmp_path: Path) -> None:
    """Also topics in other letters; until the broker has said that it is rid of the old ones both may be held."""
    HeldTopics(tmp_path / "s.json").begin(a_wish("a/+", "größe/#"))
    after = HeldTopics(tmp_path / "s.json")
    assert after.begin(a_wish("b/+")) == {"a/+", "größe/#"}
    again = HeldTopics(tmp_path / "s.json")
    assert again.begin(a_wish("b/+")) == {"a/+", "größe/#", "b/+"}
    again.settled(a_wish("b/+"))
    assert HeldTopics(tmp_path / "s.json").begin(a_wish("c/+")) == {"b/+"}


def test_another_session_holds_nothing(tmp_path: Path) -> None:
    """Nor does one that the broker does not keep."""
    held = HeldTopics(tmp_path / "s.json")
    held.begin(a_wish("a/+"))
    assert held.begin(a_wish("a/+", persistent=False)) == frozenset()
    assert held.begin(a_wish("a/+", client_id="another")) == frozenset()


def test_the_same_is_not_written_twice(tmp_path: Path) -> None:
    """It is noted at every turn of the reader."""
    held = HeldTopics(tmp_path / "s.json")
    held.settled(a_wish("a/+"))
    (tmp_path / "s.json").unlink()
    held.settled(a_wish("a/+"))
    assert not (tmp_path / "s.json").exists()


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    """It is said, and the broker is asked for what is wanted all the same."""
    for text in ("{", "[]", '{"session": 1}'):
        (tmp_path / "s.json").write_text(text)
        with capture_logs() as logs:
            assert HeldTopics(tmp_path / "s.json").begin(a_wish("a/+")) == frozenset()
        assert [one["event"] for one in logs] == ["what was subscribed before cannot be read"]


def test_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    """It is remembered for as long as the process lives."""
    held = HeldTopics(tmp_path / "missing" / "s.json")
    with capture_logs() as logs:
        held.begin(a_wish("a/+"))
    assert [one["event"] for one in logs] == ["what is subscribed could not be written down"]
    assert held.begin(a_wish("b/+")) == {"a/+"}
