"""Ports that nothing listens on."""

from __future__ import annotations

import socket
from pathlib import Path

_LISTENING = "0A"


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago; another process may still take it first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def owns_port(pid: int, port: int) -> bool:
    """Tell whether this very process listens on the TCP port: a left-over server may answer in its place."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return any(inode in inodes for inode in _open_files(pid))


def _open_files(pid: int) -> set[str]:
    names = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            names.add(str(entry.readlink()))
    except OSError:
        pass  # It ended, or a descriptor was closed while we looked.
    return names
