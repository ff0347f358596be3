"""Learning on the past of recordings and playing the rest."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.backtest import Backtest, play_group, run_backtest, write_backtest
from offbeat.core.model_choice import ModelChoice
from offbeat.core.rulebook import Rule
from offbeat.errors import ConfigError
from offbeat.learn.progress import Progress
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from tests.support.learnt import TINY, Learnt, boilers_recorded, pairs_recorded
from tests.support.plant import BOILERS

ROWS = 700
TRAINED_ROWS = 450
FAULT = slice(560, 600)


def with_fault(series: Series, rows: slice = FAULT) -> Series:
    """Return a recording whose values are far off in some rows."""
    values = series.values.copy()
    values[rows] += 30
    return dataclasses.replace(series, values=values)


def moved(series: Series, seconds: float) -> Series:
    """Return a recording that was made at another time."""
    return dataclasses.replace(series, times_seconds=series.times_seconds + seconds)


def test_from(series: Series) -> float:
    """Return the time at which the test of a recording begins."""
    return float(series.times_seconds[TRAINED_ROWS])


test_from.__test__ = False  # type: ignore[attr-defined]


@dataclasses.dataclass
class Done:
    """A backtest with what went into it."""

    series: list[Series]
    splits: Splits
    result: Backtest
    told: list[Progress]


@pytest.fixture(scope="module")
def done() -> Done:
    """Two boilers of which one has a fault, recorded a month apart, a pair, and two that cannot be tested."""
    first, second = boilers_recorded(ROWS)
    series = [
        with_fault(first),
        moved(second, 30 * 86_400.5),
        pairs_recorded(ROWS)[0],
        dataclasses.replace(first, sensor="only-past"),
        dataclasses.replace(first, sensor="only-future"),
    ]
    splits = {one.sensor: test_from(one) for one in series[:3]}
    splits |= {"only-past": float("inf"), "only-future": float(first.times_seconds[1])}
    told: list[Progress] = []
    result = run_backtest(series, Splits(by_sensor=splits), TINY, told.append)
    return Done(series, Splits(by_sensor=splits), result, told)


def test_sensors_without_past_or_future_are_left_out_with_a_note(done: Done) -> None:
    """The others are tested all the same."""
    assert done.result.notes == [
        f"only-past is left out: {ROWS} rows lie before its test time and 0 after; a backtest needs both",
        f"only-future is left out: 1 rows lie before its test time and {ROWS - 1} after; a backtest needs both",
    ]
    assert [one.series.sensor for one in done.result.judged] == [*BOILERS[:2], "pair0"]


def test_every_row_from_the_test_time_on_is_judged_once(done: Done) -> None:
    """In recorded order and time; the rows that warmed the windows up are not among them."""
    for one, judged in zip(done.series, done.result.judged, strict=False):
        expected = one.times_seconds[TRAINED_ROWS:]
        assert judged.series.times_seconds.tolist() == expected.tolist()
        assert len(judged.score) == len(judged.p_value) == len(judged.surprise) == len(expected)
        assert np.isfinite(judged.score).all()
        value = judged.names.index("value")
        assert np.isfinite(judged.surprise[0, value]), "windows were not warm"


def test_the_fault_is_found_and_told_in_recorded_time(done: Done) -> None:
    """The second recording was moved on the virtual clock; no time of an event lies outside its recording."""
    ends = {one.sensor: (one.times_seconds[0], one.times_seconds[-1]) for one in done.series}
    for event in done.result.events:
        begin, end = ends[event.sensor]
        assert begin <= event.started_at <= event.updated_at
        if event.event == "open":
            assert event.updated_at <= end
    fault = done.series[0].times_seconds[FAULT]
    opened = [
        e for e in done.result.events if (e.event, e.family, e.sensor) == ("open", "process", BOILERS[0])
    ]
    assert any(fault[0] <= event.updated_at <= fault[-1] for event in opened)
    scores = done.result.judged[0].score
    loudest = int(np.argmax(scores)) + TRAINED_ROWS
    assert FAULT.start <= loudest < FAULT.stop


def test_the_second_recording_tells_its_own_times() -> None:
    """A fault in a recording that was moved to a common start."""
    first, second = boilers_recorded(ROWS)
    late = moved(with_fault(second), 30 * 86_400.5)
    splits = Splits(by_sensor={first.sensor: test_from(first), late.sensor: test_from(late)})
    result = run_backtest([first, late], splits, TINY)
    fault = late.times_seconds[FAULT]
    opened = [e for e in result.events if (e.event, e.family, e.sensor) == ("open", "process", BOILERS[1])]
    assert any(fault[0] <= event.updated_at <= fault[-1] for event in opened)


def test_what_was_over_before_the_test_time_is_no_finding() -> None:
    """The windows are warmed up with rows that were learnt from; an alert among them is not the test's."""
    first = boilers_recorded(ROWS)[0]
    core = dataclasses.replace(TINY.core, window_readings=400, budget_per_week=20_000.0)
    plan = dataclasses.replace(TINY, core=core)
    result = run_backtest([first], Splits(default_seconds=test_from(first)), plan)
    played = dataclasses.replace(first, channels=("value",)).since(test_from(first), lead_rows=400)
    _, events = play_group(result.trained[0], [played], plan)
    over = {event.id for event in events if event.event == "close" and event.ended_at < test_from(first)}
    assert over, "nothing was told of those rows: this test is about nothing"
    told = {event.id for event in result.events}
    assert told == {event.id for event in events} - over


def test_the_end_of_a_recording_is_no_silence(done: Done) -> None:
    """Nothing can be said of what was not recorded."""
    assert not [event for event in done.result.events if event.kind == "silent"]


def test_bands_of_the_model_are_kept_beside_the_rows(done: Done) -> None:
    """In the sensor's own units: most ordinary readings lie inside."""
    judged = done.result.judged[1]
    assert judged.low is not None
    assert judged.high is not None
    assert (judged.low <= judged.high).all()
    inside = (judged.low <= judged.series.values) & (judged.series.values <= judged.high)
    assert inside.mean() > 0.9


def test_the_past_alone_is_learnt_from(done: Done) -> None:
    """A fault after the test time leaves no trace in what was learnt."""
    first = with_fault(boilers_recorded(ROWS)[0], slice(TRAINED_ROWS, ROWS))
    again = run_backtest([first, done.series[1]], done.splits, TINY)
    before, after = (result.trained[0].commission.to_tensors() for result in (done.result, again))
    for name in before:
        assert np.array_equal(before[name], after[name], equal_nan=True), name


def test_progress_tells_of_both_halves(done: Done) -> None:
    """Training, then the play."""
    stages = list(dict.fromkeys(told.stage for told in done.told))
    assert stages[1] == "training the model"
    assert stages[-1] == "playing the rest"


@pytest.mark.parametrize("time", [0.0, 4e9], ids=["no past", "no future"])
def test_nothing_to_test_is_refused(time: float) -> None:
    """With the option to look at, and why."""
    with pytest.raises(ConfigError, match=r"look at --test-from\. boiler0\.temp is left out: "):
        run_backtest(boilers_recorded(50), Splits(default_seconds=time), TINY)


def test_a_group_is_played_with_what_was_learnt_before(learnt: Learnt) -> None:
    """Twice the same recording gives twice the same scores."""
    (series, *_) = [dataclasses.replace(one, channels=("value",)) for one in boilers_recorded(200)]
    (one,), events = play_group(learnt.groups[0], [series], TINY)
    (other,), again = play_group(learnt.groups[0], [series], TINY)
    assert np.array_equal(one.score, other.score, equal_nan=True)
    assert np.array_equal(one.surprise, other.surprise, equal_nan=True)
    assert events == again


def test_rules_have_a_column_and_episodes_of_their_own(learnt: Learnt, tmp_path: Path) -> None:
    """In a backtest as in service; groups without one share the table."""
    rule = Rule(sensor=BOILERS[0], high=500.0)
    plan = dataclasses.replace(TINY, core=dataclasses.replace(TINY.core, rules=(rule,)))
    first, second = (dataclasses.replace(one, channels=("value",)) for one in boilers_recorded(200))
    first.values[100:110] = 1000.0
    boilers, events = play_group(learnt.groups[0], [first, second], plan)
    pairs, _ = play_group(learnt.groups[1], pairs_recorded(200), plan)
    write_backtest(tmp_path, Backtest(judged=[*boilers, *pairs], events=events), "rules")
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    by_sensor = {
        sensor: [row["rule"] for row in rows if row["sensor"] == sensor] for sensor in (*BOILERS[:2], "pair0")
    }
    assert [i for i, cell in enumerate(by_sensor[BOILERS[0]]) if cell == "20"] == list(range(100, 110))
    assert set(by_sensor[BOILERS[1]]) == set(by_sensor["pair0"]) == {""}
    assert any(row["level"] for row in rows if row["sensor"] == "pair0")
    assert [event.event for event in events if event.kind == "rule"][::-1][:1] == ["close"]


def test_a_second_choice_for_the_same_channels_is_said_to_be_passed_over() -> None:
    """A recording has one score a row: that of the first source."""
    first, _ = boilers_recorded(ROWS)
    splits = Splits(by_sensor={first.sensor: test_from(first)})
    choices = {("value",): (ModelChoice("robust_z"), ModelChoice("pca", 3600.0))}
    result = run_backtest([first], splits, dataclasses.replace(TINY, choices=choices))
    (note,) = result.notes
    assert "judged by robust_z" in note
    assert "another asks for pca with a horizon of 1 h" in note
    assert result.trained[0].result.model.family == "robust_z"


def test_what_was_found_is_written(done: Done, tmp_path: Path) -> None:
    """A line a row, a line an event, and a page with every sensor and label."""
    folder = tmp_path / "deep" / "out"
    labels = {BOILERS[0]: [(float(done.series[0].times_seconds[FAULT.start]), 4e9)]}
    write_backtest(folder, done.result, "a <plant>", labels)  # type: ignore[arg-type]
    rows = list(csv.DictReader((folder / "scores.csv").read_text().splitlines()))
    assert len(rows) == 3 * (ROWS - TRAINED_ROWS)
    assert list(rows[0])[:4] == ["sensor", "time", "score", "p_value"]
    events = [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]
    assert [event["id"] for event in events] == [event.id for event in done.result.events]
    page = (folder / "report.html").read_text()
    assert "a &lt;plant&gt;" in page
    assert all(one.series.sensor in page for one in done.result.judged)
    assert "2 sensors with value, 20 steps of training" in page
