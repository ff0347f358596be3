"""Readings published at the sensors' own pace, from a thread that does nothing else.

Whoever looks at a daemon has to wait for its answers. Sensors do not wait: what one says late is a pause to the daemon,
and a silence is judged by the longest pause before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from offbeat_models.synthetic import Stream
from tests.support.publishing import connected

Row = tuple[float, str, float]
"""Seconds after the start, sensor and value."""


class Pace:
    """Publishes rows when it is their time.

    Args:
        publish: a payload to a topic.
        topic: under which each sensor has its own.
        rows: in the order of time.
    """

    def __init__(self, publish: Callable[[str, bytes], object], topic: str, rows: Sequence[Row]) -> None:
        self._publish = publish
        self._topic = topic
        self._rows = rows
        self._stopping = threading.Event()
        self._saying = threading.Lock()
        self.began = time.time()
        """Unix seconds of the start."""
        self.sent: dict[str, list[float]] = {name: [] for _, name, _ in rows}
        """Unix seconds at which the readings of each sensor were published; none of one that has not begun."""
        self.latest_seconds = 0.0
        """How long after its time a reading was published, at most."""

    def run(self) -> None:
        """Publish until all rows are, or until the end is asked for."""
        for at, name, value in self._rows:
            due = self.began + at
            if self._stopping.wait(max(due - time.time(), 0.0)):
                return
            with self._saying:
                if self._stopping.is_set():
                    return
                self._publish(f"{self._topic}/{name}", b'{"ts": %.6f, "value": %.6g}' % (due, value))
                now = time.time()
                self.sent[name].append(now)
                self.latest_seconds = max(self.latest_seconds, now - due)

    def stop(self) -> None:
        """Let all sensors fall silent; when this returns the last reading was published and is written down."""
        self._stopping.set()
        with self._saying:
            pass


@contextmanager
def sending(port: int, topic: str, rows: Sequence[Row]) -> Iterator[Pace]:
    """Publish at a broker of this machine until the end of the block, at most.

    Args:
        port: of the broker.
        topic: as in `Pace`.
        rows: as in `Pace`.
    """
    with connected(port) as client, ThreadPoolExecutor(1) as pool:
        pace = Pace(client.publish, topic, rows)
        running = pool.submit(pace.run)
        try:
            yield pace
        finally:
            pace.stop()
            running.result()


def rows_of(streams: Iterable[Stream]) -> list[Row]:
    """Return what sensors say as rows, in the order of time."""
    return sorted(
        (at, one.spec.name, value)
        for one in streams
        for at, value in zip(one.times.tolist(), one.values[:, 0].tolist(), strict=True)
    )
