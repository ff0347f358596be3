"""Variants of a set keep to their seed, and play through the production path beside simple detectors."""

from __future__ import annotations

import numpy as np

from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from tests.benchmarks.detection import variants
from tests.benchmarks.detection.grids import FILLS
from tests.benchmarks.detection.played_variants import OURS, measured, on_grid
from tests.benchmarks.detection.recorded import RecordedSet
from tests.benchmarks.detection.rules import WITHOUT_MODEL
from tests.benchmarks.detection.variants import LEVELS, MOST_ROWS, ROWS_TO_RECOVER, thin

TEST_FROM = 60.0 * 300
EVENT = (60.0 * 400, 60.0 * 430)


def recorded(sensors: int = 2, rows: int = 500, labelled: int | None = None) -> RecordedSet:
    """Return noise in which an event is as plain as day; only the first so many sensors have one."""
    times = 60.0 * np.arange(rows, dtype=np.float64)
    series, labels = [], {}
    for number in range(sensors):
        values = np.random.default_rng(number).normal(size=(rows, 1)).astype(np.float32)
        if labelled is None or number < labelled:
            values[(times >= EVENT[0]) & (times <= EVENT[1])] += 8.0
            labels[f"s{number}"] = [EVENT]
        series.append(Series(f"s{number}", ("value",), times, values))
    return RecordedSet("made up", tuple(series), labels, Splits(TEST_FROM))


def nearer_to_perfect_than_to_chance(precision: float, judged: RecordedSet) -> bool:
    """Tell whether average precision is nearer to 1 than to the share of labelled rows, which is that of any order."""
    times = judged.series[0].times_seconds
    tested = times[times >= TEST_FROM]
    chance = float(np.mean((tested >= EVENT[0]) & (tested <= EVENT[1])))
    return precision - chance > 1.0 - precision


def test_only_series_with_an_event_are_drawn() -> None:
    """A series without one says nothing of precision; in a set without labels all count."""
    assert [one.sensor for one in variants.drawn(recorded(3, labelled=2), 0).series] == ["s0", "s1"]
    assert len(variants.drawn(recorded(3, labelled=0), 0).series) == 3


def test_of_a_large_set_some_series_are_drawn() -> None:
    """As many as are enough, in their order, the same for the same seed."""
    large = recorded(12, 300 + MOST_ROWS // 4)
    first, again, other = ([one.sensor for one in variants.drawn(large, seed).series] for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 4
    assert first == sorted(first, key=lambda name: int(name[1:]))


def test_all_variants_are_judged_by_what_was_learnt_once() -> None:
    """An event as plain as day is found in each, and on grids made of the thinned ones."""
    whole = recorded()
    pace = [Series("p", ("value",), np.cumsum(np.tile([1.0, 1.0, 4.0], 50)), np.zeros((150, 1), np.float32))]
    found = {
        variants.WHOLE: variants.as_it_is(whole),
        variants.INJECTED: variants.with_faults(whole, 0),
        **{thin(level): variants.thinned(whole, level, pace, 0) for level in (50, 30)},
    }
    result = measured(whole, found, seed=0, steps=5)
    assert set(result["AP"]) == {*found, *(on_grid(fill, level) for fill in FILLS for level in (30,))}
    assert result["AP"][variants.WHOLE]["robust z"] > 0.9
    assert nearer_to_perfect_than_to_chance(result["AP"][variants.WHOLE][WITHOUT_MODEL], whole)
    for name in (variants.WHOLE, thin(30), on_grid("hold", 30), on_grid("linear", 30)):
        assert set(result["AP"][name][OURS]) == {"s0", "s1"}
    assert result["rows"][thin(30)] < result["rows"][thin(50)] < result["rows"][on_grid("hold", 30)]


def test_own_events_are_not_judged_where_faults_were_put_in() -> None:
    """They are neither what is to be found nor ordinary, and so are some rows after them."""
    variant = variants.with_faults(recorded(), 0)
    recovered = (EVENT[0], EVENT[1] + 60.0 * ROWS_TO_RECOVER)
    assert variant.ignored == {"s0": [recovered], "s1": [recovered]}
    assert all(
        end < EVENT[0] or start > recovered[1] for spans in variant.labels.values() for start, end in spans
    )


def test_spoiling_leaves_the_test_part_alone() -> None:
    """A twentieth of the rows before it is shifted."""
    whole, worse = recorded(), variants.spoilt(recorded(), 0)
    for before, after in zip(whole.series, worse.series, strict=True):
        changed = (before.values != after.values).any(axis=1)
        assert changed.sum() == 15
        assert not changed[300:].any()


def test_levels_are_those_of_the_curve() -> None:
    """The names are what the tables ask for."""
    assert [thin(level) for level in LEVELS] == ["thin 70", "thin 50", "thin 30", "thin 15"]
