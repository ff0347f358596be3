"""Measures what is asked for, prints the table, and keeps it when all of it was measured."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.load import ROOT
from tests.benchmarks.own_process import in_own_process
from tests.benchmarks.table import Line, render

BENCHMARKS = (
    "start",
    "steps",
    "windows",
    "state_memory",
    "early_silences",
    "told_as",
    "page_list",
    "sensor_page",
    "ingest",
    "resident",
    "learning",
    "latency",
    "scraped",
    "sustained",
    "live",
)
"""Modules, each with a `measure(folder)` that returns lines; the folder is shared by all of a run."""
REPORTS = ROOT / "docs" / "benchmarks"
LATEST = "latest.md"
WRITE = "--write"
"""Keeps the table of what is named beside the last one of everything, in a file of its own."""


def main(arguments: list[str], reports: Path = REPORTS) -> int:
    """Measure what is named, or everything; keep the latter, and with --write the former; return the exit code."""
    names, keep = [name for name in arguments if name != WRITE], WRITE in arguments
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(
            f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr
        )
        return 2
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    before, began = machine.load(), time.monotonic()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="offbeat-bench-") as folder:
        for name in names or BENCHMARKS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            lines += _measure(name, Path(folder))
    minutes = (time.monotonic() - began) / 60
    facts = [
        *machine.describe(),
        f"- load average: {before} before, {machine.load()} after {minutes:.1f} minutes",
    ]
    title = "# Benchmarks" if not names else f"# Benchmarks: {', '.join(names)}"
    text = "\n".join([title, "", *facts, "", render(lines), ""])
    print(text)
    if keep or not names:
        reports.mkdir(parents=True, exist_ok=True)
        (reports / (f"{'-'.join(names)}.md" if names else LATEST)).write_text(text, "utf-8")
    return 0


def _measure(name: str, folder: Path) -> list[Line]:
    try:
        lines: list[Line] = in_own_process(_import_and_measure, name, folder)
    except Exception as error:  # noqa: BLE001 - the others are wanted all the same, and the table says it
        return [
            Line(
                name, "FAILED", met=False, notes=(str(error).strip().replace("\n", " ")[:600] or repr(error),)
            )
        ]
    return lines


def _import_and_measure(name: str, folder: Path) -> list[Line]:
    lines: list[Line] = importlib.import_module(f"tests.benchmarks.{name}").measure(folder)
    return lines
