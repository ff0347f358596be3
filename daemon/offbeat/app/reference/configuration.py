"""The page about the configuration, from the settings: every option with its type, default, bounds and meaning."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from offbeat.app.reference.docstrings import attributes_of, summary_of
from offbeat.app.reference.environment import VARIABLES
from offbeat.app.reference.markdown import code, page, sentence, table
from offbeat.config.fields import Written
from offbeat.config.reloading import effect_of
from offbeat.config.settings import Settings

_ABOUT = """\
One file, `offbeat.toml`, and after it `conf.d/*.toml` beside it in the order of their names; they may add tables and
sources, and an option that two files set is an error. `offbeat check` tells everything that is wrong at once, each with
its line. [offbeat.toml](../../deploy/examples/offbeat.toml) shows every option in its place,
[minimal.toml](../../deploy/examples/minimal.toml) the few that have no default.

Durations are text with a unit: `"20ms"`, `"30s"`, `"10m"`, `"1h30m"`, `"7d"`. Sizes too: `"64MiB"`, `"1GiB"`.
Budgets are `"1/week"`, `"2/day"` or `"0.5/month"`. `"${NAME}"` in any text stands for the environment variable NAME,
and is an error where there is none. Relative paths are looked for among systemd's credentials first, then
beside the file.

`systemctl reload offbeat`, or SIGHUP, lets a running daemon read all of it again. What a changed option takes then
stands under "on reload": it counts "at once", or what it is about "connects anew", or only a "restart" can change it,
and a reload that contains such a change is refused as a whole. Options of a source need a restart where its topic was
there before; `metrics.listen` too, where it turns the pages on or off.
"""
_ENVIRONMENT = "Settings stand in files, not in the environment; these variables are read all the same."
_PLAIN: dict[Any, Written] = {
    str: Written("text"),
    int: Written("whole number", lambda value: f"{value:_}"),
    float: Written("number", lambda value: f"{value:g}"),
    bool: Written("true or false", lambda value: str(value).lower()),
    Path: Written("path"),
    tuple: Written("list of texts"),
}
_BARE = (_PLAIN[int], _PLAIN[float], _PLAIN[bool])
"""What stands in TOML without quotes."""
_BOUNDS = ((annotated_types.Ge, "ge", "at least"), (annotated_types.Gt, "gt", "more than"),
           (annotated_types.Le, "le", "at most"), (annotated_types.Lt, "lt", "less than"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """One option as the page tells of it.

    Attributes:
        name: as TOML has it, dotted below its table.
        kind: what may stand there, with its bounds.
        default: as TOML has it, set as code; "required", or empty where the meaning tells what its absence means.
        about: what it means.
    """

    name: str
    kind: str
    default: str
    about: str


def configuration_page() -> str:
    """Return the page."""
    parts = [_ABOUT.strip()]
    for header, settings in tables():
        name = header.strip("[]")
        rows = [
            (
                code(one.name),
                one.kind,
                one.default,
                effect_of(f"{name}.{one.name}").value,
                sentence(one.about),
            )
            for one in options_of(settings)
        ]
        parts += [
            f"## {header}",
            summary_of(settings),
            table(("option", "written as", "default", "on reload", "meaning"), rows),
        ]
    rows_of_environment = [(code(name), meaning) for name, meaning in VARIABLES.items()]
    parts += ["## Environment variables", _ENVIRONMENT, table(("variable", "meaning"), rows_of_environment)]
    return page("Configuration", *parts)


def tables() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the header of every table of the file, and what may stand in it."""
    for name, field in Settings.model_fields.items():
        inner, is_list = _table_in(field.annotation)
        if inner is None:
            raise TypeError(f"{name} of the settings is no table")
        header = field.alias or name
        yield (f"[[{header}]]" if is_list else f"[{header}]"), inner


def options_of(settings: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """Yield the options of a table, those of a table within it by dotted names.

    Raises:
        ValueError: the docstring of the table says nothing of one of them.
    """
    meanings = attributes_of(settings)
    for name, field in settings.model_fields.items():
        shown = prefix + (field.alias or name)
        inner, _ = _table_in(field.annotation)
        if inner is not None:
            yield from options_of(inner, f"{shown}.")
            continue
        if name not in meanings:
            raise ValueError(
                f'the docstring of {settings.__name__} says nothing of "{name}" under Attributes'
            )
        written, choices = _written(field)
        kind = choices or written.kind
        yield Option(shown, kind + _bounds(field, written), _default(field, written), meanings[name])


def _table_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the table that a type holds, and whether it holds a list of them."""
    is_list = get_origin(annotation) is tuple
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate, is_list
    return None, False


def _written(field: FieldInfo) -> tuple[Written, str]:
    """Return how a value is written, and the choices where there are only some."""
    metadata, annotation = [*field.metadata], field.annotation
    while get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
        if hasattr(annotation, "__metadata__"):
            metadata += annotation.__metadata__
            annotation = get_args(annotation)[0]
    if given := next((one for one in metadata if isinstance(one, Written)), None):
        return given, ""
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        quoted = [f'"{one}"' if isinstance(one, str) else str(one) for one in choices]
        return _PLAIN[type(choices[0])], " or ".join(quoted)
    return _PLAIN[get_origin(annotation) or annotation], ""


def _bounds(field: FieldInfo, written: Written) -> str:
    words = [
        f", {said} {written.write(getattr(one, name))}"
        for one in field.metadata
        for kind, name, said in _BOUNDS
        if isinstance(one, kind)
    ]
    return "".join(words)


def _default(field: FieldInfo, written: Written) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if field.default_factory is not None or value is None:
        return ""
    if isinstance(value, tuple):
        return code("[" + ", ".join(f'"{one}"' for one in value) + "]")
    text = written.write(value)
    return code(text if written in _BARE else f'"{text}"')
