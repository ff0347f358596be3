"""The long view in the pipeline: when it is asked, what of, what becomes of the answer, and after a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from offbeat.core.jobs import WindowJob, WindowResult
from offbeat.core.long_jobs import FEWEST_BINS, RECENT_BINS, STALE_BINS
from offbeat.core.long_view import BINS, width_seconds
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boilers_learnt, live

HORIZON = 1280.0
"""Bins of 20 seconds: about four readings of a boiler."""

COLUMN = STREAM_NAMES.index("horizon")


AWAY = 300
"""The reading after which a watched boiler was away."""


def far_sighted(
    known: bool = True, horizon_seconds: float | None = HORIZON, collect: bool = False
) -> Pipeline:
    """Return a pipeline of boilers with a long view, and one of its scale if `known`."""
    directory = directory_of(BOILERS)
    directory.groups[0].model = ModelChoice(horizon_seconds=horizon_seconds)
    pipeline = Pipeline(directory, CoreSettings(collect=collect))
    learnt = boilers_learnt()
    scale = np.full(learnt.scale.shape, 0.5, np.float32)
    pipeline.install(0, replace(learnt, long_scale=scale) if known else learnt, MODEL)
    return pipeline


class Asked(FakeScorer):
    """Keeps the jobs of long views that it is given, and answers them by their number if told to."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[WindowJob] = []

    def window(self, job: WindowJob) -> WindowResult:
        """Answer 1000 + how many were asked before, about a long view."""
        if not job.long:
            return super().window(job)
        self.jobs.append(job)
        n = len(job.sensor)
        nll = np.full(n, 999.0 + len(self.jobs), np.float32)
        return WindowResult(nll, np.repeat(nll[:, None], job.x.shape[2], axis=1))


@dataclass(frozen=True, slots=True)
class Watched:
    """A boiler that was watched reading by reading, away for some bins after 300 of them.

    Attributes:
        times, values: as it read.
        jobs: about its long view.
        raw: what the stream said on each row.
    """

    times: np.ndarray
    values: np.ndarray
    jobs: list[WindowJob]
    raw: np.ndarray


@pytest.fixture(scope="module")
def watched() -> Watched:
    """One play that several tests look at."""
    scorer, (times, values) = Asked(), live(0, 340)
    times[AWAY:] += (STALE_BINS + 2) * width_seconds(HORIZON)
    batches = Readings().add(0, times, values).batches(1)
    played = play(far_sighted(collect=True), batches, scorer, windows=4)
    return Watched(times, values, scorer.jobs, played.of(0, "raw")[:, COLUMN])


def test_a_view_is_asked_about_when_a_bin_is_closed_and_enough_are_there(watched: Watched) -> None:
    """Once a bin, whatever the number of readings in it; not before a quarter of the horizon has been seen."""
    number = np.unique(np.floor(watched.times / width_seconds(HORIZON)))
    held = [int((number[:i] >= now - BINS).sum()) for i, now in enumerate(number)]
    assert [int(job.lengths[0]) for job in watched.jobs] == [n for n in held if n >= FEWEST_BINS]


def test_a_job_holds_the_means_of_bins_in_their_own_scale_and_time(watched: Watched) -> None:
    """Values are means over the long view's scale, times are whole numbers of bins, the newest rows are judged."""
    job, number = watched.jobs[-1], np.floor(watched.times / width_seconds(HORIZON))
    n = int(job.lengths[0])
    assert job.recent == RECENT_BINS
    assert job.tau[0, :n].tolist() == (np.unique(number)[-n - 1 : -1] - number[-1] + 1).tolist()
    newest = number == number[-1] - 1
    learnt = boilers_learnt()
    z = (watched.values[newest].mean() - learnt.center[1, 0]) / learnt.scale[1, 0]
    np.testing.assert_allclose(job.x[0, n - 1, 0], z / 0.5, rtol=1e-4)
    assert job.last_time_seconds[0] == number[-1] * width_seconds(HORIZON)


def test_the_answer_is_said_until_the_next_and_not_for_ever(watched: Watched) -> None:
    """Every row behind it speaks of it; a sensor that was away for long has no opinion until it is asked again."""
    raw = watched.raw
    first = int(np.argmax(np.isfinite(raw)))
    assert np.isfinite(raw[first:AWAY]).all()
    assert np.isnan(raw[AWAY])
    assert np.isfinite(raw[AWAY + 1 :]).all()
    assert np.unique(raw[first:]).size - 1 == len(watched.jobs) - 1
    assert (np.diff(raw[first:AWAY]) >= 0).all()


def test_without_a_horizon_or_without_its_model_nobody_is_asked() -> None:
    """The column is there, and empty."""
    for pipeline in (far_sighted(horizon_seconds=None), far_sighted(known=False)):
        scorer, (times, values) = Asked(), live(0, 200)
        play(pipeline, Readings().add(0, times, values).batches(10), scorer, windows=4)
        assert not scorer.jobs


def test_late_readings_count_in_the_bin_they_belong_to() -> None:
    """Readings that came out of order, or twice, leave the bins that came in order, once."""
    times, values = live(0, 200)
    order = np.arange(200)
    order[100:180] = order[100:180].reshape(-1, 4)[:, ::-1].reshape(-1)
    mixed = np.concatenate([order[:150], order[120:150], order[150:]])
    arrivals = times[0] + np.arange(len(mixed))
    straight, crooked = far_sighted(), far_sighted()
    for batch in Readings().add(0, times, values).batches(50):
        straight.ingest(batch)
    for batch in Readings().add(0, times[mixed], values[mixed], arrival_seconds=arrivals).batches(3):
        crooked.ingest(batch)
    ours, theirs = (p.groups[0].long_view for p in (straight, crooked))
    assert ours is not None
    assert theirs is not None
    one, other = ours.closed(np.array([0])), theirs.closed(np.array([0]))
    np.testing.assert_array_equal(one.bin, other.bin)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-6)


def test_a_restart_changes_no_job_and_no_opinion() -> None:
    """A snapshot holds bins, what is due and what was answered."""
    times, values = live(0, 400)
    batches = Readings().add(0, times, values).batches(40)
    whole, straight, cut = Asked(), far_sighted(), 6
    before = play(straight, batches[:cut], whole, windows=4)
    assert before.scores
    asked = len(whole.jobs)
    again, resumed = far_sighted(), Asked()
    again.put_state(0, np.arange(4), straight.state_of(0, np.arange(4)), offset=batches[cut - 1].offset)
    rest = play(straight, batches[cut:], whole, windows=4)
    then = play(again, batches[cut - 2 :], resumed, windows=4)
    assert len(whole.jobs) - asked == len(resumed.jobs) > 0
    for mine, other in zip(whole.jobs[asked:], resumed.jobs, strict=True):
        np.testing.assert_array_equal(mine.x, other.x)
        np.testing.assert_array_equal(mine.tau, other.tau)
    np.testing.assert_array_equal(rest.of(0, "time_seconds"), then.of(0, "time_seconds"))


def test_memory_of_the_view_is_counted() -> None:
    """The budget of the configuration must know of it."""
    with_it, without = far_sighted(), far_sighted(horizon_seconds=None)
    assert 1024 < with_it.state_bytes_per_sensor(0) - without.state_bytes_per_sensor(0) < 2048
