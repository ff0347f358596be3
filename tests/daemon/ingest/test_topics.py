"""Topic templates: what they subscribe to, which sensors they name, what no sensor may be called."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.settings import SourceSettings
from offbeat.core.ledger import Drop
from offbeat.errors import ConfigError
from offbeat.ingest.topics import MAX_ID_BYTES, Subscription, TopicTable, TopicTemplate, covers, is_sensor_id


def table(*topics: str, **settings: Any) -> TopicTable:
    """Return the table of sources with these topics."""
    return TopicTable([SourceSettings(topic=topic, **settings) for topic in topics])


@pytest.mark.parametrize(
    ("template", "wanted", "topic", "sensor"),
    [
        ("plant/{line}/{sensor}/state", "plant/+/+/state", "plant/l1/s2/state", "l1.s2"),
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/#", "zigbee2mqtt/kitchen/window", "kitchen.window"),
        ("site/+/{metric...}", "site/+/#", "site/a/b/c", "b.c"),
        ("{site}/x", "+/x", "a b/x", "a b"),
        ("a/+/b", "a/+/b", "a/q/b", "a.q.b"),
        ("a/#", "a/#", "a/q/r", "a.q.r"),
        ("fixed/topic", "fixed/topic", "fixed/topic", "fixed.topic"),
        ("m/{x}", "m/+", "m/.*[", ".*["),
    ],
)
def test_a_topic_names_its_sensor(template: str, wanted: str, topic: str, sensor: str) -> None:
    """Captures joined by dots are the sensor's id; without captures it is the topic."""
    assert TopicTemplate.parse(template).filter == wanted
    assert table(template).resolve(topic) == (0, sensor)


@pytest.mark.parametrize(
    ("template", "topic"),
    [
        ("plant/{line}/state", "plant/a/b/state"),
        ("plant/{line}/state", "plant/a/state/"),
        ("plant/{line}/state", "Plant/a/state"),
        ("{a}/{b}", "$SYS/x"),
        ("#", "$SYS/x"),
        ("a.b/{c}", "aXb/c"),
        ("a/{b}", "a/b\nc/d"),
    ],
)
def test_other_topics_belong_to_no_source(template: str, topic: str) -> None:
    """Levels must agree in number and letter; wildcards do not match the broker's own topics."""
    assert table(template).resolve(topic) is Drop.NO_SOURCE


@pytest.mark.parametrize(
    "level", ["", "a\x00b", "tab\t", "\x85", "\ufffd", "half\ud800", "x" * (MAX_ID_BYTES + 1), "ü" * 101]
)
def test_what_cannot_be_a_sensor_is_refused(level: str) -> None:
    """Empty, over-long, or with characters that break logs, labels and topics."""
    assert table("t/{sensor}").resolve(f"t/{level}") is Drop.BAD_SENSOR_ID


def test_an_empty_rest_names_nothing() -> None:
    """A last "#" also matches the level above it, where the capture catches nothing."""
    assert table("a/{rest...}").resolve("a") is Drop.BAD_SENSOR_ID
    assert table("a/#").resolve("a") == (0, "a")


def test_the_first_source_that_matches_has_the_topic() -> None:
    """Order in the configuration decides."""
    both = table("t/special/{x}", "t/{a}/{b}")
    assert both.resolve("t/special/1") == (0, "1")
    assert both.resolve("t/other/1") == (1, "other.1")


def test_an_id_template_puts_captures_where_it_says() -> None:
    """Any order, any text between."""
    assert table("t/{a}/{b}", id="{b}-of-{a}").resolve("t/1/2") == (0, "2-of-1")


@pytest.mark.parametrize("template", ["{c}", "{a}{", "x{}"])
def test_an_id_template_that_cannot_be_used_says_so(template: str) -> None:
    """The message quotes the template."""
    with pytest.raises(ConfigError, match="the id"):
        table("t/{a}/{b}", id=template)


def test_an_unknown_capture_is_answered_with_the_known_ones() -> None:
    """The message lists what there is."""
    with pytest.raises(ConfigError, match=r"captures of its topic .* are: \{a\}, \{b\}"):
        table("t/{a}/{b}", id="{line}")


@pytest.mark.parametrize("topic", ["", "a/{b", "a/x{b}", "a/#/b", "a/{b...}/c", "a/b+", "{a}/{a}", "a\x00"])
def test_a_bad_template_says_so(topic: str) -> None:
    """The message quotes the topic."""
    with pytest.raises(ConfigError, match=r"the topic .* cannot be used"):
        TopicTemplate.parse(topic)


def test_filters_within_others_are_not_subscribed_to_twice() -> None:
    """A broker of MQTT 5 would send the message once for each; the widest filter takes the highest wishes."""
    sources = [
        SourceSettings(topic="a/b/{x}", qos=1),
        SourceSettings(topic="a/{x...}", qos=0, retained="accept"),
        SourceSettings(topic="a/c/d", qos=0),
        SourceSettings(topic="z/{x}", qos=0),
    ]
    assert TopicTable(sources).subscriptions() == [
        Subscription("a/#", 1, True),
        Subscription("z/+", 0, False),
    ]


FILTERS = (
    st.lists(st.sampled_from(["a", "b", "+", "$x", ""]), min_size=1, max_size=4).map("/".join).filter(bool)
)
TOPICS = st.lists(st.sampled_from(["a", "b", "$x", ""]), min_size=1, max_size=5).map("/".join)


@given(
    outer=FILTERS, inner=FILTERS, outer_rest=st.booleans(), inner_rest=st.booleans(), topics=st.lists(TOPICS)
)
def test_what_covers_matches_everything_that_is_covered(
    outer: str, inner: str, outer_rest: bool, inner_rest: bool, topics: list[str]
) -> None:
    """Dropping a covered filter never loses a message."""
    a, b = outer + "/#" * outer_rest, inner + "/#" * inner_rest
    if covers(a, b):
        wide, narrow = TopicTemplate.parse(a), TopicTemplate.parse(b)
        for topic in topics:
            assert narrow.match(topic) is None or wide.match(topic) is not None


@given(st.text(max_size=250))
def test_every_accepted_id_is_short_whole_text(text: str) -> None:
    """What passes can be written as UTF-8, within its length, on one line."""
    if is_sensor_id(text):
        assert 0 < len(text.encode()) <= MAX_ID_BYTES
        assert len(text.splitlines()) == 1
