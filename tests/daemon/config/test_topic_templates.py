"""Topic templates: their syntax, and which filters share topics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.topic_templates import filters_overlap, names_in, parse_topic_template

LEVELS = st.sampled_from(["a", "b", "", "$SYS"])
TOPICS = st.lists(LEVELS, min_size=1, max_size=4)
FILTERS = st.tuples(st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=3), st.booleans()).map(
    lambda parts: [*parts[0], "#"] if parts[1] else parts[0]
)


def matches(topic: list[str], pattern: list[str]) -> bool:
    """Say by the words of the MQTT standard whether a topic matches a filter."""
    if topic[0].startswith("$") and pattern[0] in ("+", "#"):
        return False
    if pattern[-1] == "#":
        head = pattern[:-1]
        return len(topic) >= len(head) and all(p in ("+", t) for p, t in zip(head, topic, strict=False))
    return len(topic) == len(pattern) and all(p in ("+", t) for p, t in zip(pattern, topic, strict=True))


def test_captures_become_wildcards() -> None:
    """What is subscribed to is a plain MQTT filter."""
    template = parse_topic_template("plant/{line}/+/{metric...}")
    assert template.filter == "plant/+/+/#"
    assert template.captures == (("line", 1), ("metric", 3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a/#/b", "only stand last"),
        ("a/{x...}/b", "only stand last"),
        ("{x}/{x}", 'capture "{x}" appears twice'),
        ("a/{}", "needs a name"),
        ("a/{...}", "needs a name"),
        ("a/{two words}", "cannot name a capture"),
        ("a/{1st}", "cannot name a capture"),
        ("a/dev-{x}", "whole level"),
        ("a/{x", "whole level"),
        ("a/b+", "whole level"),
        ("a#", "whole level"),
        ("$share/group/a", "shared subscription"),
        ("a\0b", "control characters"),
        ("a" * 70_000, "65,535"),
    ],
)
def test_a_template_that_cannot_be_is_refused(text: str, message: str) -> None:
    """The message names what is wrong with it."""
    with pytest.raises(ValueError, match=message):
        parse_topic_template(text)


@given(st.text(max_size=30))
def test_a_template_that_is_accepted_is_a_filter(text: str) -> None:
    """Without braces, with wildcards that stand alone; anything else is a ValueError."""
    try:
        template = parse_topic_template(text)
    except ValueError:
        return
    assert template.filter.count("/") == text.count("/")
    assert "{" not in template.filter
    assert "#" not in template.filter[:-1]


@given(FILTERS, FILTERS, TOPICS)
def test_filters_that_match_one_topic_overlap(first: list[str], second: list[str], topic: list[str]) -> None:
    """No topic that two filters share is missed."""
    if matches(topic, first) and matches(topic, second):
        assert filters_overlap("/".join(first), "/".join(second))


@given(FILTERS, FILTERS)
def test_overlap_has_no_direction(first: list[str], second: list[str]) -> None:
    """The order of two filters changes nothing."""
    a, b = "/".join(first), "/".join(second)
    assert filters_overlap(a, b) == filters_overlap(b, a)


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("#", "offbeat/status", True),
        ("+/+", "offbeat/status", True),
        ("plant/#", "offbeat/state/#", False),
        ("a/#", "a", True),
        ("a/+", "a", False),
        ("+/x", "y/+", True),
        ("+/x", "y/z", False),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
    ],
)
def test_known_pairs_of_filters(first: str, second: str, overlap: bool) -> None:
    """The cases that people meet."""
    assert filters_overlap(first, second) is overlap


def test_an_id_names_captures() -> None:
    """In order, as often as they stand there."""
    assert names_in("{line}.{sensor}-{line}") == ("line", "sensor", "line")
    assert names_in("press1") == ()
    assert names_in("{metric...}") == ("metric",)


@pytest.mark.parametrize("text", ["{", "a}", "{a", "{}", "{{a}}"])
def test_an_id_with_stray_braces_is_refused(text: str) -> None:
    """They would end up in the sensor's id."""
    with pytest.raises(ValueError, match=r"brace|names no capture"):
        names_in(text)
