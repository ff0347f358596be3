"""The tree: where imports come from, and rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import offbeat
import offbeat_models

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "daemon").rglob("*.py"), *(ROOT / "models").rglob("*.py")])


def test_tests_run_against_what_they_are_meant_to() -> None:
    """The installed wheel where $OFFBEAT_WHEEL names one, this tree otherwise."""
    wheel = os.environ.get("OFFBEAT_WHEEL")
    roots = (wheel, wheel) if wheel else (str(ROOT / "daemon"), str(ROOT / "models"))
    assert str(Path(offbeat.__file__).parents[1]) == roots[0]
    assert str(Path(offbeat_models.__file__).parents[1]) == roots[1]


@pytest.mark.skipif("OFFBEAT_WHEEL" in os.environ, reason="the wheel is not installed editable")
def test_the_editable_installation_is_of_this_version() -> None:
    """Its metadata is that of the tree."""
    assert importlib.metadata.version("offbeat") == offbeat.__version__


def test_source_roots_are_no_packages() -> None:
    """`import daemon` must stay somebody else's."""
    for folder in ("daemon", "models", "systemd", "deploy"):
        assert not (ROOT / folder / "__init__.py").exists()
    assert sorted(path.name for path in (ROOT / "daemon").iterdir()) == ["offbeat"]
    assert sorted(path.name for path in (ROOT / "models").iterdir()) == ["offbeat_models"]


def test_packages_say_what_they_are_and_nothing_else() -> None:
    """An `__init__.py` is one docstring; that of `offbeat` also tells the version."""
    for file in SOURCES:
        if file.name == "__init__.py":
            body = ast.parse(file.read_text()).body
            assert isinstance(body[0], ast.Expr), file
            assert len(body) == (2 if file.parent.name == "offbeat" else 1), file


def test_no_file_is_too_long_to_hold_one_concept() -> None:
    """400 lines are the ceiling."""
    long = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_pinned_versions_meet_what_the_project_asks_for() -> None:
    """Every dependency is pinned, and within its range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    lines = (ROOT / "deploy" / "constraints.txt").read_text().splitlines()
    pins = {}
    for line in lines:
        if line and not line.startswith("#"):
            pin = Requirement(line)
            pins[pin.name.lower().replace("_", "-")] = str(pin.specifier).removeprefix("==")
    for text in [*project["dependencies"], *extras]:
        asked = Requirement(text)
        assert asked.specifier.contains(pins[asked.name]), text
