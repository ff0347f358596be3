"""How many messages a second a daemon takes in while it trains, against a training that is halted.

A burst beside a training that is halted and one beside the same that goes on are a pair: one right behind the other,
so that a busy neighbour hits both alike. Which of them comes first changes from pair to pair, so that what grows with
time, or was only waiting behind the burst before, is no advantage. While the training goes on beside a burst it has the
lowest priority, as it has by default: for the rest of the section it may have a higher one. Readings reach the windows
no faster than they are judged: while the scorer is busy they wait in the inbox.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.live.daemons import LEARNING, LiveSite
from tests.benchmarks.load import Running, find_generator
from tests.benchmarks.own_process import children_of
from tests.benchmarks.site import Site
from tests.support.waiting import wait_until

MESSAGES = 60_000
AS_FAST_AS_IT_GOES = 1_000_000
TOPICS = 203
ROUNDS = 10
"""Pairs, if the training lasts so long."""
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Rates:
    """Messages a second of each burst, from its first publish until all were in the windows.

    Attributes:
        halted: beside a training that is stopped, by pair.
        beside: beside one that runs, by pair.
        generator: what published.
        trouble: why there are no rates; empty if there are, or the training was over too soon.
    """

    halted: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    generator: str = ""
    trouble: str = ""

    @property
    def ratios(self) -> list[float]:
        """Of each pair: the rate beside a training that runs, as a share of that beside one that is halted."""
        return [beside / halted for beside, halted in zip(self.beside, self.halted, strict=True)]


def measure_bursts(folder: Path, live: LiveSite) -> Rates:
    """Return what the daemon that trains takes in; no rates if the training ended before."""
    site = Site(live.broker, live.daemons[LEARNING].process)
    generator = find_generator(folder)

    def burst() -> float:
        return rate_of(
            lambda: generator.start(live.broker.port, MESSAGES, 0, AS_FAST_AS_IT_GOES, TOPICS),
            lambda: site.counts().in_rings,
            MESSAGES,
        )

    burst()  # the sensors of the load are new once
    out = Rates(generator=generator.name)
    add_pairs(out, lambda: children_of(site.daemon_pid), burst)
    return out


def rate_of(
    start: Callable[[], Running],
    in_rings: Callable[[], float],
    messages: int,
    patience_seconds: float = PATIENCE_SECONDS,
) -> float:
    """Return at how many messages a second a burst reached the windows; nothing of it publishes any more then.

    Args:
        start: begins to publish.
        in_rings: tells how many have reached them since ever.
        messages: of the burst.
        patience_seconds: after which it does not arrive.

    Raises:
        AssertionError: it did not arrive.
    """
    wanted, began = in_rings() + messages, time.monotonic()
    load = start()
    try:
        wait_until(lambda: in_rings() >= wanted, patience_seconds, f"{messages} readings")
        taken = time.monotonic() - began
        load.finish(patience_seconds)
    finally:
        load.stop()
    return messages / taken


def add_pairs(rates: Rates, training_of: Callable[[], list[int]], burst: Callable[[], float]) -> None:
    """Add pairs of bursts: beside a training that is halted, and beside the same that goes on.

    Args:
        rates: gets them.
        training_of: returns the processes that train now. A pair in which they end or change is none.
        burst: returns the rate of one burst.
    """
    ways = [(_halted, rates.halted), (_at_the_lowest_priority, rates.beside)]
    for _ in range(ROUNDS):
        training = training_of()
        if not training:
            return
        found = []
        for way, _ in ways:
            with way(training):
                found.append(burst())
        if training_of() != training:
            return
        for (_, of_way), rate in zip(ways, found, strict=True):
            of_way.append(rate)
        ways.reverse()


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
