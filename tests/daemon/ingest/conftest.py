"""Listeners for all tests of what comes in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.listening import Listen, Listener


@pytest.fixture
def listener() -> Iterator[Listen]:
    """Make listeners that are stopped with the test."""
    made: list[Listener] = []

    def make(*args: object, **kwargs: object) -> Listener:
        one = Listener(*args, **kwargs)  # type: ignore[arg-type]
        made.append(one)
        return one

    yield make
    for one in made:
        one.stop()
