"""Training into the library."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from offbeat.app.library_training import train_into
from offbeat.errors import OffbeatError
from offbeat.learn.library import PROMOTIONS, ModelLibrary
from tests.support.learnt import TINY, boilers_recorded, constant, pairs_recorded

QUICK = dataclasses.replace(TINY, family="robust_z")
"""A baseline takes no time."""


def test_every_group_gets_a_version_that_says_what_it_came_after(tmp_path: Path) -> None:
    """Also where the history of one of them is damaged: then it came after nothing that is known."""
    library = ModelLibrary(tmp_path / "models")
    recordings = [*boilers_recorded(300), *pairs_recorded(300)]
    first = train_into(library, recordings, QUICK, promoted_by="anna", why="a test")
    names = {group.name: group.versions()[0].version for group in library.groups()}
    assert sorted(names) == ["temp+pressure@robust_z", "value@robust_z"]
    assert set(names.values()) == {one.version for one in first}
    assert [one.by for group in library.groups() for one in group.promotions()] == ["anna", "anna"]
    (tmp_path / "models" / "value@robust_z" / PROMOTIONS).write_bytes(b"")
    train_into(library, recordings, dataclasses.replace(QUICK, seed=1))
    after = {group.name: group.versions()[0].lineage["after"] for group in library.groups()}
    assert after == {"temp+pressure@robust_z": names["temp+pressure@robust_z"], "value@robust_z": None}


def test_a_training_that_fails_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    """Nothing half made is seen."""
    library = ModelLibrary(tmp_path / "models")
    with pytest.raises(OffbeatError):
        train_into(library, [constant(1)], TINY, promoted_by="anna")
    assert library.groups() == []
    assert list(library.root.iterdir()) == []
