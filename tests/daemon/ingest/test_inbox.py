"""The inbox: nothing is lost without a count, nothing blocks the reader."""

from __future__ import annotations

import math
import threading
import time

import numpy as np

from offbeat.core.ledger import Drop
from offbeat.core.readings import ReadingBatch
from offbeat.ingest.inbox import READINGS_PER_GET, Inbox
from tests.support.waiting import wait_until


def batch(count: int, offset: int, group: int = 0, first: int = 0) -> ReadingBatch:
    """Return readings whose values count up from `first`."""
    values = np.arange(first, first + count, dtype=np.float32)
    times = values.astype(np.float64)
    return ReadingBatch(
        group, np.zeros(count, np.int32), np.zeros(count, np.int16), times, values, times, offset
    )


def test_batches_of_a_group_come_out_as_one_in_order() -> None:
    """What several puts brought is one batch a group, with the offset behind the last of them."""
    inbox = Inbox(1 << 20)
    inbox.put([batch(3, 10, first=0), batch(1, 10, group=1)])
    inbox.put([batch(2, 20, first=3)])
    got = inbox.get(0.0)
    assert [(b.group, b.offset, len(b)) for b in got] == [(0, 20, 5), (1, 20, 1)]
    assert got[0].value.tolist() == [0, 1, 2, 3, 4]
    assert inbox.ledger.accepted == 6


def test_a_full_inbox_sheds_the_oldest_and_counts_its_readings() -> None:
    """The newest data stays; every shed reading is in the ledger."""
    one = batch(10, 1).nbytes
    inbox = Inbox(3 * one)
    for i in range(8):
        inbox.put([batch(10, i, first=10 * i)])
    got = inbox.get(0.0)
    assert got[0].value.tolist() == list(range(50, 80))
    assert inbox.ledger.dropped[Drop.INBOX_FULL] == 50
    assert inbox.ledger.received == 80
    assert inbox.statistics().peak_bytes <= 3 * one


def test_a_batch_larger_than_the_inbox_is_still_taken() -> None:
    """One put that alone exceeds the capacity is handed on, or nothing would ever pass."""
    inbox = Inbox(16)
    inbox.put([batch(100, 1)])
    assert len(inbox.get(0.0)[0]) == 100


def test_a_get_is_capped_but_never_splits_a_put() -> None:
    """A long queue comes in pieces that end where a put ended."""
    inbox = Inbox(1 << 30)
    for i in range(5):
        inbox.put([batch(READINGS_PER_GET // 2, i), batch(READINGS_PER_GET // 4, i, group=1)])
    sizes = []
    while got := inbox.get(0.0):
        sizes.append([len(b) for b in got])
    assert sizes == [[READINGS_PER_GET // 2, READINGS_PER_GET // 4]] * 5
    assert inbox.statistics().depth_bytes == 0
    assert inbox.statistics().depth_readings == 0


def test_an_empty_put_is_nothing() -> None:
    """Batches without readings do not wake anybody."""
    inbox = Inbox(100)
    inbox.put([])
    inbox.put([batch(0, 4)])
    assert inbox.depth_batches == 0


def test_a_waiting_get_ends_with_a_put_and_with_a_wake() -> None:
    """The other thread need not wait for the timeout."""
    inbox = Inbox(1000)
    results: list[int] = []

    def take() -> None:
        results.append(len(inbox.get(30.0)))
        results.append(len(inbox.get(30.0)))

    thread = threading.Thread(target=take)
    start = time.monotonic()
    thread.start()
    inbox.put([batch(1, 1)])
    wait_until(lambda: results == [1], what="the put to be seen")
    inbox.wake()
    thread.join(10.0)
    assert results == [1, 0]
    assert time.monotonic() - start < 20.0


def test_waiting_for_a_wake_leaves_the_batches_where_they_are() -> None:
    """A loop that cannot take more yet may wait without taking."""
    inbox = Inbox(1000)
    inbox.put([batch(1, 1)])
    assert not inbox.wait_for_wake(0.0)
    inbox.wake()
    assert inbox.wait_for_wake(10.0)
    assert inbox.depth_batches == 1


def test_who_waits_for_many_is_woken_by_the_one_that_makes_them_too_many() -> None:
    """Not by those before, and by a wake in any case."""
    inbox = Inbox(1 << 20)
    inbox.put([batch(3, 1)])
    assert not inbox.wait_for_wake(0.0, too_few=3)
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(inbox.wait_for_wake(30.0, too_few=5)))
    thread.start()
    inbox.put([batch(2, 2)])
    assert thread.is_alive()
    inbox.put([batch(1, 3)])
    thread.join(10.0)
    inbox.wake()
    assert inbox.wait_for_wake(30.0, too_few=10)
    assert (results, inbox.depth_readings) == ([True], 6)


def test_the_offset_goes_on_over_what_holds_no_reading() -> None:
    """A log of nothing but rubbish must not keep snapshots and retention where they are; order is kept."""
    inbox = Inbox(1 << 20)
    inbox.passed(7)
    assert inbox.get(0.0) == []
    assert inbox.taken_offset == 7
    inbox.put([batch(2, 10)])
    inbox.passed(15)
    assert inbox.taken_offset == 7
    inbox.get(0.0)
    assert inbox.taken_offset == 15


def test_it_knows_since_when_something_waits() -> None:
    """Whoever lets time pass must not be ahead of what was not read yet."""
    inbox = Inbox(1 << 20)
    assert inbox.oldest_arrival == math.inf
    inbox.put([batch(0, 5), batch(3, 5, group=1, first=7), batch(2, 5, first=8)])
    inbox.put([batch(1, 6, first=20)])
    assert inbox.oldest_arrival == 7
    inbox.get(0.0)
    assert inbox.oldest_arrival == math.inf
