"""The thread that takes events into the outbox."""

from __future__ import annotations

import threading
from pathlib import Path

from offbeat.publish.intake import Intake
from offbeat.publish.outbox import Lost, Outbox
from tests.support.events import events_of
from tests.support.waiting import wait_until


def test_all_that_was_handed_in_is_in_the_outbox_in_the_end(tmp_path: Path) -> None:
    """In order, from several threads at once, and also when the stop comes right behind."""
    outbox, committed = Outbox(tmp_path / "o.sqlite"), threading.Event()
    intake = Intake(outbox, committed.set)
    intake.start()
    threads = [threading.Thread(target=intake.put, args=(events_of(f"s{i}", 50),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert intake.committed(10.0)
    assert committed.is_set()
    assert outbox.depth == 400
    intake.put(events_of("last", 3))
    intake.stop()
    intake.join(10.0)
    assert intake.finished
    assert outbox.depth == 403
    assert [item.sensor for item in outbox.pending(1000)][-3:] == ["last"] * 3
    outbox.close()


def test_too_many_that_wait_lose_the_oldest(tmp_path: Path) -> None:
    """Memory is bounded; the loss is counted."""
    outbox = Outbox(tmp_path / "o.sqlite")
    intake = Intake(outbox, lambda: None, max_events=5)
    intake.put(events_of("a", 8))
    intake.start()
    assert intake.committed(10.0)
    assert [item.sensor for item in outbox.pending(10)] == ["a"] * 5
    assert outbox.lost[Lost.OVERFLOW] == 3
    intake.stop()
    intake.join(10.0)
    outbox.close()


def test_a_thread_that_was_never_started_holds_nobody_up(tmp_path: Path) -> None:
    """A start that failed half-way can still be undone."""
    outbox = Outbox(tmp_path / "o.sqlite")
    intake = Intake(outbox, lambda: None)
    intake.stop()
    intake.join(0.0)
    assert intake.finished
    outbox.close()


def test_the_end_is_announced(tmp_path: Path) -> None:
    """Whoever sleeps until then is woken."""
    outbox, woken = Outbox(tmp_path / "o.sqlite"), threading.Event()
    intake = Intake(outbox, woken.set)
    intake.start()
    intake.stop()
    wait_until(woken.is_set, 10, "the announcement")
    intake.join(10.0)
    outbox.close()
