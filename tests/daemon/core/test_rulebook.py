"""Rules compiled to limits."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.rulebook import Rule, Rulebook

PAIR = ("temp", "flow")


def bounds(book: Rulebook, sensor_id: str) -> list[tuple[str, str, float]]:
    """Return channel, bound and value of the limits of a sensor."""
    found = (book.limits[k] for k in book.of(sensor_id))
    return [(PAIR[limit.channel], limit.bound, limit.value) for limit in found]


def test_a_rule_is_one_limit_for_each_bound_and_channel() -> None:
    """In the order of the configuration."""
    book = Rulebook([Rule(sensor="a*", high=9.0, fall_per_second=2.0), Rule(channel="flow", low=0.0)], PAIR)
    assert bounds(book, "a1") == [
        ("temp", "above", 9.0),
        ("temp", "falling", 2.0),
        ("flow", "above", 9.0),
        ("flow", "falling", 2.0),
        ("flow", "below", 0.0),
    ]
    assert bounds(book, "b1") == [("flow", "below", 0.0)]


@given(
    st.sampled_from(["*", "a", "a.b", "?.b", "[ab].*", "[!a]*", "a.[", "A", "a.*b", "ä*"]),
    st.sampled_from(["a", "b", "a.b", "b.b", "a.[", "a.xb", "A.b", "ä", "a\nb"]),
)
def test_names_and_patterns_mean_what_they_mean_in_a_shell(pattern: str, sensor_id: str) -> None:
    """Upper and lower case differ, and a name without wildcards is that one sensor."""
    assert bool(Rulebook([Rule(sensor=pattern, high=1.0)], PAIR).of(sensor_id)) == fnmatchcase(
        sensor_id, pattern
    )


@pytest.mark.parametrize("rules", [[], [Rule(channel="pressure", high=1.0)], [Rule()]])
def test_what_concerns_no_channel_is_left_out(rules: list[Rule]) -> None:
    """So a group pays for its own rules only."""
    book = Rulebook(rules, PAIR)
    assert (len(book), book.of("a")) == (0, [])


def test_a_limit_is_known_again_by_what_it_means() -> None:
    """Whatever it is called, and however grave it is; another limit is another one."""
    keys = [
        Rulebook([rule], PAIR).limits[0].key
        for rule in (
            Rule(sensor="*", channel="temp", high=9.0),
            Rule(sensor="a", channel="temp", high=9.0, name="hot", score=2.0, unit="°C"),
            Rule(channel="temp", high=8.0),
            Rule(channel="temp", high=9.0, for_seconds=1.0),
            Rule(channel="flow", high=9.0),
        )
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
