"""Rules in engineering units."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.rules import SURPRISE, Breach, Rule, Rules

NAN = float("nan")


def rules(*which: Rule, channels: tuple[str, ...] = ("temp", "flow")) -> Rules:
    """Return rules over two sensors, a.pump and b.fan."""
    made = Rules(which, channels, 4)
    made.meet(np.arange(2), ["a.pump", "b.fan"])
    return made


def told(made: Rules, time: float, *values: float, slot: int = 0) -> tuple[float, float]:
    """Return surprise and score of one row of a sensor; NaN = not observed."""
    row = np.array([values], np.float32)
    seen = np.isfinite(row)
    surprise, score = made.judge(np.array([slot]), np.array([time]), np.where(seen, row, 0), seen)
    return float(surprise[0]), float(score[0])


def test_a_value_on_the_limit_is_allowed_and_one_beyond_is_not() -> None:
    """On both sides."""
    made = rules(Rule(low=10.0, high=90.0, channel="temp"))
    assert told(made, 0.0, 90.0, NAN)[0] == 0.0
    assert told(made, 1.0, 90.5, NAN)[0] == SURPRISE
    assert made.breach(0) == Breach(0, "above", 90.0, "")
    assert told(made, 2.0, 10.0, NAN)[0] == 0.0
    assert told(made, 3.0, 9.5, NAN)[0] == SURPRISE
    assert made.breach(0) == Breach(0, "below", 10.0, "")


def test_a_rule_says_nothing_about_what_it_is_not_for() -> None:
    """Neither other sensors nor other channels; and nothing where its channel was not observed."""
    made = rules(Rule(sensor="a.*", channel="flow", high=1.0))
    assert np.isnan(told(made, 0.0, 5.0, NAN)[0])
    assert np.isnan(told(made, 0.0, NAN, 5.0, slot=1)[0])
    assert told(made, 1.0, 5.0, 5.0)[0] == SURPRISE
    assert made.breach(0) == Breach(1, "above", 1.0, "")
    assert made.breach(1) is None


def test_a_change_is_judged_by_its_speed_over_the_time_that_passed() -> None:
    """Channels that were not observed in between do not matter."""
    made = rules(Rule(channel="temp", rise_per_second=2.0, fall_per_second=1.0, name="gently"))
    assert told(made, 0.0, 10.0, NAN)[0] == 0.0
    assert told(made, 5.0, NAN, 1.0) != told(made, 5.0, NAN, 1.0)  # NaN: not about flow
    assert told(made, 10.0, 29.0, NAN)[0] == 0.0
    assert told(made, 11.0, 32.0, NAN)[0] == SURPRISE
    assert made.breach(0) == Breach(0, "rising", 2.0, "gently")
    assert told(made, 12.0, 30.5, NAN)[0] == SURPRISE
    assert made.breach(0) == Breach(0, "falling", 1.0, "gently")


def test_a_rule_with_patience_counts_when_it_was_broken_for_so_long() -> None:
    """A value that comes back starts the time anew."""
    made = rules(Rule(high=1.0, for_seconds=10.0, channel="temp"))
    assert [told(made, t, 5.0, NAN)[0] for t in (0.0, 9.0)] == [0.0, 0.0]
    assert told(made, 9.5, 0.0, NAN)[0] == 0.0
    assert [told(made, t, 5.0, NAN)[0] for t in (10.0, 19.0, 20.0)] == [0.0, 0.0, SURPRISE]


def test_the_gravest_of_several_rules_is_told() -> None:
    """Whatever their order."""
    warning, critical = Rule(high=80.0, score=1.0), Rule(high=90.0, score=2.0, name="meltdown")
    for made in (rules(warning, critical), rules(critical, warning)):
        assert told(made, 0.0, 85.0, NAN)[1] == 1.0
        assert told(made, 1.0, 95.0, NAN)[1] == 2.0
        assert made.breach(0) == Breach(0, "above", 90.0, "meltdown")


def test_state_survives_under_the_same_rules_only() -> None:
    """A patience that had begun goes on; other rules begin anew."""
    rule = Rule(high=1.0, for_seconds=10.0)
    before, same, other = rules(rule), rules(rule), rules(Rule(high=2.0, for_seconds=10.0))
    told(before, 0.0, 5.0, NAN)
    for after in (same, other):
        after.put(np.array([0]), before.take(np.array([0])))
    assert told(same, 10.0, 5.0, NAN)[0] == SURPRISE
    assert told(other, 10.0, 5.0, NAN)[0] == 0.0
    assert other.nbytes() > 0


@pytest.mark.parametrize("which", [(), (Rule(channel="pressure", high=1.0),)])
def test_a_group_without_rules_pays_nothing(which: tuple[Rule, ...]) -> None:
    """Those of other channels are none of its own."""
    made = rules(*which)
    assert not made
    assert (made.nbytes(), made.take(np.array([0])), made.breach(0)) == (0, {}, None)
