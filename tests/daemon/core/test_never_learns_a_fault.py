"""What an episode, a freeze and people's word do to what is learnt while the daemon runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.learnt import Learnt
from offbeat.core.normalisers import COMMISSIONED, PROVISIONAL, UNKNOWN
from offbeat.core.orders import Freeze, Label, LearningRules, Orders, What
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readiness import Readiness, progress_of
from offbeat.core.regimes import DECLARED, FAULT
from offbeat.core.rulebook import Rule
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, Played, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boiler, boilers_learnt, live

NEW = "newcomer"
START = 1_800_000_000.0
HOUR = 3600.0
SETTINGS = CoreSettings(
    window_readings=128,
    rules=(Rule(high=200.0),),
    episodes=EpisodeRules(settle_seconds=0.5 * HOUR, settle_rows=200),
    learning=LearningRules(margin_seconds=60.0, mature_seconds=HOUR, regime_learn_after_seconds=2 * HOUR),
)


def plant(*sensors: str, settings: CoreSettings = SETTINGS) -> Pipeline:
    """Return a pipeline of these sensors, judged by what was learnt of the boilers."""
    pipeline = Pipeline(directory_of(sensors), settings)
    pipeline.install(0, boilers_learnt(), MODEL)
    return pipeline


def told(
    pipeline: Pipeline, times: np.ndarray, values: np.ndarray, sensor: int = 0, size: int = 20
) -> Played:
    """Let one sensor read this, with a tick every ten seconds."""
    return play(pipeline, Readings().add(sensor, times, values).batches(size), FakeScorer(), tick_seconds=10)


def learnt(pipeline: Pipeline) -> Learnt:
    """Return what the group is judged by."""
    state = pipeline.groups[0].learnt
    assert state is not None
    return state


def scale_of(pipeline: Pipeline, sensor: int = 0) -> tuple[float, float, float]:
    """Return what a sensor's values are scaled by."""
    n = learnt(pipeline).normalisers
    return float(n.center[sensor, 0]), float(n.scale[sensor, 0]), float(n.unit_seconds[sensor])


def with_fault(size: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a newcomer's first rows, of which the 20 from the 30th on are as far above all limits as is asked for."""
    times, values = boiler(9, 400, START)
    values[30:50] += size
    return times, values


def test_a_fault_in_the_middle_of_learning_is_not_learnt() -> None:
    """The normaliser is bit for bit that of the same stream without the fault.

    peers.md section 6, number 22: a long true fault is not learnt (opendistro-for-elasticsearch/anomaly-detection#388).
    """
    times, values = with_fault(1e4)
    faulty, clean = plant(NEW), plant(NEW)
    out = told(faulty, times[:100], values[:100])
    opened, closed = out.events[0], out.events[-1]
    assert (opened.kind, closed.event) == ("rule", "close")
    rows = np.flatnonzero((times < opened.started_at) | (times > closed.updated_at))
    told(clean, times[rows[:64]], values[rows[:64]])
    assert learnt(faulty).normalisers.stage[0] == learnt(clean).normalisers.stage[0] == PROVISIONAL
    assert scale_of(faulty) == scale_of(clean)


def test_how_large_a_fault_is_does_not_matter_for_the_lasting_normaliser_either() -> None:
    """It is learnt from the full window, in which the fault still stands."""
    pipelines = [plant(NEW), plant(NEW)]
    for pipeline, size in zip(pipelines, (300.0, 1e6), strict=True):
        times, values = with_fault(size)
        told(pipeline, times[:180], values[:180])
        assert learnt(pipeline).normalisers.frozen[0]
    assert scale_of(pipelines[0]) == scale_of(pipelines[1])


def test_a_sensor_that_breaks_its_limit_from_the_start_is_not_learnt_until_somebody_excuses_it() -> None:
    """The limit may be wrong: then the label is the way out."""
    times, values = boiler(9, 400, START)
    pipeline = plant(NEW)
    out = told(pipeline, times[:150], values[:150] + 1000)
    assert learnt(pipeline).normalisers.stage[0] == UNKNOWN
    progress = progress_of(pipeline.groups[0], np.array([0]))
    assert (progress.readiness[0], progress.reason(0)) == (
        Readiness.LEARNING,
        "not learnt while it is strange, unless its episode is labelled",
    )
    assert np.isnan(progress.eta_seconds[0])
    pipeline.order(Orders(labels=(label(out, "expected", times[150]),)))
    told(pipeline, times[150:], values[150:] + 1000)
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL


def label(out: Played, what: What, at: float, number: int = 0) -> Label:
    """Return what somebody says of an episode that was told of."""
    opened = [event for event in out.events if event.event == "open"][number]
    return Label(opened.id, opened.sensor, opened.kind, opened.started_at, None, what, at)


@pytest.mark.parametrize("scope", ["sensor", "group", "all"])
def test_a_freeze_stops_all_learning_and_no_judging(scope: str) -> None:
    """Neither the normaliser of a newcomer, nor the rhythm, nor what alarms are measured by moves until it ends."""
    name = {"sensor": NEW, "group": "value", "all": ""}[scope]
    times, values = boiler(9, 400, START)
    pipeline = plant(NEW)
    pipeline.order(Orders((Freeze(1, scope, name, times[40], times[300]),)))  # type: ignore[arg-type]
    told(pipeline, times[:60], values[:60])
    before = frozen_state(pipeline)
    told(pipeline, times[60:300], values[60:300])
    reason = progress_of(pipeline.groups[0], np.array([0])).reason(0)
    assert reason == "frozen: nothing is learnt of it until it is thawed"
    assert learnt(pipeline).normalisers.stage[0] == UNKNOWN
    assert all(np.array_equal(now, then) for now, then in zip(frozen_state(pipeline), before, strict=True))
    told(pipeline, times[300:], values[300:])
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL
    rows = np.r_[300:364]
    clean = plant(NEW)
    told(clean, times[rows], values[rows])
    assert scale_of(pipeline)[:2] != (0.0, 0.0)
    assert learnt(clean).normalisers.stage[0] == PROVISIONAL


def frozen_state(pipeline: Pipeline) -> list[np.ndarray]:
    """Return all that a freeze is to hold still, of the first sensor."""
    state = pipeline.groups[0]
    arrays = {
        **state.cadence.arrays(),
        **learnt(pipeline).normalisers.arrays(),
        **learnt(pipeline).trailing.arrays(),
    }
    return [array[0].copy() for array in arrays.values()] + [state.longest_gap[:1].copy()]


def test_a_frozen_sensor_that_is_known_is_judged_by_laws_that_stand_still() -> None:
    """A fault is told of, and the trailing calibration has not moved."""
    times, values = live(0, 300)
    values[200:230] += 15
    pipeline = plant(*BOILERS)
    pipeline.order(Orders((Freeze(1, "all", "", times[100] - 1),)))
    told(pipeline, times[:105], values[:105])
    before = frozen_state(pipeline)
    out = told(pipeline, times[105:], values[105:])
    assert ("open", BOILERS[0], "spike") in out.story()
    assert all(np.array_equal(now, then) for now, then in zip(frozen_state(pipeline), before, strict=True))


def test_the_rhythm_of_an_episode_is_not_learnt_and_that_of_all_other_time_is() -> None:
    """Of silences that follow one another the second is, as before: else each of them would be told of."""
    times, values = live(0, 300)
    values[150:] += 15
    pipeline = plant(*BOILERS)
    told(pipeline, times[:150], values[:150])
    known = int(pipeline.groups[0].cadence.observed(np.array([0]))[0])
    told(pipeline, times[150:], values[150:])
    learnt_gaps = int(pipeline.groups[0].cadence.observed(np.array([0]))[0]) - known
    assert known == 149
    assert learnt_gaps == 1, "the one that ended with the row that opened the episode"


# A lasting change: the first boiler reads 15 more from the 100th row on.
CHANGED_AT = 100


def changed(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the first boiler reads, changed for good."""
    times, values = live(0, rows)
    values[CHANGED_AT:] += 15
    return times, values


def test_a_lasting_change_is_declared_once_and_not_learnt_before_its_time() -> None:
    """It neither alerts again nor is learnt; then it is learnt, and what was before is strange."""
    times, values = changed(3000)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:1200], values[:1200])
    first_close = next(event for event in out.events if event.event == "close")
    assert "boiler0.temp has not come back after" in first_close.message
    declared = [event for event in out.events if event.kind == "regime_change"]
    assert [event.event for event in declared] == ["open", "close"]
    assert declared[0].started_at == out.events[0].started_at
    assert "a lasting change, told of no more; learnt in 2 h" in declared[0].message
    assert pipeline.groups[0].regimes.phase[0] == DECLARED
    known = scale_of(pipeline)
    assert known[0] == pytest.approx(65, abs=2)
    later = told(pipeline, times[1200:], values[1200:])
    assert not [event for event in later.events if event.kind == "regime_change"]
    assert pipeline.groups[0].regimes.learnt[0]
    assert learnt(pipeline).normalisers.stage[0] == PROVISIONAL
    assert scale_of(pipeline)[0] == pytest.approx(80, abs=3)


def test_a_label_confirms_a_lasting_change_at_once_and_that_is_kept_over_a_restart_and_another_model() -> (
    None
):
    """What is learnt anew is not given up for a law of before.

    peers.md section 6, number 23: a true permanent shift is accepted after a new-normal label (online-ml/river#948,
    PR#936: the opposite failure is never to learn again).
    """
    times, values = changed(2000)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:1000], values[:1000])
    pipeline.order(Orders(labels=(label(out, "new_normal", times[1000]),)))
    told(pipeline, times[1000:1100], values[1000:1100])
    assert pipeline.groups[0].regimes.learnt[0]
    assert scale_of(pipeline)[0] == pytest.approx(80, abs=3)

    slots = np.arange(len(BOILERS))
    again = plant(*BOILERS)
    again.put_state(0, slots, pipeline.state_of(0, slots))
    assert scale_of(again) == scale_of(pipeline)
    assert learnt(again).row.tolist()[:2] == [1, 2], "its laws are kept; the others are as they were"
    assert learnt(again).normalisers.stage.tolist()[:2] == [PROVISIONAL, COMMISSIONED]

    again.install(0, boilers_learnt(), ("fake", "2"))
    for work in again.rehearse(0):
        again.scored(work, None)
    assert scale_of(again)[0] == pytest.approx(80, abs=3), "the other model was learnt before the change"
    after = told(again, times[1100:], values[1100:])
    assert "critical" not in {event.severity for event in after.events}


def test_a_declared_change_is_not_told_of_again_under_another_model() -> None:
    """All trailing calibrations are new then, and to them it is strange."""
    times, values = changed(1500)
    pipeline = plant(*BOILERS)
    told(pipeline, times[:1200], values[:1200])
    pipeline.install(0, boilers_learnt(), ("fake", "2"))
    for work in pipeline.rehearse(0):
        pipeline.scored(work, None)
    assert told(pipeline, times[1200:], values[1200:]).events == []
    assert pipeline.groups[0].regimes.phase[0] == DECLARED


def test_a_declared_change_is_not_told_of_again_after_a_restart() -> None:
    """What was told is in the snapshot; so is that it waits to be learnt, and since when."""
    times, values = changed(3000)
    pipeline, slots = plant(*BOILERS), np.arange(len(BOILERS))
    told(pipeline, times[:1200], values[:1200])
    again = plant(*BOILERS)
    again.put_state(0, slots, pipeline.state_of(0, slots))
    assert again.groups[0].regimes.phase[0] == DECLARED
    out = told(again, times[1200:], values[1200:])
    assert "regime_change" not in {event.kind for event in out.events}
    assert learnt(again).normalisers.stage[0] == PROVISIONAL


def test_a_lasting_change_that_is_called_a_fault_opens_again_as_what_it_is() -> None:
    """And never settles; the id is another one, for the first was closed."""
    times, values = changed(2000)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:1000], values[:1000])
    pipeline.order(Orders(labels=(label(out, "fault", times[1000]),)))
    later = told(pipeline, times[1000:1100], values[1000:1100])
    opened = next(event for event in later.events if event.event == "open")
    assert opened.started_at == opened.updated_at == times[1000]
    assert opened.id != out.events[0].id
    assert opened.message.startswith("boiler0.temp is not normal; it reads 7")
    assert pipeline.groups[0].regimes.phase[0] == FAULT
    rest = told(pipeline, times[1100:], values[1100:])
    assert "regime_change" not in {event.kind for event in rest.events}
    assert learnt(pipeline).normalisers.stage[0] == COMMISSIONED


def test_an_open_episode_that_is_called_the_new_normal_closes_and_is_learnt_from_its_beginning_on() -> None:
    """What the window holds from before it has no part in that."""
    times, values = changed(400)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:130], values[:130])
    pipeline.order(Orders(labels=(label(out, "new_normal", times[130]),)))
    later = told(pipeline, times[130:180], values[130:180])
    (closed,) = (event for event in later.events if event.event == "close")
    assert closed.kind == "regime_change"
    assert "its new normal, as it was labelled" in closed.message
    assert scale_of(pipeline)[0] == pytest.approx(np.median(values[100:164]), abs=0.5)


def test_when_a_change_is_learnt_may_be_said_anew_while_it_waits() -> None:
    """A configuration that is reloaded counts for changes that were declared before."""
    times, values = changed(1500)
    pipeline = plant(*BOILERS)
    told(pipeline, times[:1200], values[:1200])
    assert pipeline.groups[0].regimes.phase[0] == DECLARED
    sooner = replace(SETTINGS, learning=replace(SETTINGS.learning, regime_learn_after_seconds=60.0))
    pipeline.reconfigure(sooner)
    told(pipeline, times[1200:1300], values[1200:1300])
    assert pipeline.groups[0].regimes.learnt[0]


def test_a_change_that_goes_on_growing_is_not_declared() -> None:
    """Only what has not grown worse for long enough has settled."""
    times, values = live(0, 1500)
    values += np.linspace(0, 60, 1500).astype(np.float32)
    settings = replace(SETTINGS, episodes=replace(SETTINGS.episodes, settle_growth=0.01))
    pipeline = plant(*BOILERS, settings=settings)
    out = told(pipeline, times[:700], values[:700])
    assert out.events
    assert "regime_change" not in {event.kind for event in out.events}


def test_a_replay_obeys_what_was_said_at_the_time_it_was_said() -> None:
    """The events are the same whether the word was there from the start or came while the daemon ran."""
    times, values = changed(1500)
    live_pipeline, replayed = plant(*BOILERS), plant(*BOILERS)
    out = told(live_pipeline, times[:1000], values[:1000])
    orders = Orders(labels=(label(out, "fault", times[1000]),))
    live_pipeline.order(orders)
    out.events += told(live_pipeline, times[1000:], values[1000:]).events
    replayed.order(orders)
    again = told(replayed, times, values)
    assert [(e.id, e.event, e.updated_at) for e in again.events] == [
        (e.id, e.event, e.updated_at) for e in out.events
    ]


def test_what_was_scored_stays_as_it_was_told() -> None:
    """A label changes what is learnt from then on, and no event of before; of an episode the score only rises.

    peers.md section 6, number 27: a score is immutable once it was told (Elastic's `initial_record_score`).
    """
    times, values = changed(1200)
    pipeline = plant(*BOILERS)
    out = told(pipeline, times[:1000], values[:1000])
    before = list(out.events)
    pipeline.order(Orders(labels=(label(out, "false_alarm", times[1000]),)))
    later = told(pipeline, times[1000:], values[1000:])
    assert out.events == before
    assert not {event.id for event in later.events} & {event.id for event in before if event.event == "close"}
    by_id: dict[str, list[float]] = {}
    for event in out.events:
        by_id.setdefault(event.id, []).append(event.score)
    assert all(scores == sorted(scores) for scores in by_id.values())
