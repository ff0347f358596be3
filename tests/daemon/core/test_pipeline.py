"""What a pipeline says about a small plant, from the first reading to the last event."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from offbeat.core.jobs import StepJob, StepResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readiness import Readiness
from offbeat.core.streams import registry
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, Played, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, LEARNT_ROWS, PAIR, boilers_learnt, live, pair, pairs_learnt, plant

EVERYONE = np.arange(len(BOILERS))


def ordinary(rows: int = 400) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what all boilers read while nothing happens, up to the same moment."""
    series = [live(i, rows) for i in EVERYONE]
    end = min(times[-1] for times, _ in series)
    return [(times[times <= end], values[times <= end]) for times, values in series]


def played(
    series: list[tuple[np.ndarray, np.ndarray]], pipeline: Pipeline | None = None, size: int = 50
) -> Played:
    """Play series to a plant, with ticks every five seconds."""
    readings = Readings()
    for i, (times, values) in enumerate(series):
        readings.add(i, times, values)
    return play(pipeline or plant(), readings.batches(size), FakeScorer(), tick_seconds=5, windows=16)


def test_ordinary_readings_raise_nothing_and_are_all_scored() -> None:
    """Each row gets a score and a p-value, the streams that always can have an opinion, and no one is called."""
    out = played(ordinary())
    assert out.events == []
    assert all(len(out.of(i)) > 350 for i in EVERYONE)
    assert np.isfinite(out.of(0)).all()
    assert np.isfinite(out.of(0, "p_value")).all()
    always = ("level", "linear", "jump", "shape", "stuck", "value", "gap", "window")
    here = [name in always for name in STREAM_NAMES]
    assert np.isfinite(out.of(0, "surprise")[100:, here]).all()
    assert np.median(out.of(0)) < 0.5


def test_a_jump_is_opened_told_in_full_and_closed() -> None:
    """The event says what was read, what was expected and how bad it is; its id stays to the end."""
    series = ordinary()
    series[1][1][200:220] += 15
    out = played(series)
    assert {(e.sensor, e.family, e.id) for e in out.events} == {("boiler1.temp", "process", out.events[0].id)}
    assert [e.event for e in out.events if e.event != "update"] == ["open", "close"]
    opened, closed = out.events[0], out.events[-1]
    assert (opened.kind, out.events[-2].kind) == ("spike", closed.kind)
    assert opened.started_at == opened.updated_at == series[1][0][200]
    assert opened.severity != "info"
    assert opened.score > 1.0
    assert opened.p_value < 1e-5
    assert opened.observed == {"value": pytest.approx(series[1][1][200])}
    band = opened.expected["value"]
    assert band.low < band.mean < band.high < opened.observed["value"]
    assert opened.contributions == {"value": pytest.approx(1.0)}
    assert opened.streams["level"] > 5
    assert opened.evidence.readings > 150
    assert opened.model == MODEL
    assert opened.message.startswith("boiler1.temp reads 7")
    assert "Highest since" in opened.message
    assert closed.ended_at == closed.updated_at > series[1][0][219]
    assert "back to normal" in closed.message


def test_an_echo_does_not_rename_a_spike() -> None:
    """What one reading leaves in the memory of the streams looks like unrest; the alert is about the reading."""
    series = ordinary()
    series[1][1][200] += 15
    out = played(series)
    assert [e.event for e in out.events][:1] + [e.event for e in out.events][-1:] == ["open", "close"]
    assert {e.kind for e in out.events} == {"spike"}


def test_a_step_is_told_as_a_level_once_it_is_seen_to_last() -> None:
    """Its first reading may be a spike."""
    series = ordinary()
    series[1][1][200:300] += 15
    kinds = [e.kind for e in played(series).events]
    assert (kinds[0], *set(kinds[1:])) == ("spike", "level")


def test_an_alert_is_explained_by_the_streams_that_have_a_vote() -> None:
    """A model without one that screams at everything is not named, and changes neither the kind nor the sentence."""
    series = ordinary()
    series[1][1][200:220] += 15
    told = {}
    for scorer in ("quiet", "screams"):
        pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
        pipeline.install(0, replace(boilers_learnt(), voting=registry.voting(model=False)), MODEL)
        readings = Readings()
        for i, (times, values) in enumerate(series):
            readings.add(i, times, values)
        said = FakeScorer(sigma=0.5 if scorer == "quiet" else 0.001)
        out = play(pipeline, readings.batches(50), said, tick_seconds=5, windows=16)
        told[scorer] = [e for e in out.events if e.family == "process"]
    assert [e.kind for e in told["screams"]] == [e.kind for e in told["quiet"]]
    assert [e.streams for e in told["screams"]] == [e.streams for e in told["quiet"]]
    assert any(e.streams for e in told["screams"])
    assert not {name for e in told["screams"] for name in e.streams} & set(registry.VALUE_NAMES)


def test_a_model_without_a_vote_blames_no_channel() -> None:
    """Which channel an alert is about is said by those who raised it."""
    times, rows = pair(0, LEARNT_ROWS + 300)
    times, rows = times[LEARNT_ROWS:], rows[LEARNT_ROWS:].copy()
    rows[200:204, 0] += 5.0
    blamed = []
    for sigma in (0.5, 0.001):
        pipeline = Pipeline(directory_of(BOILERS[:1], PAIR), CoreSettings())
        pipeline.install(0, replace(pairs_learnt(), voting=registry.voting(model=False)), MODEL)
        readings = Readings()
        readings.add_rows(0, times, rows)
        out = play(pipeline, readings.batches(20), FakeScorer(sigma=sigma))
        blamed.append([e.contributions for e in out.events if e.family == "process"])
    assert any(blamed[0])
    assert blamed[0] == blamed[1]


def test_a_silence_is_found_by_the_clock_and_told_once() -> None:
    """It opens without a message, grows, ends with the next one, and is no strange rhythm as well."""
    series = ordinary(600)
    keep = np.r_[0:200, 500:600]
    series[2] = (series[2][0][keep], series[2][1][keep])
    out = played(series)
    about = [e for e in out.events if e.sensor == BOILERS[2] and e.updated_at < series[2][0][-1]]
    assert {e.kind for e in about} == {"silent"}
    assert about[0].event == "open"
    assert about[-1].event == "close"
    assert about[0].family == "health"
    assert about[0].started_at == series[2][0][199]
    assert about[0].updated_at > about[0].started_at + 60
    assert "has been silent for" in about[0].message
    assert "reports again after" in about[-1].message


def test_a_stuck_value_is_a_fault_of_the_sensor() -> None:
    """A frozen value opens an episode of its own kind, which says for how long it has not changed."""
    series = ordinary(600)
    series[3][1][200:400] = series[3][1][200]
    out = played(series)
    stuck = [e for e in out.events if e.kind == "stuck"]
    assert [e.event for e in stuck if e.event != "update"] == ["open", "close"]
    assert "has not changed from" in stuck[0].message
    assert "changes again" in stuck[-1].message


def test_the_first_days_have_no_scores_but_silence_is_found() -> None:
    """Without an artifact readings are kept and their cadence is learnt; readiness says how far it is."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    series = ordinary(350)
    series[0] = (series[0][0][:150], series[0][1][:150])
    series[0][1][50] += 100
    out = played(series, pipeline)
    assert out.scores == []
    assert {(e.sensor, e.kind) for e in out.events} == {(BOILERS[0], "silent")}
    assert out.events[0].model is None
    assert out.events[0].expected == {}
    states = pipeline.sensor_states(0, EVERYONE)
    assert states.progress.readiness.tolist() == [Readiness.LEARNING] * 4
    assert states.progress.share == pytest.approx([0.5, 1.0, 1.0, 1.0])
    assert pipeline.ledgers()[0].accepted == sum(len(times) for times, _ in series)


def test_a_sensor_the_artifact_does_not_know_is_scored_by_its_own_first_rows() -> None:
    """It is scored from the 65th row on, raises no alert before it has enough rows, and no critical one."""
    sensors = (*BOILERS, "stranger")
    series = ordinary(700)
    times, values = live(77, 700)
    values = values * 10 + 1000
    values[[150, 600]] += 4000
    series.append((times, values))
    pipeline = plant(sensors=sensors)
    out = played(series, pipeline)
    score = out.of(4)
    assert np.isnan(score[:64]).all()
    assert np.isfinite(score[64:]).all()
    mine = [e for e in out.events if e.sensor == "stranger"]
    assert any(e.event == "open" and e.started_at == times[600] for e in mine)
    assert all(e.updated_at >= times[300] for e in mine)
    assert all(e.severity != "critical" for e in mine)
    assert pipeline.sensor_states(0, np.array([4])).progress.readiness[0] == Readiness.PROVISIONAL


def test_a_fault_of_a_stranger_is_no_measure_of_it() -> None:
    """How loud its streams usually are is learnt up to the fault, and again behind it, but not of its rows."""
    times, values = live(77, 1500)
    values = values * 10 + 1000
    values[600:620] += 4000
    known = []
    for rows in (600, 620, 1500):
        pipeline = plant(sensors=("stranger",))
        readings = Readings().add(0, times[:rows], values[:rows])
        out = play(pipeline, readings.batches(50), FakeScorer(), tick_seconds=5, windows=16)
        learnt = pipeline.groups[0].learnt
        assert learnt is not None
        known.append(float(learnt.own.arrays()["rows"][0, STREAM_NAMES.index("level")]))
    assert times[600] in [e.started_at for e in out.events if e.event == "open"]
    assert known[1] == known[0] > 200
    assert known[2] > known[1] + 500


def test_a_channel_that_is_strange_is_named() -> None:
    """Rows hold some of the channels; shares add up, and the sentence speaks of the guilty channel."""
    pipeline = Pipeline(directory_of(BOILERS[:2], PAIR), CoreSettings(units={"pressure": "bar"}))
    pipeline.install(0, pairs_learnt(), MODEL)
    times, rows = pair(0, 2000)
    times, rows = times[1500:], rows[1500:].copy()
    rows[300, 1] = 9.0
    out = play(pipeline, Readings().add_rows(0, times, rows).batches(100), FakeScorer())
    opened = out.events[0]
    assert (opened.event, opened.started_at) == ("open", times[300])
    assert opened.contributions["pressure"] > 0.9
    assert sum(opened.contributions.values()) == pytest.approx(1.0)
    assert set(opened.observed) == set(opened.expected) == set(PAIR)
    assert opened.message.startswith("boiler0.temp pressure reads 9 bar; expected 2.5")


def test_a_shed_job_leaves_the_cheap_streams() -> None:
    """Without an answer the model's columns are empty; everything else goes on."""
    series = ordinary()
    series[1][1][200:220] += 25
    readings = Readings()
    for i, (times, values) in enumerate(series):
        readings.add(i, times, values)
    out = play(plant(), readings.batches(50), scorer=None)
    said = np.isfinite(out.of(1, "surprise")).any(axis=0)
    names = out.scores[0].names
    assert not said[names.index("value")]
    assert said[names.index("level")]
    assert ("open", BOILERS[1], "process") in [(e.event, e.sensor, e.family) for e in out.events]


def test_a_backlog_of_one_sensor_is_worked_off_in_parts() -> None:
    """Two thousand rows of one sensor at once are jobs of bounded length, and scored like rows one by one."""
    times, values = live(0, 300)
    pipeline = plant()
    works = pipeline.ingest(Readings().add(0, times, values).batch())
    assert [len(w) for w in works] == [64, 64, 64, 64, 44]
    assert all(w.job is not None and w.job.x.shape[1] <= 64 for w in works)
    scorer = FakeScorer()
    at_once = np.concatenate([_scores(pipeline, w, scorer) for w in works])
    one_by_one = play(plant(), Readings().add(0, times, values).batches(1), FakeScorer()).of(0)
    assert np.array_equal(at_once, one_by_one)


def _scores(pipeline: Pipeline, work: object, scorer: FakeScorer) -> np.ndarray:
    scores = pipeline.scored(work, scorer.step(work.job)).scores  # type: ignore[attr-defined, arg-type]
    assert scores is not None
    return scores.score


def test_works_come_back_in_order_and_once() -> None:
    """Anything else would judge rows by a state of another time."""
    pipeline = plant()
    times, values = live(0, 100)
    first, second = pipeline.ingest(Readings().add(0, times, values).batch())
    with pytest.raises(ValueError, match="Work 1 of group 'value' came back, but 0 is due"):
        pipeline.scored(second, None)
    pipeline.scored(first, None)
    assert pipeline.pending == 1
    with pytest.raises(ValueError, match="Work 0"):
        pipeline.scored(first, None)


def test_a_snapshot_waits_for_pending_works() -> None:
    """Half of what was taken in is not a state."""
    pipeline = plant()
    works = pipeline.ingest(Readings().add(0, *live(0, 10)).batch())
    with pytest.raises(ValueError, match="1 works are pending"):
        pipeline.state_of(0, EVERYONE)
    pipeline.scored(works[0], None)
    assert pipeline.state_of(0, EVERYONE)


def test_a_commission_of_other_channels_is_refused() -> None:
    """The message names both, and what to do."""
    pipeline = Pipeline(directory_of(BOILERS, PAIR), CoreSettings())
    with pytest.raises(ValueError, match="of channels value, but the group has temp, pressure: train again"):
        pipeline.install(0, boilers_learnt(), None)


def test_works_of_an_older_commission_are_not_judged_by_a_new_one() -> None:
    """A model that is exchanged while rows are in flight gets none of them."""
    pipeline = plant()
    (work,) = pipeline.ingest(Readings().add(0, *live(0, 10)).batch())
    pipeline.install(0, boilers_learnt(), ("fake", "2"))
    assert pipeline.scored(work, None).scores is None
    assert pipeline.pending == 0


def test_every_reading_is_booked_once() -> None:
    """Accepted, repeated or too late: the ledger adds up to what came in."""
    pipeline = plant(CoreSettings(window_readings=16))
    times, values = live(0, 50)
    again = (
        Readings().add(0, times[40:], values[40:]).add(0, times[:3], values[:3], arrival_seconds=times[-1])
    )
    play(pipeline, [*Readings().add(0, times, values).batches(), *again.batches()], FakeScorer())
    (ledger,) = pipeline.ledgers()
    dropped = {reason.value: n for reason, n in ledger.dropped.items() if n}
    assert (ledger.accepted, dropped) == (50, {"duplicate": 10, "late": 3})
    assert pipeline.sensor_states(0, np.array([0])).late[0] == 12


def test_a_sensor_that_only_repeats_itself_is_not_silent() -> None:
    """Duplicates and late readings move no row forward, but they were heard."""
    pipeline = plant()
    times, values = live(0, 150)
    play(pipeline, Readings().add(0, times, values).batches(), FakeScorer())
    later = times[-1] + 600
    assert [e.kind for e in pipeline.tick(later).events] == ["silent"]
    assert pipeline.tick(later + 1).events == []
    repeat = Readings().add(0, times[-1:], values[-1:], arrival_seconds=[later + 1])
    out = play(pipeline, repeat.batches(), FakeScorer())
    assert out.story() == [("close", BOILERS[0], "silent")]


def test_time_in_which_nobody_listened_is_not_silence() -> None:
    """After a restart or an outage of the broker, sensors get their usual time to report."""
    pipeline = plant()
    times, values = live(0, 150)
    play(pipeline, Readings().add(0, times, values).batches(), FakeScorer())
    back = times[-1] + 86_400
    pipeline.listen(back)
    assert pipeline.tick(back + 10).events == []
    assert [e.event for e in pipeline.tick(back + 900).events] == ["open"]


def test_an_episode_of_a_sensor_that_went_silent_is_closed_by_the_clock() -> None:
    """An alert about a value does not stay open because the value is not reported any more."""
    pipeline = plant()
    times, values = live(0, 100)
    values[-3:] += 40
    play(pipeline, Readings().add(0, times, values).batches(), FakeScorer())
    events = [e for e in pipeline.tick(times[-1] + 3600).events if e.family == "process"]
    assert [e.event for e in events] == ["close"]
    assert "has shown nothing strange for 1 h" in events[0].message


def test_due_windows_are_asked_for_and_their_answers_are_spoken_of() -> None:
    """A longer look over the last readings becomes a stream of the rows that follow."""
    pipeline, scorer = plant(CoreSettings(collect=True)), FakeScorer()
    readings = Readings()
    for i in EVERYONE:
        readings.add(i, *live(i, 60))
    batches = readings.batches(40)
    column = STREAM_NAMES.index("window")
    before = play(pipeline, batches[:4], scorer)
    assert all(np.isnan(before.of(i, "surprise")[:, column]).all() for i in EVERYONE)
    jobs = pipeline.due_windows(float(batches[3].arrival_seconds[-1]), limit=3)
    assert sum(len(job.sensor) for job in jobs) == 3
    for job in jobs:
        assert (job.tau <= 0).all()
        assert (job.tau[np.arange(len(job.lengths)), job.lengths - 1] == 0).all()
        pipeline.windows_scored(job, scorer.window(job))
    asked = {int(i) for job in jobs for i in job.sensor}
    after = play(pipeline, batches[4:], scorer)
    spoken = {int(i) for i in EVERYONE if np.isfinite(after.of(i, "raw")[:, column]).all()}
    assert spoken == asked


def test_no_model_no_jobs() -> None:
    """A commission without a model asks a scorer nothing."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    pipeline.install(0, replace(boilers_learnt()), None)
    (work,) = pipeline.ingest(Readings().add(0, *live(0, 40)).batch())
    assert work.job is None
    assert pipeline.due_windows(1e12, 100) == []
    assert list(pipeline.rebuild_jobs()) == []
    assert len(pipeline.scored(work, None).scores or ()) == 40


def test_an_empty_batch_is_nothing() -> None:
    """A message without a usable reading does not disturb anyone."""
    empty = Readings().add(0, [], []).batches()
    assert empty == []
    batch = Readings().add(0, [1.0], [1.0]).batch()
    none = replace(
        batch,
        **{
            name: getattr(batch, name)[:0]
            for name in ("sensor", "channel", "time_seconds", "value", "arrival_seconds")
        },
    )
    assert plant().ingest(none) == []


class Sulking(FakeScorer):
    """A scorer that sheds every second job."""

    def step(self, job: StepJob) -> StepResult | None:  # type: ignore[override]
        """Answer, or not."""
        answer = super().step(job)
        return answer if self.steps % 2 else None


def test_a_scorer_that_sheds_now_and_then_raises_no_alert() -> None:
    """A missing answer is no opinion; it is not strange."""
    readings = Readings()
    for i in EVERYONE:
        readings.add(i, *ordinary(300)[i])
    out = play(plant(), readings.batches(1), Sulking(), tick_seconds=5)
    assert out.events == []
