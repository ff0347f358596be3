"""Rules about limits, the journal, and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.rules.limits import check_limits
from offbeat.config.settings import (
    AlertSettings,
    JournalSettings,
    LimitSettings,
    ModelSettings,
    SourceSettings,
    StateSettings,
)

MIB = 1024**2


def judge(**parts: Any) -> list[Finding]:
    """Findings about these tables."""
    return list(check_limits(Parts(**parts)))


def test_the_defaults_are_fine() -> None:
    """Taken together."""
    assert (
        judge(
            alerts=AlertSettings(),
            limits=LimitSettings(),
            journal=JournalSettings(),
            model=ModelSettings(),
            state=StateSettings(),
        )
        == []
    )


def test_a_budget_of_memory_that_is_too_small_is_told() -> None:
    """With what is needed, and how many sensors would fit."""
    [finding] = judge(limits=LimitSettings(max_sensors=10_000, memory_bytes=100 * MIB))
    assert finding.path == ("limits", "memory")
    assert "10,000 sensors" in finding.message
    assert "lower max_sensors (to 3,780)" in finding.help


def test_wide_sensors_need_more() -> None:
    """Windows hold all channels."""
    limits = LimitSettings(memory_bytes=170 * MIB)
    assert judge(limits=limits) == []
    wide = SourceSettings(topic="a/{b}", channels=("x", "y", "z"))
    assert len(judge(limits=limits, sources={0: wide})) == 1


def test_a_payload_fits_into_the_inbox() -> None:
    """Or it could never be taken in."""
    assert len(judge(limits=LimitSettings(max_payload_bytes=2 * MIB, inbox_bytes=MIB))) == 1


def test_the_journal_holds_two_segments() -> None:
    """One to write, one to clear; unless there is none."""
    small = JournalSettings(max_bytes=100 * MIB, segment_bytes=64 * MIB)
    assert [finding.path for finding in judge(journal=small)] == [("journal", "max_size")]
    assert judge(journal=small.model_copy(update={"enabled": False})) == []


def test_readings_are_scored_before_they_leave_the_window() -> None:
    """The stride is at most the window."""
    found = judge(limits=LimitSettings(window_readings=64), model=ModelSettings(window_stride_readings=65))
    assert [finding.path for finding in found] == [("model", "window_stride")]


@pytest.mark.parametrize("root", ["", "/offbeat", "offbeat/", "a/+/b", "#", "$SYS/offbeat"])
def test_a_root_that_nothing_can_be_published_below_is_told(root: str) -> None:
    """Brokers close the connection over it."""
    assert [finding.path for finding in judge(alerts=AlertSettings(root=root))] == [("alerts", "root")]


def test_folders_are_not_files(tmp_path: Path) -> None:
    """Neither state nor artifact."""
    file = tmp_path / "file"
    file.touch()
    found = judge(state=StateSettings(directory=file), model=ModelSettings(artifact=file))
    assert [finding.path for finding in found] == [("state", "directory"), ("model", "artifact")]
