"""Birth and goodbye."""

from __future__ import annotations

import json

from offbeat.publish.status import offline_json, online_json


def test_the_birth_message_says_who_and_since_when() -> None:
    """For people and dashboards."""
    assert json.loads(online_json("1.2", "offbeat-edge7-pub", 1_700_000_000.0)) == {
        "schema": "offbeat.status/1",
        "status": "online",
        "version": "1.2",
        "client_id": "offbeat-edge7-pub",
        "since": "2023-11-14T22:13:20.000Z",
    }


def test_the_will_and_the_goodbye_differ_in_their_reason() -> None:
    """A planned stop is no incident."""
    assert json.loads(offline_json("connection lost"))["reason"] == "connection lost"
    assert json.loads(offline_json("stopped")) == {
        "schema": "offbeat.status/1",
        "status": "offline",
        "reason": "stopped",
    }
