"""The journal of systemd, spoken to in its own protocol, so that `journalctl SENSOR=press1.temp` works.

One datagram is one entry. Entries are handed to a thread by a bounded queue: journald may press back, and a
logger that waits would hold up readings. What does not fit is counted, and the count is logged.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import queue
import re
import socket
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOCKET = Path("/run/systemd/journal/socket")
PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""Syslog priorities by structlog's level."""

_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")
_MAX_NAME = 64
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def entry(fields: Mapping[str, Any]) -> bytes:
    """Return the datagram of an entry.

    Args:
        fields: names are made upper case and safe; values are sent as text and may hold line breaks.
    """
    parts: list[bytes] = []
    for name, value in fields.items():
        safe = _NOT_IN_NAMES.sub("_", name.upper()).lstrip("_0123456789")[:_MAX_NAME]
        if not safe:
            continue
        data = str(value).encode(errors="replace")
        if b"\n" in data:
            parts.append(safe.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(safe.encode() + b"=" + data + b"\n")
    return b"".join(parts)


class JournalWriter:
    """Sends entries to journald from a thread of its own.

    Args:
        path: of journald's socket.
        capacity: entries that may wait.

    Raises:
        OSError: nobody listens there.
    """

    def __init__(self, path: Path = SOCKET, capacity: int = 2048) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._queue: queue.Queue[bytes | None] = queue.Queue(capacity)
        self._lock = threading.Lock()
        self._dropped_total = 0
        self._dropped_untold = 0
        self._thread = threading.Thread(target=self._drain, name="journald", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Entries that were dropped so far, because the queue was full or journald was gone."""
        return self._dropped_total

    def write(self, fields: Mapping[str, Any]) -> None:
        """Hand over an entry; never waits."""
        try:
            self._queue.put_nowait(entry(fields))
        except queue.Full:
            self._count_drop()

    def close(self, timeout_seconds: float = 2.0) -> None:
        """Send what waits, for so long at most, and let go of the socket."""
        try:
            self._queue.put(None, timeout=timeout_seconds)
        except queue.Full:
            return
        self._thread.join(timeout_seconds)
        if not self._thread.is_alive():
            self._socket.close()

    def _drain(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                self._tell_drops()
                self._send(data)
            except OSError:
                self._count_drop()

    def _count_drop(self) -> None:
        with self._lock:
            self._dropped_total += 1
            self._dropped_untold += 1

    def _tell_drops(self) -> None:
        if not self._dropped_untold:
            return
        with self._lock:
            count, self._dropped_untold = self._dropped_untold, 0
        message = f"{count} log entries were dropped: they came faster than journald took them"
        fields = {"MESSAGE": message, "PRIORITY": PRIORITIES["warning"], "SYSLOG_IDENTIFIER": "offbeat"}
        self._send(entry({**fields, "DROPPED": count}))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            self._send_as_file(data)

    def _send_as_file(self, data: bytes) -> None:
        # What is too long for a datagram travels as a sealed file in memory.
        file = os.memfd_create("journal-entry", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(file), "wb") as stream:
                stream.write(data)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            self._socket.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
        finally:
            os.close(file)
