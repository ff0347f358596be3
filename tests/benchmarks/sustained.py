"""How many messages a second go through a real broker into a daemon that scores them, with none lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.load import SENSORS, Generator, find_generator
from tests.benchmarks.own_process import cpu_seconds
from tests.benchmarks.site import NO_BROKER, Counts, Site, running_site
from tests.benchmarks.table import Line, skipped
from tests.support.mosquitto import MOSQUITTO

BARS = {0: 40_000, 1: 20_000}
SECONDS_EACH = 8.0
UP, DOWN = (1.03, 1.5, 2.0), (0.75, 0.5)
"""Rates tried, in bars: upwards until one loses something, downwards if the bar itself does."""
PACE = 0.97
"""A generator that reached less than this part of its rate was held up by the broker."""
BEHIND_SECONDS = 1.0
"""All must be judged this soon after the generator has ended, or the backlog grows."""
DRAIN_SECONDS = 20.0
WARM_UP_MESSAGES = 10 * SENSORS


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one rate.

    Attributes:
        rate: asked of the generator.
        reached: messages a second that it published.
        sent: messages.
        lost: of them, not in the daemon's windows in the end.
        shed: readings that the inbox threw away.
        behind_seconds: from the end of the generator until all was judged.
        windows: that the model scored, a second.
        events: decided meanwhile.
        daemon_us, broker_us: CPU a message.
    """

    rate: float
    reached: float
    sent: int
    lost: float
    shed: float
    behind_seconds: float
    windows: float
    events: float
    daemon_us: float
    broker_us: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and nothing piled up."""
        paced = self.reached >= PACE * self.rate
        return paced and not self.lost and not self.shed and self.behind_seconds <= BEHIND_SECONDS

    def __str__(self) -> str:
        """Return one sentence."""
        verdict = "holds" if self.holds else "does not hold"
        return (
            f"{self.rate:,.0f}/s {verdict}: published at {self.reached:,.0f}/s, sent {self.sent:,}, "
            f"lost {self.lost:,.0f}, shed {self.shed:,.0f}, judged {self.behind_seconds:.1f} s after the end, "
            f"{self.windows:,.0f} windows/s, "
            f"{self.events:,.0f} events; CPU a message: daemon {self.daemon_us:.1f} us, broker {self.broker_us:.1f} us."
        )


def measure(folder: Path) -> list[Line]:
    """Return a line for each QoS."""
    whats = {qos: f"sustained through mosquitto, QoS {qos}, scoring on" for qos in BARS}
    if MOSQUITTO is None:
        return [skipped(what, _bar(qos), NO_BROKER) for qos, what in whats.items()]
    generator = find_generator(folder)
    return [_line(folder, what, qos, generator) for qos, what in whats.items()]


def _line(folder: Path, what: str, qos: int, generator: Generator) -> Line:
    attempts: list[Attempt] = []
    with running_site(folder, f"sustained-{qos}", qos) as site:
        _attempt(site, generator, qos, BARS[qos] / 2, WARM_UP_MESSAGES)
        for factor in UP:
            attempts.append(_attempt(site, generator, qos, BARS[qos] * factor))
            if not attempts[-1].holds:
                break
        for factor in () if attempts[0].holds else DOWN:
            attempts.append(_attempt(site, generator, qos, BARS[qos] * factor))
            if attempts[-1].holds:
                break
    best = max((attempt.reached for attempt in attempts if attempt.holds), default=0.0)
    return Line(
        what,
        f"{best:,.0f} msg/s, none lost",
        f"the bar {BARS[qos]:,}/s",
        best / BARS[qos],
        _bar(qos),
        best >= BARS[qos],
        (f"the load generator is {generator.name}.", *map(str, attempts)),
    )


def _bar(qos: int) -> str:
    return f">= {BARS[qos] // 1000}k msg/s"


def _attempt(site: Site, generator: Generator, qos: int, rate: float, count: int = 0) -> Attempt:
    count = count or int(rate * SECONDS_EACH)
    pids, before = (site.daemon_pid, site.broker.pid), site.counts()
    cpu = [cpu_seconds(pid) for pid in pids]
    load, began = generator.start(site.broker.port, count, qos, int(rate)), time.monotonic()
    reached = load.finish(count / rate * 2 + DRAIN_SECONDS)
    ended = time.monotonic()
    after = _drained(site, before, count)
    behind, taken = time.monotonic() - ended, time.monotonic() - began
    spent = [cpu_seconds(pid) - used for pid, used in zip(pids, cpu, strict=True)]
    return Attempt(
        rate=rate,
        reached=reached,
        sent=count,
        lost=count - (after.in_rings - before.in_rings),
        shed=after.shed - before.shed,
        behind_seconds=behind,
        windows=(after.windows - before.windows) / taken,
        events=after.events - before.events,
        daemon_us=spent[0] / count * 1e6,
        broker_us=spent[1] / count * 1e6,
    )


def _drained(site: Site, before: Counts, count: int) -> Counts:
    """Return the counts once all messages were judged, or those of a daemon that does not get there."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        now = site.counts()
        if now.judged - before.judged >= count or time.monotonic() > deadline:
            return now
        time.sleep(0.05)
