"""How long `offbeat --help` and `offbeat check` take, and whether they import torch."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.table import Line

REPEATS = 7
BAR_SECONDS = 0.4
CONFIG = """[mqtt]
url = "mqtt://localhost:1883"
[[source]]
topic = "plant/{line}/{sensor}/state"
[alerts]
budget = "1/week"
"""
_IMPORTS_TORCH = """
import sys
from offbeat.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("torch" in sys.modules, file=sys.stderr)
"""


def measure(folder: Path) -> list[Line]:
    """Return a line for each of the two commands."""
    config = folder / "offbeat.toml"
    config.write_text(CONFIG)
    return [_line("offbeat --help", ["--help"]), _line("offbeat check", ["check", "--config", str(config)])]


def _line(what: str, arguments: list[str]) -> Line:
    ours, bare = [], []
    for _ in range(REPEATS):
        ours.append(_seconds([sys.executable, "-m", "offbeat", *arguments]))
        bare.append(_seconds([sys.executable, "-c", "pass"]))
    mine, its = statistics.median(ours), statistics.median(bare)
    command = [sys.executable, "-c", _IMPORTS_TORCH, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    without_torch = said.stderr.strip().endswith("False")
    return Line(
        f"{what}, from start to end",
        f"{mine:.2f} s",
        f"python -c pass {its:.2f} s",
        mine / its,
        "<= 0.4 s, no torch",
        mine <= BAR_SECONDS and without_torch,
        () if without_torch else ("torch was imported.",),
    )


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - began
