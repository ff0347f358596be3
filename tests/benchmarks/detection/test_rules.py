"""Rules of fusion say of kept surprises what the core would have said."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams import registry
from tests.benchmarks.detection.fused import DEFAULT, Surprises, columns_of, fuse, scored_by
from tests.benchmarks.detection.rules import (
    PROCESS,
    PROCESS_STREAMS,
    WITHOUT_MODEL,
    Rule,
    Together,
    capped_mean,
    fusing_by,
    half_of_largest,
    largest,
    mean_of_two_largest,
    power_mean,
    rules,
    severities,
)

ROW = np.array([[1.0, np.nan, 5.0, 3.0], [np.nan] * 4], np.float32)


def surprises(seed: int, rows: int) -> Surprises:
    """Return what streams could have said, with gaps in it and a time that repeats."""
    random = np.random.default_rng(seed)
    said = random.exponential(1.0, (rows, len(registry.STREAM_NAMES))).astype(np.float32)
    said[random.random(said.shape) < 0.2] = np.nan
    times = np.cumsum(random.exponential(60.0, rows))
    times[5] = times[4]
    return Surprises(f"s{seed}", times, said, 60.0)


def test_the_mean_of_all_is_what_the_core_makes_of_them() -> None:
    """Of sensors of different lengths, too."""
    sensors = [surprises(0, 30), surprises(1, 80), surprises(2, 50)]
    core = fuse(sensors, columns_of(registry.STREAM_NAMES))
    ours = severities(sensors, rules() | {"all": Rule(PROCESS_STREAMS)})["all"]
    for expected, found in zip(core, ours, strict=True):
        np.testing.assert_array_equal(found, expected.severity[:, PROCESS])


def test_a_rule_is_not_moved_by_those_beside_it() -> None:
    """Alone it says the same."""
    sensors = [surprises(0, 40)]
    alone = severities(sensors, {"it": rules()[WITHOUT_MODEL]})["it"][0]
    np.testing.assert_array_equal(severities(sensors, rules())[WITHOUT_MODEL][0], alone)


@pytest.mark.parametrize(
    ("together", "said"),
    [
        (power_mean(2.0), np.sqrt(35 / 3)),
        (largest, 5.0),
        (mean_of_two_largest, 4.0),
        (capped_mean, 8 / 3),
        (half_of_largest, 3.0),
    ],
)
def test_a_rule_hears_only_streams_with_an_opinion(together: Together, said: float) -> None:
    """A row of which nobody has one has none."""
    found = together(ROW)
    assert found[0] == pytest.approx(said)
    assert np.isnan(found[1])


def test_one_loud_stream_is_heard_over_many_calm_ones() -> None:
    """By the half of the largest, less what it costs to have looked so often."""
    loud = np.array([[12.0, *[0.0] * 9]], np.float32)
    assert half_of_largest(loud)[0] == pytest.approx(0.5 * (12.0 - 1.0))


def test_a_peak_that_is_held_is_half_as_high_four_rows_later() -> None:
    """And where none is, it is gone at once."""
    said = np.zeros((6, len(registry.STREAM_NAMES)), np.float32)
    said[1] = 8.0
    sensor = Surprises("s", 60.0 * np.arange(6), said, 60.0)
    found = severities([sensor], {"bare": Rule(PROCESS_STREAMS), "held": Rule(PROCESS_STREAMS, held=True)})
    assert found["bare"][0] == pytest.approx([0, 8, 0, 0, 0, 0])
    assert 4.0 < found["held"][0][5] < 5.0


def test_movement_is_heard_as_often_as_it_has_votes() -> None:
    """And no other stream is."""
    names = [*registry.MOVEMENT, "level"]
    surprise = np.full((1, len(registry.STREAM_NAMES)), np.nan, np.float32)
    surprise[0, columns_of(registry.MOVEMENT)] = 3.0
    surprise[0, columns_of(["level"])] = 0.0
    sensor = Surprises("s", np.zeros(1), surprise, 60.0)
    found = severities([sensor], {str(votes): Rule(names, votes=votes) for votes in (1, 2)})
    assert found["1"][0] == pytest.approx(3.0 * (3 / 4) ** (2 / 3), rel=1e-5)
    assert found["2"][0] == pytest.approx(3.0 * (6 / 7) ** (2 / 3), rel=1e-5)


def test_a_fusion_by_a_rule_is_the_default_but_for_the_process() -> None:
    """By the default's own rule it is the default."""
    sensors = [surprises(3, 20)]
    default = scored_by(DEFAULT)(sensors)[0]
    np.testing.assert_array_equal(fusing_by(Rule(DEFAULT))(sensors)[0], default)
    held = fusing_by(rules()["peaks held, and half of a long mean"])(sensors)[0]
    np.testing.assert_array_equal(np.delete(held, PROCESS, 1), np.delete(default, PROCESS, 1))
    assert np.nanmin(held[1:, PROCESS] - default[1:, PROCESS]) > 0
