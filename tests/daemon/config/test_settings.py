"""Settings: strict, frozen, with defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from offbeat.config.settings import ModelSettings, MqttSettings, Settings, SourceSettings, StateSettings


def smallest() -> Settings:
    """Settings with nothing but what has no default."""
    return Settings(mqtt=MqttSettings(url="mqtt://localhost"), sources=(SourceSettings(topic="a/{b}"),))


def test_settings_cannot_be_changed() -> None:
    """They are read from several threads."""
    with pytest.raises(ValidationError, match="frozen"):
        smallest().mqtt.url = "mqtt://elsewhere"  # type: ignore[misc]


def test_types_are_taken_by_their_word() -> None:
    """The text "yes" is not true, and 1 is not text."""
    with pytest.raises(ValidationError):
        MqttSettings.model_validate({"url": "mqtt://a", "insecure": "yes"})
    with pytest.raises(ValidationError):
        MqttSettings.model_validate({"url": 1})


def test_alerts_go_where_readings_come_from_unless_told() -> None:
    """`publish_url` falls back to `url`."""
    assert smallest().mqtt.publishing_url == "mqtt://localhost"
    assert MqttSettings(url="mqtt://a", publish_url="mqtt://b").publishing_url == "mqtt://b"


def test_the_library_lies_in_the_state_directory() -> None:
    """So that one folder is all that has to be kept."""
    settings = smallest().model_copy(update={"state": StateSettings(directory=Path("/var/lib/offbeat"))})
    assert settings.library_directory == Path("/var/lib/offbeat/models")
    assert settings.model.artifact is None


def test_state_lies_where_systemd_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of the folders of the unit's StateDirectory."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/offbeat:/var/lib/other")
    assert StateSettings().directory == Path("/var/lib/offbeat")
    monkeypatch.delenv("STATE_DIRECTORY")
    assert StateSettings().directory == Path("state")


def test_a_source_is_judged_by_what_model_says_unless_it_says_so_itself() -> None:
    """Family and horizon each by itself."""
    sources = (
        SourceSettings(topic="a/{s}"),
        SourceSettings(topic="b/{s}", family="pca"),
        SourceSettings(topic="c/{s}", horizon_seconds=7200.0),
    )
    model = ModelSettings(family="conv_vae", horizon_seconds=3600.0)
    settings = Settings(mqtt=MqttSettings(url="mqtt://localhost"), sources=sources, model=model)
    assert [(source.family, source.horizon_seconds) for source in settings.sources] == [
        ("conv_vae", 3600.0),
        ("pca", 3600.0),
        ("conv_vae", 7200.0),
    ]
    assert [source.family for source in smallest().sources] == ["lstm_vae"]
