"""CPU a message from the socket to the rings, against paho's own callback that only counts."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from offbeat.config.settings import (
    JournalSettings,
    LimitSettings,
    MqttSettings,
    SourceSettings,
    TimeSettings,
)
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.inbox import Inbox
from offbeat.ingest.journal import Journal
from offbeat.ingest.mqtt import MqttSource
from offbeat.ingest.source import LogBatch
from offbeat.ingest.topics import TopicTable
from tests.benchmarks.flood import flooding
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.table import Line

OUR_MESSAGES = 200_000
PAHO_MESSAGES = 40_000
REPEATS = 3
BAR = 1 / 8
STUCK_SECONDS = 60.0
OF_VERSIONS = "the daemon asks for MQTT 5 and falls back to 3.1.1 where a broker knows no better."


def measure(folder: Path) -> list[Line]:
    """Return a line for each version of MQTT and each QoS."""
    return [_line(version, qos) for version in ("3.1.1", "5") for qos in (0, 1)]


def _line(version: str, qos: int) -> Line:
    ours, paho = [], []
    for _ in range(REPEATS):
        with flooding(OUR_MESSAGES, qos, version) as port:
            ours.append(in_own_process(our_cost, port, qos, version))
        with flooding(PAHO_MESSAGES, qos, version) as port:
            paho.append(in_own_process(paho_cost, port, qos, version))
    mine, its = statistics.median(ours), statistics.median(paho)
    return Line(
        f"ingest, CPU a message, socket to ring, MQTT {version} QoS {qos}",
        f"{mine:.2f} us",
        f"paho callback {its:.1f} us",
        mine / its,
        "<= 1/8",
        mine / its <= BAR,
        (OF_VERSIONS,) if (version, qos) == ("3.1.1", 0) else (),
    )


def our_cost(port: int, qos: int, version: str) -> float:
    """Return the CPU microseconds a message of reader, journal, decoder, inbox and core, acknowledging included."""
    with tempfile.TemporaryDirectory() as folder:
        source, limits = _source(qos), LimitSettings()
        directory = directory_of([source], limits.max_sensors)
        decoder = Decoder([source], directory, limits)
        inbox, pipeline = Inbox(limits.inbox_bytes), Pipeline(directory, CoreSettings())
        journal = Journal(Path(folder), JournalSettings())
        settings = MqttSettings(url=f"mqtt://127.0.0.1:{port}", protocol="5" if version == "5" else "3.1.1")
        wanted = TopicTable([source]).subscriptions()
        reader = MqttSource(settings, wanted, journal, limits.max_payload_bytes)
        taker = threading.Thread(target=_take_in, args=(inbox, pipeline))

        def deliver(batch: LogBatch) -> None:
            inbox.put(decoder.decode(batch))

        began = time.process_time()
        taker.start()
        reader.start(deliver)
        taker.join()
        assert reader.stop(30.0), "the journal was not made durable in time"
        spent = time.process_time() - began
        journal.close()
    accepted = pipeline.ledgers()[0].accepted
    assert accepted == OUR_MESSAGES, f"{accepted} of {OUR_MESSAGES} readings reached the rings"
    return spent / OUR_MESSAGES * 1e6


def paho_cost(port: int, qos: int, version: str) -> float:
    """Return the CPU microseconds a message of a stock paho client whose callback counts."""
    protocol = MQTTProtocolVersion.MQTTv5 if version == "5" else MQTTProtocolVersion.MQTTv311
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    seen = 0

    def subscribe(*_: object) -> None:
        client.subscribe("plant/#", qos)

    def count(_client: mqtt.Client, _userdata: object, _message: mqtt.MQTTMessage) -> None:
        nonlocal seen
        seen += 1
        if seen == PAHO_MESSAGES:
            client.disconnect()

    client.on_connect = subscribe
    client.on_message = count
    began = time.process_time()
    client.connect("127.0.0.1", port)
    client.loop_forever()
    return (time.process_time() - began) / PAHO_MESSAGES * 1e6


def _source(qos: int) -> SourceSettings:
    return SourceSettings(
        topic="plant/{line}/{sensor}/state",
        qos=1 if qos else 0,
        include=("value",),
        time=TimeSettings(field="ts"),
    )


def _take_in(inbox: Inbox, pipeline: Pipeline) -> None:
    taken, deadline = 0, time.monotonic() + STUCK_SECONDS
    while taken < OUR_MESSAGES and time.monotonic() < deadline:
        for batch in inbox.get(0.25):
            pipeline.ingest(batch)
            taken += len(batch)
