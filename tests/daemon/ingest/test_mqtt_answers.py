"""The source against a scripted broker: answers that a real one gives only on its bad days."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from offbeat.ingest.bulk_reader import BulkClient, ReadingClient, choose_client, missing_attributes
from tests.support.listening import HeldLog, Listen
from tests.support.scripted_broker import ScriptedBroker, Visitor
from tests.support.waiting import wait_until


def serve(visitor: Visitor) -> None:
    """Behave."""
    visitor.accept()
    visitor.answer_subscription()
    visitor.stay()


def refuse_with_5(visitor: Visitor) -> None:
    """Know only 3.1.1, and say so in version 5."""
    if visitor.version == 5:
        visitor.send(b"\x20\x03\x00\x84\x00")
    else:
        serve(visitor)


def refuse_with_311(visitor: Visitor) -> None:
    """Know only 3.1.1, and say so in 3.1.1."""
    if visitor.version == 5:
        visitor.send(b"\x20\x02\x00\x01")
    else:
        serve(visitor)


def hang_up_on_5(visitor: Visitor) -> None:
    """Know only 3.1.1, and hang up on everything else."""
    if visitor.version != 5:
        serve(visitor)


@pytest.mark.parametrize("script", [refuse_with_5, refuse_with_311, hang_up_on_5])
def test_a_broker_of_311_is_spoken_to_in_311(script: Callable[[Visitor], None], listener: Listen) -> None:
    """However it refuses MQTT 5, the daemon falls back, and stays there after a lost connection."""
    with ScriptedBroker(script) as broker:
        status = listener(broker.url).listen().source.status
        assert status.protocol == "3.1.1"
        assert broker.visits[-1] == 4


def test_a_refused_subscription_is_said_with_its_topic(listener: Listen) -> None:
    """The connection stands, but the status says what the broker's access list does not let us read.

    Of peers' regressions: a denied topic is told of, and not just never heard.
    """

    def refuse(visitor: Visitor) -> None:
        visitor.accept()
        visitor.answer_subscription(0x87 if visitor.version == 5 else 0x80)
        visitor.stay()

    for protocol in ("5", "3.1.1"):
        with ScriptedBroker(refuse) as broker:
            heard = listener(broker.url, "secret/#", protocol=protocol).start()
            status = heard.wait_for("refused")
            assert status.connected
            assert status.refused_topics == ("secret/#",)
            assert 'does not let us read "secret/#"' in status.reason
            heard.stop()


def test_bytes_that_are_no_mqtt_end_the_connection_and_nothing_else(listener: Listen) -> None:
    """A broken stream leads to a new connection; what came before it was handed on."""

    def babble(visitor: Visitor) -> None:
        visitor.accept()
        visitor.answer_subscription()
        if visitor.number == 0:
            visitor.send(b"\x30\x05\x00\x03t/11" if visitor.version == 4 else b"\x30\x06\x00\x03t/1\x00")
            visitor.send(b"\x30\xff\xff\xff\xff\xff\xff")
        visitor.stay()

    with ScriptedBroker(babble) as broker:
        heard = listener(broker.url).start()
        wait_until(lambda: heard.source.counts.connections == 2, what="a new connection")
        assert [topic for topic, _, _ in heard.messages] == ["t/1"]
        assert heard.source.alive()


def test_a_broker_that_never_answers_is_given_up(listener: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes connections and says nothing is not waited for without end."""
    monkeypatch.setattr("offbeat.ingest.mqtt.CONNACK_SECONDS", 0.2)
    with ScriptedBroker(lambda visitor: visitor.stay()) as broker:
        heard = listener(broker.url).start()
        wait_until(lambda: "does not answer our CONNECT" in heard.source.status.reason, what="the reason")


def test_acknowledgements_go_out_in_the_order_of_the_messages(listener: Listen) -> None:
    """They are sent together, when the log is durable, in the order the specification asks for."""
    seen: list[int] = []

    def send_five(visitor: Visitor) -> None:
        visitor.accept()
        visitor.answer_subscription()
        for packet_id in (9, 3, 7, 1, 5):
            visitor.send(b"\x32\x08\x00\x03t/1" + packet_id.to_bytes(2, "big") + b"x")
        while True:
            header, body = visitor.read_packet()
            if header & 0xF0 == 0x40:
                seen.append(int.from_bytes(body[:2], "big"))

    with ScriptedBroker(send_five) as broker:
        log = HeldLog()
        heard = listener(broker.url, log=log, protocol="3.1.1").listen()
        heard.wait_for_count(5)
        assert seen == []
        log.release()
        wait_until(lambda: len(seen) == 5, what="the acknowledgements")
        assert seen == [9, 3, 7, 1, 5]


def test_this_release_of_paho_has_what_the_bulk_reader_needs() -> None:
    """The pinned release is read in bulk."""
    assert missing_attributes() == []
    assert choose_client() is BulkClient


def test_a_release_of_paho_without_it_is_noticed() -> None:
    """What is missing is named."""

    class Other(ReadingClient):
        def __getattribute__(self, name: str) -> object:
            if name == "_packet_handle":
                raise AttributeError(name)
            return super().__getattribute__(name)

    assert missing_attributes(Other) == ["_packet_handle"]
    assert choose_client(Other) is ReadingClient
