"""The load generator, and the sensors whose topics it publishes on.

A generator in C is used where its source and a compiler are there: `mqload.c`, named by $OFFBEAT_MQLOAD or found
beside the project. Otherwise our own in Python takes its place, which costs the machine more.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SENSORS = 1001
"""Topics of the load: a multiple of 7, so that message n on plant/line{n % 7}/sensor{n % SENSORS} names no more."""
PAYLOAD_BYTES = 60
WINDOW = 2000
"""Messages of QoS 1 that the generator has unacknowledged at most."""

_SAID = re.compile(r"pub n=(\d+) qos=\d ([\d.]+)s")


def sensor_ids() -> list[str]:
    """Return the ids that the template plant/{line}/{sensor}/state makes of the load's topics."""
    return [f"line{number % 7}.sensor{number}" for number in range(SENSORS)]


@dataclass(frozen=True, slots=True)
class Generator:
    """What publishes.

    Attributes:
        command: before its arguments.
        name: for people.
    """

    command: tuple[str, ...]
    name: str

    def start(self, port: int, count: int, qos: int, rate: int, topics: int = SENSORS) -> Running:
        """Publish `count` messages on some topics at `rate` a second to a broker of this machine."""
        arguments = (port, count, qos, WINDOW, topics, PAYLOAD_BYTES, rate)
        command = [*self.command, *map(str, arguments)]
        return Running(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))


@dataclass(frozen=True, slots=True)
class Running:
    """A generator at work."""

    process: subprocess.Popen[str]

    def finish(self, timeout_seconds: float) -> float:
        """Wait for its end and return the messages a second that it reached."""
        try:
            said, _ = self.process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            return 0.0
        found = _SAID.search(said)
        return int(found[1]) / float(found[2]) if found else 0.0

    def stop(self) -> None:
        """End it early."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def find_generator(folder: Path) -> Generator:
    """Return the best generator there is, built into a folder where it needs building."""
    source = Path(os.environ.get("OFFBEAT_MQLOAD", ROOT.parent / "shared" / "tools" / "mqload.c"))
    compiler, binary = shutil.which("cc"), folder / "mqload"
    if compiler and source.is_file():
        built = subprocess.run([compiler, "-O2", "-w", "-o", str(binary), str(source)], check=False)
        if built.returncode == 0:
            return Generator((str(binary), "pub"), "mqload (C)")
    return Generator((sys.executable, "-m", "tests.benchmarks.publisher"), "our own in Python")
