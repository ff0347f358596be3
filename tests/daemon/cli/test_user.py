"""Who gives a command."""

from __future__ import annotations

import os

import pytest

from offbeat.cli.user import acting_user


def test_behind_sudo_it_is_the_person_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else everything was done by root."""
    monkeypatch.setenv("SUDO_USER", "anna")
    assert acting_user() == "anna"


def test_else_it_is_who_the_process_runs_as(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a name, or a number where there is no name."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    name = acting_user()
    assert name
    assert name != "anna"
    assert name == f"uid {os.getuid()}" or not name.startswith("uid")
