"""Memory of a daemon and of the training that it has started, while that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from offbeat.app.bounded_child import memory_of
from tests.benchmarks.own_process import children_of

LOOK_SECONDS = 0.2
_MIB = 2.0**20


@dataclass(slots=True)
class Memory:
    """What processes have for themselves, in MiB; what they share does not count.

    Attributes:
        before: the daemon, when the watch began.
        daemon: the daemon, at most.
        training: the processes that it has started, at most.
        together: all of these at the same time, at most.
    """

    before: float = 0.0
    daemon: float = 0.0
    training: float = 0.0
    together: float = 0.0

    @property
    def more(self) -> float:
        """Return how much more was taken than before."""
        return self.together - self.before


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Look at a daemon's memory five times a second until the end of the block.

    Args:
        pid: of the daemon; its children are the training.
    """
    found = Memory(before=memory_of(pid) / _MIB)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            _look(found, pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()
        _look(found, pid)


def _look(found: Memory, pid: int) -> None:
    daemon = memory_of(pid) / _MIB
    training = sum(memory_of(child) for child in children_of(pid)) / _MIB
    found.daemon = max(found.daemon, daemon)
    found.training = max(found.training, training)
    found.together = max(found.together, daemon + training)
