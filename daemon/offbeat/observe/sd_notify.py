"""What systemd is told, in its datagram protocol: ready, stopping, alive, and one line of status."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Self


class Notifier:
    """Sends notifications to the service manager; without one it does nothing. Never blocks and never raises.

    Args:
        address: path of the socket, "@" first for an abstract one; empty for none.
    """

    def __init__(self, address: str) -> None:
        # An abstract address begins with NUL; systemd writes it as "@".
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address:
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_UNIX, kind)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return a notifier for `$NOTIFY_SOCKET`."""
        address = environment.get("NOTIFY_SOCKET", "")
        return cls(address if address[:1] in ("/", "@") else "")

    @property
    def active(self) -> bool:
        """Whether somebody listens."""
        return self._socket is not None

    def ready(self, status: str = "") -> bool:
        """Say that the start is over."""
        return self._send("READY=1", *_status(status))

    def reloading(self) -> bool:
        """Say that the configuration is being read again; `ready` says that this is over."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def status(self, text: str) -> bool:
        """Set the line that `systemctl status` shows."""
        return self._send(*_status(text))

    def stopping(self, status: str = "") -> bool:
        """Say that the daemon is on its way out."""
        return self._send("STOPPING=1", *_status(status))

    def alive(self) -> bool:
        """Feed the watchdog."""
        return self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> bool:
        """Ask for this much more time for the start or stop that is under way."""
        return self._send(f"EXTEND_TIMEOUT_USEC={max(0, round(seconds * 1e6))}")

    def close(self) -> None:
        """Close the socket; later notifications do nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> bool:
        if self._socket is None or not lines:
            return False
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except (OSError, ValueError):
            return False
        return True


def watchdog_seconds(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> float | None:
    """Return the time after which systemd ends a silent service; None if it does not watch this one."""
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
        watched = int(environment.get("WATCHDOG_PID", "0")) or None
    except ValueError:
        return None
    if microseconds <= 0 or watched not in (None, os.getpid() if pid is None else pid):
        return None
    return microseconds / 1e6


def _status(text: str) -> list[str]:
    # A line break would begin another assignment, whose name came from who knows where.
    return [f"STATUS={' '.join(text.split())}"] if text else []
