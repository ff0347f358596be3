"""How long it takes from the publish of a spike to the alert on MQTT, while other sensors send 5,000 messages a second.

Not all probes spike in the same second. The reference is the broker alone: from the same publishes to a subscriber
beside the daemon.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.load import find_generator
from tests.benchmarks.probing import FEWEST_SHARE, LATE_SECONDS, probing
from tests.benchmarks.site import NO_BROKER, running_site
from tests.benchmarks.table import Line, skipped
from tests.benchmarks.trained import PROBE_GAP_SECONDS, PROBES
from tests.support.mosquitto import MOSQUITTO

MESSAGES_PER_SECOND = 5_000
CALM_ROUNDS, SPIKE_ROUNDS = 5, 10
BAR_SECONDS = 0.150
WHAT = "publish to alert on MQTT at 5k msg/s"


def measure(folder: Path) -> list[Line]:
    """Return the one line: spikes of all probes, one after the other."""
    if MOSQUITTO is None:
        return [skipped(WHAT, "p99 <= 150 ms", NO_BROKER)]
    generator = find_generator(folder)
    seconds = (CALM_ROUNDS + SPIKE_ROUNDS) * PROBE_GAP_SECONDS + LATE_SECONDS
    rate = MESSAGES_PER_SECOND - int(PROBES / PROBE_GAP_SECONDS)
    with running_site(folder, "latency") as site, probing(site.broker.port) as probes:
        load = generator.start(site.broker.port, int(rate * seconds), 1, rate)
        try:
            spiked: dict[str, float] = {}
            for number in range(-CALM_ROUNDS, SPIKE_ROUNDS):
                spiked |= probes.round([n for n in range(PROBES) if n % SPIKE_ROUNDS == number])
            delays = probes.delays(spiked)
        finally:
            load.stop()
    return [_line(delays, len(spiked), probes.watcher.passed, generator.name)]


def _line(delays: list[float], spikes: int, passed: list[float], generator: str) -> Line:
    middle, high = np.quantile(delays, [0.5, 0.99])
    broker_middle, broker_high = np.quantile(passed, [0.5, 0.99])
    return Line(
        WHAT,
        f"p50 {middle * 1e3:.0f} ms, p99 {high * 1e3:.0f} ms",
        f"broker alone p50 {broker_middle * 1e3:.1f} ms, p99 {broker_high * 1e3:.1f} ms",
        float(high / broker_high),
        "p99 <= 150 ms",
        bool(high <= BAR_SECONDS) and len(delays) >= FEWEST_SHARE * spikes,
        (
            f"{len(delays)} of {spikes} single spikes, {PROBES // SPIKE_ROUNDS} a second, were told as alerts.",
            f"the slowest took {max(delays) * 1e3:.0f} ms.",
            f"the ratio is of the p99; load by {generator}, QoS 1.",
        ),
    )
