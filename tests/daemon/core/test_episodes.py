"""One rule of the state machine a test, told with a single sensor."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS, EpisodeRules, Track, severity_codes, threshold
from offbeat.core.episodes import Episodes
from offbeat.core.trailing import LEAST_P
from offbeat.core.transitions import Change, Marks, Reason, Transition

THRESHOLD = 4.0
RULES = EpisodeRules(close_seconds=0.0, settle_seconds=1000.0, settle_rows=100)


class Sensor:
    """A sensor that is told how strange each of its rows is, one a second."""

    def __init__(
        self, rules: EpisodeRules = RULES, track: Track = Track.PROCESS, threshold: float = THRESHOLD
    ) -> None:
        self.episodes = Episodes(3, rules)
        self.track = track
        self.threshold = threshold
        self.now = 100.0

    def row(
        self, surprise: float, seconds: float = 1.0, score: float = 1.0, late: float = 0.0
    ) -> list[Transition]:
        """Judge one row that much later, which arrived late."""
        self.now += seconds
        return self.episodes.judge(
            Marks(
                key=np.array([1 * len(TRACKS) + self.track]),
                index=np.array([7]),
                time=np.array([self.now]),
                start=np.array([self.now]),
                seen=np.array([self.now + late]),
                surprise=np.array([surprise], np.float32),
                threshold=np.array([self.threshold], np.float32),
                score=np.array([score], np.float32),
            )
        )

    def rows(self, *surprises: float) -> list[Transition]:
        """Judge some rows, one a second, and return all that happened."""
        return [t for s in surprises for t in self.row(s)]


def told(transitions: list[Transition]) -> list[tuple[Change, Reason]]:
    """Return what happened and why."""
    return [(t.change, t.reason) for t in transitions]


def test_a_row_at_the_threshold_opens_and_one_below_does_not() -> None:
    """The budget's p-value itself opens."""
    sensor = Sensor()
    assert sensor.rows(0.0, 3.9, float("nan")) == []
    (opened,) = sensor.rows(4.0)
    assert (opened.change, opened.sensor, opened.track) == (Change.OPEN, 1, Track.PROCESS)
    assert (opened.index, opened.started, opened.time) == (7, sensor.now, sensor.now)
    assert opened.surprise == 4.0


def test_five_calm_rows_close_and_a_row_within_the_margin_is_not_calm() -> None:
    """Value hysteresis: what hovers just below the threshold keeps the episode open."""
    sensor = Sensor()
    sensor.rows(5.0)
    assert sensor.rows(1, 1, 1, 1, 3.6, 1, 1, 1, 1) == []
    assert told(sensor.rows(1)) == [(Change.CLOSE, Reason.CALM)]
    assert told(sensor.rows(5.0)) == [(Change.OPEN, Reason.STRANGE)]


def test_what_is_as_strange_as_before_right_after_the_close_is_told_after_it_as_another_episode() -> None:
    """Also within a second: the close comes first, at an earlier time, and nothing is told of one episode twice."""
    sensor = Sensor(RULES)
    out = [t for s in (5, 1, 1, 1, 1, 1, 5) for t in sensor.row(s, seconds=0.1)]
    assert [t.change for t in out] == [Change.OPEN, Change.CLOSE, Change.OPEN]
    first, closed, second = out
    assert closed.started == first.started < closed.time < second.started == second.time


def test_calm_rows_must_span_a_time() -> None:
    """A sensor with a hundred rows a second does not flap at that pace."""
    sensor = Sensor(EpisodeRules(close_seconds=4.0))
    sensor.rows(5.0)
    assert [t for _ in range(40) for t in sensor.row(0.0, seconds=0.01)] == []
    assert told(sensor.row(0.0, seconds=4.0)) == [(Change.CLOSE, Reason.CALM)]


def test_a_row_without_an_opinion_is_neither_strange_nor_calm() -> None:
    """A channel that is missing does not end its episode; the quiet time does."""
    sensor = Sensor()
    sensor.rows(5.0)
    assert sensor.rows(*[float("nan")] * 50) == []


def test_a_tick_closes_after_the_quiet_time() -> None:
    """An episode does not wait for rows that do not come."""
    sensor = Sensor()
    sensor.rows(5.0)
    quiet = np.zeros(3)
    assert sensor.episodes.close_quiet(sensor.now + 599, quiet, -np.inf) == []
    (closed,) = sensor.episodes.close_quiet(sensor.now + 600, quiet, -np.inf)
    assert (closed.change, closed.reason, closed.index) == (Change.CLOSE, Reason.QUIET, -1)
    assert closed.time == sensor.now + 600
    assert sensor.episodes.close_quiet(sensor.now + 1200, quiet, -np.inf) == []


def test_slow_sensors_have_a_longer_quiet_time() -> None:
    """An hourly sensor is not quiet after ten minutes."""
    sensor = Sensor()
    sensor.rows(5.0)
    assert sensor.episodes.close_quiet(sensor.now + 9_999, np.full(3, 10_000.0), -np.inf) == []
    assert len(sensor.episodes.close_quiet(sensor.now + 10_000, np.full(3, 10_000.0), -np.inf)) == 1


def test_time_in_which_nobody_listened_is_not_quiet() -> None:
    """After an outage of the broker the sensor first gets a chance to show that it is still strange."""
    sensor = Sensor()
    sensor.rows(5.0)
    back = sensor.now + 5000
    assert sensor.episodes.close_quiet(back + 10, np.zeros(3), listening_since=back) == []
    assert len(sensor.episodes.close_quiet(back + 600, np.zeros(3), listening_since=back)) == 1


def test_a_rise_after_the_attack_is_a_new_episode() -> None:
    """What follows is not hidden by what is open: the old episode closes, and a new one opens."""
    sensor = Sensor()
    (first,) = sensor.rows(5.0)
    sensor.rows(5, 5, 5, 5, 5)
    closed, opened = sensor.rows(6.5)
    assert told([closed, opened]) == [(Change.CLOSE, Reason.ESCALATED), (Change.OPEN, Reason.ESCALATED)]
    assert closed.started == first.started
    assert opened.started == sensor.now


def test_the_further_out_a_peak_is_the_more_it_takes_to_be_stranger() -> None:
    """The return from a great fault is not a new one because the streams add up to a little more."""
    sensor = Sensor()
    sensor.rows(*[12.0] * 8)
    assert sensor.rows(14.9) == []
    assert told(sensor.rows(*[12.0] * 8, 18.7)) == [
        (Change.CLOSE, Reason.ESCALATED),
        (Change.OPEN, Reason.ESCALATED),
    ]


def test_rises_come_to_an_end_where_p_values_do() -> None:
    """The smallest rises that count, one after the other, call eleven times; what was above 24 cannot be outdone."""
    most, opened = -np.log10(LEAST_P), 0
    sensor = Sensor(threshold=1.7)
    surprise = sensor.threshold
    while surprise <= most:
        opened += sum(t.change is Change.OPEN for t in sensor.rows(*[surprise] * 6))
        surprise += max(RULES.escalate_by, RULES.escalate_share * surprise) + 1e-3
    assert opened == 11
    sensor = Sensor()
    sensor.rows(*[24.1] * 8)
    assert sensor.rows(most) == []


def test_the_attack_of_an_anomaly_is_one_episode() -> None:
    """A surprise that climbs over its first rows raises the peak; nobody is called three times over."""
    sensor = Sensor()
    assert told(sensor.rows(4, 6, 9, 14, 20)) == [(Change.OPEN, Reason.STRANGE)]
    assert told(sensor.rows(20, 20, 20, 20, 20, 20)) == []


def test_what_a_fault_leaves_in_the_memory_of_the_streams_is_no_new_anomaly() -> None:
    """For as long as the episode lasted a far lesser strangeness is its echo; the same fault again is not."""
    sensor = Sensor()
    sensor.rows(*[12.0] * 20, *[0.0] * 5)
    assert sensor.rows(5.0, 5.9) == []
    assert told(sensor.rows(6.0)) == [(Change.OPEN, Reason.STRANGE)]
    sensor = Sensor()
    sensor.rows(*[12.0] * 20, *[0.0] * 5, *[0.0] * 25)
    assert told(sensor.rows(5.0)) == [(Change.OPEN, Reason.STRANGE)], "the echo is over"


def test_a_spike_of_one_row_has_no_echo_however_long_its_calm_rows_take() -> None:
    """On an hourly sensor five calm rows take five hours: they are no part of how long the fault lasted."""
    sensor, hour = Sensor(), 3600.0
    sensor.row(12.0)
    assert told([t for _ in range(5) for t in sensor.row(0.0, hour)]) == [(Change.CLOSE, Reason.CALM)]
    assert told(sensor.row(5.9, hour)) == [(Change.OPEN, Reason.STRANGE)]


def test_the_echo_of_a_sensor_that_reports_late_runs_on_its_own_clock() -> None:
    """A tick closes its episode at the log's time, an hour after what the rows say: that hour is no echo."""
    sensor, hour = Sensor(), 3600.0
    for _ in range(20):
        sensor.row(12.0, late=hour)
    (closed,) = sensor.episodes.close_quiet(sensor.now + hour + 600, np.zeros(3), -np.inf)
    assert closed.reason is Reason.QUIET
    assert sensor.row(5.0, late=hour) == [], "an echo"
    assert told(sensor.row(5.0, seconds=20.0, late=hour)) == [(Change.OPEN, Reason.STRANGE)]


def test_what_was_muted_as_an_echo_does_not_prolong_it() -> None:
    """Else a fault that smoulders on would never be told."""
    sensor = Sensor()
    sensor.rows(*[12.0] * 20, *[0.0] * 5)
    assert told(sensor.rows(*[5.0] * 30)) == [(Change.OPEN, Reason.STRANGE)]


def test_a_snapshot_of_a_release_that_kept_less_is_taken_over() -> None:
    """An episode that was open goes on under its id; what was not kept is as new."""
    sensor, fresh = Sensor(), Sensor()
    (opened,) = sensor.rows(12.0)
    kept = {k: v.copy() for k, v in sensor.episodes.arrays().items() if k != "hot_time"}
    fresh.now = sensor.now
    fresh.episodes.put(np.arange(3), kept)
    (closed,) = fresh.rows(0, 0, 0, 0, 0)
    assert (closed.started, closed.reason) == (opened.started, Reason.CALM)
    assert told(fresh.rows(5.0)) == [(Change.OPEN, Reason.STRANGE)]


def test_a_sick_sensor_has_no_echo() -> None:
    """A value that sticks again, for less long, is told again."""
    sensor = Sensor(track=Track.STUCK)
    sensor.rows(*[12.0] * 20, *[0.0] * 5)
    assert told(sensor.rows(5.0)) == [(Change.OPEN, Reason.STRANGE)]


def test_updates_come_at_most_every_interval_and_ever_more_rarely() -> None:
    """One a minute at first; later one in a quarter of the episode's age."""
    sensor = Sensor(EpisodeRules(settle_rows=10**9))
    sensor.rows(5.0)
    updates = [t for t in sensor.rows(*[5.0] * 3600) if t.change is Change.UPDATE]
    gaps = np.diff([t.time for t in updates])
    assert updates[0].time - updates[0].started == 60.0
    assert gaps.min() == 60.0
    assert gaps.max() > 600.0
    assert len(updates) < 20


def test_a_rise_of_the_severity_is_told_at_once() -> None:
    """Severity only rises inside an episode, and its score is the worst so far."""
    sensor = Sensor()
    (opened,) = sensor.row(5.0, score=0.5)
    (worse,) = sensor.row(5.0, score=1.2)
    assert sensor.row(5.0, score=1.1) == []
    (worst,) = sensor.row(5.0, score=2.0)
    assert [opened.severity, worse.severity, worst.severity] == [0, 1, 2]
    assert worst.score == 2.0


def test_a_lasting_change_is_declared_once_and_then_taken_as_normal() -> None:
    """After the declaration neither the same level nor its end raises anything; a later anomaly does."""
    sensor = Sensor()
    happened = told(sensor.rows(*[5.0] * 2000))
    assert happened.count((Change.OPEN, Reason.STRANGE)) == 1
    assert [h for h in happened if h[0] is Change.CLOSE] == [(Change.CLOSE, Reason.SETTLED)]
    assert sensor.rows(*[0.0] * 5) == []
    assert told(sensor.rows(5.0)) == [(Change.OPEN, Reason.STRANGE)]


def test_a_settled_change_that_gets_much_worse_opens_again() -> None:
    """The new normal does not hide what is far beyond it."""
    sensor = Sensor()
    sensor.rows(*[5.0] * 1500)
    assert told(sensor.rows(6.6)) == [(Change.OPEN, Reason.ESCALATED)]


@pytest.mark.parametrize("track", [Track.STUCK, Track.SILENT])
def test_a_sick_sensor_never_becomes_normal(track: Track) -> None:
    """Stuck and silent episodes stay open for as long as the condition lasts."""
    sensor = Sensor(track=track)
    happened = told(sensor.rows(*[5.0] * 3000))
    assert not [h for h in happened if h[0] is Change.CLOSE]


def test_silence_ends_with_the_next_reading_and_never_by_a_tick() -> None:
    """Only the sensor itself can say that it is back."""
    sensor = Sensor(track=Track.SILENT)
    sensor.rows(5.0)
    assert sensor.episodes.close_quiet(sensor.now + 1e6, np.zeros(3), -np.inf) == []
    slots, numbers = np.array([0, 1]), np.array([4, 5])
    (closed,) = sensor.episodes.close_returned(slots, numbers, np.array([sensor.now + 9, sensor.now + 9]))
    assert (closed.reason, closed.index, closed.time) == (Reason.RETURNED, 5, sensor.now + 9)
    assert sensor.episodes.close_returned(slots, numbers, np.array([1e9, 1e9])) == []


def test_the_same_start_never_opens_twice() -> None:
    """Two channels of one instant cannot give two episodes with one id."""
    sensor = Sensor()
    sensor.rows(5.0)
    sensor.episodes.close_quiet(sensor.now + 600, np.zeros(3), -np.inf)
    assert sensor.row(9.0, seconds=0.0) == []
    assert len(sensor.row(9.0, seconds=1.0)) == 1


def test_an_open_episode_survives_a_restart() -> None:
    """What another process puts back goes on as if nothing had happened."""
    sensor, fresh = Sensor(), Sensor()
    sensor.rows(5.0, 5.0)
    slots = np.arange(3)
    fresh.now = sensor.now
    fresh.episodes.put(slots, {k: v[slots].copy() for k, v in sensor.episodes.arrays().items()})
    assert fresh.rows(0, 0, 0, 0, 0) == sensor.rows(0, 0, 0, 0, 0) != []


def test_an_id_is_the_same_in_another_process_and_differs_by_sensor_kind_and_start() -> None:
    """No hash seed, no address, no counter takes part."""
    mine = episode_id("pumpe/größe", "value", 1.5)
    code = "from offbeat.core.episode_ids import episode_id; print(episode_id('pumpe/größe', 'value', 1.5))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == mine
    others = {episode_id("pumpe/grösse", "value", 1.5), episode_id("pumpe/größe", "silent", 1.5)}
    assert len({mine, *others, episode_id("pumpe/größe", "value", 1.6)}) == 4


def test_the_threshold_is_the_budgets_p_value_and_has_a_ceiling() -> None:
    """A rare sensor may not call every fiftieth row an anomaly, whatever its budget allows."""
    assert threshold(np.array([1e-5, 0.5]), ceiling_p=0.01) == pytest.approx([5.0, 2.0])


def test_severity_follows_the_score() -> None:
    """1.0 is the budget's boundary at commissioning; no score is no alarm."""
    score = np.array([0.2, 1.0, 1.9, 2.0, np.nan], np.float32)
    assert severity_codes(score, EpisodeRules()).tolist() == [0, 1, 1, 2, 0]


def test_the_shares_of_the_budget_add_up() -> None:
    """All tracks together keep the sensor's budget."""
    assert sum(rule.budget_share for rule in TRACKS.values()) == pytest.approx(1.0)
