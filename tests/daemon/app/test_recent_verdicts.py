"""What is kept of verdicts for charts."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.app.recent_verdicts import MOST_READINGS, RecentVerdicts, Verdicts
from offbeat.core.decisions import ScoredRows
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boilers_learnt, live, plant


def rows(sensor: list[int], times: list[float], score: list[float], mean: float | None = 0.0) -> ScoredRows:
    """Return rows as they were judged; the model expected `mean` of all, with a deviation of 0.5."""
    n = len(sensor)
    expected = None if mean is None else np.full((n, 1), mean, np.float32)
    return ScoredRows(
        group=0,
        sensor=np.array(sensor, np.int32),
        time_seconds=np.array(times),
        score=np.array(score, np.float32),
        p_value=np.ones(n),
        track_score=np.zeros((n, 3), np.float32),
        surprise=np.array([[s, np.nan] for s in score], np.float32),
        names=("level", "horizon"),
        mean=expected,
        sigma=None if expected is None else np.full((n, 1), 0.5, np.float32),
    )


def of(
    verdicts: RecentVerdicts,
    sensor: int,
    times: list[float],
    value: float = 65.0,
    strange_from: float = np.inf,
) -> Verdicts:
    """Return what was said of readings of a sensor that all read the same and are told of from some time on."""
    at = np.array(times)
    return verdicts.of(0, sensor, at, np.full((len(times), 1), value, np.float32), at >= strange_from)


def test_each_reading_has_its_score_and_its_band() -> None:
    """By its time; readings that were never judged have neither."""
    verdicts = RecentVerdicts(plant())
    verdicts.note(rows([0, 0, 1], [10.0, 20.0, 20.0], [0.5, 1.5, 9.0]))
    said = of(verdicts, 0, [5.0, 10.0, 15.0, 20.0, 25.0])
    np.testing.assert_array_equal(said.score, [np.nan, 0.5, np.nan, 1.5, np.nan])
    assert np.isnan(said.low[[0, 2, 4]]).all()
    assert (said.low[[1, 3]] < 65).all()
    assert (said.high[[1, 3]] > 65).all()
    assert said.surprise == {"level": 1.5}


def test_without_a_model_the_usual_values_are_the_band() -> None:
    """As everywhere else."""
    pipeline = plant()
    verdicts = RecentVerdicts(pipeline)
    verdicts.note(rows([0], [10.0], [0.5], mean=None))
    said, now = of(verdicts, 0, [10.0]), pipeline.sensor_states(0, np.array([0]))
    assert said.low[0, 0] == pytest.approx(now.low[0, 0])
    assert said.high[0, 0] == pytest.approx(now.high[0, 0])


def test_only_the_newest_are_kept() -> None:
    """Also where one batch brings more of a sensor than there is room for."""
    verdicts = RecentVerdicts(plant())
    many = MOST_READINGS + 10
    times = np.arange(many, dtype=float)
    verdicts.note(rows([1] * many, times.tolist(), [2.0] * many))
    verdicts.note(rows([1], [float(many)], [3.0]))
    score = of(verdicts, 1, [*times.tolist(), float(many)]).score
    assert np.isnan(score[:11]).all()
    assert (score[11:-1] == 2.0).all()
    assert score[-1] == 3.0


def test_a_sensor_that_was_never_judged_has_nothing_to_say() -> None:
    """Nor has one of a group that was not learnt yet."""
    verdicts = RecentVerdicts(plant())
    assert of(verdicts, 3, [1.0]).surprise == {}
    verdicts.note(rows([0], [1.0], [1.0]))
    said = of(verdicts, 3, [1.0])
    assert said.surprise == {}
    assert np.isnan(said.score).all()


def test_extreme_scores_do_no_harm() -> None:
    """Half precision ends at 65504."""
    verdicts = RecentVerdicts(plant())
    verdicts.note(rows([0], [1.0], [1e30]))
    assert np.isposinf(of(verdicts, 0, [1.0]).score[0])


def test_the_memory_of_a_sensor_is_bounded() -> None:
    """However long windows are."""
    short, long = (
        RecentVerdicts(plant(CoreSettings(window_readings=readings))).nbytes / (len(BOILERS) + 8)
        for readings in (256, 2048)
    )
    assert short == long < 4096


def test_the_band_of_a_strange_reading_is_the_one_that_says_why() -> None:
    """A model that follows a lasting deviation comes to expect it. An ordinary reading keeps the model's band."""
    verdicts = RecentVerdicts(plant())
    verdicts.note(rows([0, 0], [10.0, 20.0], [0.5, 2.5], mean=6.0))
    said = of(verdicts, 0, [10.0, 20.0], value=80.0, strange_from=20.0)
    assert said.low[0, 0] < 80 < said.high[0, 0]
    assert said.high[1, 0] < 80


def test_the_band_of_an_alert_does_not_jump_to_and_fro() -> None:
    """The model follows every other reading of a lasting deviation; the usual band has told why from the second on."""
    verdicts = RecentVerdicts(plant())
    times = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    for time, mean in zip(times, [0.0, 6.0, 0.0, 6.0, 0.0, 0.0], strict=True):
        verdicts.note(rows([0], [time], [2.5], mean=mean))
    values = np.array([80, 80, 80, np.nan, 80, 65], np.float32)[:, None]
    said = verdicts.of(0, 0, np.array(times), values, np.array([False, True, True, True, True, True]))
    usual = said.low[1, 0], said.high[1, 0]
    assert usual[1] < 80
    assert (said.low[2:5, 0] == usual[0]).all()
    assert (said.high[2:5, 0] == usual[1]).all()
    assert said.high[0, 0] < usual[1], "before the alert it is the model's, which is narrower"
    assert said.high[5, 0] < usual[1], "and where a reading is back"


def test_bands_of_other_laws_are_not_drawn_by_the_new_ones() -> None:
    """They were told in deviations from what was usual then."""
    pipeline = plant()
    verdicts = RecentVerdicts(pipeline)
    verdicts.note(rows([0, 0], [10.0, 20.0], [0.5, 2.5], mean=6.0))
    pipeline.install(0, boilers_learnt(), ("fake", "2"))
    said = of(verdicts, 0, [10.0, 20.0])
    assert said.surprise == {}
    assert np.isnan([said.score, said.low[:, 0], said.high[:, 0]]).all()
    verdicts.note(rows([0], [30.0], [0.7]))
    said = of(verdicts, 0, [20.0, 30.0])
    np.testing.assert_array_equal(said.score, np.array([np.nan, 0.7], np.float16).astype(np.float32))
    assert said.low[1, 0] < 65 < said.high[1, 0]


def test_the_band_of_now_does_not_outlive_the_laws_either() -> None:
    """Until the next reading the usual values are the band, as without a model."""
    pipeline = plant()
    readings = Readings()
    for i in range(len(BOILERS)):
        readings.add(i, *live(i, 100))
    play(pipeline, readings.batches(), FakeScorer())
    before = pipeline.sensor_states(0, np.array([0]))
    pipeline.install(0, boilers_learnt(), ("fake", "2"))
    fresh, now = plant(), pipeline.sensor_states(0, np.array([0]))
    usual = fresh.sensor_states(0, np.array([0]))
    assert (before.low[0, 0], before.high[0, 0]) != (now.low[0, 0], now.high[0, 0])
    assert (now.low[0, 0], now.high[0, 0]) == (usual.low[0, 0], usual.high[0, 0])
