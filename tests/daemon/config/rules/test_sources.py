"""Rules about sources."""

from __future__ import annotations

from typing import Any

import pytest

from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.rules.sources import check_sources
from offbeat.config.settings import AlertSettings, MqttSettings, SourceSettings, TimeSettings

USUAL = "plant/{sensor}/state"


def judge(*sources: SourceSettings, root: str = "offbeat", publish_url: str | None = None) -> list[Finding]:
    """Findings about these sources."""
    mqtt = MqttSettings(url="mqtt://h", publish_url=publish_url)
    return list(
        check_sources(Parts(mqtt=mqtt, sources=dict(enumerate(sources)), alerts=AlertSettings(root=root)))
    )


def source(topic: str = USUAL, **options: Any) -> SourceSettings:
    """A source that is right but for what a test changes."""
    return SourceSettings(topic=topic, **options)


def test_a_usual_source_is_fine() -> None:
    """With an id or without."""
    assert (
        judge(
            source(),
            source("other/{a}/{b...}", id="{b}.{a}"),
            source("one/sensor", id="press1"),
            source("all/+/#"),
        )
        == []
    )


def test_a_topic_that_is_no_template_is_told() -> None:
    """At the topic."""
    [finding] = judge(source("a/#/b"))
    assert finding.path == ("source", 0, "topic")


@pytest.mark.parametrize(
    ("topic", "id_", "message"),
    [
        (USUAL, "{sensr}", 'captures no "sensr" (did you mean "sensor"?); it captures: {sensor}'),
        ("plant/+/x", "{a}", "it captures: none"),
        (USUAL, "{sensor", "no partner"),
        (USUAL, "press1", 'would be the one sensor "press1"'),
    ],
)
def test_an_id_that_cannot_tell_sensors_apart_is_told(topic: str, id_: str, message: str) -> None:
    """It would join what does not belong together."""
    assert message in judge(source(topic, id=id_))[0].message


def test_two_sources_of_the_same_topics_are_told() -> None:
    """However their captures are called."""
    [finding] = judge(source(), source("plant/{machine}/state"))
    assert finding.path == ("source", 1, "topic")
    assert "source 1 listens to the same topics" in finding.message


def test_sources_that_share_some_topics_are_warned_of() -> None:
    """A message goes to the first that matches."""
    [finding] = judge(source("plant/{a}/state"), source("plant/{b...}"))
    assert finding.severity == "warning"


def test_sources_whose_ids_may_collide_are_warned_of() -> None:
    """Temperature and humidity must not become one sensor."""
    [finding] = judge(source("a/{sensor}/temperature"), source("a/{sensor}/humidity"))
    assert (finding.severity, "same sensor id" in finding.message) == ("warning", True)
    assert judge(source("a/{sensor}/t", id="{sensor}.t"), source("a/{sensor}/h", id="{sensor}.h")) == []


@pytest.mark.parametrize(
    "topic", ["{all...}", "{a}/{b}", "offbeat/{x...}", "{a}/state/{b}", "offbeat/status/{x...}"]
)
def test_a_source_that_hears_our_own_alerts_is_told(topic: str) -> None:
    """Alerts about alerts would never end."""
    [finding] = judge(source(topic))
    assert "would hear itself" in finding.message


def test_a_source_beside_our_own_topics_is_fine() -> None:
    """Another depth, another root, another broker."""
    assert judge(source("{a}/{b}/{c}/{d}")) != []
    assert judge(source("{a}/temperature")) == []
    assert judge(source("{a}/{b}"), root="site/offbeat") == []
    assert judge(source("{all...}"), publish_url="mqtt://elsewhere") == []


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"channels": ("a", "a")}, "channels"),
        ({"channels": ("",)}, "channels"),
        ({"payload": "number", "channels": ("a", "b")}, "channels"),
        ({"include": ()}, "include"),
        ({"exclude": ("",)}, "exclude"),
        ({"time": TimeSettings(field="")}, "field"),
        ({"payload": "number", "time": TimeSettings(field="ts")}, "field"),
        ({"time": TimeSettings(timezone="Mars/Olympus")}, "timezone"),
        ({"time": TimeSettings(timezone="../../etc/passwd")}, "timezone"),
        ({"time": TimeSettings(timezone="")}, "timezone"),
    ],
)
def test_options_that_contradict_each_other_are_told(options: dict[str, Any], option: str) -> None:
    """At the option that gives way."""
    [finding] = judge(source(**options))
    assert (finding.path[-1], finding.severity) == (option, "error")


def test_a_format_of_no_field_is_warned_of() -> None:
    """Times are those of arrival then."""
    [finding] = judge(source(time=TimeSettings(format="unix_ms")))
    assert (finding.path[-1], finding.severity) == ("format", "warning")


def test_a_known_time_zone_is_fine() -> None:
    """Any that the system or the tzdata package knows."""
    assert judge(source(time=TimeSettings(field="ts", timezone="Europe/Berlin"))) == []
