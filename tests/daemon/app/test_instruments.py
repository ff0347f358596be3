"""What the daemon's parts tell of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from offbeat.app.group_series import MOST_GROUPS
from offbeat.app.instruments import Instruments
from offbeat.app.parts import Parts, build_parts
from offbeat.config.sensor_choice import SensorChoice
from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.core.episode_rules import Track
from offbeat.core.episodes import OPEN
from offbeat.core.jobs import WindowJob
from offbeat.core.ledger import Drop
from offbeat.core.work import Work
from offbeat.observe.catalogue import CATALOGUE
from offbeat.observe.sensor_metrics import SensorPage
from offbeat.scoring.worker import Answer
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.readings import Readings
from tests.support.configured import a_source, configured
from tests.support.disk import log_that_cannot_be_synced
from tests.support.events import an_event
from tests.support.plant import BOILERS, START, live, plant
from tests.support.waiting import wait_until

MOST_SERIES = 300
"""Of a fleet of any size: no metric has a label by sensor."""
FLEET = 10_000


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """The parts of a daemon with two groups, built and not started."""
    sources = (a_source(), a_source("pairs/{sensor}", channels=("temp", "pressure")))
    built = build_parts(configured(tmp_path, *sources), lambda: START, lambda _: None)
    yield built
    built.publisher.stop(0.1)
    built.history.close()
    built.log.close()
    built.outbox.close()


def bound(parts: Parts, now: float = START) -> Instruments:
    """Return instruments that are bound to the parts."""
    instruments = Instruments(lambda: now)
    instruments.bind(parts, SensorPage(list, SensorChoice("all")), lambda: True)
    return instruments


def samples(instruments: Instruments) -> dict[str, float]:
    """Return each series of a scrape by its name and labels."""
    lines = generate_latest(instruments.registry).decode().splitlines()
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")
    }


def works(rows: int) -> list[Work]:
    """Return the work that rows of the boilers make, with jobs."""
    pipeline = plant()
    readings = Readings()
    for i in range(len(BOILERS)):
        readings.add(i, *live(i, rows))
    return [work for batch in readings.batches() for work in pipeline.ingest(batch)]


def scored(*score: float) -> Decisions:
    """Return decisions about one row of each of the first sensors, with these scores."""
    n = len(score)
    rows = ScoredRows(
        0, np.arange(n, dtype=np.int32), np.zeros(n), np.array(score, np.float32), np.ones(n),
        np.zeros((n, 3), np.float32), np.zeros((n, 1), np.float32), ("level",),
    )  # fmt: skip
    return Decisions(scores=rows)


def test_every_metric_of_the_catalogue_is_bound(parts: Parts) -> None:
    """What is documented, drawn and alerted on exists."""
    assert bound(parts).unbound() == []


def test_a_scrape_holds_every_metric_and_few_series(parts: Parts) -> None:
    """With every sensor the limits allow: none of them is a label, and no part fails to answer."""
    for i in range(FLEET):
        parts.core.directory.admit(0, f"line.sensor{i}")
    parts.progress.stage("loop").beat()
    found = samples(bound(parts))
    ours = [name for name in found if name.startswith("offbeat_")]
    assert len(ours) < MOST_SERIES
    assert not [name for name in ours if "sensor1" in name]
    assert found["offbeat_collect_errors_total"] == 0
    families = {re.sub(r"(_bucket|_sum|_count)?(\{.*)?$", "", name) for name in ours}
    unseen = {name for name in CATALOGUE if name not in families}
    # There is no model here, and a metric of none has no series.
    assert unseen == {"offbeat_model_info"}
    assert found['offbeat_sensors{readiness="waiting"}'] == FLEET
    assert found['offbeat_stage_stalled{stage="loop"}'] == 0
    assert found["offbeat_ready"] == 1


def test_a_scrape_stays_small_however_many_groups_of_sensors_there_are(tmp_path: Path) -> None:
    """What further groups do is told of together: nothing of it is left out of a sum."""
    groups = 60
    sources = [a_source(f"line{i}/{{sensor}}", channels=(f"c{i}", f"d{i}")) for i in range(groups)]
    parts = build_parts(configured(tmp_path, *sources), lambda: START, lambda _: None)
    try:
        for state in parts.core.pipeline.groups:
            state.ledger.drop(Drop.LATE, 2)
            state.ledger.accept(3)
        found = samples(bound(parts))
    finally:
        parts.publisher.stop(0.1)
        parts.history.close()
        parts.log.close()
        parts.outbox.close()
    assert len(parts.core.pipeline.groups) == groups
    assert len(found) < MOST_SERIES
    assert found['offbeat_dropped_total{reason="late",stage="windows",unit="reading"}'] == 2 * groups
    assert found['offbeat_accepted_total{stage="windows",unit="reading"}'] == 3 * groups
    assert len([name for name in found if name.startswith("offbeat_training_running")]) == MOST_GROUPS + 1
    assert found['offbeat_training_running{group="(others)"}'] == 0


def test_a_history_that_cannot_be_made_safe_is_told_like_such_an_outbox(parts: Parts, tmp_path: Path) -> None:
    """Both keep snapshots from being written; until they are safe again, each says that it is the cause."""
    instruments = bound(parts)
    files = {"outbox": parts.outbox, "history": parts.history}
    paths = {"outbox": "outbox.sqlite", "history": "episodes.sqlite"}
    for name, one in files.items():
        assert one.sync()
        with log_that_cannot_be_synced(tmp_path / paths[name]):
            assert not one.sync()
            found = samples(instruments)
        assert {other: found[f"offbeat_{other}_degraded"] for other in files} == {
            other: float(other == name) for other in files
        }
        assert one.sync()
    found = samples(instruments)
    for name in files:
        assert found[f"offbeat_{name}_degraded"] == 0
        assert found[f'offbeat_syncs_total{{file="{name}",result="failed"}}'] == 1
        assert found[f'offbeat_syncs_total{{file="{name}",result="safe"}}'] == 2


def test_the_status_says_what_was_dropped_and_why(parts: Parts) -> None:
    """Messages and readings since the start; what a restart reads again is no loss, what brokers retain no mistake."""
    instruments = bound(parts)
    assert instruments.status("").messages_dropped == {}
    parts.core.decoder.ledger.drop(Drop.UNDECODABLE, 3)
    parts.core.decoder.ledger.drop(Drop.NO_VALUE, 4)
    parts.core.decoder.ledger.drop(Drop.RETAINED, 40)
    parts.core.decoder.readings.drop(Drop.FUTURE)
    parts.core.pipeline.groups[1].ledger.drop(Drop.LATE, 2)
    parts.core.pipeline.groups[1].ledger.drop(Drop.REPLAYED, 9)
    status = instruments.status("")
    assert list(status.messages_dropped.items()) == [("no_value", 4), ("undecodable", 3)]
    assert status.readings_dropped == {"late": 2, "future": 1}


def test_before_the_parts_are_bound_a_scrape_still_answers() -> None:
    """The page is served while state is restored."""
    instruments = Instruments(lambda: START)
    assert instruments.status_line() == "starting"
    assert "offbeat_ready" in instruments.unbound()
    assert samples(instruments)["offbeat_collect_errors_total"] == 0


def test_decisions_are_counted(parts: Parts) -> None:
    """Events by what they are, rows by their number."""
    pipeline, scorer, instruments = plant(), FakeScorer(), bound(parts)
    for name in BOILERS:
        parts.core.directory.admit(0, name)
    readings = Readings().add(0, *live(0, 50)).add(1, *live(1, 50))
    for batch in readings.batches():
        for work in pipeline.ingest(batch):
            assert work.job is not None
            instruments.decided(pipeline.scored(work, scorer.step(work.job)))
    instruments.decided(Decisions([an_event(), an_event(event="close"), an_event(event="close")]))
    found = samples(instruments)
    assert found["offbeat_rows_scored_total"] == 100
    assert found["offbeat_batch_rows_sum"] == 100
    assert found['offbeat_episode_events_total{event="open"}'] == 1
    assert found['offbeat_episode_events_total{event="update"}'] == 0
    assert found['offbeat_episode_events_total{event="close"}'] == 2
    assert found["offbeat_score_ratio_count"] == 100


def test_a_high_score_names_its_sensor_to_those_who_ask_for_openmetrics(parts: Parts) -> None:
    """As an exemplar of its bucket; the highest of a batch. Rows without a score count nowhere."""
    instruments = bound(parts, now=77.0)
    for name in BOILERS:
        parts.core.directory.admit(0, name)
    instruments.decided(scored(0.3, np.nan, 7.5, 0.4))
    text = openmetrics.generate_latest(instruments.registry).decode()
    (line,) = [line for line in text.splitlines() if " # {" in line]
    assert line == f'offbeat_score_ratio_bucket{{le="10.0"}} 3.0 # {{sensor="{BOILERS[2]}"}} 7.5 77.0'


def test_ordinary_scores_name_nobody(parts: Parts) -> None:
    """Examples of what is within the budget would hide those that are looked for."""
    instruments = bound(parts)
    instruments.decided(scored(0.3, 0.99))
    text = openmetrics.generate_latest(instruments.registry).decode()
    assert "offbeat_score_ratio_count 2.0" in text
    assert " # {" not in text


def test_answers_tell_how_long_they_took_and_how_old_their_rows_were(parts: Parts) -> None:
    """Delay is counted by row; a job without an answer counts as shed."""
    (work,) = works(10)
    assert work.job is not None
    now = float(work.seen_seconds.max())
    instruments = bound(parts, now)
    instruments.answered(Answer(work, work.job, FakeScorer().step(work.job), 0.02))
    instruments.answered(Answer(work, work.job, None, 0.02))
    instruments.answered(Answer(work, None, None, 0.0))
    found = samples(instruments)
    assert found["offbeat_decision_delay_seconds_count"] == 3 * len(work)
    delay = 3 * float((now - work.seen_seconds).sum())
    assert found["offbeat_decision_delay_seconds_sum"] == pytest.approx(delay)
    assert found['offbeat_scoring_seconds_count{work="step"}'] == 2
    assert found['offbeat_scoring_seconds_sum{work="step"}'] == pytest.approx(0.04)
    assert found['offbeat_scoring_seconds_count{work="window"}'] == 0
    assert found["offbeat_jobs_shed_total"] == 1


def test_a_sensor_that_is_out_of_step_in_several_ways_counts_once(parts: Parts) -> None:
    """Episodes are counted by kind beside it; a share of the fleet is of sensors."""
    for name in ("line.pump", "line.fan", "line.belt"):
        parts.core.directory.admit(0, name)
    phase = parts.core.pipeline.groups[0].episodes.arrays()["phase"]
    phase[0, [Track.PROCESS, Track.STUCK, Track.RULE]] = OPEN
    phase[2, Track.SILENT] = OPEN
    found = samples(bound(parts))
    assert found["offbeat_sensors_anomalous"] == 2
    assert sum(found[name] for name in found if name.startswith("offbeat_episodes_open{")) == 4


def test_windows_are_counted_one_by_one(parts: Parts) -> None:
    """A job holds many."""
    one, zero = np.zeros((3, 1, 1), np.float32), np.zeros(3, np.int64)
    job = WindowJob(0, np.arange(3, dtype=np.int32), zero, one, one, one[..., 0], zero + 1, 1, np.zeros(3))
    instruments = bound(parts)
    instruments.answered(Answer(None, job, FakeScorer().window(job), 0.1))
    instruments.answered(Answer(None, job, None, 0.1))
    found = samples(instruments)
    assert found["offbeat_windows_scored_total"] == 3
    assert found['offbeat_scoring_seconds_count{work="window"}'] == 2
    assert found["offbeat_jobs_shed_total"] == 1


def test_the_status_line_says_what_runs(parts: Parts) -> None:
    """For `systemctl status`, in one line."""
    parts.core.directory.admit(0, "line.pump")
    line = bound(parts).status_line()
    assert line.endswith("; 1 sensor, 0 episodes open, 0 rows scored, no model")


def test_the_status_line_says_first_why_nothing_is_heard(parts: Parts) -> None:
    """Who looks at it at night wants no other word."""
    parts.source.start(lambda _: None)
    wait_until(lambda: parts.source.status.reason, 10, "the broker to be missed")
    line = bound(parts).status_line()
    parts.source.stop(5)
    assert re.fullmatch(r"not listening: nothing listens at .*; 0 sensors, 0 episodes open, .*", line)
