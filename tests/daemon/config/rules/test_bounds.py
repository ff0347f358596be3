"""Rules about [[rule]]."""

from __future__ import annotations

from typing import Any

import pytest

from offbeat.config.rules.bounds import check_bounds
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import RuleSettings, SourceSettings

PLAIN = SourceSettings(topic="plant/{sensor}")
PUMPS = SourceSettings(topic="pumps/{sensor}", channels=("flow", "pressure"))


def judge(*sources: SourceSettings, **rule: Any) -> list[Finding]:
    """Findings about one rule among these sources."""
    return list(check_bounds(Parts(sources=dict(enumerate(sources)), rules={3: RuleSettings(**rule)})))


@pytest.mark.parametrize(
    "rule",
    [
        {"max": 90.0},
        {"sensor": "pump*", "channel": "f*", "min": 0.0, "max": 9.0, "hysteresis": 1.0},
        {"channel": "value", "max_rise_per_second": 2.0},
    ],
)
def test_a_rule_about_something_is_fine(rule: dict[str, Any]) -> None:
    """Whichever source has its channel."""
    assert judge(PLAIN, PUMPS, **rule) == []


def test_a_channel_that_no_source_has_is_a_warning() -> None:
    """It guards nothing, and nobody would notice."""
    (finding,) = judge(PUMPS, channel="presure", max=9.0)
    assert finding.path == ("rule", 3, "channel")
    assert finding.severity == "warning"
    assert 'no source has a channel like "presure" (did you mean "pressure"?)' in finding.message


def test_fields_that_are_sensors_of_their_own_are_explained() -> None:
    """Without `channels` a field is no channel, which is easily confused."""
    (finding,) = judge(PLAIN, channel="temperature", max=9.0)
    assert 'sensor = "*.temperature"' in finding.help


def test_where_no_source_is_valid_nothing_is_said_of_channels() -> None:
    """One mistake, one message."""
    assert judge(channel="temperature", max=9.0) == []


@pytest.mark.parametrize("option", ["sensor", "channel"])
def test_an_empty_pattern_is_an_error(option: str) -> None:
    """It would match nothing."""
    (finding,) = judge(PLAIN, max=1.0, **{option: ""})
    assert (finding.path, finding.severity) == (("rule", 3, option), "error")


def test_a_hysteresis_that_can_be_kept_is_asked_for() -> None:
    """Wider than the range nothing would ever close, and without a range it means nothing."""
    (wide,) = judge(PLAIN, min=0.0, max=5.0, hysteresis=6.0)
    assert (wide.severity, wide.path) == ("error", ("rule", 3, "hysteresis"))
    assert "left 0 to 5 could never come back 6 inside" in wide.message
    (idle,) = judge(PLAIN, max_rise_per_second=5.0, hysteresis=6.0)
    assert idle.severity == "warning"
