"""Sensors that have changed for good: what is kept of them, and what becomes of one that goes back."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core import regimes
from offbeat.core.episode_rules import Track
from offbeat.core.normalisers import COMMISSIONED, PROVISIONAL
from offbeat.core.orders import Freeze, Orders
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import progress_of
from offbeat.core.regimes import OFF, Regimes
from offbeat.core.windows import Windows
from offbeat.testing.readings import Readings
from tests.daemon.core.test_never_learns_a_fault import CHANGED_AT, label, learnt, plant, scale_of, told
from tests.support.plant import BOILERS, boilers_learnt, live

CALLED_NORMAL_AT = 1000
SINCE = 1100
"""Row from which on the first boiler is judged at its new place."""
BACK_AT = 600


def that_has_changed(rows: int, shift: float = 15.0) -> tuple[Pipeline, np.ndarray, np.ndarray]:
    """Return a plant whose first boiler was said to be another one from now on, and what it reads next."""
    times, values = live(0, SINCE + rows)
    values[CHANGED_AT:] += np.float32(shift)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:CALLED_NORMAL_AT], values[:CALLED_NORMAL_AT])
    pipeline.order(Orders(labels=(label(out, "new_normal", times[CALLED_NORMAL_AT]),)))
    told(pipeline, times[CALLED_NORMAL_AT:SINCE], values[CALLED_NORMAL_AT:SINCE])
    assert pipeline.groups[0].regimes.learnt[0]
    return pipeline, times[SINCE:], values[SINCE:]


def that_goes_back() -> tuple[Pipeline, np.ndarray, np.ndarray]:
    """Return a plant whose first boiler reads what it once did again from `BACK_AT` on, and what it reads."""
    pipeline, times, values = that_has_changed(1800)
    values[BACK_AT:] -= 15
    return pipeline, times, values


def as_commissioned(pipeline: Pipeline) -> bool:
    """Return whether the first boiler is judged as it was commissioned."""
    is_known = learnt(pipeline).normalisers.stage[0] == COMMISSIONED
    assert is_known == (not pipeline.groups[0].regimes.learnt[0])
    return bool(is_known)


def test_a_sensor_that_has_changed_is_judged_by_its_own_laws_at_its_new_place() -> None:
    """It is calm there, and a spike is as strange as ever; only critical it is not, for its scale was guessed."""
    pipeline, times, values = that_has_changed(1500)
    values[1200:1230] += 15
    out = told(pipeline, times, values)
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL
    assert learnt(pipeline).row[0] == 1
    reason = progress_of(pipeline.groups[0], np.array([0])).reason(0)
    assert (
        reason == "changed for good: judged from where it is now, by its own laws, until a training knows it"
    )
    opened = [event for event in out.events if event.event == "open"]
    assert [event.started_at for event in opened] == [times[1200]]
    assert opened[0].severity == "warning"


def test_a_sensor_that_goes_back_is_what_it_was_again_once_that_has_lasted() -> None:
    """That is told of as any change is; then it is calm, and judged as it was commissioned."""
    pipeline, times, values = that_goes_back()
    out = told(pipeline, times[:800], values[:800])
    assert [e.started_at for e in out.events if e.event == "open"][:1] == [times[BACK_AT]]
    assert not as_commissioned(pipeline)
    told(pipeline, times[800:1200], values[800:1200])
    assert as_commissioned(pipeline)
    assert scale_of(pipeline) == scale_of(plant(*BOILERS))
    assert told(pipeline, times[1200:], values[1200:]).events == []


def test_how_long_it_is_back_is_kept_over_a_restart() -> None:
    """Half of the time before it and half of it after make a whole."""
    pipeline, times, values = that_goes_back()
    told(pipeline, times[:900], values[:900])
    assert not as_commissioned(pipeline)
    again, slots = plant(*BOILERS), np.arange(len(BOILERS))
    again.put_state(0, slots, pipeline.state_of(0, slots))
    told(again, times[900:1200], values[900:1200])
    assert as_commissioned(again)


def test_a_frozen_sensor_is_not_taken_back() -> None:
    """It may be back for a maintenance only."""
    pipeline, times, values = that_goes_back()
    pipeline.order(Orders((Freeze(1, "all", "", times[0]),)))
    told(pipeline, times[:1200], values[:1200])
    assert not as_commissioned(pipeline)


def test_a_sensor_that_moves_on_to_a_third_place_is_not_back() -> None:
    """What it reads is as little what was commissioned as what was learnt since."""
    pipeline, times, values = that_has_changed(1500)
    values[BACK_AT:] += 15
    told(pipeline, times, values)
    assert not as_commissioned(pipeline)


def test_a_slow_swing_that_comes_by_begins_anew_each_time() -> None:
    """Only what stays is back."""
    known, slot = Regimes(1), np.array([0])
    seen = [(True, 100.0), (True, 160.0), (False, 220.0), (True, 280.0), (True, 400.0)]
    assert [known.go_back(slot, np.array([is_back]), now)[0] for is_back, now in seen] == [0, 60, 0, 0, 120]


@pytest.mark.parametrize(("gap", "is_known"), [(5.0, True), (20.0, False)])
def test_a_sensor_of_another_pace_is_not_as_it_was_commissioned(gap: float, is_known: bool) -> None:
    """Though its values never changed. Of a stranger nothing was."""
    commission, slot, windows = boilers_learnt(), np.array([0]), Windows(1, 64, 1)
    middle = np.full((64, 1), commission.center[1, 0], np.float32)
    windows.insert(Readings().add_rows(0, np.arange(64) * gap, middle).batch())
    seen = windows.latest(slot, 64)
    assert regimes.as_commissioned(commission, np.array([1]), seen).tolist() == [is_known]
    assert regimes.as_commissioned(commission, np.array([0]), seen).tolist() == [False]


def test_a_pace_that_was_learnt_goes_back_too() -> None:
    """It reports every five seconds again, as it was commissioned."""
    pipeline = plant(*BOILERS)
    times, values = live(0, 900)
    state = pipeline.groups[0]
    learnt(pipeline).normalisers.unit_seconds[0] = 20.0
    learnt(pipeline).normalisers.stage[0] = PROVISIONAL
    state.regimes.learnt[0] = True
    told(pipeline, times, values)
    assert as_commissioned(pipeline)
    assert scale_of(pipeline) == scale_of(plant(*BOILERS))


def test_what_was_learnt_is_kept_where_a_snapshot_fits_no_more() -> None:
    """Of another release, say: the window still tells where the sensor is now."""
    pipeline, times, values = that_has_changed(300)
    slots = np.arange(len(BOILERS))
    kept = pipeline.state_of(0, slots)
    kept["learnt.fingerprint"] = kept["learnt.fingerprint"] + 1
    again = plant(*BOILERS)
    again.put_state(0, slots, kept)
    told(again, times, values)
    assert not as_commissioned(again)
    assert scale_of(again)[0] == pytest.approx(80, abs=3)


def test_a_change_that_was_declared_stands_from_then_on_at_the_latest() -> None:
    """Also where its window never left what was learnt: so time can confirm it."""
    known = Regimes(2)
    known.suspect(1, Track.PROCESS, 10.0)
    known.phase[1] = OFF
    known.stand(np.array([1]), np.array([3.0], np.float32), 20.0)
    for slot in (0, 1):
        known.declare(slot, Track.PROCESS, 10.0, 100.0)
    assert known.stands_since.tolist() == [100.0, 20.0]
