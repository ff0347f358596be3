"""From a path to settings: read, merge, expand, validate, judge - and tell every problem in one report."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from offbeat.config.documents import Merged, dotted, read_document, unreadable
from offbeat.config.environment import expand
from offbeat.config.explain import explain, option_names, table_at
from offbeat.config.fields import FileContext
from offbeat.config.places import Key
from offbeat.config.report import Problem, Report
from offbeat.config.rules.bounds import check_bounds
from offbeat.config.rules.broker import check_broker
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.rules.learning import check_learning
from offbeat.config.rules.limits import check_limits
from offbeat.config.rules.metrics import check_metrics
from offbeat.config.rules.sources import check_sources
from offbeat.config.settings import RuleSettings, Settings, SourceSettings
from offbeat.errors import ConfigError

T = TypeVar("T", bound=BaseModel)


def load(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file and its `conf.d/*.toml`.

    Args:
        path: the main file.
        environment: what `${NAME}` refers to; the process's own by default.

    Raises:
        ConfigError: they cannot be used; the message is the whole report.
    """
    settings, report = examine(path, environment)
    if settings is None:
        raise ConfigError(report.render())
    return settings


def check(path: Path, environment: Mapping[str, str] | None = None) -> Report:
    """Return everything that is wrong, or may be, with a file and its `conf.d/*.toml`."""
    return examine(path, environment)[1]


def examine(path: Path, environment: Mapping[str, str] | None = None) -> tuple[Settings | None, Report]:
    """Return the settings, None where they cannot be used, and what was found on the way."""
    variables = os.environ if environment is None else environment
    names = [str(file) for file in configuration_files(path)]
    merged = _read(path)
    if isinstance(merged, list):
        return None, Report.of(merged, names)
    problems = list(merged.problems)
    for where, message in expand(merged.data, variables):
        problems.append(Problem(message, merged.value_place(where), dotted(where)))
    settings, found = _validate(merged, _context(path, variables))
    spoken = {problem.option for problem in problems}
    report = Report.of([*problems, *(p for p in found if p.option not in spoken)], names)
    return (settings if report.ok else None), report


def usable_tables(path: Path, environment: Mapping[str, str] | None = None) -> Parts:
    """Return the tables of a configuration that can be used by themselves, whatever is wrong with the others.

    Options of them that cannot be used are left out; of a file that is no TOML there are none.
    """
    variables = os.environ if environment is None else environment
    merged = _read(path)
    if isinstance(merged, list):
        return Parts()
    for _ in expand(merged.data, variables):
        pass  # said by `examine`; what has no value stays as it is written
    return _valid_parts(merged.data, _context(path, variables))


def configuration_files(path: Path) -> list[Path]:
    """Return the files that make up a configuration: the main one, then `conf.d/*.toml` beside it by name."""
    parts = _parts_beside(path)
    return [path, *(parts if isinstance(parts, list) else [])]


def _parts_beside(path: Path) -> list[Path] | Problem:
    """Return the files of `conf.d` by name, or why they cannot be known: to go on without them were to lose them."""
    folder = path.parent / "conf.d"
    try:
        return sorted(one for one in folder.iterdir() if one.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        return unreadable("look into the folder", folder, error)


def _read(path: Path) -> Merged | list[Problem]:
    """Return the content of all files, or why there is none."""
    parts = _parts_beside(path)
    if isinstance(parts, Problem):
        main = read_document(path)
        return [main if isinstance(main, Problem) else parts]
    documents = [read_document(file) for file in (path, *parts)]
    if problems := [found for found in documents if isinstance(found, Problem)]:
        return problems
    return Merged([found for found in documents if not isinstance(found, Problem)])


def _context(path: Path, variables: Mapping[str, str]) -> FileContext:
    credentials = variables.get("CREDENTIALS_DIRECTORY")
    return FileContext(path.absolute().parent, Path(credentials) if credentials else None)


def _validate(merged: Merged, context: FileContext) -> tuple[Settings | None, list[Problem]]:
    settings: Settings | None = None
    problems: list[Problem] = []
    try:
        settings = Settings.model_validate(merged.data, by_alias=True, by_name=False, context=context)
    except ValidationError as error:
        problems += explain(error, Settings, merged)
    spoken = {problem.option for problem in problems}
    for finding in _judge(_valid_parts(merged.data, context)):
        problem = _located(finding, merged)
        if problem.option not in spoken:
            problems.append(problem)
    return settings, problems


def _judge(parts: Parts) -> Iterator[Finding]:
    yield from check_broker(parts)
    yield from check_sources(parts)
    yield from check_bounds(parts)
    yield from check_limits(parts)
    yield from check_learning(parts)
    yield from check_metrics(parts)


def _located(finding: Finding, merged: Merged) -> Problem:
    place = merged.value_place(finding.path)
    return Problem(finding.message, place, dotted(finding.path), finding.help, finding.severity)


def _valid_parts(data: dict[str, Any], context: FileContext) -> Parts:
    parts = Parts(credentials=context.credentials)
    for name in option_names(Settings):
        model = table_at(Settings, (name,))
        if name == "source":
            parts.sources = _valid_tables(SourceSettings, data.get(name), context)
        elif name == "rule":
            parts.rules = _valid_tables(RuleSettings, data.get(name), context)
        elif hasattr(parts, name) and model is not None:
            setattr(parts, name, _valid(model, data.get(name, {}), context))
    return parts


def _valid_tables(model: type[T], listed: Any, context: FileContext) -> dict[int, T]:
    """Return the tables of a list that are valid, by their place in it."""
    tables = enumerate(listed if isinstance(listed, list) else [])
    valid = ((index, _valid(model, table, context)) for index, table in tables)
    return {index: table for index, table in valid if isinstance(table, model)}


def _valid(model: type[BaseModel], table: Any, context: FileContext) -> BaseModel | None:
    """Return a table without its invalid options, or None where it cannot do without them."""
    try:
        return model.model_validate(table, by_alias=True, by_name=False, context=context)
    except ValidationError as error:
        paths = [details["loc"] for details in error.errors(include_url=False)]
        # A finding about the table as a whole has no option that could be left out.
        if not isinstance(table, dict) or not all(paths):
            return None
        rest = _without(table, paths)
    try:
        return model.model_validate(rest, by_alias=True, by_name=False, context=context)
    except ValidationError:
        return None


def _without(table: dict[str, Any], paths: Iterable[Key]) -> dict[str, Any]:
    rest = copy.deepcopy(table)
    for path in paths:
        inner: Any = rest
        for part in path[:-1]:
            inner = inner[part] if isinstance(inner, dict) and isinstance(inner.get(part), dict) else {}
        inner.pop(path[-1], None)
    return rest
