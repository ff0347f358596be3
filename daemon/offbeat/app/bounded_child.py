"""A child process with bounded time and memory that tells its parent what it does, a line of JSON at a time."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from offbeat.app.child import end_child

LOOK_SECONDS = 0.25
LAST_WORDS = 800
_STOP_SECONDS = 1.0

End = Literal["ended", "time", "memory", "stopped"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Attributes:
        how: by itself, or ended by its parent, and why.
        code: its exit code; negative = the signal.
        said: the end of what it wrote on standard error.
    """

    how: End
    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a child may take.

    Attributes:
        seconds: of wall-clock time.
        memory_bytes: of memory of its own; what it shares with its parent does not count.
    """

    seconds: float
    memory_bytes: int


def run_bounded(
    command: Sequence[str],
    given: bytes,
    bounds: Bounds,
    on_message: Callable[[dict[str, Any]], None],
    stopping: threading.Event,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program to its end.

    To be called in a thread that lives on until it returns: the kernel takes the end of the thread that started a child
    for the end of its parent.

    Args:
        command: program and arguments.
        given: its standard input.
        bounds: what it may take; what takes more is killed.
        on_message: called with each JSON object that it prints on a line of its own; other lines are left out.
        stopping: ends it when set.
        environment: of the program; None = that of this process.
    """
    with tempfile.TemporaryFile() as input_file, tempfile.TemporaryFile() as errors:
        input_file.write(given)
        input_file.seek(0)
        with subprocess.Popen(  # noqa: S603 - this very program, with arguments of our own
            list(command), stdin=input_file, stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True, env=None if environment is None else dict(environment),
        ) as process:  # fmt: skip
            try:
                how = _watch(process, bounds, on_message, stopping)
            finally:
                code = end_child(process, _STOP_SECONDS)
        return Ended(how, code, _end_of(errors))


def memory_of(process: int) -> int:
    """Return the memory that a process has for itself, in bytes, swapped out or not; 0 when it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return sum(1024 * int(line[1]) for line in lines if line and line[0] in ("RssAnon:", "VmSwap:"))


def _watch(
    process: subprocess.Popen[bytes],
    bounds: Bounds,
    on_message: Callable[[dict[str, Any]], None],
    stopping: threading.Event,
) -> End:
    assert process.stdout is not None
    deadline, rest = time.monotonic() + bounds.seconds, b""
    os.set_blocking(process.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(LOOK_SECONDS):
                new = os.read(process.stdout.fileno(), 65_536)
                if not new:
                    return "ended"
                *lines, rest = (rest + new).split(b"\n")
                for line in lines:
                    _pass_on(line, on_message)
            if stopping.is_set():
                return "stopped"
            if time.monotonic() > deadline:
                return "time"
            if memory_of(process.pid) > bounds.memory_bytes:
                return "memory"


def _pass_on(line: bytes, on_message: Callable[[dict[str, Any]], None]) -> None:
    try:
        message = json.loads(line)
    except ValueError:
        return
    if isinstance(message, dict):
        on_message(message)


def _end_of(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * LAST_WORDS))
    return file.read().decode("utf-8", "replace").strip()[-LAST_WORDS:]
