"""Judgements beside the rows as they were recorded, and scores.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.decisions import ScoredRows
from offbeat.core.sensors import SensorDirectory
from offbeat.replay.judged import JudgedSeries, Judgements, answer_places
from offbeat.replay.scores_csv import write_scores
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player


def _scored(sensor: list[int], time: list[float], score: list[float]) -> ScoredRows:
    n = len(sensor)
    return ScoredRows(
        group=0,
        sensor=np.array(sensor, np.int32),
        time_seconds=np.array(time),
        score=np.array(score, np.float32),
        p_value=np.array(score) / 100,
        track_score=np.zeros((n, 3), np.float32),
        surprise=np.column_stack([score, np.full(n, np.nan)]).astype(np.float32),
        names=("level", "value"),
    )


def _series(sensor: str, times: list[float]) -> Series:
    return Series(sensor, ("value",), np.array(times), np.zeros((len(times), 1), np.float32))


def test_every_recorded_row_gets_what_was_known_when_it_arrived() -> None:
    """A late row and a repeated one show what their sensor's newest row was given; a first one nothing."""
    player = Player([_series("s", [1.0, 2.0, 2.0, 4.0, 3.0, 5.0])], SensorDirectory([("value",)], 9))
    judgements = Judgements()
    judgements.add(_scored([0, 0], [2.0, 4.0], [0.2, 0.4]))
    judgements.add(None)
    judgements.add(_scored([0], [5.0], [0.5]))
    judged = judgements.of(player.tracks)[0]
    np.testing.assert_allclose(judged.score, [np.nan, 0.2, 0.2, 0.4, 0.4, 0.5])
    np.testing.assert_allclose(judged.p_value, np.array([np.nan, 0.2, 0.2, 0.4, 0.4, 0.5]) / 100)


def test_channels_that_came_one_after_the_other_get_their_own_answers() -> None:
    """The first row of an instant does not know what the second one was given."""
    assert answer_places(np.array([1.0, 1.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])).tolist() == [0, 1, 1, 2]


@given(
    times=st.lists(st.integers(0, 12).map(float), max_size=30),
    answered=st.sets(st.integers(0, 12).map(float)),
)
def test_no_row_is_given_an_answer_about_later_rows(times: list[float], answered: set[float]) -> None:
    """Scores are causal whatever was judged and in whatever order rows came."""
    known = np.array(sorted(answered))
    places = answer_places(np.array(times), known)
    for i, place in enumerate(places.tolist()):
        newest = max(times[: i + 1])
        earlier = [j for j, time in enumerate(known.tolist()) if time <= newest]
        assert place == (earlier[-1] if earlier else -1)


def test_sensors_and_bands_do_not_mix() -> None:
    """Answers of several sensors in one batch go each to their own recording."""
    directory = SensorDirectory([("value",)], 9)
    player = Player([_series("a", [1.0, 2.0]), _series("b", [1.0, 2.0])], directory)
    judgements = Judgements()
    judgements.add(_scored([0, 0, 1], [1.0, 2.0, 2.0], [0.1, 0.2, 0.9]))
    low = np.array([[1.0], [2.0]], np.float32)
    judgements.add_bands(0, np.array([1, 1], np.int32), np.array([1.0, 2.0]), low, low + 1)
    a, b = judgements.of(player.tracks)
    np.testing.assert_allclose(a.score, np.array([0.1, 0.2]))
    np.testing.assert_allclose(b.score, [np.nan, 0.9])
    assert a.low is not None
    assert np.isnan(a.low).all()
    assert b.high is not None
    assert b.high.tolist() == [[2.0], [3.0]]
    assert b.since(2.0).score.tolist() == b.score[1:].tolist()


def test_nothing_judged_is_a_table_of_empty_cells(tmp_path: Path) -> None:
    """A model that never had a say still leaves a row for each reading."""
    player = Player([_series("s", [1.0])], SensorDirectory([("value",)], 9))
    write_scores(tmp_path / "scores.csv", Judgements().of(player.tracks))
    assert (tmp_path / "scores.csv").read_text() == "sensor,time,score,p_value\ns,1,,\n"


def test_scores_are_written_as_any_csv_reader_takes_them(tmp_path: Path) -> None:
    """Odd sensor names, times to the last bit, empty cells where a detector had no opinion."""
    times = [1_700_000_000.123, 1_700_000_001.0, 1_700_000_002.5]
    judged = JudgedSeries(
        _series('pump "1",nan', times),
        ("level", "value"),
        np.array([np.nan, 0.5, 12.0], np.float32),
        np.array([np.nan, 0.25, 1e-12]),
        np.array([[np.nan, np.nan], [0.5, np.nan], [3.0, 2.0]], np.float32),
    )
    assert write_scores(tmp_path / "scores.csv", [judged]) == 3
    with (tmp_path / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sensor"] for row in rows] == ['pump "1",nan'] * 3
    assert [float(row["time"]) for row in rows] == times
    assert [row["score"] for row in rows] == ["", "0.5", "12"]
    assert [row["p_value"] for row in rows] == ["", "0.25", "1e-12"]
    assert [(row["level"], row["value"]) for row in rows] == [("", ""), ("0.5", ""), ("3", "2")]
