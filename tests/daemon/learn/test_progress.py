"""What a person is told while something is learnt."""

from __future__ import annotations

import dataclasses

import pytest

from offbeat.learn.progress import OnProgress, Progress, silent


def test_figures_may_be_left_out() -> None:
    """Most stages have none; one's figures are not another's."""
    one, other = Progress("reading", 1, 2), Progress("reading", 1, 2, {"loss": 0.5})
    assert one.figures == {}
    assert other.figures == {"loss": 0.5}


def test_what_was_told_does_not_change_any_more() -> None:
    """A view may keep it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Progress("reading", 1, 2).done = 2  # type: ignore[misc]


def test_silence_takes_whatever_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs that nobody looks at."""
    quiet: OnProgress = silent
    quiet(Progress("reading", 1, 2))
    assert capsys.readouterr() == ("", "")
