"""The lines of the table: bars that are met and missed, and what was not measured."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.detection.judge import Alarms
from tests.benchmarks.live import lines
from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.course import Course, Found
from tests.benchmarks.live.daemons import ALONE, LEARNING
from tests.benchmarks.live.first_minutes import FirstMinutes
from tests.benchmarks.live.memory import Memory
from tests.benchmarks.live.recall_lines import WHATS
from tests.benchmarks.live.silences import Silences
from tests.benchmarks.live.training_lines import IN_SERVICE, INGEST, MEMORY


def found(**recall: float) -> Found:
    """Return what was found, as much by score as by what opens alerts."""
    by_fault = {"spike": 0.9} | recall
    of_readings = by_fault | {"silence": 0.1, "mean": 0.5}
    return Found({"alarm": by_fault, "score": by_fault}, of_readings, Alarms(18, 9, 0.2, 3, 0.5))


COURSE = Course(
    sensors=2,
    steps=300,
    lead_rows=900,
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
        needed={"a": 40.0},
        p_values={"b": 3.1e-6},
    ),
    rates=Rates([20_000.0, 25_000.0, 10_000.0], [24_000.0, 21_000.0, 9_200.0], "a generator"),
    memory=Memory(before=200.0, daemon=260.0, training=300.0, together=520.0),
    served_seconds=90.0,
    told_of_training="promoted",
    found={ALONE: found(silence=0.3, mean=0.6), LEARNING: found(silence=0.9, mean=0.9)},
    silences=Silences(
        rhythms={"a": "poisson", "b": "regular"},
        heard_seconds=400.0,
        told={ALONE: {"b": 15.0}, LEARNING: {"a": 90.0, "b": 16.0}},
        early={ALONE: 0, LEARNING: 1},
        needed={"a": 130.0, "b": 15.0},
    ),
)


def test_every_bar_is_held_against_its_figure() -> None:
    """The mean of the prior is below its bar; the rest is met, and the time of a training has no bar."""
    made = lines.of(COURSE)
    assert [line.met for line in made] == [True, True, False, None, True, True, True]
    assert [line.ours for line in made] == [
        "2 of 2, the last after 210 s",
        "66 s",
        "0.60",
        "1.5 minutes",
        "0.90",
        "21,000 readings/s",
        "320 MiB",
    ]
    assert made[-2].ratio == 0.92
    assert any("without silence 0.90" in note for note in made[2].notes)


def test_a_sensor_that_was_not_told_of_misses_the_bar_and_is_named() -> None:
    """However soon the others were."""
    first = replace(COURSE.first, told={"a": 190.0, "b": None})
    line = lines.of(replace(COURSE, first=first))[0]
    assert (line.met, line.ours) == (False, "1 of 2, the last after 190 s")
    assert (
        "told by fault: silence 1 of 1, stuck 0 of 1; by rhythm: poisson 1 of 1, regular 0 of 1."
        in line.notes
    )
    assert "not told within 300 s: b (stuck, regular, p-value 3.1e-06 at the end)." in line.notes


def test_a_silence_that_was_not_told_says_how_long_it_would_have_to_be() -> None:
    """By what was heard of the sensor, in the first minutes and at the end."""
    first = replace(COURSE.first, told={"a": None, "b": 210.0})
    made = lines.of(replace(COURSE, first=first))
    assert "not told within 300 s: a (silence, poisson, needs 40 s)." in made[0].notes
    told = [next(note for note in made[i].notes if note.startswith("silence by the clock")) for i in (2, 4)]
    assert "told of 1 within 120 s, the median after 15 s; 0 alerts" in told[0]
    assert told[0].endswith("Not told: a (poisson, needs 130 s).")
    assert told[1].endswith("1 alerts of silence came before. Not told: none.")


def test_silences_faster_than_time_are_told_apart() -> None:
    """What the figure would be with them stands beside it."""
    note = next(note for note in lines.of(COURSE)[2].notes if note.startswith("without silence"))
    assert note.endswith("of these 0.10 were found, and the mean with them is 0.50.")


def test_more_memory_than_is_allowed_misses_the_bar() -> None:
    """The training and the daemon together."""
    line = lines.of(replace(COURSE, memory=replace(COURSE.memory, together=601.0)))[-1]
    assert (line.what, line.ours, line.met) == (MEMORY, "401 MiB", False)


def test_what_did_not_come_to_pass_is_not_measured() -> None:
    """A model that was not promoted, and a training that was over too soon, say so."""
    course = replace(COURSE, served_seconds=None, told_of_training="not promoted: worse", rates=Rates())
    made = {line.what: line for line in lines.of(course)}
    for what in (IN_SERVICE, WHATS[LEARNING], INGEST):
        assert (made[what].met, made[what].ours) == (None, "not measured")
    assert made[IN_SERVICE].notes == ("the daemon says of its training: not promoted: worse",)
    assert made[INGEST].notes == ("the training was over before a pair of bursts was.",)
    assert len(lines.nothing("there is no broker")) == len(made)


def test_a_burst_that_did_not_arrive_says_why() -> None:
    """The other figures stand."""
    made = lines.of(replace(COURSE, rates=Rates(trouble="a burst did not arrive: waited 60 s in vain.")))
    assert made[-2].notes == ("a burst did not arrive: waited 60 s in vain.",)
    assert [line.met for line in made] == [True, True, False, None, True, None, True]
