"""The publisher against a real broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from paho.mqtt.client import topic_matches_sub
from structlog.testing import capture_logs

from offbeat.config.settings import AlertSettings, MqttSettings
from offbeat.errors import ConfigError
from offbeat.publish.event_json import from_json
from offbeat.publish.outbox import Outbox
from offbeat.publish.publisher import Publisher
from offbeat.publish.state_topics import SensorState
from tests.support.disk import log_that_cannot_be_synced
from tests.support.events import an_event, events_of
from tests.support.gate import gate_before
from tests.support.listener import Listener, listening
from tests.support.mosquitto import Broker, BrokerFactory, add_password
from tests.support.ports import free_port
from tests.support.scripted_broker import ScriptedBroker, Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

Make = Callable[..., Publisher]

ALERT, STATE = 0x32, 0x31
"""First bytes of their packets: QoS 1, and a retained one of QoS 0."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Start publishers that share one outbox file; each is stopped with the test."""
    made: list[Publisher] = []

    def start(url: str, **mqtt: object) -> Publisher:
        settings = MqttSettings.model_validate(
            {
                "url": url,
                "client_id": "offbeat-test",
                "reconnect_min_seconds": 0.05,
                "reconnect_max_seconds": 0.2,
            }
            | mqtt
        )
        outbox = Outbox(tmp_path / "state" / "outbox.sqlite")
        publisher = Publisher(settings, AlertSettings(), outbox, "1.2.3", random=Random(1))
        made.append(publisher)
        publisher.start()
        return publisher

    yield start
    for publisher in made:
        publisher.stop(0.0)


def alerts(listener: Listener) -> list[tuple[str, float]]:
    """Return (sensor, updated_at) of every event heard."""
    found = [m for m in listener.heard() if topic_matches_sub("offbeat/alerts/+", m.topic)]
    return [(e.sensor, e.updated_at) for e in (from_json(m.payload) for m in found)]


def status(listener: Listener) -> list[str]:
    """Return what was said on the status topic."""
    return [json.loads(m.payload)["status"] for m in listener.heard("offbeat/status")]


def test_an_event_reaches_a_subscriber_as_the_contract_says(broker: Broker, make: Make) -> None:
    """QoS 1, never retained, on the sensor's alert topic; and the outbox is empty afterwards."""
    with listening(broker.port) as listener:
        publisher = make(broker.url)
        publisher.publish([an_event(sensor="line 1/pump")])
        topic = "offbeat/alerts/line%201%2Fpump"
        (message,) = wait_until(lambda: listener.heard(topic), 10, "the event")
        assert (message.qos, message.retain) == (1, False)
        assert from_json(message.payload) == an_event(sensor="line 1/pump")
        wait_until(lambda: publisher.statistics().published == 1)
    assert publisher.statistics().outbox_depth == 0
    assert publisher.statistics().protocol == "5"


def test_a_clean_stop_says_offline_and_flushes(broker: Broker, make: Make) -> None:
    """Everything handed in before `stop` goes out, then a retained offline."""
    with listening(broker.port) as listener:
        publisher = make(broker.url)
        assert publisher.wait_connected(10)
        publisher.publish(events_of("a", 200))
        assert publisher.stop(10)
        wait_until(lambda: status(listener) == ["online", "offline"], 10, "offline")
        assert alerts(listener) == [("a", 1_700_000_000.0 + i) for i in range(200)]
    with listening(broker.port, "offbeat/status") as later:
        (message,) = wait_until(lambda: later.heard("offbeat/status"))
        assert message.retain
        assert json.loads(message.payload) == {
            "schema": "offbeat.status/1",
            "status": "offline",
            "reason": "stopped",
        }


def test_the_birth_message_names_version_and_client(broker: Broker, make: Make) -> None:
    """A dashboard sees which daemon is online."""
    publisher = make(broker.url)
    assert publisher.wait_connected(10)
    with listening(broker.port, "offbeat/status") as listener:
        (message,) = wait_until(lambda: listener.heard("offbeat/status"))
    said = json.loads(message.payload)
    assert (said["status"], said["version"], said["client_id"]) == ("online", "1.2.3", "offbeat-test-pub")


def test_events_decided_while_the_broker_is_away_arrive_in_order(broker: Broker, make: Make) -> None:
    """A broker outage delays events; it loses none and swaps none of a sensor."""
    with listening(broker.port) as listener, gate_before(broker.port) as gate:
        publisher = make(gate.url)
        assert publisher.wait_connected(10)
        gate.shut()
        wait_until(lambda: not publisher.statistics().connected, 10, "the loss to be noticed")
        publisher.publish(events_of("a", 50))
        publisher.publish(events_of("b", 50))
        assert publisher.committed(10)
        assert publisher.statistics().outbox_depth == 100
        gate.reopen()
        wait_until(lambda: len(set(alerts(listener))) == 100, 20, "all events")
        seen = list(dict.fromkeys(alerts(listener)))
    for sensor in ("a", "b"):
        times = [at for name, at in seen if name == sensor]
        assert times == sorted(times)


def test_cuts_in_the_middle_of_sending_lose_nothing(broker: Broker, make: Make) -> None:
    """Whatever was unacknowledged when a connection broke is sent on the next."""
    with listening(broker.port) as listener, gate_before(broker.port) as gate:
        publisher = make(gate.url)
        for cut in range(5):
            publisher.publish(events_of("a", 100, start=1_700_000_000.0 + 100 * cut))
            enough = 100 * cut + 10
            wait_until(lambda least=enough: len(set(alerts(listener))) > least, 10, "some of them")
            gate.shut()
            gate.reopen()
        wait_until(lambda: len(set(alerts(listener))) == 500, 20, "all of them")
        wait_until(lambda: publisher.statistics().outbox_depth == 0, 10, "the outbox to be empty")
    first_seen = [at for _, at in dict.fromkeys(alerts(listener))]
    assert first_seen == sorted(first_seen)


def test_events_survive_a_restart_of_the_daemon(broker: Broker, make: Make) -> None:
    """What was decided without a broker is sent by the next process."""
    nowhere = make(f"mqtt://127.0.0.1:{free_port()}")
    nowhere.publish([an_event()])
    assert nowhere.committed(10)
    assert not nowhere.stop(1.0)
    with listening(broker.port) as listener:
        make(broker.url)
        wait_until(lambda: alerts(listener) == [("line1.pump", 1_700_000_060.25)], 10, "the event")


def test_no_snapshot_may_be_written_while_the_disk_refuses(make: Make, tmp_path: Path) -> None:
    """Whoever asks is told, and so is who watches; once all is written anew it may again."""
    publisher = make(f"mqtt://127.0.0.1:{free_port()}")
    assert publisher.committed(10)
    publisher.publish([an_event()])
    with log_that_cannot_be_synced(tmp_path / "state" / "outbox.sqlite"):
        assert not publisher.committed(10)
        assert (publisher.statistics().degraded, publisher.statistics().disk_errors) == (True, 1)
    assert publisher.committed(10)
    assert (publisher.statistics().degraded, publisher.statistics().outbox_depth) == (False, 1)


def test_a_frozen_broker_delays_nobody_who_publishes(broker: Broker, make: Make) -> None:
    """`publish` returns at once, and all is delivered when the broker thaws."""
    publisher = make(broker.url)
    assert publisher.wait_connected(10)
    with listening(broker.port) as listener:
        broker.pause()
        for i in range(100):
            publisher.publish(events_of(f"s{i}", 3))
        assert publisher.committed(10)
        assert publisher.statistics().outbox_depth == 300
        broker.resume()
        wait_until(lambda: len(set(alerts(listener))) == 300, 20, "all events")
        wait_until(lambda: publisher.statistics().outbox_depth == 0, 10, "the outbox to be empty")


def test_the_last_will_tells_that_the_daemon_died(broker: Broker, make: Make, tmp_path: Path) -> None:
    """A connection that ends without a goodbye leaves a retained offline."""
    publisher = make(broker.url, keepalive_seconds=1.0)
    assert publisher.wait_connected(10)
    with listening(broker.port, "offbeat/status") as listener:
        wait_until(lambda: status(listener) == ["online"])
        broker.pause()
        wait_until(lambda: not publisher.statistics().connected, 20, "the keepalive to fail")
        broker.resume()
        wait_until(lambda: "offline" in status(listener) and status(listener)[-1] == "online", 20, "the will")


def test_states_of_before_an_outage_do_not_go_out_after_it(broker: Broker, make: Make) -> None:
    """They are old by then: who puts them sees another connection, and says how things are now."""
    broker.stop()
    publisher = make(broker.url)
    publisher.put_states([SensorState(sensor, 1000.0, 2.5, 0.001, ("value",)) for sensor in "ab"])
    assert publisher.connection == 0
    broker.start()
    wait_until(lambda: publisher.connection == 1, 20, "the connection")
    with listening(broker.port, "offbeat/state/#") as listener:
        publisher.put_states([SensorState("a", 1060.0, 0.99, 0.5)])
        (message,) = wait_until(lambda: listener.heard("offbeat/state/a"))
    assert json.loads(message.payload)["score"] == 0.99
    assert publisher.statistics().states_published == 1
    assert listener.heard("offbeat/state/b") == []


def test_states_wait_until_no_alert_waits_for_its_turn(make: Make) -> None:
    """After an outage alerts come first, over however thin a line: who was woken wants to know of what."""
    put = threading.Event()
    kinds: list[int] = []

    def slow(visitor: Visitor) -> None:
        visitor.accept()
        while True:
            header, body = visitor.read_packet()
            kinds.append(header)
            if header & 0x06:
                after_topic = 2 + int.from_bytes(body[:2], "big")
                put.wait(20)
                visitor.send(b"\x40\x02" + body[after_topic : after_topic + 2])

    with ScriptedBroker(slow) as broker:
        publisher = make(broker.url)
        publisher.publish(events_of("a", 60))
        wait_until(lambda: publisher.connection == 1 and publisher.statistics().outbox_depth == 60)
        publisher.put_states([SensorState("a", 1000.0, 0.5, 0.5)])
        put.set()
        wait_until(lambda: STATE in kinds, 20, "the state")
    assert kinds[: kinds.index(STATE)].count(ALERT) == 60


def test_states_are_retained(broker: Broker, make: Make) -> None:
    """Who comes later is told what was said last."""
    publisher = make(broker.url)
    assert publisher.wait_connected(10)
    publisher.put_states([SensorState("a", 1000.0 + i, i / 100, 0.5) for i in range(100)])
    wait_until(lambda: publisher.statistics().states_published == 1, 10, "the state")
    with listening(broker.port, "offbeat/state/a") as listener:
        (message,) = wait_until(lambda: listener.heard("offbeat/state/a"))
    assert message.retain
    assert json.loads(message.payload)["score"] == 0.99


def test_a_state_is_told_at_once(broker: Broker, make: Make) -> None:
    """How often is for others to decide; of many all are sent, in order."""
    publisher = make(broker.url)
    assert publisher.wait_connected(10)
    with listening(broker.port, "offbeat/state/#") as listener:
        publisher.put_states([SensorState("a", 1000.0, 0.1, 0.5)])
        wait_until(lambda: len(listener.heard()) == 1)
        publisher.put_states([SensorState("a", 1002.0, 2.5, 0.0001, ("value",))])
        wait_until(lambda: len(listener.heard()) == 2)
        said = json.loads(listener.heard()[1].payload)
        publisher.put_states([SensorState(f"s{i:03}", 1003.0, 0.1, 0.5) for i in range(200)])
        wait_until(lambda: len(listener.heard()) == 202)
    assert said["anomalous"] is True
    assert said["open"] == ["value"]
    assert [m.topic for m in listener.heard()[2:]] == [f"offbeat/state/s{i:03}" for i in range(200)]
    assert publisher.states_waiting == 0


def test_a_refused_event_stays_and_does_not_block_others(
    start_broker: BrokerFactory, make: Make, tmp_path: Path
) -> None:
    """The broker's access rules forbid one sensor's topic: the others' events go out."""
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite offbeat/status\ntopic readwrite offbeat/alerts/good\ntopic read #\n")
    rules.chmod(0o644)
    broker = start_broker(f"acl_file {rules}")
    with listening(broker.port) as listener:
        publisher = make(broker.url)
        publisher.publish([*events_of("bad", 3), *events_of("good", 3)])
        wait_until(lambda: len(alerts(listener)) == 3, 10, "the allowed events")
        wait_until(lambda: publisher.statistics().refused >= 1, 10, "the refusal")
        wait_until(lambda: publisher.statistics().outbox_depth == 3, 10, "three left")
    assert {sensor for sensor, _ in alerts(listener)} == {"good"}


def test_a_wrong_password_is_told_and_retried(
    start_broker: BrokerFactory, make: Make, tmp_path: Path
) -> None:
    """The reason of the broker is passed on in words."""
    passwords = add_password(tmp_path, "offbeat", "right")
    broker = start_broker(f"password_file {passwords}", anonymous=False)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    publisher = make(broker.url, username="offbeat", password_file=secret)
    wait_until(lambda: "authori" in publisher.statistics().trouble.lower(), 10, "the reason")
    assert not publisher.statistics().connected
    secret.write_text("right\n")
    assert publisher.wait_connected(20)


def test_a_broker_that_is_not_there_is_told_as_where_readings_come_from(make: Make) -> None:
    """In words that say what to do, and no name of an exception."""
    publisher = make("mqtt://127.0.0.1:1")
    told = "nothing listens at mqtt://127.0.0.1:1: is the broker running, and is the port in mqtt.url right?"
    wait_until(lambda: publisher.statistics().trouble == told, 10, "the trouble in these words")


def test_a_missing_password_file_stops_the_start(make: Make, tmp_path: Path) -> None:
    """What will never work is said before anything runs."""
    with pytest.raises(ConfigError, match="password_file"):
        make("mqtt://127.0.0.1:1", username="u", password_file=tmp_path / "absent")


def test_two_daemons_with_one_client_id_do_not_fight(broker: Broker, make: Make) -> None:
    """They throw each other out; each waits longer and longer, and says what may be the matter."""
    with capture_logs() as logs:
        make(broker.url)
        make(broker.url)
        wait_until(
            lambda: any("same client id" in entry["event"] for entry in logs), 20, "the suspicion to be said"
        )


def test_older_brokers_are_spoken_to_in_their_version(broker: Broker, make: Make) -> None:
    """The setting "3.1.1" works end to end."""
    with listening(broker.port) as listener:
        publisher = make(broker.url, protocol="3.1.1")
        publisher.publish([an_event()])
        wait_until(lambda: len(alerts(listener)) == 1, 10, "the event")
    assert publisher.statistics().protocol == "3.1.1"


def test_publishing_goes_on_at_another_root(broker: Broker, make: Make) -> None:
    """The old root is told goodbye, events that come meanwhile go out at the new one, and counts go on."""
    with listening(broker.port) as listener:
        publisher = make(broker.url)
        assert publisher.wait_connected(10)
        publisher.publish([an_event(id="1", sensor="before")])
        wait_until(lambda: publisher.statistics().published == 1, what="the first event")
        settings = MqttSettings(url=broker.url, client_id="offbeat-test")
        way = publisher.way_out(settings, AlertSettings(root="plant"))
        publisher.publish_through(way, 3.0)
        publisher.publish([an_event(id="2", sensor="after")])
        wait_until(lambda: listener.heard("plant/alerts/after"), what="the event at the new root")
        wait_until(lambda: publisher.statistics().published == 2, what="its acknowledgement")
        assert publisher.statistics().connections == 2
        assert [m.topic for m in listener.heard() if "alerts" in m.topic] == [
            "offbeat/alerts/before",
            "plant/alerts/after",
        ]
        assert [json.loads(m.payload)["status"] for m in listener.heard("offbeat/status")] == [
            "online",
            "offline",
        ]
        assert json.loads(listener.heard("plant/status")[-1].payload)["status"] == "online"
        assert publisher.names.status == "plant/status"


def test_what_waits_while_no_broker_is_there_goes_out_on_the_new_way(broker: Broker, make: Make) -> None:
    """The outbox outlives the connection."""
    publisher = make(f"mqtt://127.0.0.1:{free_port()}")
    publisher.publish([an_event(sensor="waits")])
    with listening(broker.port) as listener:
        publisher.publish_through(publisher.way_out(MqttSettings(url=broker.url), AlertSettings()), 0.5)
        wait_until(lambda: listener.heard("offbeat/alerts/waits"), what="the event")
