"""Pydantic's findings, told in the words of the file they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from offbeat.config.documents import Merged, dotted
from offbeat.config.guess import did_you_mean
from offbeat.config.places import Key
from offbeat.config.report import Problem

_TYPES = {
    "string_type": 'text in quotes, such as "..."',
    "int_type": "a whole number without quotes",
    "int_from_float": "a whole number",
    "float_type": "a number without quotes",
    "bool_type": "true or false without quotes",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list in square brackets",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_LISTED = {"source", "rule"}
_SECRETS = {"password", "passwd", "pass", "secret", "token"}


def explain(error: ValidationError, model: type[BaseModel], merged: Merged) -> Iterator[Problem]:
    """Yield a problem for each finding of a failed validation."""
    for details in error.errors(include_url=False):
        yield _explain_one(details, model, merged)


def _explain_one(details: ErrorDetails, model: type[BaseModel], merged: Merged) -> Problem:
    path: Key = details["loc"]
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "extra_forbidden":
        message, hint = _unknown(path, model)
        return Problem(message, merged.key_place(path), dotted(path), hint)
    if kind == "missing":
        return _missing(path, merged)
    if kind == "too_short" and path == ("source",):
        return _missing(path, merged)
    message = _value_message(kind, context, value, path, details["msg"])
    hint = (
        f"write [[{path[0]}]], in double brackets"
        if path[0] in _LISTED and _stands_alone(path, value)
        else ""
    )
    return Problem(message, merged.value_place(path), dotted(path), hint)


def _stands_alone(path: Key, value: Any) -> bool:
    """Return True where one table stands in the place of a list of tables."""
    return len(path) == 1 and isinstance(value, dict)


def _value_message(kind: str, context: dict[str, Any], value: Any, path: Key, fallback: str) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _literal(str(context["expected"]), value)
    if kind in _TYPES:
        return f'"{name}" is {_described(value)}; expected {_TYPES[kind]}'
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        side = "small" if key.startswith("g") else "large"
        return f'"{name}" is too {side}: expected {words} {context[key]:,}'
    return fallback


def _literal(expected: str, value: Any) -> str:
    choices = [choice.strip(" '") for choice in expected.replace(" or ", ", ").split(",")]
    quoted = [f'"{choice}"' if f"'{choice}'" in expected else choice for choice in choices]
    guess = did_you_mean(value, choices) if isinstance(value, str) else ""
    listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
    return f"{_described(value)} is not one of the choices{guess}; expected {listed}"


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else "a long text"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return (
        "a table" if isinstance(value, dict) else "a list" if isinstance(value, (list, tuple)) else f"{value}"
    )


def _unknown(path: Key, model: type[BaseModel]) -> tuple[str, str]:
    name = str(path[-1])
    if name in _SECRETS and path[0] == "mqtt":
        return (
            f'"{name}" cannot stand in the configuration',
            'put it in a file and name that: password_file = "..."',
        )
    known = option_names(table_at(model, path[:-1]))
    what = "table" if len(path) == 1 else "option"
    guess = did_you_mean(name, known)
    if guess:
        return f'unknown {what} "{name}"{guess}', ""
    home = _home_of(name, model)
    hint = f"it belongs to {home}" if home else f"known here: {', '.join(known)}"
    return f'unknown {what} "{name}"', hint


def _home_of(name: str, model: type[BaseModel]) -> str:
    for table in option_names(model):
        if name in option_names(table_at(model, (table,))):
            return f"[[{table}]]" if table in _LISTED else f"[{table}]"
    return ""


def _missing(path: Key, merged: Merged) -> Problem:
    examples = {
        ("mqtt",): ("no broker is named", '[mqtt]\nurl = "mqtt://localhost:1883"'),
        ("mqtt", "url"): ("no broker is named", 'url = "mqtt://localhost:1883"'),
        ("source",): ("nothing is listened to", '[[source]]\ntopic = "plant/{line}/{sensor}/state"'),
    }
    plain = tuple(part for part in path if isinstance(part, str))
    if plain == ("source", "topic"):
        message, example = "this source names no topic", 'topic = "plant/{line}/{sensor}/state"'
    else:
        message, example = examples.get(plain, (f'"{path[-1]}" is missing', ""))
    lines = example.replace("\n", "\n          ")
    return Problem(message, merged.key_place(path), dotted(path), f"write {lines}" if lines else "")


def table_at(model: type[BaseModel], path: Key) -> type[BaseModel] | None:
    """Return the model of the table at a path, or None where there is none."""
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        if current is None:
            return None
        field = next((f for name, f in current.model_fields.items() if part == (f.alias or name)), None)
        current = table_of(field.annotation) if field else None
    return current


def table_of(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a field's type holds, alone or in a list; None if it holds none."""
    candidates = (annotation, *get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def option_names(model: type[BaseModel] | None) -> list[str]:
    """Return the names that a table's options have in TOML."""
    return [field.alias or name for name, field in model.model_fields.items()] if model else []
