"""Rules in the configuration."""

from __future__ import annotations

from pathlib import Path

from offbeat.app.core_settings import core_settings
from offbeat.config.loading import examine
from offbeat.core.rules import Rule

BASE = '[mqtt]\nurl = "mqtt://localhost"\n[[source]]\ntopic = "plant/{sensor}"\n'


def report(folder: Path, rule: str) -> str:
    """Return what is said of a configuration with a rule."""
    (folder / "offbeat.toml").write_text(f"{BASE}[[rule]]\n{rule}\n")
    return examine(folder / "offbeat.toml", {})[1].render()


def test_a_rule_reaches_the_core_in_its_units(tmp_path: Path) -> None:
    """As the operator wrote it."""
    text = 'sensor = "press.*"\nmax = 90.0\nfor = "10s"\nseverity = "critical"\nname = "safety valve"'
    assert report(tmp_path, text) == ""
    settings, _ = examine(tmp_path / "offbeat.toml", {})
    assert settings is not None
    assert core_settings(settings).rules == (
        Rule(sensor="press.*", high=90.0, for_seconds=10.0, score=2.0, name="safety valve"),
    )


def test_a_rule_that_cannot_be_meant_is_refused_with_its_place(tmp_path: Path) -> None:
    """Without a bound nothing breaks it, and with crossed bounds everything does."""
    assert "a rule without a bound; set min, max" in report(tmp_path, 'sensor = "a"')
    crossed = report(tmp_path, "min = 5.0\nmax = 1.0")
    assert "min is 5 and max 1; no value keeps to both" in crossed
    assert "offbeat.toml:" in crossed
    assert 'did you mean "max"' in report(tmp_path, "maxx = 1.0")
