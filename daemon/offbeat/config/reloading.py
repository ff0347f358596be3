"""What a change of each option takes when the configuration is read again: nothing, a new connection, or a restart.

Every option of the settings stands in exactly one class. What needs a restart is what run-time state is built on: its
sizes, its place, the models. A reload that contains such a change is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from pydantic import BaseModel

from offbeat.config.explain import table_of
from offbeat.config.settings import Settings, SourceSettings


class Effect(Enum):
    """How a changed option takes effect."""

    AT_ONCE = "at once"
    """What runs goes on by the new value."""
    ANEW = "connects anew"
    """A connection, or the server of pages, is closed and opened again."""
    RESTART = "restart"
    """Only a daemon that starts can take it."""


CLASSES: dict[Effect, tuple[str, ...]] = {
    Effect.AT_ONCE: (
        "source.topic", "source.id", "source.qos", "source.payload", "source.include", "source.exclude",
        "source.time", "source.retained",
        "rule",
        "alerts.budget", "alerts.update_interval", "alerts.state_interval",
        "limits.memory", "limits.allowed_lateness", "limits.max_future", "limits.inbox",
        "journal.max_size", "journal.max_age", "journal.segment_size", "journal.fsync_interval",
        "learning.regime_after", "learning.regime_learn_after",
        "state.snapshot_interval",
        "metrics.sensors",
        "log",
    ),
    Effect.ANEW: (
        "mqtt",
        "alerts.root",
        "limits.max_payload",
        "metrics.listen", "metrics.open_to_all", "metrics.password_file", "metrics.cert_file", "metrics.key_file",
    ),
    Effect.RESTART: (
        "source.channels", "source.family", "source.horizon",
        "limits.max_sensors", "limits.window_readings",
        "journal.enabled",
        "model",
        "learning.enabled", "learning.promote", "learning.every", "learning.first_after", "learning.first_readings",
        "learning.priority", "learning.size", "learning.steps", "learning.time", "learning.memory", "learning.drift",
        "state.directory", "state.shards",
    ),
}  # fmt: skip
"""Options, or whole tables, by what their change takes. Of a source the last three need a restart where the topic was
there before: the journal is then read again from its beginning, and the sensors have a past in their new group."""

_GROUPING = {"channels": "channels", "family": "family", "horizon_seconds": "horizon"}
"""What of a source says which group its sensors are in: fields, and how they stand in the file."""


def effect_of(option: str) -> Effect:
    """Return what a change of an option takes.

    Args:
        option: dotted as in TOML, a table of a list by its name: "source.topic".

    Raises:
        LookupError: it stands in no class, or in several.
    """
    found = [
        effect for effect, names in CLASSES.items() for name in names if f"{option}.".startswith(f"{name}.")
    ]
    if len(found) != 1:
        raise LookupError(f"{option} stands in {len(found)} classes of what a reload does, expected one")
    return found[0]


def options(table: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield every option of a table, dotted as in TOML."""
    for name, field in table.model_fields.items():
        shown = prefix + (field.alias or name)
        inner = table_of(field.annotation)
        if inner is None:
            yield shown
        else:
            yield from options(inner, f"{shown}.")


def needing_restart(old: Settings, new: Settings) -> list[str]:
    """Return the options whose change only a restart can take, as they stand in the file."""
    found = [
        name
        for name in _changed(old, new)
        if not name.startswith("source.") and effect_of(name) is Effect.RESTART
    ]
    if bool(old.metrics.listen) != bool(new.metrics.listen):
        found.append("metrics.listen")  # what pages show is collected from the start, or not at all
    # [model] speaks for the sources that say nothing themselves: then it is to blame, not they.
    spoken = {name.removeprefix("model.") for name in found}
    return found + [f"source[{i}].{name}" for i, name in _regrouped(old, new) if name not in spoken]


def taken_by_reload(old: Settings, new: Settings) -> list[str]:
    """Return the options whose change a reload takes, as they stand in the file; lists of tables by their name."""
    stays = {*needing_restart(old, new)}
    found = [name for name in _changed(old, new) if name not in stays]
    before = {source.topic: source for source in old.sources}
    if list(old.sources) != [_grouped_as(before.get(source.topic), source) for source in new.sources]:
        found.append("source")
    return found + (["rule"] if old.rules != new.rules else [])


def _changed(old: BaseModel, new: BaseModel, prefix: str = "") -> Iterator[str]:
    """Yield the options that differ; a list of tables is left out."""
    for name, field in type(old).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        shown = prefix + (field.alias or name)
        if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            yield from _changed(before, after, f"{shown}.")
        elif before != after and table_of(field.annotation) is None:
            yield shown


def _grouped_as(was: SourceSettings | None, source: SourceSettings) -> SourceSettings:
    """Return a source with that of it as it was before which only a restart can change."""
    return (
        source if was is None else source.model_copy(update={name: getattr(was, name) for name in _GROUPING})
    )


def _regrouped(old: Settings, new: Settings) -> Iterator[tuple[int, str]]:
    """Yield options of sources that were there before and would put their sensors into another group."""
    before = {source.topic: source for source in old.sources}
    for index, source in enumerate(new.sources):
        if (was := before.get(source.topic)) is None:
            continue
        for field, name in _GROUPING.items():
            if getattr(was, field) != getattr(source, field):
                yield index, name
