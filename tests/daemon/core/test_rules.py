"""Rules in engineering units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.rulebook import Rule
from offbeat.core.rules import BEYOND, SURPRISE, Rules, Standing

NAN = float("nan")
SLOT = np.array([0])


def rules(*which: Rule, channels: tuple[str, ...] = ("temp", "flow")) -> Rules:
    """Return rules over two sensors, a.pump and b.fan."""
    made = Rules(which, channels, 4)
    made.meet(np.arange(2), ["a.pump", "b.fan"])
    return made


def judged(made: Rules, time: float, *values: float, slot: int = 0, seen: float | None = None) -> Standing:
    """Return how a sensor stands after a row; NaN = not observed."""
    row = np.array([values], np.float32)
    there = np.isfinite(row)
    log_time = np.array([time if seen is None else seen])
    return made.judge(np.array([slot]), np.array([time]), log_time, np.where(there, row, 0), there)


def breaks(made: Rules, time: float, *values: float, slot: int = 0) -> bool:
    """Return whether a sensor breaks a rule with a row."""
    standing = judged(made, time, *values, slot=slot)
    assert standing.surprise[0] in (0, BEYOND, SURPRISE)
    broken = bool(standing.surprise[0] == SURPRISE)
    assert np.isfinite(standing.score[0]) == np.isfinite(standing.start[0]) == broken
    return broken


def told(made: Rules, slot: int = 0) -> tuple[int, str, float, str] | None:
    """Return channel, bound, value and name of what a sensor broke last."""
    limit = made.breach(slot)
    return None if limit is None else (limit.channel, limit.bound, limit.value, limit.rule.name)


def test_a_value_on_the_limit_is_allowed_and_one_beyond_is_not() -> None:
    """On both sides."""
    made = rules(Rule(low=10.0, high=90.0, channel="temp"))
    assert not breaks(made, 0.0, 90.0, NAN)
    assert breaks(made, 1.0, 90.5, NAN)
    assert told(made) == (0, "above", 90.0, "")
    assert not breaks(made, 2.0, 10.0, NAN)
    assert breaks(made, 3.0, 9.5, NAN)
    assert told(made) == (0, "below", 10.0, "")


@given(st.floats(-1e30, 1e30, width=64))
def test_a_reading_that_says_the_limit_itself_keeps_it(limit: float) -> None:
    """Though readings hold fewer digits than the configuration."""
    made = rules(Rule(low=limit, high=limit))
    assert not breaks(made, 0.0, limit, limit)


def test_a_rule_says_nothing_about_what_it_is_not_for() -> None:
    """Neither other sensors nor other channels."""
    made = rules(Rule(sensor="a.*", channel="flow", high=1.0))
    assert not breaks(made, 0.0, 5.0, NAN)
    assert not breaks(made, 0.0, NAN, 5.0, slot=1)
    assert not judged(made, 1.0, NAN, 5.0, slot=1).applies[0]
    assert breaks(made, 1.0, 5.0, 5.0)
    assert told(made) == (1, "above", 1.0, "")
    assert told(made, slot=1) is None


def test_a_channel_stays_beyond_its_limit_until_it_says_otherwise() -> None:
    """What the sensor's other channels report meanwhile does not matter, and their limits are their own."""
    made = rules(Rule(high=90.0))
    assert breaks(made, 0.0, 95.0, NAN)
    assert [breaks(made, t, NAN, 5.0) for t in (1.0, 2.0, 3.0)] == [True] * 3
    assert not breaks(made, 4.0, 80.0, NAN)


def test_with_hysteresis_a_value_must_come_further_back() -> None:
    """On both sides; a value that was never beyond the limit may be near it."""
    made = rules(Rule(low=10.0, high=90.0, hysteresis=2.0, channel="temp"))
    assert not breaks(made, 0.0, 89.0, NAN)
    assert [breaks(made, 1.0 + i, v, NAN) for i, v in enumerate((91.0, 89.0, 88.5, 88.0))] == [
        True,
        True,
        True,
        False,
    ]
    assert [breaks(made, 6.0 + i, v, NAN) for i, v in enumerate((9.0, 11.0, 12.0))] == [True, True, False]


def test_a_change_is_judged_by_its_speed_over_the_time_that_passed() -> None:
    """Channels that were not observed in between do not matter."""
    made = rules(Rule(channel="temp", rise_per_second=2.0, fall_per_second=1.0, name="gently"))
    assert not breaks(made, 0.0, 10.0, NAN)
    assert not breaks(made, 5.0, NAN, 1.0)
    assert not breaks(made, 10.0, 29.0, NAN)
    assert breaks(made, 11.0, 32.0, NAN)
    assert told(made) == (0, "rising", 2.0, "gently")
    assert breaks(made, 12.0, 30.5, NAN)
    assert told(made) == (0, "falling", 1.0, "gently")
    assert not breaks(made, 13.0, 29.5, NAN)


def test_messages_that_come_at_once_are_not_infinitely_fast() -> None:
    """A change is looked at over a second at least; one that is too much even for a second is told at once."""
    made = rules(Rule(channel="temp", rise_per_second=2.0))
    assert not breaks(made, 0.0, 10.0, NAN)
    assert not breaks(made, 0.001, 11.9, NAN)
    assert breaks(made, 0.3, 12.5, NAN)


def test_a_fast_sensor_that_rises_too_fast_does_so_in_every_row() -> None:
    """Also in those that come less than a second after the last look."""
    made = rules(Rule(channel="temp", rise_per_second=2.0, for_seconds=3.0))
    times = np.arange(0.0, 8.0, 0.1)
    told_at = [t for t in times if breaks(made, float(t), 10.0 + 3.0 * t, NAN)]
    assert told_at[0] == pytest.approx(3.7, abs=0.15)
    assert len(told_at) == np.sum(times >= told_at[0])


def test_a_rule_with_patience_counts_when_it_was_broken_for_so_long() -> None:
    """A value that comes back starts the time anew; the start is when it began to count."""
    made = rules(Rule(high=1.0, for_seconds=10.0, channel="temp"))
    assert [breaks(made, t, 5.0, NAN) for t in (0.0, 9.0)] == [False, False]
    assert not breaks(made, 9.5, 0.0, NAN)
    assert [breaks(made, t, 5.0, NAN) for t in (10.0, 19.0)] == [False, False]
    assert judged(made, 23.0, 5.0, NAN).start[0] == 20.0


def test_patience_ends_without_a_reading_too() -> None:
    """The last reading is what is known; the time that nobody listened counts for nothing."""
    made = rules(Rule(high=1.0, for_seconds=10.0, channel="temp"), Rule(rise_per_second=1.0, for_seconds=1.0))
    judged(made, 100.0, 5.0, NAN, seen=200.0)
    assert made.wait(209.0, -np.inf) is None
    assert made.wait(300.0, 295.0) is None
    assert made.wait(300.0, np.inf) is None
    found = made.wait(210.0, -np.inf)
    assert found is not None
    slot, standing = found
    assert (slot.tolist(), standing.start.tolist(), standing.surprise.tolist()) == ([0], [110.0], [SURPRISE])
    assert made.wait(211.0, -np.inf) is None
    assert breaks(made, 101.0, 5.0, NAN)


def test_how_fast_a_value_changes_after_the_last_reading_is_not_known() -> None:
    """So no time that passes makes a change last."""
    made = rules(Rule(rise_per_second=1.0, for_seconds=5.0))
    judged(made, 0.0, 0.0, NAN)
    judged(made, 1.0, 50.0, NAN)
    assert made.wait(1000.0, -np.inf) is None


def test_the_gravest_of_several_rules_is_told() -> None:
    """Whatever their order."""
    warning, critical = Rule(high=80.0, score=1.0), Rule(high=90.0, score=2.0, name="meltdown")
    for made in (rules(warning, critical), rules(critical, warning)):
        assert judged(made, 0.0, 85.0, NAN).score[0] == 1.0
        assert judged(made, 1.0, 95.0, NAN).score[0] == 2.0
        assert told(made) == (0, "above", 90.0, "meltdown")
        assert judged(made, 2.0, 85.0, NAN).score[0] == 1.0


def test_state_survives_a_restart_for_the_limits_that_are_still_there() -> None:
    """A patience that had begun goes on, also among other rules; a limit that is new begins anew."""
    rule = Rule(high=1.0, for_seconds=10.0, channel="temp")
    before, same, more, other = (
        rules(rule),
        rules(rule),
        rules(Rule(high=50.0), Rule(low=-50.0), rule),
        rules(Rule(high=2.0, for_seconds=10.0, channel="temp")),
    )
    judged(before, 0.0, 5.0, NAN)
    for after in (same, more, other):
        after.put(SLOT, before.take(SLOT))
    assert breaks(same, 10.0, 5.0, NAN)
    assert breaks(more, 10.0, 5.0, NAN)
    assert told(more) == (0, "above", 1.0, "")
    assert not breaks(other, 10.0, 5.0, NAN)
    assert other.nbytes() > 0


def test_the_last_reading_survives_a_restart() -> None:
    """So that a jump over it is seen; a snapshot of a time without such a rule has none."""
    rule = Rule(rise_per_second=1.0)
    before, after, fresh = rules(rule), rules(rule), rules(rule)
    judged(before, 0.0, 5.0, NAN)
    after.put(SLOT, before.take(SLOT))
    fresh.put(SLOT, rules(Rule(high=99.0)).take(SLOT))
    assert breaks(after, 1.0, 50.0, NAN)
    assert not breaks(fresh, 1.0, 50.0, NAN)


@pytest.mark.parametrize("which", [(), (Rule(channel="pressure", high=1.0),)])
def test_a_group_without_rules_pays_nothing(which: tuple[Rule, ...]) -> None:
    """Those of other channels are none of its own."""
    made = rules(*which)
    assert not made
    assert (made.nbytes(), made.take(SLOT), made.breach(0)) == (0, {}, None)
    assert not breaks(made, 0.0, 5.0, 5.0)
    assert made.wait(1e9, -np.inf) is None


ROW = st.tuples(
    st.integers(0, 1), st.sampled_from([0.0, 0.4, 1.0, 7.0]), st.sampled_from([-5.0, 0.0, 4.0, 9.0, NAN])
)


@given(st.lists(ROW, max_size=30))
def test_sensors_do_not_touch_each_other(story: list[tuple[int, float, float]]) -> None:
    """Each stands as it would alone."""
    which = (Rule(high=5.0, for_seconds=1.0), Rule(low=-1.0, rise_per_second=3.0, score=2.0, hysteresis=2.0))
    both, alone = rules(*which), [rules(*which), rules(*which)]
    time = 0.0
    for slot, step, value in story:
        time += step
        a, b = judged(both, time, value, 1.0, slot=slot), judged(alone[slot], time, value, 1.0, slot=slot)
        for column in ("surprise", "score", "start"):
            np.testing.assert_array_equal(getattr(a, column), getattr(b, column))
