"""A Prometheus that watched the demo: what a daemon exposed while real recordings were played to it.

And three messages that cannot be read, as no recording holds one and a panel tells of them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offbeat.app.demo import SETTLE_SECONDS
from tests.support.asked_board import Span
from tests.support.prometheus import Prometheus
from tests.support.publishing import publish
from tests.support.running_demo import PATIENCE_SECONDS, running_demo
from tests.support.waiting import wait_until

UNREADABLE = ("plant/road/speed/state", b'{"ts": "yesterday", "value": 60.0}')
"""A reading without a time that can be read, as real devices send them; no recording of ours holds one."""


@dataclass(frozen=True, slots=True)
class WatchedDemo:
    """What is left of the demo.

    Attributes:
        prometheus: has scraped the daemon every second, from before its start until its end.
        span: from the first scrape of a daemon that was ready until all was played.
    """

    prometheus: Prometheus
    span: Span


@contextmanager
def watched_demo(*, speed: float = 1.0, train_seconds: float = 40.0) -> Iterator[WatchedDemo]:
    """Let the demo run to its end, watched by a Prometheus that can be asked about it afterwards.

    Args:
        speed: of the demo.
        train_seconds: at most, for its model.
    """
    with (
        running_demo(speed=speed, train_seconds=train_seconds) as demo,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert demo.configured.wait(PATIENCE_SECONDS), "the demo did not begin"
        # It takes seconds to find its targets: it is there before the daemon is.
        with Prometheus(Path(folder), int(demo.listen.rsplit(":", 1)[1])) as prometheus:
            assert demo.shown.wait(PATIENCE_SECONDS), "no readings began to flow"
            wait_until(lambda: _is_ready(prometheus), 20, "the first scrape")
            publish(demo.broker_port, [UNREADABLE] * 3)
            assert demo.over.wait(PATIENCE_SECONDS), "the demo did not end"
            yield WatchedDemo(prometheus, _of_the_show(prometheus))


def _is_ready(prometheus: Prometheus) -> bool:
    return bool(prometheus.ask("query", query="offbeat_ready == 1", time=time.time())["result"])


def _of_the_show(prometheus: Prometheus) -> Span:
    answer = prometheus.ask("query", query="offbeat_ready[10m]", time=time.time())
    times = [float(at) for series in answer["result"] for at, ready in series["values"] if float(ready)]
    return Span(min(times), max(times) - SETTLE_SECONDS - 1.0)
