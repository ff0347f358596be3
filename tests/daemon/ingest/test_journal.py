"""The journal: what is durable stays, what is torn is cut, what is damaged is counted, nothing silently."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offbeat.config.settings import JournalSettings
from offbeat.errors import UnavailableError
from offbeat.ingest import journal as journal_module
from offbeat.ingest.journal import REFUSED, Journal
from offbeat.ingest.segments import list_segments
from offbeat.ingest.source import RawMessage
from tests.support.waiting import wait_until

Open = Callable[..., Journal]


@pytest.fixture
def open_journal(tmp_path: Path) -> Iterator[Open]:
    """Open journals in one directory, one after the other; all are closed in the end."""
    opened: list[Journal] = []

    def open_one(now: float = 0.0, **settings: float) -> Journal:
        made = Journal(tmp_path / "journal", JournalSettings(**settings), clock=lambda: now)  # type: ignore[arg-type]
        opened.append(made)
        return made

    yield open_one
    for made in opened:
        if made.alive:
            made.close(1.0)


def message(number: int) -> RawMessage:
    """Return a message that can be told from others."""
    return f"plant/{number}", b"%d" % number, 0x32


def numbers(journal: Journal, from_offset: int = 0) -> list[int]:
    """Return the numbers of all messages in the journal."""
    return [int(payload) for batch in journal.read(from_offset) for _, payload, _ in batch.messages]


def test_what_was_appended_is_read_back_in_order(open_journal: Open) -> None:
    """Topics, payloads, flags and arrival come back as they were, also after the journal was opened again."""
    journal = open_journal()
    messages = [("a/é", b"\x00\xff", 0x3B), ("b", b"", 0x100)]
    end = journal.append(messages, 12.5)
    assert journal.append([message(1)], 13.5) > end
    assert journal.close()
    again = open_journal()
    batches = list(again.read(0))
    assert [(b.arrival_seconds, b.messages) for b in batches] == [(12.5, messages), (13.5, [message(1)])]
    assert batches[0].first_offset == 0
    assert batches[0].next_offset == batches[1].first_offset == end
    assert batches[1].next_offset == again.next_offset == again.durable_offset


def test_reading_starts_at_the_offset_asked_for(open_journal: Open) -> None:
    """An offset that `append` returned is where the following batch begins."""
    journal = open_journal(segment_bytes=64 * 1024)
    offsets = [journal.append([message(i)] * 50, 0.0) for i in range(200)]
    assert journal.sync(10.0)
    assert len(list_segments(journal.directory)) > 1
    for i in (0, 57, 198):
        assert set(numbers(journal, offsets[i])) == set(range(i + 1, 200))
    assert numbers(journal, offsets[-1]) == []


def test_durability_is_told_after_the_sync_and_covers_everything(open_journal: Open) -> None:
    """The callback's last offset is the end of the log; nothing appended is told of before it is on disk."""
    journal = open_journal()
    told: list[int] = []
    journal.on_durable = told.append
    ends = [journal.append([message(i)], 0.0) for i in range(100)]
    wait_until(lambda: told and told[-1] == ends[-1], what="the journal to be durable")
    assert told == sorted(told)
    assert journal.counts.syncs < 100


def test_a_callback_that_fails_does_not_stop_the_journal(open_journal: Open) -> None:
    """What is durable stays durable whoever is told."""
    journal = open_journal()

    def fail(_offset: int) -> None:
        raise RuntimeError("no")

    journal.on_durable = fail
    journal.append([message(1)], 0.0)
    assert journal.sync(10.0)
    journal.append([message(2)], 0.0)
    assert journal.sync(10.0)
    assert numbers(journal) == [1, 2]


@pytest.mark.parametrize("lost_bytes", [1, 7, 20, 25])
def test_a_torn_record_is_cut_off_and_counted(open_journal: Open, lost_bytes: int) -> None:
    """After a power cut the journal goes on behind the last whole record."""
    journal = open_journal()
    first = journal.append([message(1)], 0.0)
    end = journal.append([message(2)], 0.0)
    journal.close()
    path = list_segments(journal.directory)[0].path
    os.truncate(path, end - lost_bytes)
    again = open_journal()
    assert again.next_offset == first
    assert again.counts.torn_bytes == end - first - lost_bytes
    again.append([message(3)], 0.0)
    assert again.sync(10.0)
    assert numbers(again) == [1, 3]


def test_zeros_behind_the_last_record_are_cut_off(open_journal: Open) -> None:
    """A file system may have grown the file without its content."""
    journal = open_journal()
    end = journal.append([message(1)], 0.0)
    journal.close()
    os.truncate(list_segments(journal.directory)[0].path, end + 5000)
    again = open_journal()
    assert (again.next_offset, again.counts.torn_bytes) == (end, 5000)


@pytest.mark.parametrize("closed_segment", [False, True], ids=["newest segment", "older segment"])
def test_damage_in_the_middle_costs_only_the_damaged_record(open_journal: Open, closed_segment: bool) -> None:
    """A flipped bit is counted, its bytes stay where they are, and what lies behind is still read."""
    journal = open_journal(segment_bytes=64 * 1024)
    offsets = [journal.append([message(i)], 0.0) for i in range(10)]
    if closed_segment:
        journal.append([("fill", b"x" * 70_000, 0)], 0.0)
        journal.append([("fill", b"x", 0)], 0.0)
    journal.close()
    path = list_segments(journal.directory)[0].path
    data = bytearray(path.read_bytes())
    data[offsets[4] + 30] ^= 0x10
    path.write_bytes(data)
    again = open_journal(segment_bytes=64 * 1024)
    read = [p for b in again.read(0) for t, p, _ in b.messages if t != "fill"]
    assert [int(p) for p in read] == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert list(again.read(0)) == list(again.read(0))
    assert again.counts.damaged_bytes == offsets[5] - offsets[4]
    assert again.counts.torn_bytes == 0
    assert bytes(data) in path.read_bytes()


def test_old_segments_go_by_size_but_never_past_what_is_still_needed(open_journal: Open) -> None:
    """Retention keeps everything behind the committed offset, however large that is."""
    settings = {"segment_bytes": 64 * 1024, "max_bytes": 1024**2}
    journal = open_journal(**settings)

    def fill() -> list[int]:
        ends = [journal.append([("t", bytes(30_000), 0)], 0.0) for _ in range(100)]
        assert journal.sync(10.0)
        return ends

    ends = fill()
    assert journal.first_offset == 0
    assert journal.size_bytes() > 2 * 1024**2
    journal.commit(ends[20])
    fill()
    wait_until(lambda: journal.first_offset > 0, what="old segments to be removed")
    assert journal.first_offset <= ends[20]
    assert next(journal.read(ends[20])).first_offset == ends[20]
    journal.commit(journal.next_offset)
    fill()
    wait_until(lambda: journal.size_bytes() < 1.2 * 1024**2 + 3_000_000, what="the size to be kept")
    assert journal.first_offset > ends[-1]


def test_old_segments_go_by_age(open_journal: Open) -> None:
    """What is older than allowed is removed even if there is room."""
    journal = open_journal(now=4e12, segment_bytes=64 * 1024, max_age_seconds=60.0)
    for _ in range(6):
        journal.append([("t", bytes(70_000), 0)], 0.0)
    journal.commit(journal.next_offset)
    assert journal.sync(10.0)
    journal.append([("t", b"", 0)], 0.0)
    assert journal.sync(10.0)
    wait_until(lambda: len(list_segments(journal.directory)) == 1, what="old segments to be removed")


def test_offsets_are_not_used_twice_after_a_skip(open_journal: Open) -> None:
    """A snapshot may know a later offset than a journal that lost its tail; new batches come behind it."""
    journal = open_journal()
    end = journal.append([message(1)], 0.0)
    journal.close()
    again = open_journal()
    again.skip_to(end + 1000)
    assert again.append([message(2)], 0.0) > end + 1000
    assert again.sync(10.0)
    assert numbers(again) == [1, 2]
    assert numbers(again, end + 1000) == [2]
    again.close()
    third = open_journal()
    third.skip_to(5)
    assert numbers(third) == [1, 2]
    assert third.next_offset == again.next_offset


def test_a_second_process_is_kept_out(open_journal: Open) -> None:
    """Two daemons on one directory would write over each other: the second is told so."""
    open_journal()
    with pytest.raises(UnavailableError, match="in use by another process"):
        open_journal()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The message says which directory and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"journal's directory \S+ cannot be used"):
        Journal(tmp_path / "file" / "journal", JournalSettings())


def test_a_topic_with_half_a_character_is_still_written(open_journal: Open) -> None:
    """Half characters cannot be written; the message is kept under a marked topic."""
    journal = open_journal()
    journal.append([("a\ud800", b"1", 0)], 0.0)
    assert journal.sync(10.0)
    assert next(journal.read(0)).messages == [("a?", b"1", 0)]


@pytest.fixture
def small_files() -> Iterator[Callable[[int | None], None]]:
    """Limit how large a file of this process may become, which is how a full disk looks to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(
        resource.RLIMIT_FSIZE, (before[0] if size is None else size, before[1])
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, old)


def test_a_full_disk_degrades_the_journal_and_loses_nothing(
    open_journal: Open, small_files: Callable[[int | None], None]
) -> None:
    """While the disk refuses nothing becomes durable; when it takes again everything is there, once."""
    journal = open_journal()
    end = journal.append([message(0)], 0.0)
    assert journal.sync(10.0)
    small_files(end + 50)
    told: list[int] = []
    journal.on_durable = told.append
    for i in range(1, 50):
        journal.append([message(i)], 0.0)
    wait_until(lambda: journal.state == "degraded", what="the journal to notice")
    assert "cannot be written" in journal.reason
    assert told == []
    assert journal.durable_offset == end
    assert numbers(journal) == [0]
    small_files(None)
    assert journal.sync(10.0)
    assert journal.state == "ok"
    assert told[-1] == journal.next_offset
    assert numbers(journal) == list(range(50))


def test_a_disk_that_refuses_for_long_makes_the_journal_refuse(
    open_journal: Open, small_files: Callable[[int | None], None]
) -> None:
    """Memory is no journal: past a bound messages are refused and counted, and the log has no hole."""
    journal = open_journal()
    small_files(10)
    big = [("t", bytes(journal_module.MOST_PENDING_BYTES // 4), 0)]
    results = [journal.append(big, 0.0) for _ in range(6)]
    assert results[3:] == [REFUSED] * 3
    assert journal.counts.refused_messages == 3
    assert journal.pending_bytes <= journal_module.MOST_PENDING_BYTES
    small_files(None)
    assert journal.sync(20.0)
    assert len(list(journal.read(0))) == 3


_KILLED = """
import sys, pathlib
from offbeat.config.settings import JournalSettings
from offbeat.ingest.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]), JournalSettings(segment_bytes=64 * 1024))
first = int(sys.argv[2])
ends = {}
def told(offset):
    done = [n for n, end in ends.items() if end <= offset]
    print(max(done, default=-1), flush=True)
journal.on_durable = told
number = first
while True:
    ends[number] = journal.append([("t", b"%d" % number, 0)] , 0.0)
    number += 1
    ends.pop(number - 5000, None)
"""


def test_whatever_was_durable_survives_being_killed_again_and_again(tmp_path: Path) -> None:
    """After each kill -9 every message that was reported durable is there, in order and once."""
    first = 0
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(tmp_path), str(first)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(6)]
        child.kill()
        said += [int(line) for line in child.stdout.read().splitlines() if line]
        child.stdout.close()
        child.wait(10.0)
        journal = Journal(tmp_path, JournalSettings())
        kept = numbers(journal)
        journal.close()
        assert kept == list(range(len(kept)))
        assert kept[-1] >= max(said)
        first = len(kept)


def test_appending_does_not_wait_for_the_disk(open_journal: Open) -> None:
    """A sync in progress in the other thread does not hold up the reader."""
    journal = open_journal()
    entered, leave = threading.Event(), threading.Event()

    def block(_offset: int) -> None:
        entered.set()
        leave.wait(20.0)

    journal.on_durable = block
    journal.append([message(0)], 0.0)
    assert entered.wait(10.0)
    for i in range(1, 20):
        journal.append([message(i)], 0.0)
    leave.set()
    assert journal.sync(10.0)
    assert numbers(journal) == list(range(20))
