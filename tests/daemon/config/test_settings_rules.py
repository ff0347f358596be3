"""Rules in the configuration."""

from __future__ import annotations

from pathlib import Path

from offbeat.app.core_settings import core_settings
from offbeat.config.explain import option_names
from offbeat.config.loading import examine
from offbeat.config.settings import RuleSettings
from offbeat.core.rulebook import Rule

BASE = '[mqtt]\nurl = "mqtt://localhost"\n[[source]]\ntopic = "plant/{sensor}"\n'


def report(folder: Path, rule: str, header: str = "[[rule]]") -> str:
    """Return what is said of a configuration with a rule."""
    (folder / "offbeat.toml").write_text(f"{BASE}{header}\n{rule}\n")
    return examine(folder / "offbeat.toml", {})[1].render()


def test_a_rule_reaches_the_core_in_its_units(tmp_path: Path) -> None:
    """As the operator wrote it, whole numbers too."""
    text = 'sensor = "press.*"\nmax = 90\nfor = "10s"\nhysteresis = 2\nseverity = "critical"'
    assert report(tmp_path, text + '\nname = "valve"\nunit = "°C"') == ""
    settings, _ = examine(tmp_path / "offbeat.toml", {})
    assert settings is not None
    expected = Rule(
        sensor="press.*", high=90.0, for_seconds=10.0, hysteresis=2.0, score=2.0, name="valve", unit="°C"
    )
    assert core_settings(settings).rules == (expected,)


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    """And names every option."""
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "rules.md").read_text()
    example = page.split("```toml\n[[rule]]\n")[1].split("```")[0]
    assert "warning: no source has a channel like" in report(tmp_path, example)
    assert examine(tmp_path / "offbeat.toml", {})[0] is not None
    assert all(f"`{name}`" in page or f"{name} = " in page for name in option_names(RuleSettings))


def test_rules_of_several_files_are_joined(tmp_path: Path) -> None:
    """So that a plant can keep its limits in a file of their own."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "limits.toml").write_text('[[rule]]\nsensor = "b"\nmin = 0.0\n')
    assert report(tmp_path, 'sensor = "a"\nmax = 1.0') == ""
    settings, _ = examine(tmp_path / "offbeat.toml", {})
    assert settings is not None
    assert [rule.sensor for rule in settings.rules] == ["a", "b"]


def test_a_rule_that_cannot_be_meant_is_refused_with_its_place(tmp_path: Path) -> None:
    """Without a bound nothing breaks it, and with crossed bounds everything does."""
    assert "a rule without a bound; set min, max" in report(tmp_path, 'sensor = "a"')
    crossed = report(tmp_path, "min = 5.0\nmax = 1.0")
    assert "min is 5 and max 1; no value keeps to both" in crossed
    assert "offbeat.toml:5  (rule[0])" in crossed
    assert 'did you mean "max"' in report(tmp_path, "maxx = 1.0")
    assert "too small: expected more than 0" in report(tmp_path, "max_rise_per_second = 0.0")


def test_what_is_easily_confused_is_explained(tmp_path: Path) -> None:
    """One bracket for two, an option in another table, a channel that is none."""
    assert "write [[rule]], in double brackets" in report(tmp_path, "max = 1.0", header="[rule]")
    assert "it belongs to [[rule]]" in report(tmp_path, "max_rise_per_second = 1.0", header="[alerts]")
    assert "warning: no source has a channel like" in report(tmp_path, 'channel = "temp"\nmax = 1.0')
