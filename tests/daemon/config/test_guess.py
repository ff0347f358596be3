"""Did-you-mean."""

from __future__ import annotations

from offbeat.config.guess import did_you_mean, nearest


def test_a_slip_of_the_keyboard_is_understood() -> None:
    """In whatever case it was written."""
    assert nearest("usrname", ["url", "username"]) == "username"
    assert nearest("europe/berlni", ["Europe/Berlin", "UTC"]) == "Europe/Berlin"


def test_nothing_is_guessed_from_afar() -> None:
    """A wrong guess is worse than none."""
    assert did_you_mean("zzz", ["url", "username"]) == ""
