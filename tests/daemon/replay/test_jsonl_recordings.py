"""Recordings of messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.errors import ConfigError
from offbeat.replay.jsonl_recordings import RecordedMessage, encode_message, read_messages, write_messages

MESSAGES = st.builds(
    RecordedMessage,
    time_seconds=st.floats(min_value=-1e9, max_value=1e10),
    topic=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    payload=st.binary(max_size=40) | st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace")),
    retain=st.booleans(),
    qos=st.sampled_from([0, 1, 2]),
)


@settings(max_examples=60, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=8))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, messages: list[RecordedMessage]
) -> None:
    """Any payload, text or not, comes back byte for byte, with its time, flags and order."""
    path = tmp_path_factory.mktemp("messages") / "m.jsonl"
    assert write_messages(path, messages) == len(messages)
    assert list(read_messages(path)) == messages


def test_text_stays_readable_in_the_file() -> None:
    """A JSON payload is kept as text, so that a person can read and edit the recording."""
    line = encode_message(RecordedMessage(1.5, "a/b", b'{"v":1}', retain=True, qos=1))
    assert line == b'{"time":1.5,"topic":"a/b","payload":"{\\"v\\":1}","qos":1,"retain":true}\n'


def test_flags_are_those_of_the_packet() -> None:
    """Retain is bit 0, QoS the bits 1 and 2."""
    assert RecordedMessage(0.0, "t", b"", retain=True, qos=1).flags == 0b011


def test_time_may_be_rfc_3339_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    """A recording written by hand is read too."""
    path = tmp_path / "m.jsonl"
    path.write_text('\n{"time":"1970-01-01T00:01:00Z","topic":"t","payload":"1"}\n\n')
    assert list(read_messages(path)) == [RecordedMessage(60.0, "t", b"1")]


@pytest.mark.parametrize(
    "line",
    [
        '{"time":1,"topic":"t"}',
        '{"time":1,"topic":"t","payload":3}',
        '{"time":1,"topic":"t","payload":"x","qos":7}',
        '{"time":"soon","topic":"t","payload":"x"}',
        '{"time":1,"topic":"t","payload":"%%","encoding":"base64"}',
        '{"time":1,"topic":"t","payl',
        "[]",
        '\ufeff{"time":1}',
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: str) -> None:
    """The error names file and line and shows how a line looks."""
    path = tmp_path / "m.jsonl"
    path.write_text('{"time":1,"topic":"t","payload":"1"}\n' + line + "\n", "utf-8")
    with pytest.raises(ConfigError, match=r"m\.jsonl:2: not .*expected a line such as"):
        list(read_messages(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """No traceback for a wrong name."""
    with pytest.raises(ConfigError, match="No such file"):
        list(read_messages(tmp_path / "none.jsonl"))
