"""A source that is asked for something else while it listens to a real broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError
from offbeat.ingest.source import DEAF, LISTENING
from offbeat.ingest.topics import Subscription
from offbeat.ingest.wish import Wish
from tests.support.listening import MAX_PAYLOAD, Listen
from tests.support.mosquitto import Broker
from tests.support.ports import free_port
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


def settings(url: str, **more: object) -> MqttSettings:
    """Return the settings that listeners have."""
    usual = {"client_id": "listener", "reconnect_min_seconds": 0.05, "reconnect_max_seconds": 0.2}
    return MqttSettings.model_validate({"url": url} | usual | more)


def topics(*filters: str) -> list[Subscription]:
    """Return subscriptions of QoS 1."""
    return [Subscription(one, 1, False) for one in filters]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_other_topics_are_asked_for_on_the_standing_connection(
    broker: Broker, listener: Listen, protocol: str
) -> None:
    """Of a topic that is wanted before and after nothing is missed, and what is not wanted stops."""
    heard = listener(broker.url, "kept/#", protocol=protocol).listen()
    source = heard.source
    source.listen_to(
        source.wish(settings(broker.url, protocol=protocol), topics("kept/#", "old/#"), MAX_PAYLOAD)
    )
    wait_until(lambda: "old/# (QoS 1)" in broker.log, what="the second subscription")
    source.listen_to(
        source.wish(settings(broker.url, protocol=protocol), topics("kept/#", "new/#"), MAX_PAYLOAD)
    )
    sent = [("kept/a", b"%d" % i) for i in range(500)]
    publish(broker.port, sent)
    wait_until(lambda: "UNSUBACK" in broker.log, what="the old topic to be given up")
    publish(broker.port, [("old/a", b"no"), ("new/a", b"yes"), ("kept/a", b"last")])
    wait_until(lambda: heard.messages and heard.messages[-1][1] == b"last", what="the last message")
    assert [(topic, payload) for topic, payload, _ in heard.messages] == [
        *sent,
        ("new/a", b"yes"),
        ("kept/a", b"last"),
    ]
    assert source.counts.connections == 1
    assert source.status.state == "subscribed"
    assert heard.marks == [LISTENING]
    assert broker.log.count("kept/# (QoS 1)") == 1


def test_another_broker_is_connected_to_and_the_log_says_so(
    broker: Broker, listener: Listen, tmp_path: Path
) -> None:
    """Between the two nobody was heard, which in the log is no silence."""
    other = Broker(tmp_path / "other").start()
    try:
        heard = listener(broker.url).listen()
        heard.source.listen_to(heard.source.wish(settings(other.url), topics("t/#"), MAX_PAYLOAD))
        wait_until(lambda: heard.source.counts.connections == 2 and heard.source.status.state == "subscribed")
        publish(other.port, [("t/x", b"1")])
        heard.wait_for_count(1)
        assert heard.marks == [LISTENING, DEAF, LISTENING]
    finally:
        other.stop()


def test_who_waits_for_a_broker_that_is_not_there_tries_the_new_one_at_once(
    broker: Broker, listener: Listen
) -> None:
    """However long the wait between two attempts is by now."""
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    heard = listener(nobody, reconnect_min_seconds=300.0, reconnect_max_seconds=300.0).start()
    heard.wait_for("disconnected")
    heard.source.listen_to(heard.source.wish(settings(broker.url), topics("t/#"), MAX_PAYLOAD))
    heard.wait_for("subscribed")


def test_a_file_that_cannot_be_used_changes_nothing(broker: Broker, listener: Listen, tmp_path: Path) -> None:
    """It is found out before anybody is asked."""
    heard = listener(broker.url).listen()
    with pytest.raises(ConfigError, match="missing"):
        heard.source.wish(
            settings(broker.url, username="u", password_file=tmp_path / "missing"), topics("t/#"), 1
        )
    publish(broker.port, [("t/x", b"1")])
    heard.wait_for_count(1)
    assert heard.source.counts.connections == 1


def test_a_wish_shares_a_connection_where_only_topics_differ() -> None:
    """Payload limits are the connection's, because it is what leaves long payloads out."""
    first = Wish(settings("mqtt://a"), topics("t/#"), 100)
    assert first.shares_connection(Wish(settings("mqtt://a"), topics("u/#"), 100))
    assert not first.shares_connection(Wish(settings("mqtt://b"), topics("t/#"), 100))
    assert not first.shares_connection(Wish(settings("mqtt://a"), topics("t/#"), 200))
