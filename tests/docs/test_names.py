"""What documents name exists: options, metrics, commands with their options, environment variables."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from offbeat.app.reference.environment import VARIABLES
from offbeat.app.reference.events import fields_of
from offbeat.cli.main import command_parsers
from offbeat.config.explain import option_names, table_at
from offbeat.config.settings import Settings
from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE
from tests.docs.documents import ROOT, WRITTEN, Block, blocks, prose

TABLES = option_names(Settings)
METRICS = CATALOGUE | SENSOR_CATALOGUE
PARSERS = command_parsers()
SCHEMA = json.loads((ROOT / "deploy" / "schemas" / "event.schema.json").read_text())
EVENT_FIELDS = {name for name, _, _ in fields_of(SCHEMA)}
TOML = [block for document in WRITTEN for block in blocks(document, "toml")]
CONSOLES = [block for document in WRITTEN for block in blocks(document, "console")]
NOT_METRICS = {"offbeat_models"}
"""Begins like one, and is the other package."""


def place(block: Block) -> str:
    """Name a block for pytest."""
    return block.where


def keys(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value in a TOML document."""
    for name, value in tree.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield from keys(one, (*path, name))
            else:
                yield (*path, name)


@pytest.mark.parametrize("block", TOML, ids=place)
def test_every_option_in_an_example_exists(block: Block) -> None:
    """Commented ones too, where the line is nothing else."""
    text = re.sub(r"^# ?(?=[a-z_]+ = )", "", block.text, flags=re.MULTILINE)
    for *table, option in keys(tomllib.loads(text)):
        assert option in option_names(table_at(Settings, tuple(table))), ".".join([*table, option])


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_option_that_prose_names_exists(document: Path) -> None:
    """In the form `model.vote`; `model.name` is a field of events."""
    named = re.findall(rf"`({'|'.join(TABLES)})\.([a-z_]+)(?: = [^`]*)?`", prose(document))
    for table, option in named:
        is_field = f"{table}.{option}" in EVENT_FIELDS
        assert is_field or option in option_names(table_at(Settings, (table,))), f"{table}.{option}"


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_metric_that_a_document_names_exists(document: Path) -> None:
    """In prose and in queries; names of files are no metrics."""
    text = re.sub(r"\boffbeat_\w+\.\w+", "", document.read_text())
    for name in re.findall(r"\boffbeat_[a-z][a-z0-9_]*[a-z0-9]\b", text):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        is_histogram = base in METRICS and METRICS[base].kind == "histogram"
        assert name in METRICS or is_histogram or name in NOT_METRICS, name


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the words after `offbeat` wherever it is what a line, or a part of one, starts."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if not line.startswith(("$ ", "# ")):
            continue
        words = shlex.split(re.sub(r" +# .*", "", line[2:]))
        ends = [index for index, word in enumerate(words) if word in ("|", "&&", ";", "&", ">", "2>")]
        for start, end in zip([-1, *ends], [*ends, len(words)], strict=True):
            # Variables may stand before a command.
            piece = list(dropwhile(lambda word: re.match("[A-Z_]+=", word), words[start + 1 : end]))
            if piece and Path(piece[0]).name == "offbeat":
                yield piece[1:]


@pytest.mark.parametrize("block", CONSOLES, ids=place)
def test_every_command_in_an_example_exists_with_its_options(block: Block) -> None:
    """As somebody would type it from the page."""
    for command, *arguments in filter(None, commands(block)):
        assert command in PARSERS or command.startswith("-"), command
        if "[" in " ".join(arguments) or command not in PARSERS:
            continue
        known = set(re.findall(r"--?[a-z][a-z-]*", _all_help(PARSERS[command])))
        for word in arguments:
            if word.startswith("-"):
                assert word.split("=")[0] in known, f"offbeat {command} {word}"


def _all_help(parser: Any) -> str:
    """Return the help of a parser and of the parsers within it."""
    inner = [action.choices for action in parser._actions if hasattr(action, "add_parser")]
    return parser.format_help() + "".join(_all_help(one) for choices in inner for one in choices.values())


def variables_read() -> set[str]:
    """Return the names that the sources look up in what they call `environ`, `environment` or `variables`."""
    nodes = (
        node for file in (ROOT / "daemon").rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))
    )
    return {name for node in nodes for name in _looked_up(node)}


def _looked_up(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(value=where, attr="get"), args=[ast.Constant(value=str(name)), *_]):
            pass
        case ast.Subscript(value=where, slice=ast.Constant(value=str(name))):
            pass
        case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In()], comparators=[where]):
            pass
        case _:
            return
    if re.search("environ|variables", ast.unparse(where)):
        yield name


def test_the_environment_variables_of_the_reference_are_those_that_are_read() -> None:
    """Both ways."""
    assert variables_read() == set(VARIABLES)


@pytest.mark.parametrize(
    "block", [block for document in WRITTEN for block in blocks(document, "yaml")], ids=place
)
def test_every_example_in_yaml_is_yaml(block: Block) -> None:
    """As a program would read it."""
    assert yaml.safe_load(block.text)
