"""Which changes of the configuration a running daemon takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from offbeat.config.reloading import CLASSES, Effect, effect_of, needing_restart, options, taken_by_reload
from offbeat.config.settings import ModelSettings, RuleSettings, Settings
from tests.support.configured import a_source, configured


def changed(settings: Settings, table: str, **values: Any) -> Settings:
    """Return settings with some values of one table replaced."""
    return settings.model_copy(update={table: getattr(settings, table).model_copy(update=values)})


def test_every_option_stands_in_exactly_one_class() -> None:
    """Who adds an option has to say what a reload does with it."""
    assert {effect_of(option) for option in options()} == set(Effect)


def test_no_class_names_an_option_that_is_none() -> None:
    """An option that was renamed would else be looked for in vain."""
    known = list(options())
    named = [name for names in CLASSES.values() for name in names]
    assert [n for n in named if not any(f"{option}.".startswith(f"{n}.") for option in known)] == []


def test_the_guide_names_what_only_a_restart_can_change() -> None:
    """All of it and nothing else."""
    _, _, after = Path("docs/how-to/systemd.md").read_text().partition("<!-- restart:")
    said = set(re.findall(r"`([^`]+)`", after.partition("<!-- end -->")[0]))
    tables = {name for name in CLASSES[Effect.RESTART] if "." not in name}
    options_of_tables = {name.removeprefix("source.") for name in CLASSES[Effect.RESTART] if "." in name}
    assert said == {f"[{name}]" for name in tables} | options_of_tables


def test_an_option_that_nobody_knows_has_no_effect() -> None:
    """It is a mistake of ours, not a default."""
    with pytest.raises(LookupError, match=r"colour\.of\.sky stands in 0 classes"):
        effect_of("colour.of.sky")


def test_what_changes_at_once_needs_no_restart(tmp_path: Path) -> None:
    """Sources, rules, budget, broker and log among it."""
    old = configured(tmp_path, a_source())
    new = configured(
        tmp_path, a_source("plant/{line}/{sensor}"), a_source("hall/{sensor}"), url="mqtt://other"
    )
    new = changed(changed(new, "alerts", budget_per_week=7.0, root="plant"), "log", level="debug")
    assert needing_restart(old, new) == []


def test_when_a_lasting_change_is_told_and_learnt_needs_no_restart(tmp_path: Path) -> None:
    """It is a wait, which state is not built on; how trainings are made is another matter."""
    old = configured(tmp_path)
    sooner = changed(old, "learning", regime_after_seconds=3600.0, regime_learn_after_seconds=7200.0)
    assert needing_restart(old, sooner) == []
    assert needing_restart(old, changed(sooner, "learning", steps=7)) == ["learning.steps"]


def test_what_state_is_built_on_needs_one_and_is_named_as_in_the_file(tmp_path: Path) -> None:
    """All of it at once, so that nobody finds out one at a time."""
    old = configured(tmp_path)
    new = changed(changed(old, "limits", window_readings=64), "state", directory=tmp_path / "other")
    new = changed(changed(new, "model", batch_delay_seconds=1.0), "journal", enabled=False)
    assert needing_restart(old, new) == [
        "limits.window_readings", "journal.enabled", "model.batch_delay", "state.directory",
    ]  # fmt: skip


def test_a_source_whose_sensors_would_change_their_group_needs_one(tmp_path: Path) -> None:
    """A source of another topic does not: its sensors have no past."""
    old = configured(tmp_path, a_source("a/{sensor}"), a_source("b/{sensor}"))
    new = configured(tmp_path, a_source("a/{sensor}"), a_source("b/{sensor}", channels=("x", "y")))
    assert needing_restart(old, new) == ["source[1].channels"]
    other = configured(tmp_path, a_source("a/{sensor}"), a_source("c/{sensor}", channels=("x", "y")))
    assert needing_restart(old, other) == []


def test_the_model_is_named_where_it_speaks_for_the_sources(tmp_path: Path) -> None:
    """Not the sources, in which nothing was written."""
    old = configured(tmp_path)
    new = configured(tmp_path, model=ModelSettings(family="pca", prior=False))
    assert needing_restart(old, new) == ["model.family"]


def test_pages_cannot_be_turned_on_or_off(tmp_path: Path) -> None:
    """What they show is collected from the start."""
    old = configured(tmp_path)
    on = changed(old, "metrics", listen="127.0.0.1:9641")
    assert needing_restart(old, on) == ["metrics.listen"]
    assert needing_restart(on, changed(old, "metrics", listen="0.0.0.0:9641")) == []


def test_what_a_reload_takes_is_named_beside_what_only_a_restart_does(tmp_path: Path) -> None:
    """Each change stands in one of the two; sources and rules, which may move, as a whole."""
    old = configured(tmp_path, a_source("a/{sensor}"), a_source("b/{sensor}"))
    new = changed(changed(old, "alerts", budget_per_week=7.0), "limits", max_sensors=5)
    new = changed(new, "metrics", listen="127.0.0.1:9641", open_to_all=True)
    assert taken_by_reload(old, new) == ["alerts.budget", "metrics.open_to_all"]
    assert needing_restart(old, new) == ["limits.max_sensors", "metrics.listen"]
    ruled = configured(tmp_path, a_source("a/{sensor}"), rules=(RuleSettings(max=1.0),))
    assert taken_by_reload(old, ruled) == ["source", "rule"]
    assert taken_by_reload(old, old) == needing_restart(old, old) == []


def test_a_source_that_only_a_restart_can_change_is_not_said_to_be_taken(tmp_path: Path) -> None:
    """Nor where [model] speaks for it; what else changed of it is."""
    old = configured(tmp_path, a_source("a/{sensor}"))
    wide = configured(tmp_path, a_source("a/{sensor}", channels=("x", "y")))
    assert (taken_by_reload(old, wide), needing_restart(old, wide)) == ([], ["source[0].channels"])
    other = configured(tmp_path, a_source("a/{sensor}"), model=ModelSettings(family="pca", prior=False))
    assert (taken_by_reload(old, other), needing_restart(old, other)) == ([], ["model.family"])
    both = configured(tmp_path, a_source("a/{sensor}", channels=("x", "y"), qos=0))
    assert taken_by_reload(old, both) == ["source"]
