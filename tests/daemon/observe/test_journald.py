"""The journal's own protocol, against a socket that listens where journald would."""

from __future__ import annotations

import array
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.observe.journald import JournalWriter, entry
from tests.support.waiting import wait_until


class Journal:
    """A socket that takes entries as journald does.

    Args:
        path: where it listens.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(5)

    def take(self) -> dict[str, str]:
        """Return the fields of the next entry, from its datagram or from the file it came in."""
        data, ancillary, _, _ = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        if ancillary:
            [file] = array.array("i", ancillary[0][2])
            size = os.fstat(file).st_size
            data = os.pread(file, size, 0)
            os.close(file)
        return parse(data)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def parse(data: bytes) -> dict[str, str]:
    """Read an entry by the words of systemd's description of the protocol."""
    fields: dict[str, str] = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if equals:
            fields[name.decode()], data = value.decode(), rest
        else:
            (length,) = struct.unpack("<Q", rest[:8])
            fields[name.decode()], data = rest[8 : 8 + length].decode(), rest[8 + length + 1 :]
    return fields


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A listening journal."""
    listening = Journal(tmp_path / "socket")
    yield listening
    listening.close()


def test_fields_of_one_and_of_many_lines_survive() -> None:
    """Also with signs of the protocol in them."""
    fields = {"MESSAGE": "a = b", "STACK": "one\ntwo=2\n", "EMPTY": "", "SENSOR": "Drücker/1"}
    assert parse(entry(fields)) == fields


def test_names_are_made_safe() -> None:
    """Upper case, at most 64 letters, and never one that only journald may set."""
    assert parse(entry({"sensor.id": 1, "_pid": 2, "9lives": 3, "_": 4, "x" * 80: 5})) == {
        "SENSOR_ID": "1",
        "PID": "2",
        "LIVES": "3",
        "X" * 64: "5",
    }


def test_entries_arrive_in_order(journal: Journal) -> None:
    """From a thread of their own."""
    writer = JournalWriter(journal.path)
    for number in range(5):
        writer.write({"NUMBER": number})
    assert [journal.take()["NUMBER"] for _ in range(5)] == list("01234")
    writer.close()


def test_an_entry_too_long_for_a_datagram_travels_as_a_file(journal: Journal) -> None:
    """Tracebacks may be long."""
    writer = JournalWriter(journal.path)
    writer.write({"MESSAGE": "x" * 3_000_000})
    assert len(journal.take()["MESSAGE"]) == 3_000_000
    writer.close()


def test_a_journal_that_presses_back_costs_entries_and_not_time(journal: Journal) -> None:
    """What is dropped is counted, and the count is logged once there is room."""
    writer = JournalWriter(journal.path, capacity=2)
    sent = 5000
    for number in range(sent):
        writer.write({"NUMBER": number})
    dropped = writer.dropped
    assert dropped > 0
    told = arrived = 0
    while told < dropped or arrived < sent - dropped:
        fields = journal.take()
        told += int(fields.get("DROPPED", 0))
        arrived += "NUMBER" in fields
        assert ("log entries were dropped" in fields.get("MESSAGE", "")) == ("DROPPED" in fields)
    assert (told, arrived) == (dropped, sent - dropped)
    writer.close()


def test_a_journal_that_goes_away_is_no_error_of_the_logger(journal: Journal) -> None:
    """Entries are counted as dropped."""
    writer = JournalWriter(journal.path)
    journal.close()
    writer.write({"MESSAGE": "x"})
    wait_until(lambda: writer.dropped == 1)
    writer.close()


def test_nobody_listening_is_told_at_once(tmp_path: Path) -> None:
    """So that logs can go elsewhere."""
    with pytest.raises(OSError, match="No such file"):
        JournalWriter(tmp_path / "nowhere")
