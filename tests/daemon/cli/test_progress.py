"""Progress on something that is no terminal: a line a stage, and one now and then."""

from __future__ import annotations

import pytest

from offbeat.cli.progress import ProgressView
from offbeat.learn.progress import Progress


def test_each_stage_is_told_once_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What follows in the same moment is not: a log is to be read."""
    with ProgressView() as view:
        view(Progress("training the model", 1, 10))
        view(Progress("training the model", 2, 10))
        view(Progress("calibrating", 0, 1))
        view(Progress("calibrating", 1, 1))
    told = capsys.readouterr()
    assert told.err.splitlines() == ["training the model  10 %", "calibrating"]
    assert told.out == ""


def test_figures_that_mean_something_to_a_person_stand_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are for the report."""
    with ProgressView() as view:
        view(Progress("training the model", 5, 10, {"kl": 0.12345, "loss": 1.5, "learning rate": 3.0}))
    assert capsys.readouterr().err == "training the model  50 %  loss 1.5  kl 0.123\n"


def test_a_stage_that_comes_back_is_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Each group of channels goes through them all."""
    with ProgressView() as view:
        for stage in ("training", "calibrating", "training"):
            view(Progress(stage, 0, 1))
    assert capsys.readouterr().err.splitlines() == ["training", "calibrating", "training"]


def test_nothing_to_tell_is_nothing_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Work may end before its first step."""
    with ProgressView():
        pass
    assert capsys.readouterr() == ("", "")


def work_that_fails() -> None:
    """Tell of one stage, then fail."""
    with ProgressView() as view:
        view(Progress("reading", 0, 1))
        raise ValueError("bad row")


def test_an_error_goes_on_its_way(capsys: pytest.CaptureFixture[str]) -> None:
    """What was told before stays."""
    with pytest.raises(ValueError, match="bad row"):
        work_that_fails()
    assert capsys.readouterr().err == "reading\n"
