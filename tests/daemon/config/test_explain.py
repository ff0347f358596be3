"""Names of options, as explanations list them."""

from __future__ import annotations

from offbeat.config.explain import option_names, table_at
from offbeat.config.settings import LimitSettings, Settings, TimeSettings


def test_a_table_is_found_by_its_path() -> None:
    """Through lists of tables, and not beyond what there is."""
    assert table_at(Settings, ("limits",)) is LimitSettings
    assert table_at(Settings, ("source", 3, "time")) is TimeSettings
    assert table_at(Settings, ("nowhere", "else")) is None
    assert table_at(Settings, ("mqtt", "url")) is None


def test_options_are_named_as_in_the_file() -> None:
    """Without units."""
    assert "source" in option_names(Settings)
    assert "max_payload" in option_names(LimitSettings)
    assert "max_payload_bytes" not in option_names(LimitSettings)
    assert option_names(None) == []
