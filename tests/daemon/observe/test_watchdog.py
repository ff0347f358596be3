"""The watchdog, with time as an argument."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.observe.sd_notify import Notifier
from offbeat.observe.watchdog import Progress, Watchdog
from tests.support.waiting import wait_until


class Manager:
    """A service manager that remembers what it was told."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def told(self) -> list[str]:
        """Return what was told since the last call."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(10_000, socket.MSG_DONTWAIT).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[Manager, Notifier]]:
    """A manager, and the notifier that speaks to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
        yield Manager(sock), notifier
        notifier.close()


def test_a_stage_that_beats_is_never_stalled() -> None:
    """However long it lives."""
    progress = Progress()
    stage = progress.stage("loop", grace_seconds=10.0)
    for now in range(0, 1000, 9):
        stage.beat()
        assert progress.stalled(float(now)) == {}


def test_a_stage_that_stands_still_is_stalled_after_its_grace() -> None:
    """Named, with how long."""
    progress = Progress()
    stage = progress.stage("scorer", grace_seconds=10.0)
    stage.beat()
    assert progress.stalled(0.0) == {}
    assert progress.stalled(10.0) == {}
    assert progress.stalled(11.0) == {"scorer": 11.0}
    stage.beat()
    assert progress.stalled(12.0) == {}


def test_a_stage_that_rests_may_stand_still_for_ever() -> None:
    """A scorer without work is healthy."""
    progress = Progress()
    stage = progress.stage("scorer", grace_seconds=10.0)
    stage.beat()
    progress.stalled(0.0)
    stage.rest()
    assert progress.stalled(1e6) == {}


def test_grace_begins_with_the_work_and_not_with_the_rest_before_it() -> None:
    """A long night does not count against the first job of the morning."""
    progress = Progress()
    stage = progress.stage("scorer", grace_seconds=10.0)
    stage.rest()
    progress.stalled(0.0)
    progress.stalled(1000.0)
    stage.beat()
    assert progress.stalled(1001.0) == {}
    assert progress.stalled(1012.0) == {"scorer": 11.0}


def test_a_stage_that_was_never_started_is_not_stalled() -> None:
    """It rests until its first beat."""
    progress = Progress()
    progress.stage("source")
    progress.stalled(0.0)
    assert progress.stalled(1e9) == {}


def test_one_stalled_stage_starves_the_watchdog_and_is_named(manager: tuple[Manager, Notifier]) -> None:
    """Also when the others move; every thread's stack is shown once."""
    told_by, notifier = manager
    progress, dumps = Progress(), []
    good, bad = progress.stage("loop", 10.0), progress.stage("scorer", 10.0)
    watchdog = Watchdog(progress, notifier, lambda: "3 sensors", 1.0, dump=lambda: dumps.append(1))
    good.beat()
    bad.beat()
    assert watchdog.look(0.0)
    assert told_by.told() == ["WATCHDOG=1", "STATUS=3 sensors"]
    with capture_logs() as logs:
        for now in (12.0, 13.0):
            good.beat()
            assert not watchdog.look(now)
    assert told_by.told() == ["STATUS=stalled: scorer for 12 s", "STATUS=stalled: scorer for 13 s"]
    assert len(dumps) == 1
    assert len(logs) == 1
    bad.beat()
    good.beat()
    assert watchdog.look(14.0)
    assert "WATCHDOG=1" in told_by.told()


def test_the_gauge_names_every_stage() -> None:
    """Zero for those that move."""
    progress = Progress()
    progress.stage("loop").beat()
    slow = progress.stage("scorer", 1.0)
    slow.beat()
    progress.stalled(0.0)
    progress.stage("loop").beat()
    assert progress.gauge(5.0) == {("loop",): 0.0, ("scorer",): 1.0}


def test_the_thread_goes_on_when_a_look_fails(manager: tuple[Manager, Notifier]) -> None:
    """A status line that cannot be made must not end a healthy service."""
    told_by, notifier = manager
    calls = []

    def status() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("no status yet")
        return "well"

    watchdog = Watchdog(Progress(), notifier, status, 0.01)
    watchdog.start()
    wait_until(lambda: "STATUS=well" in told_by.told(), 5, "the second look")
    watchdog.stop()
