"""Which sensors have metrics of their own, as the settings say it."""

from __future__ import annotations

import pytest

from offbeat.config.sensor_choice import SensorChoice


def test_each_choice_is_read() -> None:
    """Three words, and a number of the strangest."""
    words = {text: SensorChoice.parse(text) for text in ("all", "anomalous", "off")}
    assert {text: choice.policy for text, choice in words.items()} == {text: text for text in words}
    assert SensorChoice.parse("top:100") == SensorChoice("top", 100)


@pytest.mark.parametrize("text", ["", "some", "top", "top:", "top:0", "top:-1", "top:x", "all:3", "top:²"])
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    """The message names all choices."""
    with pytest.raises(ValueError, match='expected "all", "anomalous", "top:100" or "off"'):
        SensorChoice.parse(text)
