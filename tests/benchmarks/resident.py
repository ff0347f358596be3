"""What a daemon takes in RAM with ten thousand sensors and a model that has nothing to do."""

from __future__ import annotations

import time
from pathlib import Path

from tests.benchmarks.own_process import in_own_process, resident_mib
from tests.benchmarks.site import NO_BROKER, running_site
from tests.benchmarks.table import Line, skipped
from tests.support.mosquitto import MOSQUITTO
from tests.support.publishing import publish
from tests.support.waiting import wait_until

SENSORS = 10_000
BAR_MIB = 600.0
SETTLE_SECONDS = 3.0
WHAT = f"resident memory, {SENSORS:,} sensors, idle model"


def measure(folder: Path) -> list[Line]:
    """Return the one line: every sensor has sent one reading."""
    if MOSQUITTO is None:
        return [skipped(WHAT, "<= 600 MiB", NO_BROKER)]
    bare = in_own_process(torch_alone)
    with running_site(folder, "resident") as site:
        empty = resident_mib(site.daemon_pid)
        now = time.time()
        publish(
            site.broker.port,
            [(f"plant/hall/sensor{n}/state", b'{"ts":%.3f,"value":%d}' % (now, n)) for n in range(SENSORS)],
        )
        wait_until(lambda: site.counts().in_rings == SENSORS, 30, "all sensors to be there")
        time.sleep(SETTLE_SECONDS)  # A snapshot falls into it: what it takes counts.
        full = resident_mib(site.daemon_pid)
    return [
        Line(
            WHAT,
            f"{full:,.0f} MiB",
            f"numpy and torch imported {bare:,.0f} MiB",
            full / bare,
            "<= 600 MiB",
            full <= BAR_MIB,
            (f"{empty:,.0f} MiB before the first sensor.",),
        )
    ]


def torch_alone() -> float:
    """Return the memory of a process that has imported torch and used it once."""
    import os

    import torch

    torch.ones(1).sum()
    return resident_mib(os.getpid())
