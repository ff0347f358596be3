"""What a scrape of 100,000 series every second does to the way from a publish to its alert.

Of one daemon and one load scraping is turned on and off every few rounds, so that whatever else the machine does
falls on both. A probe spikes once, so several daemons follow one another until there are spikes enough for a p99; every
other one begins with the scrapes, so that neither side always comes first.
"""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.benchmarks.load import Generator, find_generator
from tests.benchmarks.probing import FEWEST_SHARE, LATE_SECONDS, probing
from tests.benchmarks.site import NO_BROKER, Site, running_site
from tests.benchmarks.table import Line, skipped
from tests.benchmarks.trained import PROBE_GAP_SECONDS, PROBES
from tests.support.mosquitto import MOSQUITTO
from tests.support.waiting import wait_until

MESSAGES_PER_SECOND = 5_000
CALM_ROUNDS, SPIKE_ROUNDS, TURN_ROUNDS = 5, 24, 4
DAEMONS = 4
"""Of 300 probes each: a p99 of six hundred delays on either side."""
RESAMPLED = 2_000
OTHERS = 21_000
"""Sensors that were heard once, so that there are series enough; a multiple of 7, as the generator has it."""
SERIES = 100_000
EVERY_SECONDS = 1.0
BAR = 1.2
WHAT = "publish to alert, 100k series scraped every second"


class Scraper:
    """Asks for `/metrics/sensors` every second while it is on."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics/sensors"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.on = threading.Event()
        self.seconds: list[float] = []

    def scrape(self) -> bytes:
        """Return the page."""
        with urllib.request.urlopen(self._url, timeout=10) as answer:
            return bytes(answer.read())

    def __enter__(self) -> Scraper:
        """Be ready to be turned on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._over.set()
        self.on.set()
        self._thread.join()

    def _run(self) -> None:
        while self.on.wait() and not self._over.is_set():
            began = time.monotonic()
            self.scrape()
            self.seconds.append(time.monotonic() - began)
            self._over.wait(max(0.0, began + EVERY_SECONDS - time.monotonic()))


@dataclass(slots=True)
class Seen:
    """What was measured.

    Attributes:
        without: seconds from spikes to alerts while nothing scraped.
        within: the same while something did.
        spikes: there were.
        scrapes: seconds that each of them took.
        series: of the smallest page.
    """

    without: list[float] = field(default_factory=list)
    within: list[float] = field(default_factory=list)
    spikes: int = 0
    scrapes: list[float] = field(default_factory=list)
    series: int = sys.maxsize


def measure(folder: Path) -> list[Line]:
    """Return the one line: delays with scrapes, against those of the same runs without."""
    if MOSQUITTO is None:
        return [skipped(WHAT, "p99 <= 1.2 x", NO_BROKER)]
    generator, seen = find_generator(folder), Seen()
    for number in range(DAEMONS):
        _watch(folder, generator, number, seen)
    return [_line(seen)]


def _watch(folder: Path, generator: Generator, number: int, seen: Seen) -> None:
    """Let all probes of one daemon spike, in turns with scrapes and without; its number says which is first."""
    seconds = (CALM_ROUNDS + SPIKE_ROUNDS) * PROBE_GAP_SECONDS + LATE_SECONDS
    rate = MESSAGES_PER_SECOND - int(PROBES / PROBE_GAP_SECONDS)
    with (
        running_site(folder, f"scraped{number}", max_sensors=2 * OTHERS) as site,
        probing(site.broker.port) as probes,
        Scraper(site.daemon.metrics_port) as scraper,
    ):
        seen.series = min(seen.series, _many_sensors(site, generator, scraper))
        load = generator.start(site.broker.port, int(rate * seconds), 1, rate)
        try:
            spiked: tuple[dict[str, float], dict[str, float]] = {}, {}
            for at in range(-CALM_ROUNDS, SPIKE_ROUNDS):
                scraped = (at // TURN_ROUNDS + number) % 2
                (scraper.on.set if scraped else scraper.on.clear)()
                spiked[scraped].update(probes.round([n for n in range(PROBES) if n % SPIKE_ROUNDS == at]))
            seen.without += probes.delays(spiked[0])
            seen.within += probes.delays(spiked[1])
        finally:
            load.stop()
    seen.spikes += len(spiked[0]) + len(spiked[1])
    seen.scrapes += scraper.seconds


def _many_sensors(site: Site, generator: Generator, scraper: Scraper) -> int:
    """Let many sensors be heard once; return how many series a scrape has then."""
    load = generator.start(site.broker.port, OTHERS, 1, MESSAGES_PER_SECOND, topics=OTHERS)
    load.finish(60.0)
    wait_until(lambda: site.counts().in_rings >= OTHERS, 30, "all sensors to be there")
    series = sum(1 for line in scraper.scrape().splitlines() if not line.startswith(b"#"))
    assert series >= SERIES, f"only {series} series"
    return series


def _line(seen: Seen) -> Line:
    (middle, high), (middle_without, high_without) = (
        np.quantile(delays, [0.5, 0.99]) * 1e3 for delays in (seen.within, seen.without)
    )
    told = (len(seen.without) + len(seen.within)) / seen.spikes
    least, most = _ratio_between(seen)
    return Line(
        WHAT,
        f"p50 {middle:.0f} ms, p99 {high:.0f} ms",
        f"not scraped p50 {middle_without:.0f} ms, p99 {high_without:.0f} ms",
        float(high / high_without),
        "p99 <= 1.2 x",
        bool(high <= BAR * high_without) and told >= FEWEST_SHARE,
        (
            f"{seen.series:,} series; {len(seen.scrapes)} scrapes, {np.median(seen.scrapes) * 1e3:.0f} ms each.",
            f"{len(seen.within)} spikes while it was scraped, {len(seen.without)} in turns with it; {DAEMONS} daemons.",
            f"the ratio of the p99 lies between {least:.2f} and {most:.2f} in 95 of 100 resamples of the spikes.",
        ),
    )


def _ratio_between(seen: Seen) -> tuple[float, float]:
    """Return the 95 % interval of the ratio by bootstrap: how much of it is the chance of a few slow spikes."""
    random = np.random.default_rng(0)
    within, without = (
        np.quantile(random.choice(delays, (RESAMPLED, len(delays))), 0.99, axis=1)
        for delays in (seen.within, seen.without)
    )
    least, most = np.quantile(within / without, [0.025, 0.975])
    return float(least), float(most)
