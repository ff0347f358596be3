"""The lines of the table: bars that are met and missed, and what was not measured."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.detection.judge import Alarms
from tests.benchmarks.live import lines
from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.daemons import ALONE, LEARNING
from tests.benchmarks.live.first_minutes import FirstMinutes
from tests.benchmarks.live.lines import Course, Found


def found(**recall: float) -> Found:
    """Return what was found, as much by score as by what opens alerts."""
    by_fault = {"spike": 0.9} | recall
    return Found({"alarm": by_fault, "score": by_fault}, Alarms(18, 9, 0.2, 3, 0.5))


COURSE = Course(
    sensors=2,
    steps=300,
    past_seconds=4.0,
    windows_seconds=60.0,
    whole_seconds=300.0,
    first=FirstMinutes(
        {"a": "silence", "b": "stuck"},
        {"a": "poisson", "b": "regular"},
        {"a": 190.0, "b": 210.0},
        0,
        {"a": 66.0, "b": 64.0},
        votes=False,
    ),
    rates=Rates([20_000.0, 25_000.0], [24_000.0, 21_000.0], "a generator"),
    served_seconds=90.0,
    told_of_training="promoted",
    found={ALONE: found(silence=0.3, mean=0.6), LEARNING: found(silence=0.9, mean=0.9)},
)


def test_every_bar_is_held_against_its_figure() -> None:
    """The mean of the prior is below its bar; the rest is met, and the time of a training has no bar."""
    made = lines.of(COURSE)
    assert [line.met for line in made] == [True, True, False, None, True, True]
    assert [line.ours for line in made] == [
        "2 of 2, the last after 210 s",
        "66 s",
        "0.60",
        "1.5 minutes",
        "0.90",
        "24,000 readings/s",
    ]
    assert made[-1].ratio == 0.96
    assert any("without silence 0.90" in note for note in made[2].notes)


def test_a_sensor_that_was_not_told_of_misses_the_bar_and_is_named() -> None:
    """However soon the others were."""
    first = replace(COURSE.first, told={"a": 190.0, "b": None})
    line = lines.of(replace(COURSE, first=first))[0]
    assert (line.met, line.ours) == (False, "1 of 2, the last after 190 s")
    assert "told by fault: silence 1 of 1, stuck 0 of 1." in line.notes
    assert "not told within 300 s: b (stuck, regular)." in line.notes


def test_what_did_not_come_to_pass_is_not_measured() -> None:
    """A model that was not promoted, and a training that was over too soon, say so."""
    course = replace(COURSE, served_seconds=None, told_of_training="not promoted: worse", rates=Rates())
    made = {line.what: line for line in lines.of(course)}
    for what in (lines.IN_SERVICE, lines.WHATS[LEARNING], lines.INGEST):
        assert (made[what].met, made[what].ours) == (None, "not measured")
    assert made[lines.IN_SERVICE].notes == ("the daemon says of its training: not promoted: worse",)
    assert made[lines.INGEST].notes == ("the training was over before a pair of bursts was.",)
    assert len(lines.nothing("there is no broker")) == len(made)


def test_a_burst_that_did_not_arrive_says_why() -> None:
    """The other figures stand."""
    made = lines.of(replace(COURSE, rates=Rates(trouble="a burst did not arrive: waited 60 s in vain.")))
    assert made[-1].notes == ("a burst did not arrive: waited 60 s in vain.",)
    assert [line.met for line in made] == [True, True, False, None, True, None]
