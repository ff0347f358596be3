"""Who asked for a training, and for how long that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.app.training_wishes import TrainingWishes
from offbeat.learn.library import ModelLibrary


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    """A library in which anna asked for a training."""
    library = ModelLibrary(tmp_path / "models")
    library.wish_for_training("anna")
    return library


def left(library: ModelLibrary) -> list[str]:
    """Return what of a wish lies in the library."""
    return sorted(path.name for path in library.root.glob(".train-*"))


def test_a_wish_is_for_every_group_and_kept_until_the_last_has_its_training(library: ModelLibrary) -> None:
    """By the group, and in the library for a daemon that is killed."""
    wishes = TrainingWishes(library)
    wishes.take(["a", "b"])
    assert (wishes.of("a"), wishes.of("b"), wishes.of("c")) == ("anna", "anna", "")
    wishes.served("a")
    wishes.served("a")
    assert (wishes.of("a"), wishes.of("b")) == ("", "anna")
    assert left(library) == [".train-left", ".train-taken"]
    wishes.served("b")
    assert left(library) == []


def test_only_what_was_not_served_is_asked_for_again_by_the_next_daemon(library: ModelLibrary) -> None:
    """Whether the one before was stopped or killed: it finds the wish as it was left."""
    first = TrainingWishes(library)
    first.take(["a", "b"])
    first.served("a")
    for _ in range(2):
        wishes = TrainingWishes(library)
        wishes.take(["a", "b"])
        assert (wishes.of("a"), wishes.of("b")) == ("", "anna")
    wishes.served("b")
    wishes = TrainingWishes(library)
    wishes.take(["a", "b"])
    assert (wishes.of("a"), wishes.of("b")) == ("", "")
    assert left(library) == []


def test_a_wish_that_was_taken_and_nothing_else_is_for_every_group(library: ModelLibrary) -> None:
    """A daemon that was killed in that moment, or whose note is damaged, has trained nothing that counts."""
    assert library.take_wish() == "anna"
    for note in (None, "{", "[]", "7"):
        if note is not None:
            (library.root / ".train-left").write_text(note)
        wishes = TrainingWishes(library)
        wishes.take(["a"])
        assert wishes.of("a") == "anna", note


def test_a_wish_made_while_no_daemon_ran_is_for_every_group(library: ModelLibrary) -> None:
    """Also for those that an older wish was served for."""
    first = TrainingWishes(library)
    first.take(["a", "b"])
    first.served("a")
    library.wish_for_training("bert")
    wishes = TrainingWishes(library)
    wishes.take(["a", "b"])
    assert (wishes.of("a"), wishes.of("b")) == ("bert", "bert")


def test_a_group_that_is_there_no_more_keeps_no_wish(library: ModelLibrary) -> None:
    """Nobody would ever serve it."""
    first = TrainingWishes(library)
    first.take(["a", "b"])
    first.served("a")
    TrainingWishes(library).take(["a"])
    assert left(library) == []


def test_the_newest_wish_is_for_all_groups_again(library: ModelLibrary) -> None:
    """Whoever asks after a training began is meant by none of those that came before."""
    wishes = TrainingWishes(library)
    wishes.take(["a", "b"])
    wishes.served("a")
    library.wish_for_training("bert")
    wishes.take(["a", "b"])
    assert (wishes.of("a"), wishes.of("b")) == ("bert", "bert")


def test_a_wish_where_no_group_is_learnt_is_forgotten(library: ModelLibrary) -> None:
    """There is nobody to train: it must not begin a training of a group that comes in a year."""
    wishes = TrainingWishes(library)
    wishes.take([])
    assert left(library) == []


def test_without_a_library_nobody_asks() -> None:
    """The configuration names the model."""
    wishes = TrainingWishes(None)
    wishes.take(["a"])
    wishes.served("a")
    assert wishes.of("a") == ""
