"""The fleet prior alone: faults found in sensors that nobody knows, and false alerts in their first hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.detection import prior, tables
from tests.benchmarks.detection.step import Step

TITLE = "The fleet prior alone"
BAR = 0.70
FLEETS = ("univariate", "multichannel")
MEAN = "mean"
FALSE = "prior-false-alerts"

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Sensors that nobody knows, judged by the prior that comes with Offbeat: a reading a second, "
    f"{prior.LEAD_ROWS} healthy rows before each window. Recall where 1 % of the healthy windows of all sensors are "
    "alarmed, by what opens alerts (`alarm`: the chance against the sensor's own last readings, and silence) and by "
    "the severity against the fleet's laws (`score`). The sensors are of the same synthetic families as those that "
    "the prior was made from, and others than those. False alerts: clean sensors of other laws, which wander, switch "
    "and jump."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    recall = [Step(_name(fleet), "prior:recall", {"fleet": fleet}, cost=100) for fleet in FLEETS]
    return [*recall, Step(FALSE, "prior:false_alerts", {}, cost=40)]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    if name == FALSE:
        return f"{name}: {tables.text(result['a_sensor_week'])} a sensor-week"
    return f"{name}: " + ", ".join(f"{score} {tables.text(one[MEAN])}" for score, one in result.items())


def render(results: Results) -> list[str]:
    """Return the tables."""
    lines = [WHAT, ""]
    for fleet in FLEETS:
        found = results.get(_name(fleet))
        if found is None:
            continue
        kinds = list(found["alarm"])
        rows = [[score, *(one[kind] for kind in kinds)] for score, one in found.items()]
        lines += [f"**{fleet}**: mean {tables.met(found['alarm'][MEAN], BAR)}", ""]
        lines += [*tables.table(["by", *kinds], rows, 2), ""]
    if (found := results.get(FALSE)) is not None:
        said = (
            f"False alerts at a budget of one a week, in {found['sensor_weeks']:.1f} sensor-weeks of new sensors: "
            f"{tables.text(found['a_sensor_week'])} a sensor-week; {tables.text(found['sensors_with_any'])} of the "
            f"sensors raised any. About: {found['about'] or 'nothing'}; of: {found['of'] or 'none'}."
        )
        lines += [said, ""]
    return lines


def _name(fleet: str) -> str:
    return f"prior-{fleet}"
