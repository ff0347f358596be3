"""The kind of anomaly that an event names."""

from __future__ import annotations

import pytest

from offbeat.core.anomaly_kinds import told
from offbeat.core.streams.registry import STREAM_KINDS


@pytest.mark.parametrize(
    ("voices", "kind"),
    [
        ({}, None),
        ({"level": 9.0, "shape": 2.0}, "level"),
        ({"level": 8.9, "shape": 9.3, "spike": 9.0}, "spike"),
        ({"level": 9.0, "shape": 9.3, "spike": 3.0}, "level"),
        ({"level": 9.0, "shape": 9.3, "spike": 6.0, "variance": 5.0}, "spike"),
        ({"level": 9.0, "shape": 9.3, "spike": 8.0, "variance": 8.0}, "variance"),
        ({"relation": 7.0, "shape": 7.2, "level": 0.3}, "relation"),
        ({"shape": 5.0, "unheard of": 5.0}, "shape"),
    ],
)
def test_the_loudest_kind_is_told_and_of_equals_the_one_that_says_most(
    voices: dict[str, float], kind: str | None
) -> None:
    """A spike is off its level and off its course as well."""
    assert told(voices) == kind


def test_every_kind_that_a_stream_speaks_of_can_be_told() -> None:
    """None is lost in the ranking."""
    assert all(told({kind: 1.0}) == kind for kind in STREAM_KINDS)
