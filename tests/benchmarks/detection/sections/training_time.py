"""How long learning a whole plant takes on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.step import Step

TITLE = "Time to learn a plant"
STEP = "training-time"
BAR_MINUTES = 10.0

Results = Mapping[str, Mapping[str, Any]]


def steps(_: list[str]) -> list[Step]:
    """Return the step of this section."""
    return [Step(STEP, "training_time:measure", cost=400)]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    return f"{name}: {result['seconds'] / 60:.1f} minutes, {result['peak MiB']:,.0f} MiB at most"


def render(results: Results) -> list[str]:
    """Return the table."""
    if (one := results.get(STEP)) is None:
        return ["Not measured.", ""]
    what = (
        f"`offbeat train` with its defaults on {one['sensors']} synthetic sensors of {one['readings']:,} readings, on "
        "the CPU with the one thread that is its default, while another process of the benchmark keeps the other core "
        f"busy: {one['steps']} steps of training ({one['stopped']})."
    )
    minutes = one["seconds"] / 60
    verdict = (
        f"{minutes:.1f} minutes (bar {BAR_MINUTES:g}, {'met' if minutes <= BAR_MINUTES else 'NOT met'}), of which "
        f"{one['processor seconds'] / 60:.1f} of the processor; {one['peak MiB']:,.0f} MiB at most. The load average "
        f"was {one['load before']:.1f} before."
    )
    rows: list[list[tables.Cell]] = [[stage, seconds] for stage, seconds in one["stages"].items()]
    return [what, "", *tables.table(["stage", "seconds"], rows, 0), "", verdict, ""]
