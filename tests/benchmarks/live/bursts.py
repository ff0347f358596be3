"""How many messages a second a daemon takes in while it trains, against a training that is halted.

The training stands still and goes on in turns, so that a busy neighbour hits both alike. While it goes on beside a
burst it has the lowest priority, as it has by default: for the rest of the section it may have a higher one. Readings
reach the windows no faster than they are judged: while the scorer is busy they wait in the inbox.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.live.daemons import LEARNING, LiveSite
from tests.benchmarks.load import find_generator
from tests.benchmarks.own_process import children_of
from tests.benchmarks.site import Site
from tests.support.waiting import wait_until

MESSAGES = 60_000
AS_FAST_AS_IT_GOES = 1_000_000
TOPICS = 203
ROUNDS = 6
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Rates:
    """Messages a second of each burst, from its first publish until all were in the windows.

    Attributes:
        halted: beside a training that is stopped.
        beside: beside one that runs.
        generator: what published.
        trouble: why there are no rates; empty if there are, or the training was over too soon.
    """

    halted: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    generator: str = ""
    trouble: str = ""


def measure_bursts(folder: Path, live: LiveSite) -> Rates:
    """Return what the daemon that trains takes in; no rates if the training ended before."""
    site = Site(live.broker, live.daemons[LEARNING].process)
    generator = find_generator(folder)
    out = Rates(generator=generator.name)

    def burst() -> float:
        wanted, began = site.counts().in_rings + MESSAGES, time.monotonic()
        load = generator.start(live.broker.port, MESSAGES, 0, AS_FAST_AS_IT_GOES, TOPICS)
        wait_until(lambda: site.counts().in_rings >= wanted, PATIENCE_SECONDS, f"{MESSAGES} readings")
        taken = time.monotonic() - began
        load.finish(PATIENCE_SECONDS)
        return MESSAGES / taken

    burst()  # the sensors of the load are new once
    for _ in range(ROUNDS):
        training = children_of(site.daemon_pid)
        if not training:
            return out
        with _halted(training):
            halted = burst()
        with _at_the_lowest_priority(training):
            beside = burst()
        if children_of(site.daemon_pid) != training:
            return out
        out.halted.append(halted)
        out.beside.append(beside)
    return out


@contextmanager
def _halted(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@contextmanager
def _at_the_lowest_priority(processes: list[int]) -> Iterator[None]:
    """Let processes have what nobody else wants; without the right to lift them again they are left there."""
    threads = [
        int(task.name) for process in processes for task in Path(f"/proc/{process}/task").glob("[0-9]*")
    ]
    _schedule(threads, os.SCHED_IDLE)
    try:
        yield
    finally:
        _schedule(threads, os.SCHED_OTHER)


def _schedule(threads: list[int], policy: int) -> None:
    for thread in threads:
        with suppress(ProcessLookupError, PermissionError):
            os.sched_setscheduler(thread, policy, os.sched_param(0))
