"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from offbeat import __version__
from tests.support.mosquitto import MOSQUITTO

PACKAGES = ("torch", "numpy", "paho-mqtt", "msgspec")


def describe() -> list[str]:
    """Return lines that name the day, the processor and the versions."""
    packages = ", ".join([f"offbeat {__version__}", *(f"{name} {version(name)}" for name in PACKAGES)])
    return [
        f"- date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; source: {_commit()}",
        f"- processor: {_processor()}, {os.cpu_count()} cores; {_memory_gib():.0f} GiB of memory",
        f"- versions: Python {platform.python_version()}, {packages}, {_mosquitto()}, Linux {platform.release()}",
    ]


def load() -> str:
    """Return the load average over 1, 5 and 15 minutes."""
    return " ".join(f"{average:.1f}" for average in os.getloadavg())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _mosquitto() -> str:
    if MOSQUITTO is None:
        return "no mosquitto"
    said = subprocess.run([MOSQUITTO, "-h"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0] if said else "mosquitto of unknown version"


def _commit() -> str:
    """Return the commit, and whether the tree differs from it; a tree without git has none."""
    here = Path(__file__).parent
    try:
        name = ["git", "-C", str(here), "describe", "--always", "--dirty"]
        return subprocess.run(name, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
