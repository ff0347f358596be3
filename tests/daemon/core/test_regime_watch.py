"""Sensors that have changed for good: what is kept of them, and what becomes of one that goes back."""

from __future__ import annotations

import numpy as np

from offbeat.core.normalisers import COMMISSIONED, PROVISIONAL
from offbeat.core.orders import Orders
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import progress_of
from tests.daemon.core.test_never_learns_a_fault import changed, label, learnt, plant, scale_of, told
from tests.support.plant import BOILERS

LEARNT_AT = 1000


def that_has_changed(rows: int) -> tuple[Pipeline, np.ndarray, np.ndarray]:
    """Return a plant whose first boiler was said to be another one from now on, and what it reads next."""
    times, values = changed(LEARNT_AT + 100 + rows)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:LEARNT_AT], values[:LEARNT_AT])
    pipeline.order(Orders(labels=(label(out, "new_normal", times[LEARNT_AT]),)))
    told(pipeline, times[LEARNT_AT : LEARNT_AT + 100], values[LEARNT_AT : LEARNT_AT + 100])
    assert pipeline.groups[0].regimes.learnt[0]
    return pipeline, times[LEARNT_AT + 100 :], values[LEARNT_AT + 100 :]


def test_a_sensor_that_has_changed_is_judged_by_its_own_laws_at_its_new_place() -> None:
    """It is calm there, and a spike is as strange as ever; only critical it is not, for its scale was guessed."""
    pipeline, times, values = that_has_changed(1500)
    values[1200:1230] += 15
    out = told(pipeline, times, values)
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL
    assert learnt(pipeline).row[0] == 1
    assert (
        progress_of(pipeline.groups[0], np.array([0])).reason(0).startswith("changed for good: judged from")
    )
    opened = [event for event in out.events if event.event == "open"]
    assert [event.started_at for event in opened] == [times[1200]]
    assert opened[0].severity == "warning"


def test_a_sensor_that_goes_back_is_what_it_was_again() -> None:
    """That is told of as any change is; then it is calm, and judged as it was commissioned."""
    pipeline, times, values = that_has_changed(1500)
    values[400:] -= 15
    out = told(pipeline, times[:800], values[:800])
    opened = [event for event in out.events if event.event == "open"]
    assert [event.started_at for event in opened] == [times[400]]
    assert out.events[-1].event == "close"
    state = pipeline.groups[0]
    assert not state.regimes.learnt[0]
    assert learnt(pipeline).normalisers.stage[0] == COMMISSIONED
    assert scale_of(pipeline) == scale_of(plant(*BOILERS))
    assert told(pipeline, times[800:], values[800:]).events == []


def test_a_sensor_that_moves_on_to_a_third_place_does_not_go_back() -> None:
    """What it reads is as little what was commissioned as what was learnt since."""
    pipeline, times, values = that_has_changed(800)
    values[400:] += 15
    told(pipeline, times, values)
    assert pipeline.groups[0].regimes.learnt[0]
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL
