"""Notifications, received on a real socket."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.observe.sd_notify import Notifier, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket and its address, in both forms that systemd uses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        if request.param == "path":
            address = str(tmp_path / "notify")
            sock.bind(address)
        else:
            address = f"@offbeat-test-{uuid.uuid4()}"
            sock.bind("\0" + address[1:])
        yield sock, address


def test_each_notification_is_one_datagram(manager: tuple[socket.socket, str]) -> None:
    """In systemd's words."""
    sock, address = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    assert notifier.active
    notifier.ready("10 sensors")
    notifier.status("all well")
    notifier.alive()
    notifier.extend_timeout(1.5)
    notifier.stopping("draining")
    assert [sock.recv(1000) for _ in range(5)] == [
        b"READY=1\nSTATUS=10 sensors",
        b"STATUS=all well",
        b"WATCHDOG=1",
        b"EXTEND_TIMEOUT_USEC=1500000",
        b"STOPPING=1\nSTATUS=draining",
    ]
    notifier.close()
    assert not notifier.alive()


def test_a_reload_says_when_it_began(manager: tuple[socket.socket, str]) -> None:
    """By the clock and in the very datagram that systemd looks for it in: a job of `notify-reload` hangs without."""
    sock, address = manager
    notifier = Notifier(address)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert notifier.reloading()
    first, second = sock.recv(1000).decode().split("\n")
    assert first == "RELOADING=1"
    name, _, value = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.close()


def test_a_status_cannot_smuggle_in_another_assignment(manager: tuple[socket.socket, str]) -> None:
    """Line breaks become spaces; lone surrogates do no harm."""
    sock, address = manager
    notifier = Notifier(address)
    notifier.status("sensor a\nMAINPID=1\r\n\ud800")
    assert sock.recv(1000) == b"STATUS=sensor a MAINPID=1 ?"
    notifier.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    """A daemon started by hand behaves the same."""
    notifier = Notifier.from_environment(environment)
    assert not notifier.active
    assert not notifier.ready()


def test_a_manager_that_went_away_is_no_error(tmp_path: Path) -> None:
    """Nothing is raised."""
    notifier = Notifier(str(tmp_path / "gone"))
    assert not notifier.ready()
    notifier.close()


def test_a_manager_that_does_not_read_blocks_nobody(manager: tuple[socket.socket, str]) -> None:
    """The socket is full after a while; notifications are dropped then."""
    _, address = manager
    notifier = Notifier(address)
    sent = [notifier.status("x" * 1000) for _ in range(5000)]
    assert sent[0]
    assert not sent[-1]
    notifier.close()


def test_the_watchdog_interval_is_read_only_when_it_is_meant_for_us() -> None:
    """WATCHDOG_PID names another process where a wrapper was watched."""
    assert watchdog_seconds({"WATCHDOG_USEC": "60000000"}) == 60.0
    assert watchdog_seconds({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}) == 60.0
    assert watchdog_seconds({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, pid=2) is None
    for useless in ("", "0", "-5", "soon"):
        assert watchdog_seconds({"WATCHDOG_USEC": useless}) is None
